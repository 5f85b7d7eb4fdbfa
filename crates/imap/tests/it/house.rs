//! A store with one mailbox, and the server over it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use imap::{Imap, Settings};
use net::{ServerTls, Stop, Stopper};
use rules::{
    Clock,
    secret::{Key, hash_password},
};
use store::{MailKind, Mailbox, NewDomain, NewMail, NewMailbox, Store};
use syntax::{Address, Domain, Timestamp};

/// 2026-11-23T12:00:00Z
pub const NOON: i64 = 1_795_435_200_000_000;
pub const PASSWORD: &str = "correct horse";
pub const ADDRESS: &str = "ann@example.com";

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn forward(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub struct House {
    pub store: Store,
    pub imap: Imap,
    pub ann: Mailbox,
    pub clock: Arc<HandClock>,
    pub stopper: Stopper,
    pub stop: Stop,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    pub async fn start_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(NOON)));
        let url = format!("sqlite://{}/store.db", folder.path().display());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let key = Key([7; 32]);
        let ann = made(&store, &key).await;
        let hostname = "box.example.com".to_owned();
        let settings = Settings { hostname, max_message_octets: 100_000, ..settings };
        let tls = ServerTls::self_signed(&["localhost".to_owned()]).unwrap();
        let imap = Imap::new(settings, store.clone(), key, tls);
        let (stopper, stop) = Stopper::new();
        Self { store, imap, ann, clock, stopper, stop, _folder: folder }
    }

    /// A mail comes into INBOX.
    pub async fn deliver(&self, content: &str) {
        let mail = NewMail {
            mailbox: self.ann.id.clone(),
            kind: MailKind::Message,
            reverse_path: None,
            forward_path: self.ann.address.clone(),
            from: None,
            subject: String::new(),
            about: None,
            verdicts: None,
            content: content.as_bytes().to_vec(),
        };
        self.store.deliver(vec![mail], Vec::new()).await.unwrap();
    }
}

async fn made(store: &Store, key: &Key) -> Mailbox {
    let workspace = store.ensure_workspace("default").await.unwrap().id;
    let name = Domain::parse("example.com").unwrap();
    let domain = NewDomain {
        workspace,
        mail_host: name.child("box"),
        name,
        egress_ip: [127, 0, 1, 1].into(),
        dmarc_policy: "reject".to_owned(),
        publisher: "embedded".to_owned(),
        keys: Vec::new(),
    };
    store.add_domain(domain).await.unwrap();
    let new = NewMailbox {
        address: Address::parse(ADDRESS).unwrap(),
        display: None,
        password_hash: hash_password(key, PASSWORD),
        daily_cap: 50,
        ramp: None,
    };
    store.add_mailboxes(vec![new]).await.unwrap().remove(0)
}
