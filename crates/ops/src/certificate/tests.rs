//! Orders at a real CA (Pebble) over our own DNS with a clock moved by hand, and at CAs that are broken or say no.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use dns::{Authority, Resolver};
use net::{Challenge, ServerTls, TlsListener};
use rules::{
    Clock,
    event::Event,
    id::{DomainId, WorkspaceId},
    secret::Key,
};
use store::Store;
use syntax::{Domain, Timestamp};
use testkit::pebble::Pebble;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::{DomainRequest, Publishing, house::ZoneFeed};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// `acme.test`, served by an authority on loopback.
struct World {
    ops: Ops,
    clock: Arc<HandClock>,
    zones: Arc<ZoneFeed>,
    nameserver: SocketAddr,
    tls: ServerTls,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The CA lives in real time: the clock begins there, and is moved by hand from then on.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(i64::try_from(now.as_micros()).unwrap())));
        let store = Store::open(&format!("sqlite://{}/a.db", folder.path().display()), clock.clone()).await.unwrap();
        let authority = Authority::bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        let nameserver = authority.addresses()[0];
        let ops = Ops {
            store: store.clone(),
            resolver: Resolver::new(&[nameserver], Duration::from_secs(3), false).unwrap(),
            key: Key([0; 32]),
            publishing: Publishing::Embedded,
            daily_cap: 50,
            expiry: MINUTE,
            ramp: rules::ramp::Slope::NONE,
            proof_required: rules::proof::Required::default(),
        };
        let request = DomainRequest {
            name: Domain::parse("acme.test").unwrap(),
            workspace: "default".into(),
            egress_ip: Some([127, 0, 0, 1].into()),
            dmarc_policy: None,
            catch_all: None,
        };
        ops.apply_domain(&request).await.unwrap();
        let zones = Arc::new(ZoneFeed::new(store, Some(authority)));
        zones.refresh().await.unwrap();
        let tls = ServerTls::self_signed(&["localhost".to_owned()]).unwrap();
        Self { ops, clock, zones, nameserver, tls, folder }
    }

    fn watch(&self, directory: String, roots: std::path::PathBuf, challenge: Challenge) -> Certificates {
        let watch = CertificateWatch {
            directory,
            contact: Some("olga@acme.test".parse().unwrap()),
            terms_agreed: true,
            challenge,
            roots: Some(roots),
            hostname: "box.acme.test".into(),
        };
        Certificates::new(self.ops.clone(), watch, self.tls.clone(), self.zones.clone()).unwrap()
    }

    fn at(&self, pebble: &Pebble, challenge: Challenge) -> Certificates {
        self.watch(pebble.directory(), pebble.https_root(), challenge)
    }

    async fn certificate(&self) -> Certificate {
        self.ops.store.certificates().await.unwrap().remove(0)
    }

    fn set(&self, now: Timestamp) {
        self.clock.0.store(now.micros(), Ordering::SeqCst);
    }

    fn forward(&self, by: Duration) {
        self.set(self.clock.now() + by);
    }

    async fn failures(&self) -> Vec<(String, String)> {
        let events = self.ops.store.events_after(0, 1000).await.unwrap();
        let failed = events.into_iter().filter_map(|row| match row.event {
            Event::CertificateFailed { code, problem, .. } => Some((code, problem)),
            _ => None,
        });
        failed.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_ordered_by_dns_01_through_our_own_dns_and_renewed_at_two_thirds_of_its_life() {
    let world = World::new().await;
    let pebble = Pebble::start(world.nameserver, 1).await;
    let mut watch = world.at(&pebble, Challenge::Dns);
    watch.look(0).await.unwrap();
    let first = world.certificate().await;
    assert_eq!(first.problem, None, "{}", pebble.log());
    let given = world.ops.store.certificates_given_after(0).await.unwrap().remove(0);
    let names = ["box.acme.test", "autoconfig.acme.test", "autodiscover.acme.test", "mta-sts.acme.test"];
    assert_eq!(given.names, names);
    let looked = ServerTls::look(&given.chain, &given.private_key).unwrap();
    assert!(names.iter().all(|name| looked.names.iter().any(|given| given == name)), "{looked:?}");
    assert!(world.ops.store.challenge_proofs().await.unwrap().is_empty(), "what answered is gone");

    let (begin, end) = (first.not_before.unwrap(), first.not_after.unwrap());
    assert_eq!(first.due_at, begin + end.since(begin) * 2 / 3);
    world.set(first.due_at - SECOND);
    watch.look(1).await.unwrap();
    let early = world.ops.store.certificates_given_after(0).await.unwrap();
    assert_eq!(early, std::slice::from_ref(&given), "its time has not come");
    world.set(first.due_at);
    watch.look(1).await.unwrap();
    let second = world.ops.store.certificates_given_after(given.revision).await.unwrap().remove(0);
    assert_ne!(second.chain, given.chain);
    assert_eq!(world.failures().await, []);
    // The account is the same: a second `serve` on the same store makes none.
    let before = world.ops.store.acme_ca(&pebble.directory()).await.unwrap();
    world.ops.store.ask_for_certificates(vec!["box.acme.test".into()]).await.unwrap();
    world.forward(MINUTE);
    world.at(&pebble, Challenge::Dns).look(0).await.unwrap();
    assert_eq!(world.ops.store.acme_ca(&pebble.directory()).await.unwrap(), before);
    assert_eq!(world.ops.store.certificates_given_after(second.revision).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_is_not_met_is_explained_and_the_old_certificate_goes_on() {
    let world = World::new().await;
    let pebble = Pebble::start(world.nameserver, 1).await;
    world.at(&pebble, Challenge::Dns).look(0).await.unwrap();
    let given = world.ops.store.certificates_given_after(0).await.unwrap();
    assert_eq!(given.len(), 1, "{}", pebble.log());
    // Nobody listens on the port that http-01 is fetched from.
    world.ops.store.ask_for_certificates(vec!["box.acme.test".into()]).await.unwrap();
    world.forward(MINUTE);
    let mut watch = world.at(&pebble, Challenge::Http);
    watch.look(1).await.unwrap();
    let failed = world.certificate().await;
    assert_eq!((failed.failures, failed.problem_code.as_deref()), (1, Some("acme.challenge-failed")));
    let problem = failed.problem.unwrap();
    for part in ["acme.test", "port 80", "listen.http", "urn:ietf:params:acme:error:"] {
        assert!(problem.contains(part), "{part} is not in {problem}");
    }
    assert_eq!(world.failures().await, [("acme.challenge-failed".to_owned(), problem)]);
    assert_eq!(world.ops.store.certificates_given_after(0).await.unwrap(), given, "the old one goes on");
    assert_eq!(failed.due_at, world.clock.now() + MINUTE * 10);
    world.set(failed.due_at - SECOND);
    watch.look(1).await.unwrap();
    assert_eq!(world.certificate().await.failures, 1, "it waits");
    world.set(failed.due_at);
    watch.look(1).await.unwrap();
    assert_eq!(world.certificate().await.failures, 2);
}

#[tokio::test]
async fn nothing_is_asked_before_the_terms_are_agreed_to() {
    let world = World::new().await;
    let ca = Ca::that(Says::Html).await;
    let mut watch = ca.watch(&world);
    watch.disagree();
    watch.look(0).await.unwrap();
    assert_eq!(world.certificate().await.problem_code.as_deref(), Some("acme.terms"));
    assert_eq!(ca.asked(), 0);
}

#[tokio::test]
async fn a_ca_that_speaks_something_else_is_left_alone_for_a_while() {
    let world = World::new().await;
    let ca = Ca::that(Says::Html).await;
    let mut watch = ca.watch(&world);
    watch.look(0).await.unwrap();
    assert_eq!(world.certificate().await.problem_code.as_deref(), Some("acme.broken"));
    let asked = ca.asked();
    world.ops.store.ask_for_certificates(vec!["box.acme.test".into()]).await.unwrap();
    world.forward(MINUTE * 9);
    watch.look(1).await.unwrap();
    // Nor does another process ask, nor this one after a restart.
    ca.watch(&world).look(0).await.unwrap();
    assert_eq!(ca.asked(), asked, "asking does not bring it back");
    world.forward(MINUTE);
    watch.look(1).await.unwrap();
    assert!(ca.asked() > asked);
    assert_eq!(world.certificate().await.failures, 2);
}

#[tokio::test]
async fn a_limit_of_the_ca_is_kept_to_as_it_says() {
    let world = World::new().await;
    let ca = Ca::that(Says::Limited).await;
    let mut watch = ca.watch(&world);
    let begun = world.clock.now();
    watch.look(0).await.unwrap();
    let row = world.certificate().await;
    assert_eq!((row.problem_code.as_deref(), row.due_at), (Some("acme.rate-limited"), begun + MINUTE * 120));
    assert!(row.problem.unwrap().contains("too many certificates"), "the CA's own words are told");
    let asked = ca.asked();
    world.set(begun + MINUTE * 120 - SECOND);
    watch.look(1).await.unwrap();
    assert_eq!(ca.asked(), asked);
    world.set(begun + MINUTE * 120);
    watch.look(1).await.unwrap();
    assert!(ca.asked() > asked);
}

#[tokio::test]
async fn nonces_that_are_never_good_end_the_order_after_few_tries() {
    let world = World::new().await;
    let ca = Ca::that(Says::BadNonce).await;
    let mut watch = ca.watch(&world);
    watch.look(0).await.unwrap();
    assert_eq!(world.certificate().await.problem_code.as_deref(), Some("acme.broken"));
    assert!(ca.asked() < 12, "{} requests", ca.asked());
}

#[tokio::test]
async fn a_ca_that_is_not_there_is_told_as_such() {
    let world = World::new().await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _ = ServerTls::kept_in(world.folder.path(), &["127.0.0.1".to_owned()]).unwrap();
    let mut watch =
        world.watch(format!("https://{gone}/dir"), world.folder.path().join("certificate.pem"), Challenge::Dns);
    watch.look(0).await.unwrap();
    let row = world.certificate().await;
    assert_eq!(row.problem_code.as_deref(), Some("acme.unreachable"));
    assert!(row.problem.unwrap().contains(&gone.to_string()));
}

fn domain(name: &str) -> SendingDomain {
    let name = Domain::parse(name).unwrap();
    SendingDomain {
        id: DomainId("d".into()),
        workspace: WorkspaceId("w".into()),
        mail_host: name.child("box"),
        name,
        egress_ip: [127, 0, 0, 1].into(),
        catch_all: None,
        dmarc_policy: "reject".into(),
        publisher: "embedded".into(),
        created_at: Timestamp::from_micros(0),
    }
}

#[test]
fn a_domain_wants_its_mail_host_and_what_leads_to_it() {
    let wanted = wanted("box.example.com", &[domain("example.com")]);
    assert_eq!(wanted.len(), 1, "the host name is one of them");
    let names = ["box.example.com", "autoconfig.example.com", "autodiscover.example.com", "mta-sts.example.com"];
    assert_eq!((wanted[0].name.as_str(), wanted[0].names.as_slice()), (names[0], names.map(String::from).as_slice()));
}

#[test]
fn a_host_name_of_no_domain_has_its_own_and_one_without_a_dot_none() {
    assert_eq!(wanted("Mail.example.net", &[domain("example.com")])[1].names, ["mail.example.net"]);
    assert!(wanted("localhost", &[]).is_empty());
}

/// How a CA fails.
#[derive(Clone, Copy)]
enum Says {
    /// A page, whatever is asked.
    Html,
    /// 429 with Retry-After to every order.
    Limited,
    /// `badNonce` to everything that is posted.
    BadNonce,
}

/// A CA that speaks just enough to say no. It checks nothing: what is correct is tested against Pebble.
struct Ca {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

impl Ca {
    async fn that(says: Says) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = ServerTls::kept_in(folder.path(), &["127.0.0.1".to_owned()]).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut listener = TlsListener::new(listener, &tls).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await;
                counted.fetch_add(1, Ordering::SeqCst);
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n")
                    && stream.read_buf(&mut head).await.unwrap_or(0) > 0
                {}
                let answer = answer(says, at, &String::from_utf8_lossy(&head));
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { at, asked, folder }
    }

    fn watch(&self, world: &World) -> Certificates {
        let root = self.folder.path().join("certificate.pem");
        world.watch(format!("https://{}/dir", self.at), root, Challenge::Dns)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer(says: Says, at: SocketAddr, head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let problem =
        |kind: &str, detail: &str| format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}","detail":"{detail}"}}"#);
    let (status, more, body) = match (says, path) {
        (Says::Html, _) => ("200 OK", String::new(), "<html>Welcome</html>".to_owned()),
        (_, "/dir") => (
            "200 OK",
            String::new(),
            format!(
                r#"{{"newNonce":"https://{at}/nonce","newAccount":"https://{at}/account","newOrder":"https://{at}/order"}}"#
            ),
        ),
        (_, "/nonce") => ("200 OK", String::new(), String::new()),
        (Says::BadNonce, _) => ("400 Bad Request", String::new(), problem("badNonce", "not this one")),
        (_, "/account") => {
            ("201 Created", format!("Location: https://{at}/account/1\r\n"), r#"{"status":"valid"}"#.to_owned())
        }
        _ => (
            "429 Too Many Requests",
            "Retry-After: 7200\r\n".to_owned(),
            problem("rateLimited", "too many certificates"),
        ),
    };
    format!(
        "HTTP/1.1 {status}\r\nReplay-Nonce: bm9uY2U\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
