//! A house for each test, and the tools around it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(40);

static NEXT: AtomicU8 = AtomicU8::new(1);

/// A running `coldrelay serve` with a domain `acme.test` and a mailbox `ann@acme.test`.
pub struct House {
    pub folder: TempDir,
    pub child: Option<Child>,
    pub listening: Value,
    /// Where the domain sends from.
    pub egress_ip: IpAddr,
    /// The MX of `receiver.test`.
    pub sink: SocketAddr,
    pub password: String,
}

/// Our binary, next to the tests.
pub fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let binary = tests.parent().unwrap().parent().unwrap().join("coldrelay");
    assert!(binary.is_file(), "{} is not there: run `cargo build --workspace` first", binary.display());
    binary
}

/// A tool of Debian.
pub fn tool(name: &str, package: &str) -> Command {
    let found = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().map(|folder| Path::new(folder).join(name));
    let path = found.into_iter().find(|path| path.is_file());
    Command::new(path.unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}")))
}

/// Debian's Python, which has Debian's modules.
pub fn python(script: &str, arguments: &[&str]) -> Output {
    tool("python3", "python3").arg("-c").arg(script).args(arguments).output().unwrap()
}

/// Waits until it is so.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A port that is free for TCP and UDP.
pub fn free_port(ip: IpAddr) -> u16 {
    loop {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if UdpSocket::bind((ip, port)).is_ok() {
            return port;
        }
    }
}

impl House {
    /// A house on SQLite.
    pub fn start() -> Self {
        Self::start_on("sqlite", "")
    }

    /// A house whose MX can be reached where the DNS says, so that its mailboxes can be proved.
    pub fn start_proving(interval_s: u32) -> Self {
        Self::start_with("sqlite", ("", ""), Some(interval_s))
    }

    /// A house on SQLite with more lines of `[listen]`.
    pub fn start_with_listen(more: &str) -> Self {
        Self::start_with("sqlite", (more, ""), None)
    }

    /// A house on that database; `more` goes to the end of the configuration.
    pub fn start_on(database: &str, more: &str) -> Self {
        Self::start_with(database, ("", more), None)
    }

