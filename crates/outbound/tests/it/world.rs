//! A store, a DNS, a clock that is moved by hand, hosts, and the relay.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use auth::Algorithm;
use dns::{Authority, Resolver, Zone, read_zone};
use net::{ClientTls, Drive, House, Limits, ServerTls, Socket, Stopper};
use outbound::{Relay, Settings};
use rules::{Clock, pacing, reach::Reach, retry, secret::Key};
use smtp::server::{Answer, Question, Session, Settings as SessionSettings};
use store::{
    Attempt, DkimKey, NewDomain, NewMailbox, NewMessage, NewRecipient, QueueFilter, QueuedRecipient, SendingDomain,
    State, Store,
};
use syntax::{Address, Timestamp};
use tokio::net::TcpListener;

/// How long a message may wait.
pub const EXPIRY: Duration = Duration::from_secs(3600);
const LIMIT: Duration = Duration::from_secs(60);

/// Counts worlds, so that each has an egress address of its own.
static NUMBER: AtomicU64 = AtomicU64::new(1);

#[derive(Debug, Default)]
pub struct HandClock {
    micros: AtomicI64,
    held: Mutex<bool>,
}

impl HandClock {
    pub fn set(&self, at: Timestamp) {
        self.micros.store(at.micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// While held, the relay sees a time before anything was accepted.
    pub fn hold(&self, hold: bool) {
        let was = std::mem::replace(&mut *self.held.lock().unwrap(), hold);
        if was != hold {
            let by = Duration::from_secs(3600 * 24);
            self.set(if hold { self.now() - by } else { self.now() + by + by });
        }
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub store: Store,
    pub clock: Arc<HandClock>,
    pub key: Key,
    pub egress_ip: IpAddr,
    authority: Authority,
    domain: SendingDomain,
    mailbox: store::Mailbox,
    pub port: u16,
    _port: TcpListener,
    _stopper: Stopper,
    _folder: tempfile::TempDir,
}

/// What a world is made of.
pub struct Setup {
    /// A name server besides its own; the world's own is not asked then.
    pub dns: Option<SocketAddr>,
    /// Longest wait for one of its answers.
    pub dns_limit: Duration,
    /// Of the relay; the port of mail hosts is chosen already.
    pub settings: Settings,
    /// Keeps the port for this world, at an address where no host is.
    port: TcpListener,
}

impl Setup {
    pub async fn new() -> Self {
        let port = TcpListener::bind("127.0.4.99:0").await.unwrap();
        let settings = Settings {
            mx_port: port.local_addr().unwrap().port(),
            schedule: retry::Schedule { delays: vec![Duration::from_secs(60)], expiry: EXPIRY },
            limits: pacing::Limits { connections: 1, interval: Duration::ZERO, ..pacing::Limits::default() },
            connect_limit: Duration::from_secs(5),
            reply_limit: Duration::from_secs(5),
            poll: Duration::from_millis(20),
            hostname: "box.a.test".into(),
            reach: Reach::Anywhere,
            ways_kept: Duration::ZERO,
            ..Settings::default()
        };
        Self { dns: None, dns_limit: Duration::from_secs(3), settings, port }
    }
}

/// What a host saw of one message or attempt.
#[derive(Debug, Clone)]
pub struct Seen {
    pub visit: usize,
    pub peer: IpAddr,
    pub reverse_path: Option<Address>,
    pub content: Option<Vec<u8>>,
}

pub struct Host {
    seen: Arc<Mutex<Vec<Seen>>>,
    _stopper: Stopper,
}

impl Host {
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl World {
    pub async fn start() -> Self {
        Self::of(Setup::new().await).await
    }

    pub async fn of(setup: Setup) -> Self {
        let Setup { dns, dns_limit, settings, port: held } = setup;
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let egress_ip = IpAddr::from([127, 0, 4, 100 + u8::try_from(number).unwrap()]);
        let clock = Arc::new(HandClock::default());
        clock.set(Timestamp::parse("2026-11-23T12:00:00Z").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("db").display());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let authority = Authority::bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        authority.set_zone(&Zone { origin: ".".into(), records: Vec::new() }).await.unwrap();
        let servers = dns.map_or_else(|| authority.addresses(), |dns| vec![dns]);
        let resolver = Resolver::new(&servers, dns_limit, false).unwrap();
        let (domain, mailbox) = provision(&store, egress_ip).await;
        let port = settings.mx_port;
        let key = Key([5; 32]);
        let (stopper, stop) = Stopper::new();
        let relay = Relay::new(settings, store.clone(), resolver, ClientTls::opportunistic(), key.clone());
        tokio::spawn(relay.run(stop));
        Self {
            store,
            clock,
            key,
            egress_ip,
            authority,
            domain,
            mailbox,
            port,
            _port: held,
            _stopper: stopper,
            _folder: folder,
        }
    }

    pub async fn zone(&self, origin: &str, text: &str) {
        self.authority.set_zone(&read_zone(origin, text).unwrap()).await.unwrap();
    }

    /// A host at 127.0.4.x that is the MX of a domain, and answers as the script says (question, number of the connection).
    pub async fn host<F>(&self, domain: &str, octet: u8, script: F) -> Host
    where
        F: Fn(&Question, usize) -> Answer + Send + Sync + 'static,
    {
        self.zone(domain, &format!("@ MX 10 mx\nmx A 127.0.4.{octet}\n")).await;
        self.listen(octet, None, script).await
    }

    /// A host at 127.0.4.x, with or without STARTTLS.
    pub async fn listen<F>(&self, octet: u8, tls: Option<ServerTls>, script: F) -> Host
    where
        F: Fn(&Question, usize) -> Answer + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 4, octet], self.port))).await.unwrap();
        let (stopper, stop) = Stopper::new();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (script, visits, kept) = (Arc::new(script), Arc::new(AtomicUsize::new(0)), seen.clone());
        let limits = Limits { connections: 50, connections_per_ip: 50, busy: Vec::new() };
        tokio::spawn(net::serve(listener, limits, stop, move |stream, peer| {
            let visit = visits.fetch_add(1, Ordering::SeqCst);
            let mut scripted =
                Scripted { script: script.clone(), visit, peer: peer.ip(), seen: kept.clone(), at: None };
            let tls = tls.clone();
            async move {
                let limit = Duration::from_secs(5);
                let (read_limit, body_limit, write_limit) = (limit, limit, limit);
                let settings = session(tls.is_some());
                let socket = Socket::Server(tls);
                let drive =
                    Drive { socket, implicit_tls: false, read_limit, body_limit, write_limit, we_are_server: true };
                net::drive(&mut Session::new(settings, peer.ip()), stream, &mut scripted, drive).await;
            }
        }));
        Host { seen, _stopper: stopper }
    }

    pub async fn send(&self, to: &str, subject: &str) {
        self.send_body(to, subject, "Hello\r\n").await;
    }

    pub async fn send_body(&self, to: &str, subject: &str, body: &str) {
        let content = format!(
            "From: ann@a.test\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{}@a.test>\r\n\r\n{body}",
            subject.replace(' ', "-")
        );
        let recipient = NewRecipient { address: to.parse().unwrap(), original: None, notify_failure: true };
        let new = NewMessage {
            domain: self.domain.id.clone(),
            mailbox: self.mailbox.id.clone(),
            from: self.mailbox.address.clone(),
            subject: subject.into(),
            message_id: format!("{}@a.test", subject.replace(' ', "-")),
            content: content.into_bytes(),
            recipients: vec![recipient],
            envid: None,
            expires_at: self.clock.now()
                + EXPIRY
                + Duration::from_secs(3600 * 72) * u32::from(*self.clock.held.lock().unwrap()),
        };
        self.store.accept(new, Vec::new()).await.unwrap();
    }

    pub async fn recipient(&self, subject: &str) -> QueuedRecipient {
        let filter = QueueFilter { limit: 100, ..QueueFilter::default() };
        let messages = self.store.queue(&filter).await.unwrap();
        messages.into_iter().find(|message| message.subject == subject).unwrap().recipients.remove(0)
    }

    pub async fn attempts(&self, subject: &str) -> Vec<Attempt> {
        let recipient = self.recipient(subject).await;
        self.store.attempts(&recipient.id).await.unwrap()
    }

    pub async fn wait_for(&self, subject: &str, state: State) {
        let waiting = async {
            while self.recipient(subject).await.state != state {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(LIMIT, waiting).await.is_err() {
            panic!(
                "{subject} is not {state:?}: {:#?} {:#?}",
                self.recipient(subject).await,
                self.attempts(subject).await
            );
        }
    }

    /// Whether nobody listens at 127.0.4.x any more.
    pub async fn is_free(&self, octet: u8) -> bool {
        TcpListener::bind(SocketAddr::from(([127, 0, 4, octet], self.port))).await.is_ok()
    }

    /// Waits until one of them is in that state.
    pub async fn wait_for_any(&self, subjects: &[&str], state: State) {
        self.wait_until("one has come to that state", async || {
            for subject in subjects {
                if self.recipient(subject).await.state == state {
                    return true;
                }
            }
            false
        })
        .await;
    }

    /// Waits until it is so.
    pub async fn wait_until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(LIMIT, waiting).await.is_ok(), "waited in vain until {what}");
    }

    /// Returns once the relay has settled something that it was given just now: it has looked at the queue since.
    pub async fn looks_again(&self) {
        self.zone("probe.test", "@ MX 0 .\n").await;
        self.send("x@probe.test", "probe").await;
        self.wait_for("probe", State::Bounced).await;
    }
}

