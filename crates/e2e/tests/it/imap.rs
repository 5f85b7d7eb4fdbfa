//! Python's imaplib, mbsync, neomutt and curl work with a mailbox; a new mail shows within a second.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::support::{House, python, tool};

fn must(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn imaplib(house: &House, script: &str) -> String {
    let (imap, imaps, mx) = (house.at("imap"), house.at("imaps"), house.at("mx"));
    let ports = [imap, imaps, mx].map(|address| address.port().to_string());
    let script = format!("{PRELUDE}{script}");
    let [imap, imaps, mx] = &ports;
    must(&python(&script, &[imap, imaps, mx, &house.password])).trim().to_owned()
}

const PRELUDE: &str = r#"
import imaplib, smtplib, ssl, sys, time
imap_port, imaps_port, mx_port, password = sys.argv[1:]
context = ssl._create_unverified_context()
imaplib._MAXLINE = 10_000_000

def login():
    client = imaplib.IMAP4_SSL("127.0.0.1", int(imaps_port), ssl_context=context, timeout=30)
    client.login("ann@acme.test", password)
    return client

def must(answer):
    status, data = answer
    assert status == "OK", answer
    return data
"#;

const EVERYDAY: &str = r#"
client = imaplib.IMAP4("127.0.0.1", int(imap_port), timeout=30)
assert "LOGINDISABLED" in client.capabilities, client.capabilities
try:
    client.login("ann@acme.test", password)
    sys.exit("a password went in clear")
except imaplib.IMAP4.error:
    pass
client.starttls(context)
assert "LOGINDISABLED" not in client.capabilities, client.capabilities
client.login("ann@acme.test", password)
text = "From: Bob <bob@example.net>\r\nTo: ann@acme.test\r\nSubject: {}\r\nMessage-ID: <{}@example.net>\r\n\r\nHello {} there\r\n"
for number in range(1, 6):
    word = f"w{number}"
    must(client.append("INBOX", "(\\Flagged)" if number == 2 else None, None, text.format(word, word, word).encode()))
assert must(client.select("INBOX")) == [b"5"]
assert must(client.search(None, "SUBJECT", "w3")) == [b"3"]
assert must(client.uid("SEARCH", "BODY", '"hello w4"')) == [b"4"]
assert must(client.search(None, "FLAGGED")) == [b"2"]
header = must(client.fetch("3", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
assert header[0][1] == b"Subject: w3\r\n\r\n", header
whole = must(client.uid("FETCH", "4", "(RFC822)"))
assert whole[0][1] == text.format("w4", "w4", "w4").encode(), whole
assert b"\\Seen" in must(client.fetch("4", "(FLAGS)"))[0]
must(client.create("work/2026"))
must(client.copy("1:2", "work/2026"))
must(client.store("1:3", "+FLAGS.SILENT", "(\\Deleted)"))
assert sorted(must(client.expunge())) == [b"1", b"2", b"3"]
assert must(client.select("INBOX")) == [b"2"]
assert must(client.select("work/2026")) == [b"2"]
names = [line.decode().split(' "/" ')[1] for line in must(client.list())]
assert "work/2026" in names and "INBOX" in names and "Sent" in names, names
must(client.select("INBOX"))
must(client.delete("work/2026"))
must(client.noop())
client.logout()
print("fine")
"#;

#[test]
fn imaplib_reads_writes_and_finds() {
    let house = House::start();
    assert_eq!(imaplib(&house, EVERYDAY), "fine");
}

const IDLE: &str = r#"
client = login()
must(client.select("INBOX"))
tag = client._new_tag()
client.send(tag + b" IDLE\r\n")
assert client.readline().startswith(b"+")
smtp = smtplib.SMTP("127.0.0.1", int(mx_port), timeout=30)
smtp.ehlo("mail.receiver.test")
smtp.mail("dana@receiver.test")
smtp.rcpt("ann@acme.test")
code, said = smtp.data("From: dana@receiver.test\r\nSubject: a reply\r\n\r\nYes, please.\r\n")
stored = time.monotonic()
assert code == 250, said
line = client.readline()
took = time.monotonic() - stored
assert line == b"* 1 EXISTS\r\n", line
assert took < 1, took
client.send(b"DONE\r\n")
assert client.readline().startswith(tag + b" OK")
print("fine")
"#;

#[test]
fn a_mail_from_outside_shows_in_idle_within_a_second() {
    let house = House::start();
    assert_eq!(imaplib(&house, IDLE), "fine");
}

#[test]
fn curl_reads_a_mailbox() {
    let house = House::start();
    let append = r#"
client = login()
must(client.append("INBOX", None, None, b"Subject: for curl\r\n\r\nbody for curl\r\n"))
print("fine")
"#;
    assert_eq!(imaplib(&house, append), "fine");
    let curl = |url: &str, more: &[&str]| {
        let login = format!("ann@acme.test:{}", house.password);
        let url = format!("imaps://{}/{url}", house.at("imaps"));
        must(&tool("curl", "curl").args(["-sSk", "-u", &login, "--max-time", "30", &url]).args(more).output().unwrap())
    };
    assert!(curl("", &[]).contains("INBOX"));
    assert!(curl("INBOX;UID=1", &[]).contains("body for curl"));
    assert!(curl("INBOX", &["-X", "FETCH 1 (FLAGS ENVELOPE)"]).contains("for curl"));
}

/// The folders of a Maildir, and where mbsync writes what it knows.
fn channel(house: &House, name: &str, maildir: &Path) -> String {
    let port = house.at("imaps").port();
    let certificate = house.folder.path().join("data/tls/certificate.pem");
    format!(
        "IMAPAccount {name}\nHost 127.0.0.1\nPort {port}\nUser ann@acme.test\nPass {}\nSSLType IMAPS\nCertificateFile {}\n\
         Timeout 120\n\nIMAPStore {name}-far\nAccount {name}\n\nMaildirStore {name}-near\nPath {maildir}/\nInbox {maildir}/INBOX\n\
         SubFolders Verbatim\n\nChannel {name}\nFar :{name}-far:\nNear :{name}-near:\nPatterns INBOX\nCreate Both\nExpunge Both\n\
         Sync All\nSyncState *\n\n",
        house.password,
        certificate.display(),
        maildir = maildir.display()
    )
}

fn mbsync(configuration: &Path, name: &str) {
    must(&tool("mbsync", "isync").arg("-c").arg(configuration).arg(name).output().unwrap());
}

/// The bodies and flags of a Maildir folder, in order. What mbsync adds to a header is left out.
fn mails(folder: &Path) -> Vec<(String, String)> {
    let mut mails = Vec::new();
    for kind in ["cur", "new"] {
        for entry in fs::read_dir(folder.join(kind)).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let flags = name.split_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default();
            let text = fs::read_to_string(entry.path()).unwrap();
            let lines = text.lines().filter(|line| !line.starts_with("X-TUID:"));
            mails.push((lines.collect::<Vec<_>>().join("\n"), flags));
        }
    }
    mails.sort();
    mails
}

#[test]
fn mbsync_carries_ten_thousand_messages_both_ways_without_a_difference() {
    let house = House::start();
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    for kind in ["cur", "new", "tmp"] {
        fs::create_dir_all(here.join("INBOX").join(kind)).unwrap();
    }
    fs::create_dir_all(&there).unwrap();
    for number in 0..10_000 {
        let flags = ["", "S", "FS", "R"][number % 4];
        let text = format!(
            "From: bob@example.net\nSubject: mail {number}\nMessage-ID: <{number}@example.net>\n\nBody {number} \u{fc}\n"
        );
        fs::write(here.join(format!("INBOX/cur/{number}.x.host:2,{flags}")), text).unwrap();
    }
    let configuration = folder.path().join("mbsyncrc");
    fs::write(&configuration, channel(&house, "one", &here) + &channel(&house, "two", &there)).unwrap();
    mbsync(&configuration, "one");
    mbsync(&configuration, "two");
    let (ours, theirs) = (mails(&here.join("INBOX")), mails(&there.join("INBOX")));
    assert_eq!(ours.len(), 10_000);
    assert!(ours == theirs, "the folders differ");
    // And back: what is changed and deleted there comes here.
    let mut names: Vec<_> =
        fs::read_dir(there.join("INBOX/cur")).unwrap().flatten().map(|entry| entry.path()).collect();
    names.sort();
    for (index, path) in names.iter().take(200).enumerate() {
        if index % 2 == 0 {
            fs::remove_file(path).unwrap();
        } else {
            let text = path.to_string_lossy().into_owned();
            let (base, _) = text.split_once(":2,").unwrap();
            fs::rename(path, format!("{base}:2,FRS")).unwrap();
        }
    }
    mbsync(&configuration, "two");
    mbsync(&configuration, "one");
    let (ours, theirs) = (mails(&here.join("INBOX")), mails(&there.join("INBOX")));
    assert_eq!(ours.len(), 9_900);
    assert!(ours == theirs, "the folders differ after changes");
}

#[test]
fn neomutt_reads_a_mail_and_marks_it() {
    let house = House::start();
    let append = r#"
client = login()
must(client.append("INBOX", None, None, b"From: bob@example.net\r\nSubject: for mutt\r\n\r\nbody for mutt\r\n"))
print("fine")
"#;
    assert_eq!(imaplib(&house, append), "fine");
    let folder = tempfile::tempdir().unwrap();
    let (rc, out) = (folder.path().join("muttrc"), folder.path().join("out"));
    let settings = format!(
        "set imap_user = 'ann@acme.test'\nset imap_pass = '{}'\nset ssl_verify_host = no\nset ssl_verify_dates = no\n\
         set certificate_file = '{}'\nset folder = 'imaps://{}'\nset spoolfile = '+INBOX'\nset wait_key = no\nset pipe_decode = yes\n\
         set quit = yes\nset delete = yes\nset confirmappend = no\nset mail_check_stats = no\n",
        house.password,
        house.folder.path().join("data/tls/certificate.pem").display(),
        house.at("imaps"),
    );
    fs::write(&rc, settings).unwrap();
    let keys = format!("push '<pipe-message>cat > {}<enter><flag-message><sync-mailbox><quit>'", out.display());
    // neomutt wants a terminal: `script` is one.
    let neomutt = format!("TERM=xterm neomutt -n -F {} -e \"{keys}\"", rc.display());
    tool("neomutt", "neomutt");
    let ran = Command::new("timeout").args(["60", "script", "-qec", &neomutt, "/dev/null"]).output().unwrap();
    let text = fs::read_to_string(&out).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stdout)));
    assert!(text.contains("body for mutt"), "{text}");
    let flags = r#"
client = login()
must(client.select("INBOX", readonly=True))
print(must(client.fetch("1", "(FLAGS)"))[0].decode())
"#;
    assert!(imaplib(&house, flags).contains("\\Flagged"), "the flag was not stored");
}
