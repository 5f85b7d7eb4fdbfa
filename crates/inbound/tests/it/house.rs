//! Two tenants' worth of house: `example.test` with ann and bob, `other.test` with eve; a DNS that knows senders.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use auth::Verifier;
use dns::{Authority, Resolver};
use inbound::{Inbound, Listeners, Passes, Settings};
use net::{ServerTls, Stop, Stopper};
use rules::{
    event::Event,
    id::RecipientId,
    secret::{Key, hash_password},
    token,
};
use store::{Mail, Mailbox, NewDomain, NewMailbox, NewMessage, NewRecipient, QueueFilter, QueuedMessage, Store};
use syntax::{Address, Domain, Timestamp};
use tokio::net::TcpListener;

pub const PASSWORD: &str = "correct-horse-battery";
pub const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

#[derive(Debug)]
struct Still;

impl rules::Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

pub struct House {
    pub store: Store,
    pub key: Key,
    pub authority: Authority,
    pub mx: SocketAddr,
    pub submission: SocketAddr,
    pub submissions: SocketAddr,
    pub passes: Passes,
    _stopper: Stopper,
    _folder: tempfile::TempDir,
}

/// DNS of the world outside. The root is served too: DMARC's tree walk asks it.
const ZONES: [(&str, &str); 3] = [
    (".", "@ 60 IN TXT \"nothing here\"\n"),
    ("honest.test", "@ 60 IN TXT \"v=spf1 ip4:127.0.0.1 -all\"\n_dmarc 60 IN TXT \"v=DMARC1; p=reject\"\n"),
    ("strict.test", "@ 60 IN TXT \"v=spf1 -all\"\n_dmarc 60 IN TXT \"v=DMARC1; p=reject\"\n"),
];

pub async fn house() -> House {
    house_with(Settings::default()).await
}

pub async fn house_with(settings: Settings) -> House {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let store = Store::open(&url, Arc::new(Still)).await.unwrap();
    let key = Key([7; 32]);
    people(&store, &key).await;
    let authority = Authority::bind(&["127.0.0.1:0".parse().unwrap()]).await.unwrap();
    for (origin, text) in ZONES {
        authority.set_zone(&dns::read_zone(origin, text).unwrap()).await.unwrap();
    }
    let resolver = Resolver::new(&authority.addresses(), Duration::from_secs(5), false).unwrap();
    let verifier = Verifier::new(&resolver).unwrap();
    let tls = ServerTls::self_signed(&["mail.test".to_owned()]).unwrap();
    let settings = Settings { hostname: "mail.test".to_owned(), ..settings };
    let inbound = Inbound::new(settings, store.clone(), verifier, key.clone(), tls);
    let passes = inbound.passes();
    let ((mx, mx_at), (submission, submission_at), (submissions, submissions_at)) =
        (listener().await, listener().await, listener().await);
    let listeners = Listeners { mx: vec![mx], submission: vec![submission], submissions: vec![submissions] };
    let (stopper, stop): (Stopper, Stop) = Stopper::new();
    tokio::spawn(async move { inbound.serve(listeners, stop).await });
    House {
        store,
        key,
        authority,
        mx: mx_at,
        submission: submission_at,
        submissions: submissions_at,
        passes,
        _stopper: stopper,
        _folder: folder,
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = inbound::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn people(store: &Store, key: &Key) {
    let workspace = store.ensure_workspace("default").await.unwrap();
    for (name, egress_ip) in [("example.test", "127.0.0.1"), ("other.test", "127.0.0.2")] {
        let name = Domain::parse(name).unwrap();
        let new = NewDomain {
            workspace: workspace.id.clone(),
            mail_host: name.child("box"),
            name,
            egress_ip: egress_ip.parse().unwrap(),
            dmarc_policy: "reject".to_owned(),
            publisher: "embedded".to_owned(),
            keys: Vec::new(),
        };
        store.add_domain(new).await.unwrap();
    }
    let new = |text: &str| NewMailbox {
        address: address(text),
        display: None,
        password_hash: hash_password(key, PASSWORD),
        daily_cap: 3,
        ramp: None,
    };
    let people = ["ann@example.test", "bob@example.test", "eve@other.test"].map(new);
    store.add_mailboxes(people.to_vec()).await.unwrap();
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

impl House {
    pub async fn mailbox(&self, text: &str) -> Mailbox {
        self.store.mailbox(&address(text)).await.unwrap().unwrap()
    }

    pub async fn queue(&self) -> Vec<QueuedMessage> {
        self.store.queue(&QueueFilter::default()).await.unwrap()
    }

    /// Mails in a mailbox, newest first.
    pub async fn mails(&self, text: &str) -> Vec<Mail> {
        self.store.mails(Some(&self.mailbox(text).await.id), 0).await.unwrap()
    }

    pub async fn content(&self, mail: &Mail) -> String {
        String::from_utf8(self.store.mail_content(&mail.id).await.unwrap().unwrap()).unwrap()
    }

    pub async fn events(&self) -> Vec<Event> {
        self.store.events_after(0, 1000).await.unwrap().into_iter().map(|stored| stored.event).collect()
    }

    /// Entries of refused submissions, in order; waits until there are as many.
    pub async fn refused(&self, count: usize) -> Vec<String> {
        let looking = async {
            loop {
                let entries: Vec<String> = self.events().await.into_iter().filter_map(entry_of).collect();
                if entries.len() >= count {
                    return entries;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looking).await.expect("the refusals are written down")
    }

    /// A message of ann's to `to`, accepted for relay: its recipient and the return path of its first attempt.
    pub async fn sent(&self, to: &str, message_id: &str) -> (RecipientId, Address) {
        let ann = self.mailbox("ann@example.test").await;
        let new = NewMessage {
            domain: ann.domain.clone(),
            mailbox: ann.id.clone(),
            from: ann.address.clone(),
            subject: "Hello".to_owned(),
            message_id: message_id.to_owned(),
            content: b"From: ann@example.test\r\n\r\nHello\r\n".to_vec(),
            recipients: vec![NewRecipient { address: address(to), original: None, notify_failure: true }],
            envid: None,
            expires_at: NOW + Duration::from_secs(1000),
        };
        let id = self.store.accept(new, Vec::new()).await.unwrap();
        let recipient = self.store.message(&id).await.unwrap().unwrap().recipients[0].id.clone();
        let domain = Domain::parse("example.test").unwrap();
        let return_path = token::return_path(&self.key, &recipient, 1, &domain).expect("a UUID");
        (recipient, return_path)
    }
}

fn entry_of(event: Event) -> Option<String> {
    match event {
        Event::SubmissionRefused { entry, .. } => Some(entry),
        _ => None,
    }
}
