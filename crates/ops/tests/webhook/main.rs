//! The deeds about webhooks, over a scripted web server on loopback; and that their documentation is fresh.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use notify::Posting;
use ops::{Ops, Publishing, WebhookRequest, WebhookUpdate};
use rules::{
    Clock,
    id::{DeliveryId, WebhookId, WorkspaceId},
    reach::Reach,
    secret::Key,
    webhook::{Secret, TEST, UNNAMED, names, sign},
};
use store::{DeliveryFilter, DeliveryState, Store};
use syntax::Timestamp;
use testkit::{
    http_host::{Answer, HttpHost},
    nameserver::{Nameserver, Zones},
};

/// 2026-11-23T12:00:00Z
const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    ops: Ops,
    /// Public addresses over https alone, as it is by default.
    strict: Posting,
    /// Loopback over http too.
    loose: Posting,
    _names: Nameserver,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(NOON.micros())));
        let folder = tempfile::tempdir().unwrap();
        let names = Zones::text("inside.test A 10.0.0.7\nhook.test A 192.0.1.7\n").serve().await;
        let ops = Ops {
            store: Store::open(&format!("sqlite://{}/a.db", folder.path().display()), clock).await.unwrap(),
            resolver: names.resolver(),
            key: Key([7; 32]),
            publishing: Publishing::Print,
            daily_cap: 50,
            ramp: rules::ramp::Slope::NONE,
            proof_required: rules::proof::Required::default(),
            expiry: Duration::from_secs(3600),
        };
        let strict = Posting::new(ops.resolver.clone());
        let loose = Posting { reach: Reach::Anywhere, http: true, ..strict.clone() };
        Self { ops, strict, loose, _names: names, _folder: folder }
    }

    async fn workspace(&self, name: &str) -> WorkspaceId {
        self.ops.store.ensure_workspace(name).await.unwrap().id
    }

    async fn add(&self, url: &str, workspace: Option<&WorkspaceId>) -> WebhookId {
        let request = WebhookRequest { workspace: workspace.cloned(), url: url.into(), ..WebhookRequest::default() };
        self.ops.add_webhook(&self.loose, request).await.unwrap().webhook.id
    }

    /// The code with which an endpoint is refused.
    async fn refused(&self, request: WebhookRequest) -> &'static str {
        self.ops.add_webhook(&self.strict, request).await.unwrap_err().code
    }
}

fn at(url: &str) -> WebhookRequest {
    WebhookRequest { url: url.into(), ..WebhookRequest::default() }
}

#[tokio::test]
async fn the_secret_is_shown_once_and_never_again() {
    let world = World::new().await;
    let made = world.ops.add_webhook(&world.strict, at("https://hook.test/a")).await.unwrap();
    assert!(made.secret.starts_with("whsec_"));
    assert!(serde_json::to_string(&made).unwrap().contains(&made.secret));
    let listed = world.ops.webhooks(None).await.unwrap();
    let later = format!("{made:?} {listed:?} {}", serde_json::to_string(&listed).unwrap());
    assert!(!later.contains("whsec_"), "{later}");
    let rotated = world.ops.rotate_webhook(None, &made.webhook.id).await.unwrap();
    assert_ne!(rotated.secret, made.secret);
    assert_eq!(rotated.webhook.secrets(NOON).count(), 2, "the old one holds for a day");
}

#[tokio::test]
async fn what_cannot_or_may_not_be_posted_to_is_refused_with_its_code() {
    let world = World::new().await;
    for (url, code) in [
        ("example.com", "webhook.bad-url"),
        ("http://hook.test/", "webhook.bad-url"),
        ("https://127.0.0.1/", "webhook.internal-address"),
        ("https://localhost/", "webhook.internal-address"),
        ("https://inside.test/", "webhook.internal-address"),
        ("https://nowhere.test/", "webhook.unresolved"),
    ] {
        assert_eq!(world.refused(at(url)).await, code, "{url}");
    }
    let good = at("https://hook.test/");
    let events = vec!["message.lost".to_owned()];
    assert_eq!(world.refused(WebhookRequest { events, ..good.clone() }).await, "webhook.bad-event");
    let description = "a\nb".to_owned();
    assert_eq!(world.refused(WebhookRequest { description, ..good.clone() }).await, "webhook.bad-description");
    let workspace = Some(WorkspaceId("none".into()));
    assert_eq!(world.refused(WebhookRequest { workspace, ..good }).await, "workspace.unknown");
    let id = world.add("https://hook.test/", None).await;
    let update = WebhookUpdate { url: Some("https://inside.test/".into()), ..WebhookUpdate::default() };
    let fault = world.ops.update_webhook(&world.strict, None, &id, update).await.unwrap_err();
    assert_eq!(fault.code, "webhook.internal-address");
    assert_eq!(world.ops.webhook(None, &id).await.unwrap().url, "https://hook.test/");
}

#[tokio::test]
async fn endpoints_are_bounded_in_number() {
    let world = World::new().await;
    let ours = world.workspace("ours").await;
    for _ in 0..100 {
        world.add("http://127.0.0.1:1/", Some(&ours)).await;
    }
    let one_more = WebhookRequest { workspace: Some(ours), ..at("https://hook.test/") };
    assert_eq!(world.refused(one_more).await, "webhook.too-many");
    world.add("http://127.0.0.1:1/", None).await;
}

