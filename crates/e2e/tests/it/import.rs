//! Mail of an IMAP account elsewhere (Dovecot, and ours) comes into a mailbox with folders, flags and dates, once.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{House, free_port, is_root, python, tool, wait_for};

const PASSWORD: &str = "elsewhere";

/// A Dovecot for one test, with whatever login and [`PASSWORD`].
struct Dovecot {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Its master ends its other processes.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn words(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A certificate for 127.0.0.1 that is its own root.
fn certificate(folder: &Path) {
    let path = |name: &str| folder.join(name).display().to_string();
    let (key, certificate) = (path("key.pem"), path("certificate.pem"));
    words(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    );
}

fn dovecot() -> Dovecot {
    let folder = tempfile::tempdir().unwrap();
    let (root, port) = (folder.path().display().to_string(), free_port([127, 0, 0, 1].into()));
    certificate(folder.path());
    fs::create_dir_all(folder.path().join("home")).unwrap();
    // A mail process may not be root.
    let (user, group) = match is_root() {
        true => ("nobody".to_owned(), "nogroup".to_owned()),
        false => (words("id", &["-un"]), words("id", &["-gn"])),
    };
    if is_root() {
        words("chown", &["-R", "nobody:nogroup", &format!("{root}/home")]);
        words("chmod", &["a+rx", &root]);
    }
    let own = match is_root() {
        true => String::new(),
        false => {
            format!("default_login_user = {user}\ndefault_internal_user = {user}\ndefault_internal_group = {group}\n")
        }
    };
    let configuration = format!(
        "base_dir = {root}/run\nlog_path = {root}/dovecot.log\nprotocols = imap\nlisten = 127.0.0.1\nssl = required\n{own}\
         ssl_cert = <{root}/certificate.pem\nssl_key = <{root}/key.pem\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
         mail_location = maildir:~/Maildir\nnamespace inbox {{\n inbox = yes\n separator = .\n\
         mailbox Gesendet {{\n special_use = \\Sent\n auto = create\n }}\n}}\n\
         passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
         userdb {{\n driver = static\n args = uid={user} gid={group} home={root}/home\n}}\n\
         service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n port = 0\n }}\n inet_listener imaps {{\n port = {port}\n ssl = yes\n }}\n}}\n"
    );
    let file = folder.path().join("dovecot.conf");
    fs::write(&file, configuration).unwrap();
    let child = tool("dovecot", "dovecot-imapd").args(["-F", "-c"]).arg(&file).stdin(Stdio::null()).spawn().unwrap();
    let dovecot = Dovecot { child, folder, port };
    wait_for("Dovecot", || TcpStream::connect(("127.0.0.1", port)).ok());
    dovecot
}

impl Dovecot {
    fn root(&self) -> String {
        self.folder.path().join("certificate.pem").display().to_string()
    }
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("dovecot.log")).unwrap_or_default()
    }
}

const FILL: &str = r#"
import imaplib, ssl, sys
port, login, password = sys.argv[1:]
client = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=ssl._create_unverified_context(), timeout=30)
client.login(login, password)
def must(answer):
    assert answer[0] == "OK", answer
    return answer[1]
separator = must(client.list('""', '""'))[0].decode().split('"')[1]
work = separator.join(["Work", "2026"])
drafts = "Entw&APw-rfe"
for name in (work, drafts):
    must(client.create(name))
sent = "Gesendet" if separator == "." else "Sent"
text = "From: bob@elsewhere.test\r\nSubject: {}\r\nMessage-ID: <{}@elsewhere.test>\r\n\r\nbody {}\r\n"
dates = ['"17-Jul-1996 02:44:25 -0700"', '"01-Feb-2024 08:00:00 +0000"']
places = [("INBOX", r"(\Seen \Flagged)"), ("INBOX", None), ("INBOX", r"(\Answered work)"), (work, r"(\Seen)"), (drafts, r"(\Draft)"), (sent, r"(\Seen)")]
for number, (folder, flags) in enumerate(places * 20):
    word = f"letter-{number}"
    must(client.append(folder, flags, dates[number % 2], text.format(word, word, word).encode()))
must(client.append("INBOX", None, dates[0], b"Subject: odd\r\n\r\n" + bytes(range(128, 256)) + b"\r\n" + b"x" * 300000 + b"\r\n"))
client.logout()
print("fine")
"#;

const ONE_MORE: &str = r#"
import imaplib, ssl, sys
port, login, password = sys.argv[1:]
client = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=ssl._create_unverified_context(), timeout=30)
client.login(login, password)
assert client.append("INBOX", None, None, b"Subject: one more\r\n\r\nbody\r\n")[0] == "OK"
print("fine")
"#;

