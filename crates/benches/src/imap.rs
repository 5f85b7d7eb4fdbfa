//! Our IMAP server against Debian's Dovecot: the same mailbox of 100,000 messages, the same client, TLS, one after the other.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use ::imap::{Imap, Listeners, Settings};
use net::{ServerTls, Stopper};
use rules::{
    Clock,
    secret::{Key, hash_password},
};
use store::{NewDomain, NewEntry, NewMailbox, Store};
use syntax::{Address, Domain, Timestamp};

/// Messages of the mailbox; `COLDRELAY_BENCH_MAILS` says otherwise.
const MAILS: usize = 100_000;
/// Idle connections; `COLDRELAY_BENCH_IDLE` says otherwise.
const IDLE: usize = 1000;
const LOGIN: &str = "ann@example.com";
const PASSWORD: &str = "bench";
const KEY: Key = Key([7; 32]);

/// What one server did, in the order of [`ROWS`].
type Figures = serde_json::Value;

/// Name in the figures, what it is, and whether more is better.
const ROWS: [(&str, &str, bool); 8] = [
    ("login_select_ms", "ms  login and select", false),
    ("headers_s", "s   five header fields of every message", false),
    ("envelopes_s", "s   envelope, flags and size of every message", false),
    ("search_subject_s", "s   search in subjects", false),
    ("search_body_s", "s   search in bodies", false),
    ("search_flags_s", "s   search by flag and date", false),
    ("appends_a_second", "    appends a second, one after the other", true),
    ("idle_kib_each", "KiB an idle connection, of 1,000", false),
];

/// Runs it; what it says, or why it could not.
pub fn run(json: bool) -> Result<String, String> {
    let folder = std::env::temp_dir().join(format!("coldrelay-bench-imap-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(said)?;
    let measured = measure(&folder);
    let _ = fs::remove_dir_all(&folder);
    let (ours, theirs) = measured?;
    if json {
        return Ok(serde_json::json!({ "mails": mails(), "ours": ours, "dovecot": theirs }).to_string());
    }
    let number = |figures: &Figures, name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    let mut text = format!("{:>12} {:>12} {:>8}   {} messages\n", "ColdRelay", "Dovecot", "ratio", mails());
    for (name, what, more) in ROWS {
        let (we, they) = (number(&ours, name), number(&theirs, name));
        let ratio = if more { we / they } else { they / we };
        text.push_str(&format!("{we:>12.3} {they:>12.3} {ratio:>7.2}x   {what}\n"));
    }
    text.push_str("A ratio above 1 says that ColdRelay is ahead.");
    Ok(text)
}

fn measure(folder: &Path) -> Result<(Figures, Figures), String> {
    let ours = {
        let mut server = Ours::start(folder)?;
        let figures = client(server.port, server.child.id());
        server.end();
        figures?
    };
    let theirs = {
        let mut server = dovecot(folder)?;
        let figures = client(server.port, server.child.id());
        server.end();
        figures?
    };
    Ok((ours, theirs))
}

struct Ours {
    child: Child,
    port: u16,
}

impl Ours {
    fn start(folder: &Path) -> Result<Self, String> {
        let us = std::env::current_exe().map_err(said)?;
        let mut child = Command::new(us).arg("imap-server").arg(folder).stdout(Stdio::piped()).spawn().map_err(said)?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line).map_err(said)?;
        let port = line.trim().parse().map_err(|_| format!("our server said {line:?}"))?;
        Ok(Self { child, port })
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fills a store and serves it; prints the port when it is ready.
pub fn serve(folder: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(said)?;
    runtime.block_on(async {
        let url = format!("sqlite://{folder}/store.db");
        let store = Store::open(&url, Arc::new(BenchClock)).await.map_err(said)?;
        let tls = ServerTls::kept_in(Path::new(folder), &["localhost".to_owned()]).map_err(said)?;
        let imap = Imap::new(Settings::default(), store.clone(), KEY, tls);
        fill(&store).await?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(said)?;
        listener.set_nonblocking(true).map_err(said)?;
        let port = listener.local_addr().map_err(said)?.port();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(said)?;
        println!("{port}");
        std::io::stdout().flush().map_err(said)?;
        let (_stopper, stop) = Stopper::new();
        imap.serve(Listeners { imap: Vec::new(), imaps: vec![listener] }, stop).await;
        Ok(())
    })
}

/// The machine's clock.
#[derive(Debug)]
struct BenchClock;

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or_default())
    }
}

