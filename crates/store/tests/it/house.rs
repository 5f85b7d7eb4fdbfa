//! A place for rows, a clock moved by hand, and a small house of one domain and one mailbox.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rules::{
    Clock,
    event::Event,
    id::{AttemptId, DomainId, MailboxId, MessageId, RecipientId},
};
use store::{
    BeginAttempt, Mailbox, NewDomain, NewMailbox, NewMessage, NewRecipient, SendingDomain, Settled, State, Store,
    Verdict,
};
use syntax::{Address, Domain, Timestamp};
use testkit::postgres::{Database, Server};

/// 2026-11-23T12:00:00Z
pub const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
/// What every message holds.
pub const CONTENT: &[u8] = b"Subject: Hello\r\n\r\nHi \0 there\r\n";
pub const MINUTE: Duration = Duration::from_secs(60);

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn at_noon() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOON.micros())))
    }
    pub fn forward(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// An empty database; removed when dropped.
pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgresql(Database),
}

impl Place {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }
    pub fn postgresql() -> Self {
        Self::Postgresql(Server::shared().database())
    }
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/store.db", folder.path().display()),
            Self::Postgresql(database) => database.url().to_owned(),
        }
    }
    /// One more handle on it, as another process has one.
    pub async fn open(&self, clock: &Arc<HandClock>) -> Store {
        Store::open(&self.url(), clock.clone()).await.unwrap()
    }
    /// A connection past the store.
    pub async fn connect(&self) -> sqlx::AnyConnection {
        sqlx::any::install_default_drivers();
        <sqlx::AnyConnection as sqlx::Connection>::connect(&self.url()).await.unwrap()
    }
}

/// `example.com` with ann@example.com.
pub struct House {
    pub place: Place,
    pub clock: Arc<HandClock>,
    pub store: Store,
    pub domain: SendingDomain,
    pub ann: Mailbox,
}

impl House {
    pub async fn at(place: Place) -> Self {
        let clock = HandClock::at_noon();
        let store = place.open(&clock).await;
        let domain = add_domain(&store, "default", "example.com", "127.0.1.1").await;
        let ann = add_mailbox(&store, "ann@example.com").await;
        Self { place, clock, store, domain, ann }
    }
    /// A message to these.
    pub fn message(&self, to: &[&str]) -> NewMessage {
        new_message(&self.domain.id, &self.ann.id, to)
    }
    pub async fn accept(&self, to: &[&str]) -> MessageId {
        self.store.accept(self.message(to), Vec::new()).await.unwrap()
    }
    /// Accepts a message to one recipient.
    pub async fn accept_one(&self) -> RecipientId {
        let id = self.accept(&["bob@example.net"]).await;
        self.store.message(&id).await.unwrap().unwrap().recipients[0].id.clone()
    }
    /// Begins an attempt, retried in ten minutes should it be lost.
    pub async fn begin(&self, recipient: &RecipientId, number: u32) -> Option<AttemptId> {
        self.store.begin(vec![attempt(recipient, number)]).await.unwrap().remove(0)
    }
    pub async fn state(&self, recipient: &RecipientId) -> State {
        self.store.recipient(recipient).await.unwrap().unwrap().0.state
    }
    pub async fn events(&self) -> Vec<Event> {
        self.store.events_after(0, 1000).await.unwrap().into_iter().map(|row| row.event).collect()
    }
    /// The kinds of events after a sequence.
    pub async fn kinds_after(&self, sequence: i64) -> Vec<String> {
        let kind = |event: &Event| serde_json::to_value(event).unwrap()["kind"].as_str().unwrap().to_owned();
        self.store.events_after(sequence, 1000).await.unwrap().iter().map(|row| kind(&row.event)).collect()
    }
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub fn new_domain(workspace: rules::id::WorkspaceId, name: &str, ip: &str) -> NewDomain {
    let name = Domain::parse(name).unwrap();
    NewDomain {
        workspace,
        mail_host: name.child("box"),
        name,
        egress_ip: ip.parse().unwrap(),
        dmarc_policy: "reject".to_owned(),
        publisher: "embedded".to_owned(),
        keys: Vec::new(),
    }
}

pub async fn add_domain(store: &Store, workspace: &str, name: &str, ip: &str) -> SendingDomain {
    let workspace = store.ensure_workspace(workspace).await.unwrap().id;
    store.add_domain(new_domain(workspace, name, ip)).await.unwrap()
}

pub fn new_mailbox(text: &str) -> NewMailbox {
    NewMailbox {
        address: address(text),
        display: Some("Ann".to_owned()),
        password_hash: "hash".to_owned(),
        daily_cap: 50,
        ramp: None,
    }
}

pub async fn add_mailbox(store: &Store, text: &str) -> Mailbox {
    store.add_mailboxes(vec![new_mailbox(text)]).await.unwrap().remove(0)
}

pub fn new_message(domain: &DomainId, mailbox: &MailboxId, to: &[&str]) -> NewMessage {
    let recipient =
        |to: &&str| NewRecipient { address: address(to), original: Some("rfc822;x".to_owned()), notify_failure: true };
    NewMessage {
        domain: domain.clone(),
        mailbox: mailbox.clone(),
        from: address("ann@example.com"),
        subject: "Hello".to_owned(),
        message_id: "1@example.com".to_owned(),
        content: CONTENT.to_vec(),
        recipients: to.iter().map(recipient).collect(),
        envid: Some("QQ314159".to_owned()),
        expires_at: NOON + MINUTE * 60 * 24 * 5,
    }
}

pub fn attempt(recipient: &RecipientId, number: u32) -> BeginAttempt {
    BeginAttempt {
        recipient: recipient.clone(),
        number,
        egress_ip: "127.0.1.1".parse().unwrap(),
        next_at: NOON + MINUTE * 10,
    }
}

pub fn settled(attempt: &AttemptId, recipient: &RecipientId, verdict: Verdict) -> Settled {
    Settled {
        attempt: attempt.clone(),
        recipient: recipient.clone(),
        verdict,
        mx_host: Some("mx.example.net".to_owned()),
        peer: Some("127.0.0.9:25".to_owned()),
        tls: None,
        stage: "data".to_owned(),
        reply: Some("250 2.0.0 ok".to_owned()),
        enhanced: Some("2.0.0".to_owned()),
        entry: None,
        class: None,
        transcript: "S: 250 ok\r\n".to_owned(),
        notice: None,
        events: Vec::new(),
    }
}
