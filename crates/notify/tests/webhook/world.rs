//! A store with two workspaces, a clock moved by hand, and the work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use net::{ClientTls, Stopper};
use notify::{Posting, Webhooks};
use rules::{
    Clock,
    event::Event,
    id::{WebhookId, WorkspaceId},
    reach::Reach,
    webhook::{Filter, Secret},
};
use store::{Delivery, DeliveryFilter, DeliveryState, NewDomain, NewWebhook, Store, Webhook};
use syntax::{Domain, Timestamp};
use testkit::nameserver::{Nameserver, Zones};
use tokio::task::JoinHandle;

/// 2026-11-23T12:00:00Z
pub const NEW: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
/// Longest wait of a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// Names that lead inside.
const ZONES: &str = "
loopback.test A 127.0.0.1
private.test A 10.1.2.3
metadata.test A 169.254.169.254
six.test AAAA ::1
mapped.test AAAA ::ffff:127.0.0.1
hook.test A 127.0.0.1
";

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

pub struct World {
    pub clock: Arc<HandClock>,
    pub store: Store,
    pub posting: Posting,
    pub ours: WorkspaceId,
    pub theirs: WorkspaceId,
    _names: Nameserver,
    _folder: tempfile::TempDir,
}

/// The work, stopped when dropped.
pub struct Working {
    _stopper: Stopper,
    task: JoinHandle<()>,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl World {
    /// With ours.test and theirs.test, each of its own workspace; loopback may be dialled.
    pub async fn new() -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(NEW.micros())));
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/store.db", folder.path().display());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let names = Zones::text(ZONES).serve().await;
        let posting = Posting {
            resolver: names.resolver(),
            reach: Reach::Anywhere,
            http: true,
            tls: ClientTls::verified(),
            limit: Duration::from_secs(15),
        };
        let (ours, theirs) = (add(&store, "ours", "127.0.1.1").await, add(&store, "theirs", "127.0.1.2").await);
        Self { clock, store, posting, ours, theirs, _names: names, _folder: folder }
    }

    pub fn limit(mut self, limit: Duration) -> Self {
        self.posting.limit = limit;
        self
    }

    pub async fn endpoint(&self, url: &str, workspace: Option<&WorkspaceId>) -> Webhook {
        let new = NewWebhook {
            workspace: workspace.cloned(),
            url: url.to_owned(),
            description: String::new(),
            events: Filter::all(),
            secret: Secret::new([1; 32]),
        };
        self.store.add_webhook(new).await.unwrap()
    }

    pub fn work(&self) -> Working {
        let (stopper, stop) = Stopper::new();
        let work =
            Webhooks { store: self.store.clone(), posting: self.posting.clone(), poll: Duration::from_millis(2) };
        Working { _stopper: stopper, task: tokio::spawn(work.run(stop)) }
    }

    /// A domain is published.
    pub async fn happens(&self, domain: &str) {
        let event = Event::DomainPublished { domain: Domain::parse(domain).unwrap(), changes: 1 };
        self.store.record(vec![event]).await.unwrap();
    }

    pub async fn deliveries(&self, webhook: &WebhookId) -> Vec<Delivery> {
        let filter = DeliveryFilter { limit: 100, ..DeliveryFilter::default() };
        self.store.deliveries(webhook, &filter).await.unwrap()
    }

    /// Waits until a delivery of the endpoint is so, and gives it.
    pub async fn until(&self, webhook: &WebhookId, so: impl Fn(&Delivery) -> bool) -> Delivery {
        let look = async {
            loop {
                if let Some(found) = self.deliveries(webhook).await.into_iter().find(&so) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(found) => found,
            Err(_) => panic!("it never comes to that: {:#?}", self.deliveries(webhook).await),
        }
    }

    pub async fn ended(&self, webhook: &WebhookId, state: DeliveryState) -> Delivery {
        self.until(webhook, |one| one.state == state).await
    }
}

async fn add(store: &Store, name: &str, ip: &str) -> WorkspaceId {
    let workspace = store.ensure_workspace(name).await.unwrap().id;
    let domain = Domain::parse(&format!("{name}.test")).unwrap();
    let new = NewDomain {
        workspace: workspace.clone(),
        mail_host: domain.child("box"),
        name: domain,
        egress_ip: ip.parse().unwrap(),
        dmarc_policy: "reject".into(),
        publisher: "print".into(),
        keys: Vec::new(),
    };
    store.add_domain(new).await.unwrap();
    workspace
}