async fn provision(store: &Store, egress_ip: IpAddr) -> (SendingDomain, store::Mailbox) {
    let workspace = store.ensure_workspace("test").await.unwrap();
    let key = |selector: &str, algorithm: Algorithm| {
        let (private, txt) = auth::generate(algorithm).unwrap();
        let algorithm = algorithm.as_str().into();
        DkimKey { selector: selector.into(), algorithm, private_key: private.0, txt, active: true }
    };
    let new = NewDomain {
        workspace: workspace.id,
        name: "a.test".parse().unwrap(),
        egress_ip,
        mail_host: "box.a.test".parse().unwrap(),
        dmarc_policy: "reject".into(),
        publisher: "embedded".into(),
        keys: vec![key("r1", Algorithm::Rsa), key("e1", Algorithm::Ed25519)],
    };
    let domain = store.add_domain(new).await.unwrap();
    let address = "ann@a.test".parse().unwrap();
    let new = NewMailbox { address, display: None, password_hash: "x".into(), daily_cap: 100, ramp: None };
    let mailbox = store.add_mailboxes(vec![new]).await.unwrap().remove(0);
    (domain, mailbox)
}

fn session(starttls: bool) -> SessionSettings {
    SessionSettings {
        hostname: "mx.test".into(),
        starttls,
        implicit_tls: false,
        auth: false,
        max_message_octets: 100_000,
        max_recipients: 10,
        max_errors: 10,
        max_auth_failures: 1,
        enhanced_codes: true,
    }
}

struct Scripted<F> {
    script: Arc<F>,
    visit: usize,
    peer: IpAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// The entry of the present transaction.
    at: Option<usize>,
}

#[async_trait]
impl<F: Fn(&Question, usize) -> Answer + Send + Sync> House<Question, Answer> for Scripted<F> {
    async fn answer(&mut self, question: Question) -> Answer {
        let mut seen = self.seen.lock().unwrap();
        match &question {
            Question::Mail { reverse_path, .. } => {
                self.at = Some(seen.len());
                let reverse_path = reverse_path.clone();
                seen.push(Seen { visit: self.visit, peer: self.peer, reverse_path, content: None });
            }
            Question::Message { content, .. } => {
                if let Some(seen) = self.at.and_then(|at| seen.get_mut(at)) {
                    seen.content = Some(content.clone());
                }
            }
            _ => {}
        }
        (self.script)(&question, self.visit)
    }
}