    fn start_with(database: &str, (listen, more): (&str, &str), proofs: Option<u32>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let egress_ip = IpAddr::V4(Ipv4Addr::new(127, 0, 2, number));
        let sink = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 3, number)), 0);
        let sink = SocketAddr::new(sink.ip(), free_port(sink.ip()));
        let folder = tempfile::tempdir().unwrap();
        let dns = free_port([127, 0, 0, 1].into());
        let zone = format!("@ MX 10 mx\nmx A {}\n", sink.ip());
        fs::write(folder.path().join("receiver.test.zone"), zone).unwrap();
        fs::write(folder.path().join("root.zone"), "").unwrap();
        let root = folder.path().display();
        let interval_s = proofs.unwrap_or(0);
        let mx_port = proofs.map_or(0, |_| sink.port());
        let config = format!(
            "data_dir = \"{root}/data\"\nhostname = \"box.acme.test\"\n[database]\nurl = \"{database}\"\n\
             [proof]\ninterval_s = {interval_s}\n[listen]\n{listen}mx_port_on_egress_ips = {mx_port}\nmx = [\"127.0.0.1:0\"]\nsubmission = [\"127.0.0.1:0\"]\nsubmissions = [\"127.0.0.1:0\"]\n\
             imap = [\"127.0.0.1:0\"]\nimaps = [\"127.0.0.1:0\"]\n\
             dns = [\"127.0.0.1:{dns}\"]\nhttp = [\"127.0.0.1:0\"]\nhttps = [\"127.0.0.1:0\"]\n\
             [relay]\nmx_port = {}\nretry_s = [1, 2]\ninterval_ms = 10\nexpiry_s = 60\n[submission]\ndaily_cap = 1000\n[ramp]\nstart = 0\n\
             [dns]\nservers = [\"127.0.0.1:{dns}\"]\nzone_files = [\"{root}/root.zone\", \"{root}/receiver.test.zone\"]\n{more}",
            sink.port()
        );
        fs::write(folder.path().join("coldrelay.toml"), config).unwrap();
        let mut house = Self { folder, child: None, listening: Value::Null, egress_ip, sink, password: String::new() };
        house.serve();
        let ip = egress_ip.to_string();
        house.json(&["domain", "apply", "acme.test", "--egress-ip", &ip]);
        let made = house.json(&["mailbox", "add", "ann@acme.test", "--display", "Ann Doe"]);
        house.password = made[0]["password"].as_str().unwrap().to_owned();
        house.wait_until_published();
        house
    }

    /// Starts `serve`.
    pub fn serve(&mut self) {
        let mut child = self.command(&["serve", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.listening = serde_json::from_str(&line).unwrap_or_else(|error| panic!("serve said {line:?}: {error}"));
        self.child = Some(child);
    }

    /// The first address of a listener.
    pub fn at(&self, name: &str) -> SocketAddr {
        self.listening[name][0].as_str().unwrap().parse().unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.arg("--config").arg(self.folder.path().join("coldrelay.toml")).args(arguments);
        // What is logged goes into a file: a pipe that nobody reads would fill up.
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        command.stderr(log);
        command
    }

    /// Runs a command; exit code and stdout.
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
    }

    /// Runs a command that must succeed, with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let (code, text) = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(code, 0, "{arguments:?}: {text}\n{}", self.log());
        serde_json::from_str(&text).unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The code of the first-run set-up, from what `serve` said.
    pub fn set_up_code(&self) -> String {
        let code = |log: String| Some(log.split_once("the set-up code is ")?.1.split_whitespace().next()?.to_owned());
        wait_for("the set-up code", || code(self.log()))
    }

    /// The state of the only recipient of the message with that subject.
    pub fn state(&self, subject: &str) -> Option<String> {
        let queue = self.json(&["queue", "list"]);
        let message = queue.as_array().unwrap().iter().find(|message| message["subject"] == subject)?.clone();
        Some(message["recipients"][0]["state"].as_str().unwrap().to_owned())
    }

    pub fn wait_for_state(&self, subject: &str, state: &str) {
        let begun = Instant::now();
        while self.state(subject).as_deref() != Some(state) {
            let queue = self.json(&["queue", "list"]);
            assert!(begun.elapsed() < PATIENCE, "{subject} is not {state}: {queue:#}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The MX of `receiver.test`: Postfix's smtp-sink. It writes each message into a file of the folder.
    pub fn sink(&self, options: &[&str]) -> Sink {
        let folder = tempfile::tempdir().unwrap();
        open_to_all(folder.path());
        let mut command = tool("smtp-sink", "postfix");
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .args(options)
            .args(["-d", "message.%H%M%S."])
            .args([&self.sink.to_string(), "64"])
            .current_dir(folder.path())
            .spawn()
            .unwrap();
        wait_for("smtp-sink", || std::net::TcpStream::connect(self.sink).ok());
        Sink { child, folder }
    }

    fn wait_until_published(&self) {
        wait_for("the zone", || {
            let (code, _) = self.run(&["domain", "diff", "acme.test"]);
            (code == 0).then_some(())
        });
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends it with SIGTERM; the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        Command::new("kill").arg(child.id().to_string()).status().unwrap();
        child.wait().unwrap().code()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A running smtp-sink.
pub struct Sink {
    child: Child,
    folder: TempDir,
}

impl Sink {
    /// The first message that arrived, with CRLF, without what the sink put on top.
    pub fn message(&self) -> Vec<u8> {
        let text = wait_for("a message in the sink", || {
            let file = fs::read_dir(self.folder.path()).unwrap().flatten().next()?;
            fs::read_to_string(file.path()).ok().filter(|text| text.ends_with("\n\n"))
        });
        let start = text.find("\nReceived: from ").unwrap() + 1;
        let own = text[start..].split_inclusive('\n');
        let own_length: usize = own
            .enumerate()
            .take_while(|(index, line)| *index == 0 || line.starts_with('\t'))
            .map(|(_, line)| line.len())
            .sum();
        text[start + own_length..].replace('\n', "\r\n").into_bytes()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// smtp-sink drops its rights.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

/// Whether we are root.
pub fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}