async fn fill(store: &Store) -> Result<(), String> {
    let workspace = store.ensure_workspace("default").await.map_err(said)?.id;
    let name = Domain::parse("example.com").map_err(said)?;
    let domain = NewDomain {
        workspace,
        mail_host: name.child("box"),
        name,
        egress_ip: [127, 0, 1, 1].into(),
        dmarc_policy: "reject".to_owned(),
        publisher: "embedded".to_owned(),
        keys: Vec::new(),
    };
    store.add_domain(domain).await.map_err(said)?;
    let address = Address::parse(LOGIN).map_err(said)?;
    let new = NewMailbox {
        address: address.clone(),
        display: None,
        password_hash: hash_password(&KEY, PASSWORD),
        daily_cap: 50,
        ramp: None,
    };
    let made = store.add_mailboxes(vec![new]).await.map_err(said)?;
    let mailbox = made.first().ok_or("no mailbox")?.id.clone();
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..mails() {
        let new = NewEntry {
            mailbox: mailbox.clone(),
            address: address.clone(),
            folder: "INBOX".to_owned(),
            flags: store::Flags { bits: u8::from(number % 10 != 0), keywords: Vec::new() },
            internal_at: None,
            from: None,
            subject: String::new(),
            content: message(number).replace('\n', "\r\n").into_bytes(),
        };
        let store = store.clone();
        writing.spawn(async move { store.append(new).await.map(drop).map_err(said) });
        while writing.len() >= 256 {
            writing.join_next().await.ok_or("nothing written")?.map_err(said)??;
        }
    }
    while let Some(written) = writing.join_next().await {
        written.map_err(said)??;
    }
    Ok(())
}

/// About 2 KiB, each a little different.
fn message(number: usize) -> String {
    let words = ["offer", "meeting", "invoice", "question", "answer", "thanks", "tomorrow", "budget"];
    let word = |place: usize| words.get((number / (place + 1)) % words.len()).copied().unwrap_or("mail");
    let line = |place: usize| {
        format!("Line {place} of {number}: the {} about the {} is here.\n", word(place), word(place + 3))
    };
    let body: String = (0..24).map(line).collect();
    format!(
        "Return-Path: <bob{number}@example.net>\nReceived: from mx.example.net (mx.example.net [192.0.2.1]) by box.example.com;\n\
         \tMon, 23 Nov 2026 12:00:00 +0000\nDate: Mon, 23 Nov 2026 12:00:00 +0000\nFrom: Bob {number} <bob{number}@example.net>\n\
         To: Ann <{LOGIN}>\nSubject: {} number {number}\nMessage-ID: <{number}@example.net>\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{body}{}\n",
        word(0),
        if number.is_multiple_of(1000) { "a needle in it" } else { "" }
    )
}

fn dovecot(folder: &Path) -> Result<Ours, String> {
    let (home, root) = (folder.join("home"), folder.display());
    for kind in ["cur", "new", "tmp"] {
        fs::create_dir_all(home.join("Maildir").join(kind)).map_err(said)?;
    }
    for number in 0..mails() {
        let flags = if number % 10 == 0 { "" } else { "S" };
        let name = format!("Maildir/cur/{}.{number}.host:2,{flags}", 1_795_000_000 + number);
        fs::write(home.join(name), message(number)).map_err(said)?;
    }
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(said)?.port();
    // A mail process may not be root.
    command("chown", &["-R", "nobody:nogroup", &home.to_string_lossy()])?;
    command("chmod", &["a+rx", &folder.to_string_lossy()])?;
    let configuration = format!(
        "base_dir = {root}/run\nlog_path = {root}/dovecot.log\nprotocols = imap\nlisten = 127.0.0.1\nssl = required\n\
         ssl_cert = <{root}/certificate.pem\nssl_key = <{root}/key.pem\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
         mail_location = maildir:~/Maildir\nmail_max_userip_connections = 5000\ndefault_client_limit = 5000\n\
         default_process_limit = 3000\ndefault_vsz_limit = 2G\n\
         passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={}\n}}\n\
         service imap-login {{\n service_count = 0\n client_limit = 3000\n process_min_avail = 1\n\
         inet_listener imap {{\n port = 0\n }}\n inet_listener imaps {{\n port = {port}\n ssl = yes\n }}\n}}\n\
         service imap {{\n process_limit = 3000\n}}\nservice anvil {{\n client_limit = 10000\n}}\nservice auth {{\n client_limit = 10000\n}}\n",
        home.display()
    );
    let file = folder.join("dovecot.conf");
    fs::write(&file, configuration).map_err(said)?;
    let child = Command::new("dovecot")
        .arg("-F")
        .arg("-c")
        .arg(&file)
        .spawn()
        .map_err(|error| format!("{error}: Dovecot is missing: apt-get install dovecot-imapd"))?;
    let begun = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed().as_secs() > 20 {
            return Err(format!(
                "Dovecot does not listen: {}",
                fs::read_to_string(folder.join("dovecot.log")).unwrap_or_default()
            ));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Ok(Ours { child, port })
}

