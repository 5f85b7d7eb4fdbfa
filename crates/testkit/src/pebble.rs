//! Pebble, the small ACME server that Let's Encrypt tests clients with (Debian's package), on loopback.
//!
//! It checks nonces, signatures and the order of things strictly, looks up the TXT records of dns-01 at the name server that it
//! is given, and fetches the files of http-01 from the port that it is given. Some good nonces it refuses on purpose.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use net::{ClientTls, Fetch, ServerTls, fetch};
use tempfile::TempDir;

/// Longest wait for it to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running CA; ends with this value.
#[derive(Debug)]
pub struct Pebble {
    child: Child,
    folder: TempDir,
    at: SocketAddr,
    management: SocketAddr,
}

impl Pebble {
    /// Starts it. `nameserver` is asked for every name; http-01 is fetched from `http_port`.
    pub async fn start(nameserver: SocketAddr, http_port: u16) -> Self {
        // A port that was free a moment ago may be taken by the time it is bound: once more then.
        for _ in 0..2 {
            if let Some(pebble) = Self::try_start(nameserver, http_port).await {
                return pebble;
            }
        }
        Self::try_start(nameserver, http_port).await.expect("pebble starts (apt-get install pebble)")
    }

    async fn try_start(nameserver: SocketAddr, http_port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (at, management) = (free(), free());
        ServerTls::kept_in(folder.path(), &["127.0.0.1".to_owned()]).expect("a certificate for its HTTPS");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let config = serde_json::json!({ "pebble": {
            "listenAddress": at.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": path("certificate.pem"),
            "privateKey": path("key.pem"),
            "httpPort": http_port,
            "tlsPort": 1,
        }});
        fs::write(folder.path().join("config.json"), config.to_string()).expect("its configuration");
        let log = fs::File::create(folder.path().join("log")).expect("its log");
        let mut command = Command::new("/usr/bin/pebble");
        command.args(["-strict=true", "-dnsserver", &nameserver.to_string(), "-config"]);
        command.arg(folder.path().join("config.json"));
        // It would wait up to 15 s before it looks. Of good nonces one in a hundred is refused: three in a row end an order.
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "1").env("PEBBLE_AUTHZREUSE", "0");
        command.stdout(log).stderr(Stdio::null()).stdin(Stdio::null());
        let child = command.spawn().expect("pebble: apt-get install pebble");
        let mut pebble = Self { child, folder, at, management };
        pebble.has_started().await.then_some(pebble)
    }

    async fn has_started(&mut self) -> bool {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < PATIENCE && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if self.get(self.at, "/dir").await.is_some() && self.get(self.management, "/roots/0").await.is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// URL of its directory.
    pub fn directory(&self) -> String {
        format!("https://{}/dir", self.at)
    }

    /// The file of what signs its HTTPS.
    pub fn https_root(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Writes the root of the certificates that it gives into a file.
    pub async fn write_root(&self, to: &Path) {
        let root = self.get(self.management, "/roots/0").await.expect("its root");
        fs::write(to, root).expect("the root");
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    async fn get(&self, at: SocketAddr, path: &str) -> Option<Vec<u8>> {
        let root = net::certificates(&self.https_root()).ok()?;
        let wanted = Fetch {
            host: at.ip().to_string(),
            addresses: vec![at.ip()],
            port: at.port(),
            path: path.to_owned(),
            tls: ClientTls::verified_by(&root),
            limit: Duration::from_secs(5),
            octets: 100_000,
        };
        fetch(&wanted).await.ok().filter(|fetched| fetched.status == 200).map(|fetched| fetched.body)
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}