#[tokio::test]
async fn another_workspaces_endpoint_is_unknown_to_every_deed() {
    let world = World::new().await;
    let (ours, theirs) = (world.workspace("ours").await, world.workspace("theirs").await);
    let id = world.add("http://127.0.0.1:1/", Some(&theirs)).await;
    let of_all = world.add("http://127.0.0.1:1/", None).await;
    let (ops, us) = (&world.ops, Some(&ours));
    assert!(ops.webhooks(us).await.unwrap().is_empty());
    for id in [&id, &of_all] {
        let filter = DeliveryFilter::default();
        let codes = [
            ops.webhook(us, id).await.unwrap_err().code,
            ops.update_webhook(&world.loose, us, id, WebhookUpdate::default()).await.unwrap_err().code,
            ops.rotate_webhook(us, id).await.unwrap_err().code,
            ops.remove_webhook(us, id).await.unwrap_err().code,
            ops.test_webhook(&world.loose, us, id).await.unwrap_err().code,
            ops.webhook_deliveries(us, id, &filter).await.unwrap_err().code,
            ops.replay_delivery(us, id, &DeliveryId("x".into())).await.unwrap_err().code,
            ops.replay_failed(us, id, NOON).await.unwrap_err().code,
        ];
        assert_eq!(codes, ["webhook.unknown"; 8]);
    }
    assert_eq!(ops.webhooks(Some(&theirs)).await.unwrap().len(), 1);
    assert_eq!(ops.webhooks(None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_test_says_how_it_went_and_stands_among_the_deliveries() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(202), Answer::Status(500)]).await;
    let request = WebhookRequest { url: host.url("/hook"), ..WebhookRequest::default() };
    let made = world.ops.add_webhook(&world.loose, request).await.unwrap();
    let id = made.webhook.id;
    let test = world.ops.test_webhook(&world.loose, None, &id).await.unwrap();
    assert_eq!((test.taken, test.status, test.answer.as_str(), test.error), (true, Some(202), "this\n", None));
    let request = host.asked(1).await.remove(0);
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["webhook"]), (&TEST.into(), &id.as_str().into()));
    let secret = Secret::parse(&made.secret).unwrap();
    let signature = sign([&secret], &request.header("webhook-id").unwrap(), 1_795_435_200, &request.body);
    assert_eq!(request.header("webhook-signature"), Some(signature));
    assert!(!world.ops.test_webhook(&world.loose, None, &id).await.unwrap().taken);
    let refused = world.ops.test_webhook(&world.strict, None, &id).await.unwrap();
    assert!(refused.error.unwrap().starts_with("webhook.bad-url: "));
    let page = DeliveryFilter { limit: 2, ..DeliveryFilter::default() };
    let first = world.ops.webhook_deliveries(None, &id, &page).await.unwrap();
    assert_eq!((first.deliveries.len(), first.deliveries[0].state), (2, DeliveryState::Failed));
    let rest = DeliveryFilter { after: first.next, ..page };
    let rest = world.ops.webhook_deliveries(None, &id, &rest).await.unwrap();
    assert_eq!((rest.deliveries.len(), rest.deliveries[0].id.clone(), rest.next), (1, test.delivery, None));
}

#[tokio::test]
async fn a_replay_needs_an_endpoint_that_is_on_and_a_delivery_of_its_own() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(500)]).await;
    let (id, other) = (world.add(&host.url("/"), None).await, world.add(&host.url("/"), None).await);
    let test = world.ops.test_webhook(&world.loose, None, &id).await.unwrap().delivery;
    let ops = &world.ops;
    assert_eq!(ops.replay_delivery(None, &other, &test).await.unwrap_err().code, "delivery.unknown");
    let off = WebhookUpdate { enabled: Some(false), ..WebhookUpdate::default() };
    ops.update_webhook(&world.loose, None, &id, off).await.unwrap();
    assert_eq!(ops.replay_delivery(None, &id, &test).await.unwrap_err().code, "webhook.disabled");
    assert_eq!(ops.replay_failed(None, &id, NOON).await.unwrap_err().code, "webhook.disabled");
    let on = WebhookUpdate { enabled: Some(true), ..WebhookUpdate::default() };
    ops.update_webhook(&world.loose, None, &id, on).await.unwrap();
    ops.replay_delivery(None, &id, &test).await.unwrap();
    let waiting = DeliveryFilter { state: Some(DeliveryState::Waiting), limit: 9, ..DeliveryFilter::default() };
    assert_eq!(ops.webhook_deliveries(None, &id, &waiting).await.unwrap().deliveries.len(), 1);
    assert_eq!(ops.replay_failed(None, &id, NOON).await.unwrap(), 0, "it waits already");
    ops.remove_webhook(None, &id).await.unwrap();
    assert_eq!(ops.webhook(None, &id).await.unwrap_err().code, "webhook.unknown");
}

const BEGIN: &str = "<!-- events: made from rules::webhook -->\n";
const END: &str = "<!-- end of events -->\n";

#[test]
fn the_events_in_the_docs_are_fresh() {
    let mut table = String::from("| event | when | `data` |\n|---|---|---|\n");
    for name in names() {
        let data: Vec<String> = name.data.iter().map(|key| format!("`{key}`")).collect();
        table.push_str(&format!("| `{}` | {} | {} |\n", name.name, name.when, data.join(", ")));
    }
    table.push_str(&format!(
        "| `{TEST}` | You asked for a test. Sent whatever the filter. | `webhook` |\n\nNot told:\n\n"
    ));
    for (kind, why) in UNNAMED {
        table.push_str(&format!("- `{kind}`: {why}.\n"));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
    let kept = std::fs::read_to_string(path).unwrap();
    let (before, rest) = kept.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("COLDRELAY_REGENERATE").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == fresh, "docs/webhooks.md is stale: run COLDRELAY_REGENERATE=1 cargo test -p coldrelay-ops");
}
