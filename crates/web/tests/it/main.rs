//! What machines get over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may panic"
)]

mod access;
mod api;
mod clients;
mod pages;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use net::{Stop, Stopper};
use notify::Metrics;
use store::Store;
use syntax::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

#[derive(Debug)]
struct Still;

impl rules::Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000)
    }
}

struct Server {
    address: SocketAddr,
    store: Store,
    metrics: Metrics,
    stopper: Stopper,
    serving: JoinHandle<()>,
    last_head: std::sync::Mutex<String>,
    _folder: tempfile::TempDir,
}

async fn server() -> Server {
    // Nobody answers there.
    let nobody: SocketAddr = ([127, 0, 0, 1], 9).into();
    let resolver = dns::Resolver::new(&[nobody], Duration::from_millis(50), false).unwrap();
    server_over(resolver, true).await
}

/// With that world to look at, and the public pages on or off.
async fn server_over(resolver: dns::Resolver, public: bool) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let store = Store::open(&url, Arc::new(Still)).await.unwrap();
    let metrics = Metrics::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop): (Stopper, Stop) = Stopper::new();
    let ops = ops::Ops { resolver: resolver.clone(), publishing: ops::Publishing::Embedded, ..ops(&store) };
    let site = web::Site {
        store: store.clone(),
        ops: ops.clone(),
        metrics: metrics.clone(),
        sts_mode: web::StsMode::Testing,
        posting: notify::Posting::new(resolver.clone()),
        checks: check::Checks::new(resolver).unwrap(),
        public: public.then(|| web::Public::new(ops, rules::cost::Tiers::published())),
        api_quota: web::API_QUOTA,
    };
    let serving = tokio::spawn(web::serve(listener, site, stop));
    Server { address, store, metrics, stopper, serving, last_head: std::sync::Mutex::default(), _folder: folder }
}

fn ops(store: &Store) -> ops::Ops {
    ops::Ops {
        store: store.clone(),
        // Nobody answers there.
        resolver: dns::Resolver::new(&["127.0.0.1:1".parse().unwrap()], Duration::from_secs(1), false).unwrap(),
        key: rules::secret::Key([7; 32]),
        publishing: ops::Publishing::Print,
        daily_cap: 50,
        expiry: Duration::from_secs(3600),
        ramp: rules::ramp::Slope::NONE,
        proof_required: rules::proof::Required::default(),
    }
}

impl Server {
    /// Head and body of the answer.
    async fn ask(&self, method: &str, path: &str) -> (String, String) {
        self.ask_host(method, path, "localhost").await
    }

    async fn ask_host(&self, method: &str, path: &str, host: &str) -> (String, String) {
        let (head, body) = self.exchange(method, path, host, &[], "").await;
        (head.to_ascii_lowercase(), body)
    }

    async fn ask_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
        let (head, body) = self.exchange(method, path, "localhost", headers, body).await;
        *self.last_head.lock().unwrap() = head.clone();
        (head.to_ascii_lowercase(), body)
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([kind]).collect();
        self.ask_with("POST", path, &headers, body).await
    }

    /// The cookie that the last answer set, as it was written.
    fn cookie_of(&self, head: &str) -> String {
        let written = self.last_head.lock().unwrap().clone();
        assert_eq!(written.to_ascii_lowercase(), head, "the last answer");
        let line = written.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect(head).to_owned();
        assert!(line.contains("; Path=/; HttpOnly; SameSite=Lax"), "{line}");
        line.split(';').next().unwrap().to_owned()
    }

    fn ops(&self) -> ops::Ops {
        ops(&self.store)
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        host: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned() + "\r\n", body.to_owned())
    }
}

#[tokio::test]
async fn it_is_alive() {
    let server = server().await;
    let (head, body) = server.ask("GET", "/healthz").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn it_is_ready_with_its_store_and_not_without() {
    let server = server().await;
    let (head, body) = server.ask("GET", "/readyz").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(body.contains("\"backend\":\"sqlite\""), "{body}");

    server.store.close().await;
    let (head, body) = server.ask("GET", "/readyz").await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    assert!(body.contains("\"code\":\"store."), "{body}");
    assert!(!body.contains(".db"), "a stranger learns no path: {body}");
    assert!(server.ask("GET", "/healthz").await.0.starts_with("http/1.1 200 "), "alive all the same");
}

#[tokio::test]
async fn it_is_not_ready_while_new_mail_is_put_off_and_says_why() {
    use rules::load::{Marks, Reading};
    let server = server().await;
    let marks = Marks { disk: Some(100), ..Marks::default() };
    let room = |octets| Reading { disk: Some(octets), ..Reading::default() };
    server.store.take_reading(&marks, &room(99)).await;
    let (head, body) = server.ask("GET", "/readyz").await;
    assert!(head.starts_with("http/1.1 503 ") && body.contains("\"code\":\"load.disk\""), "{head}{body}");
    for _ in 0..5 {
        server.store.take_reading(&marks, &room(1000)).await;
    }
    assert!(server.ask("GET", "/readyz").await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn metrics_are_in_prometheus_text() {
    let server = server().await;
    server.metrics.set_queue_depth(3);
    let (head, body) = server.ask("GET", "/metrics").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(body.contains("coldrelay_queue_depth 3"), "{body}");
}

#[tokio::test]
async fn anything_else_is_a_problem_in_json() {
    let server = server().await;
    for (method, path, status) in
        [("GET", "/nothing", "404"), ("GET", "/healthz/x", "404"), ("POST", "/healthz", "405")]
    {
        let (head, body) = server.ask(method, path).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{method} {path}: {head}");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        assert!(body.contains(&format!("\"status\":{status}")), "{body}");
    }
}

#[tokio::test]
async fn every_answer_carries_security_headers() {
    let server = server().await;
    for path in ["/healthz", "/metrics", "/nothing"] {
        let (head, _) = server.ask("GET", path).await;
        for header in [
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{path} lacks {header}: {head}");
        }
    }
}

#[tokio::test]
async fn it_stops_when_told() {
    let server = server().await;
    server.stopper.stop();
    timeout(Duration::from_secs(20), server.serving).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn the_policy_of_a_domain_of_ours_is_told_and_no_other() {
    let server = server().await;
    let workspace = server.store.ensure_workspace("default").await.unwrap().id;
    let name = syntax::Domain::parse("example.com").unwrap();
    let new = store::NewDomain {
        workspace,
        mail_host: name.child("box"),
        name,
        egress_ip: [127, 0, 1, 1].into(),
        dmarc_policy: "reject".into(),
        publisher: "embedded".into(),
        keys: Vec::new(),
    };
    server.store.add_domain(new).await.unwrap();
    let path = "/.well-known/mta-sts.txt";
    let (head, body) = server.ask_host("GET", path, "mta-sts.Example.com:443").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/plain\r\n"), "{head}");
    assert_eq!(body, "version: STSv1\r\nmode: testing\r\nmx: box.example.com\r\nmax_age: 604800\r\n");
    for host in ["mta-sts.example.net", "example.com", "localhost"] {
        let (head, _) = server.ask_host("GET", path, host).await;
        assert!(head.starts_with("http/1.1 404"), "{host}: {head}");
    }
}