/// Everything in an account, as JSON: folder, digest, flags, date; special folders by their use.
const DUMP: &str = r#"
import hashlib, imaplib, json, re, ssl, sys, time
port, login, password = sys.argv[1:]
imaplib._MAXLINE = 10_000_000
client = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=ssl._create_unverified_context(), timeout=30)
client.login(login, password)
rows = []
for line in client.list()[1]:
    marks, separator, name = re.match(rb'\((.*?)\) "(.)" "?(.*?)"?$', line).groups()
    if b"\\Noselect" in marks or b"\\NonExistent" in marks:
        continue
    if client.select(b'"' + name + b'"', readonly=True)[1] == [b"0"]:
        continue
    shown = "Sent" if b"\\Sent" in marks else name.decode().replace(separator.decode(), "/")
    data = client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
    for at, item in enumerate(data):
        if not isinstance(item, tuple):
            continue
        rest = item[0] + (data[at + 1] if isinstance(data[at + 1], bytes) else b"")
        flags = sorted(set(re.search(rb"FLAGS \((.*?)\)", rest).group(1).decode().split()) - {"\\Recent"})
        when = time.mktime(imaplib.Internaldate2tuple(rest))
        rows.append([shown, hashlib.sha256(item[1]).hexdigest(), flags, when])
print(json.dumps(sorted(rows)))
"#;

fn must(script: &str, arguments: &[&str]) -> String {
    let output = python(script, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn dump(port: u16, login: &str, password: &str) -> Vec<Value> {
    serde_json::from_str(&must(DUMP, &[&port.to_string(), login, password])).unwrap()
}

fn tally(value: &Value) -> (u64, u64, u64) {
    let number = |name: &str| value[name].as_u64().unwrap();
    (number("taken"), number("there"), number("failed"))
}

#[test]
fn an_account_at_dovecot_comes_over_whole_once_and_goes_on_where_it_ended() {
    let (house, dovecot) = (House::start(), dovecot());
    let port = dovecot.port.to_string();
    assert_eq!(must(FILL, &[&port, "bob", PASSWORD]), "fine", "{}", dovecot.log());
    let file = dovecot.folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let (file, root) = (file.display().to_string(), dovecot.root());
    let import = [
        "import",
        "imap",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--user",
        "bob",
        "--password-file",
        &file,
        "--mailbox",
        "ann@acme.test",
        "--roots",
        &root,
    ];
    let only = house.json(&[import.as_slice(), &["--folder", "Work/2026"]].concat());
    assert_eq!(tally(&only), (20, 0, 0), "{only:#}");
    assert_eq!(tally(&house.json(&import)), (101, 0, 0), "what was looked at is not looked at again");
    let there = dump(dovecot.port, "bob", PASSWORD);
    let imaps = house.at("imaps").port();
    assert_eq!(there.len(), 121);
    assert_eq!(dump(imaps, "ann@acme.test", &house.password), there, "folders, octets, flags and dates are the same");
    assert_eq!(tally(&house.json(&import)), (0, 0, 0));
    assert_eq!(tally(&house.json(&[import.as_slice(), &["--again"]].concat())), (0, 121, 0), "by its octets");
    assert_eq!(must(ONE_MORE, &[&port, "bob", PASSWORD]), "fine");
    assert_eq!(tally(&house.json(&import)), (1, 0, 0));
    assert_eq!(dump(imaps, "ann@acme.test", &house.password).len(), 122);

    fs::write(&file, "wrong").unwrap();
    let (code, _) = house.run(&import);
    assert!(code == 2 && house.log().contains("refused the login"), "{code}: {}", house.log());
    fs::write(&file, PASSWORD).unwrap();
    let (code, _) = house.run(&import[..import.len() - 2]);
    assert!(code != 0 && house.log().contains("--roots"), "an unknown certificate is not trusted: {}", house.log());
    assert_eq!(house.run(&[import.as_slice(), &["--folder", "Nowhere"]].concat()).0, 2);
}

#[test]
fn an_account_at_our_own_server_comes_over_with_tls_from_the_start_and_by_starttls() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let root = folder.path().display();
    let house = House::start_on(
        "sqlite",
        &format!("\n[tls]\ncertificate = \"{root}/certificate.pem\"\nkey = \"{root}/key.pem\"\n"),
    );
    let imaps = house.at("imaps").port();
    assert_eq!(must(FILL, &[&imaps.to_string(), "ann@acme.test", &house.password]), "fine");
    let there = dump(imaps, "ann@acme.test", &house.password);
    let file = folder.path().join("password");
    fs::write(&file, &house.password).unwrap();
    let (file, roots) = (file.display().to_string(), format!("{root}/certificate.pem"));
    for (address, port, more) in
        [("bob@acme.test", imaps, None), ("carl@acme.test", house.at("imap").port(), Some("--starttls"))]
    {
        let made = house.json(&["mailbox", "add", address]);
        let password = made[0]["password"].as_str().unwrap().to_owned();
        let port = port.to_string();
        let mut import = vec![
            "import",
            "imap",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--user",
            "ann@acme.test",
            "--password-file",
            &file,
            "--mailbox",
            address,
            "--roots",
            &roots,
        ];
        import.extend(more);
        assert_eq!(tally(&house.json(&import)), (121, 0, 0), "{address}");
        assert_eq!(dump(imaps, address, &password), there, "{address}");
    }
}
