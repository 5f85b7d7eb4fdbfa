//! A house of the binary's own: data folder, configuration, a running `coldrelay serve`.

use std::{
    io::{BufRead as _, BufReader},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use auth::Algorithm;
use dns::{Authority, Zone, read_zone};
use rules::{
    Clock,
    secret::{self, Key},
};
use store::{DkimKey, NewDomain, NewMailbox, Store};
use syntax::Timestamp;

/// What everything that may fail says.
pub type Outcome<T> = Result<T, String>;

/// The mailbox that sends.
pub const SENDER: &str = "ann@acme.test";
/// Mailboxes that there are.
const MAILBOXES: usize = 50;
/// Their password.
pub const PASSWORD: &str = "correct horse battery staple";
/// The secret of the house.
pub const KEY: Key = Key([7; 32]);
/// Longest wait for `serve` to listen, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// The n-th mailbox.
pub fn sender(number: usize) -> String {
    match number % MAILBOXES {
        0 => SENDER.to_owned(),
        number => format!("ann{number}@acme.test"),
    }
}

/// The clock of the machine.
#[derive(Debug)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Anything that can be said.
pub fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// How `serve` is set up.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Data folder and configuration are made in here.
    pub folder: PathBuf,
    /// `sqlite`, or a PostgreSQL URL.
    pub database: String,
    /// The DNS that it asks.
    pub dns: SocketAddr,
    /// Port of the receivers.
    pub mx_port: u16,
    /// Lines of `[relay]`.
    pub relay: String,
}

impl Wish {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
    /// The database, as the store names it.
    pub fn url(&self) -> String {
        match self.database.as_str() {
            "sqlite" => format!("sqlite://{}", self.data().join("coldrelay.db").display()),
            url => url.to_owned(),
        }
    }
    /// Opens its store beside it.
    pub async fn store(&self) -> Outcome<Store> {
        Store::open(&self.url(), Arc::new(WallClock)).await.map_err(told)
    }
    /// Makes a domain with both DKIM keys (in use or not), its mailboxes, the secret and the configuration.
    pub async fn provision(&self, egress_ip: IpAddr, signs: bool) -> Outcome<()> {
        std::fs::create_dir_all(self.data()).map_err(told)?;
        std::fs::write(self.data().join("secret.key"), KEY.0).map_err(told)?;
        self.configure()?;
        let store = self.store().await?;
        let workspace = store.ensure_workspace("bench").await.map_err(told)?.id;
        let key = |selector: &str, algorithm: Algorithm| -> Outcome<DkimKey> {
            let (private, txt) = auth::generate(algorithm).map_err(told)?;
            let (selector, algorithm) = (selector.into(), algorithm.as_str().into());
            Ok(DkimKey { selector, algorithm, private_key: private.0, txt, active: signs })
        };
        let new = NewDomain {
            workspace,
            name: "acme.test".parse().map_err(told)?,
            egress_ip,
            mail_host: "box.acme.test".parse().map_err(told)?,
            dmarc_policy: "reject".into(),
            publisher: "embedded".into(),
            keys: vec![key("r1", Algorithm::Rsa)?, key("e1", Algorithm::Ed25519)?],
        };
        store.add_domain(new).await.map_err(told)?;
        let password_hash = secret::hash_password(&KEY, PASSWORD);
        let new = |number: usize| -> Outcome<NewMailbox> {
            let (address, password_hash) = (sender(number).parse().map_err(told)?, password_hash.clone());
            Ok(NewMailbox { address, display: None, password_hash, daily_cap: 100_000_000, ramp: None })
        };
        let new = (0..MAILBOXES).map(new).collect::<Outcome<Vec<_>>>()?;
        store.add_mailboxes(new).await.map_err(told)?;
        store.close().await;
        Ok(())
    }
    /// Writes the configuration.
    pub fn configure(&self) -> Outcome<()> {
        let text = format!(
            "data_dir = \"{}\"\nhostname = \"box.acme.test\"\n[database]\nurl = \"{}\"\n[listen]\nmx = []\n\
             submission = [\"127.0.0.1:0\"]\nsubmissions = [\"127.0.0.1:0\"]\ndns = []\nhttp = [\"127.0.0.1:0\"]\nhttps = []\n\
             imap = []\nimaps = []\n\
             [dns]\nservers = [\"{}\"]\n[relay]\nmx_port = {}\n{}\n[blocklist]\ninterval_s = 0\n[proof]\ninterval_s = 0\n",
            self.data().display(),
            self.database,
            self.dns,
            self.mx_port,
            self.relay,
        );
        std::fs::write(self.folder.join("coldrelay.toml"), text).map_err(told)
    }
    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
    /// Starts `serve`, and waits until it listens. `crash` names the moment at which it ends.
    pub fn serve(&self, crash: Option<&str>) -> Outcome<Served> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).map_err(told)?;
        let mut command = Command::new(binary()?);
        command.arg("--config").arg(self.folder.join("coldrelay.toml")).args(["serve", "--json"]);
        command.stdout(Stdio::piped()).stderr(log).env_remove("COLDRELAY_CRASH_AT").env("RUST_LOG", "warn");
        if let Some(moment) = crash {
            command.env("COLDRELAY_CRASH_AT", moment);
        }
        let begun = Instant::now();
        let mut child = command.spawn().map_err(told)?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        BufReader::new(stdout).read_line(&mut line).map_err(told)?;
        let mut served = Served { child, submissions: None, http: None, took: begun.elapsed() };
        // A process that ended at its moment before it listened says nothing.
        if let Ok(listening) = serde_json::from_str::<serde_json::Value>(&line) {
            let at = |name: &str| listening.get(name)?.get(0)?.as_str()?.parse().ok();
            (served.submissions, served.http) = (at("submissions"), at("http"));
        }
        Ok(served)
    }
}

/// A running `serve`.
pub struct Served {
    child: Child,
    /// Where it takes submissions over TLS; `None` when it ended before it listened.
    pub submissions: Option<SocketAddr>,
    /// Where it answers HTTP.
    pub http: Option<SocketAddr>,
    /// From its start until it listened.
    pub took: Duration,
}

impl Served {
    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
    /// Ends it with SIGTERM: it must say that it ended well.
    pub fn terminate(&mut self) -> Outcome<()> {
        let _ = Command::new("kill").arg(self.id().to_string()).stderr(Stdio::null()).status();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.ended() {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("serve ended with {status} after SIGTERM")),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        self.kill();
        Err(format!("serve did not stop within {} s after SIGTERM", PATIENCE.as_secs()))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Our binary, beside this one.
pub fn binary() -> Outcome<PathBuf> {
    let own = std::env::current_exe().map_err(told)?;
    let binary = own.parent().unwrap_or(Path::new(".")).join("coldrelay");
    if binary.is_file() { Ok(binary) } else { Err(format!("{} is not there", binary.display())) }
}

/// A DNS on loopback that knows these domains, each with one MX at that address.
pub async fn dns(domains: &[(String, IpAddr)]) -> Outcome<Authority> {
    let any = "127.0.0.1:0".parse().map_err(told)?;
    let authority = Authority::bind(&[any]).await.map_err(told)?;
    authority.set_zone(&Zone { origin: ".".into(), records: Vec::new() }).await.map_err(told)?;
    for (origin, ip) in domains {
        let zone = read_zone(origin, &format!("@ MX 10 mx\nmx A {ip}\n* MX 10 mx\n")).map_err(told)?;
        authority.set_zone(&zone).await.map_err(told)?;
    }
    Ok(authority)
}