fn command(program: &str, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(program).args(arguments).status().map_err(said)?;
    if status.success() { Ok(()) } else { Err(format!("{program} {arguments:?}: {status}")) }
}

/// The same client for both.
fn client(port: u16, process: u32) -> Result<Figures, String> {
    let arguments = [
        port.to_string(),
        process.to_string(),
        LOGIN.to_owned(),
        PASSWORD.to_owned(),
        mails().to_string(),
        idle().to_string(),
    ];
    let output = Command::new("python3").arg("-c").arg(CLIENT).args(arguments).output().map_err(said)?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|_| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn mails() -> usize {
    from_environment("COLDRELAY_BENCH_MAILS", MAILS)
}

fn idle() -> usize {
    from_environment("COLDRELAY_BENCH_IDLE", IDLE)
}

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

const CLIENT: &str = r#"
import json, os, socket, ssl, sys, time
port, process, user, password, mails, idle = sys.argv[1:]
port, process, mails, idle = int(port), int(process), int(mails), int(idle)
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

class Client:
    def __init__(self):
        plain = socket.create_connection(("127.0.0.1", port), timeout=600)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain)
        self.number = 0
        self.socket.recv(65536)
        self.does(f'LOGIN {user} {password}')
    def does(self, command, more=b""):
        self.number += 1
        tag = b"t%d " % self.number
        self.socket.sendall(tag + command.encode() + b"\r\n" + more)
        last = b""
        total = 0
        while True:
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise SystemExit(f"{command}: the connection ended after {total} octets: {last[-300:]}")
            total += len(piece)
            last = (last + piece)[-4096:]
            at = last.rfind(b"\r\n" + tag)
            if last.endswith(b"\r\n") and (at >= 0 or last.startswith(tag)):
                end = last[at + 2:] if at >= 0 else last
                if not end.startswith(tag + b"OK"):
                    raise SystemExit(f"{command}: {end}")
                return total, last

def timed(act, times=1):
    best = None
    for _ in range(times):
        begun = time.monotonic()
        act()
        took = time.monotonic() - begun
        best = took if best is None else min(best, took)
    return best

def memory():
    # PSS: shared pages count once, over the whole family of processes.
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    family, grown = {process}, True
    while grown:
        new = {child for child, parent in parents.items() if parent in family} - family
        family |= new
        grown = bool(new)
    total = 0
    for member in family:
        try:
            with open(f"/proc/{member}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            pass
    return total

def login_select():
    client = Client()
    client.does("SELECT INBOX")
    client.socket.close()

figures = {}
login_select()
warm = Client()
warm.does("SELECT INBOX")
warm.does("FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID)])")
figures["login_select_ms"] = timed(login_select, 20) * 1000
size, _ = warm.does("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID)])")
if size < mails * 100:
    raise SystemExit(f"only {size} octets of headers")
figures["headers_s"] = timed(lambda: warm.does("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID)])"), 3)
figures["envelopes_s"] = timed(lambda: warm.does("FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE)"), 3)
figures["search_subject_s"] = timed(lambda: warm.does('SEARCH SUBJECT "number 777"'), 3)
_, said = warm.does('SEARCH BODY "a needle in it"')
found = len(said.split(b"\r\n")[-3].split()) - 2 if said.count(b"\r\n") > 1 else len(said.split(b"\r\n")[0].split()) - 2
if found != (mails + 999) // 1000:
    raise SystemExit(f"{found} needles: {said[:300]}")
figures["search_body_s"] = timed(lambda: warm.does('SEARCH BODY "a needle in it"'), 2)
figures["search_flags_s"] = timed(lambda: warm.does("SEARCH UNSEEN SINCE 1-Jan-2020"), 5)
message = (b"From: bob@example.net\r\nSubject: appended\r\n\r\n" + b"a line of a message\r\n" * 40)
def append():
    for _ in range(500):
        warm.does("APPEND Sent {%d+}" % len(message), message + b"\r\n")
try:
    warm.does("CREATE Sent")
except SystemExit:
    pass
figures["appends_a_second"] = 500 / timed(append)
warm.socket.close()
time.sleep(1)
before = memory()
clients = []
for _ in range(idle):
    client = Client()
    client.does("SELECT INBOX")
    client.socket.sendall(b"i IDLE\r\n")
    client.socket.recv(4096)
    clients.append(client)
time.sleep(1)
figures["idle_kib_each"] = (memory() - before) / idle
print(json.dumps(figures))
"#;
