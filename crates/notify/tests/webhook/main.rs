//! Webhooks against a scripted web server on loopback, a real store and a clock moved by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may panic"
)]

mod reach;
mod world;

use std::time::Duration;

use rules::{
    event::Event,
    webhook::{Filter, Secret, sign},
};
use store::{DeliveryState, WebhookChange};
use testkit::http_host::{Answer, HttpHost};

use world::{NEW, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn an_event_is_posted_signed_and_written_down() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(200)]).await;
    let webhook = world.endpoint(&host.url("/hook?x=1"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    let request = host.asked(1).await.remove(0);
    assert!(request.head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(request.header("host"), Some(host.address.to_string()));
    let id = request.header("webhook-id").unwrap();
    assert_eq!(request.header("webhook-timestamp").as_deref(), Some("1795435200"));
    let signature = sign([&Secret::new([1; 32])], &id, 1_795_435_200, &request.body);
    assert_eq!(request.header("webhook-signature"), Some(signature));
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["domain"]), (&"domain.state_changed".into(), &"ours.test".into()));
    let delivery = world.ended(&webhook.id, DeliveryState::Delivered).await;
    assert_eq!(id, format!("msg_{}", delivery.id));
    let note = &delivery.log[0];
    assert_eq!((note.status, note.answer.as_str(), &note.error), (Some(200), "this\n", &None));
    drop(working);
}

#[tokio::test]
async fn after_an_error_it_comes_again_under_the_same_id() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(500), Answer::Status(503), Answer::Status(204)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    host.asked(1).await;
    world.until(&webhook.id, |one| one.log.len() == 1).await;
    let waiting = world.deliveries(&webhook.id).await.remove(0);
    assert_eq!((waiting.state, waiting.log[0].status), (DeliveryState::Waiting, Some(500)));
    world.clock.forward(Duration::from_secs(10));
    host.asked(2).await;
    world.until(&webhook.id, |one| one.log.len() == 2).await;
    world.clock.forward(Duration::from_secs(400));
    let requests = host.asked(3).await;
    world.ended(&webhook.id, DeliveryState::Delivered).await;
    let ids: Vec<_> = requests.iter().map(|request| request.header("webhook-id").unwrap()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_ne!(requests[0].header("webhook-timestamp"), requests[2].header("webhook-timestamp"));
    drop(working);
}

#[tokio::test]
async fn an_endpoint_that_never_answers_holds_back_nobody_else() {
    let world = World::new().await;
    let (dead, well) = (HttpHost::start(vec![Answer::Silence]).await, HttpHost::start(vec![Answer::Status(200)]).await);
    world.endpoint(&dead.url("/"), None).await;
    world.endpoint(&well.url("/"), None).await;
    let working = world.work();
    for _ in 0..10 {
        world.happens("ours.test").await;
    }
    well.asked(10).await;
    dead.asked(4).await;
    assert_eq!(dead.requests().len(), 4, "it has four places, and all of them wait");
    drop(working);
}

#[tokio::test]
async fn silence_ends_with_the_time_limit_and_is_written_down() {
    let world = World::new().await.limit(Duration::from_millis(100));
    let host = HttpHost::start(vec![Answer::Silence]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    let delivery = world.until(&webhook.id, |one| one.log.len() == 1).await;
    let note = &delivery.log[0];
    assert_eq!((delivery.state, note.status), (DeliveryState::Waiting, None));
    assert!(note.error.as_deref().unwrap().starts_with("fetch.timeout: "), "{note:?}");
    drop(working);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::new().await;
    let inside = HttpHost::start(vec![Answer::Status(200)]).await;
    let to = inside.url("/latest/meta-data");
    let text = format!("HTTP/1.1 307 Go\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let host = HttpHost::start(vec![Answer::Raw(text)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    let delivery = world.until(&webhook.id, |one| one.log.len() == 1).await;
    let note = &delivery.log[0];
    assert_eq!((delivery.state, note.status), (DeliveryState::Waiting, Some(307)));
    assert!(note.error.as_deref().unwrap().starts_with("webhook.redirect: "), "{note:?}");
    assert!(inside.requests().is_empty());
    drop(working);
}

#[tokio::test]
async fn gone_turns_an_endpoint_off() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(410)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    world.ended(&webhook.id, DeliveryState::Failed).await;
    let off = world.store.webhook(&webhook.id).await.unwrap().unwrap();
    assert_eq!(off.disabled_why.as_deref(), Some("gone"));
    drop(working);
}

#[tokio::test]
async fn an_endpoint_that_fails_for_five_days_is_turned_off() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(500)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    for number in 1..=5 {
        world.until(&webhook.id, |one| one.log.len() == number).await;
        assert!(world.store.webhook(&webhook.id).await.unwrap().unwrap().is_enabled());
        world.clock.forward(DAY * 6 / 5);
    }
    // Six days after the first: no attempt is left out by the hand that moves the clock, and this one is the last.
    let delivery = world.ended(&webhook.id, DeliveryState::Failed).await;
    assert_eq!(delivery.log.len(), 6);
    let off = world.store.webhook(&webhook.id).await.unwrap().unwrap();
    assert_eq!(off.disabled_why.as_deref(), Some("failing"));
    drop(working);
}

#[tokio::test]
async fn a_long_answer_is_read_to_its_bound_and_counts_as_taken() {
    let world = World::new().await;
    let length = 3_000_000;
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length));
    let host = HttpHost::start(vec![Answer::Raw(text)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    let delivery = world.ended(&webhook.id, DeliveryState::Delivered).await;
    assert_eq!(delivery.log[0].answer, "a".repeat(1024));
    drop(working);
}

#[tokio::test]
async fn what_is_no_http_is_an_error_that_is_told() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Raw("220 mail.test ESMTP\r\n".into())]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    let delivery = world.until(&webhook.id, |one| one.log.len() == 1).await;
    assert!(delivery.log[0].error.as_deref().unwrap().starts_with("fetch.broken: "), "{:?}", delivery.log);
    drop(working);
}

#[tokio::test]
async fn what_failed_is_posted_again_when_it_is_replayed() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(410), Answer::Status(200)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let working = world.work();
    world.happens("ours.test").await;
    world.ended(&webhook.id, DeliveryState::Failed).await;
    let on = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
    world.store.change_webhook(&webhook.id, on).await.unwrap();
    assert_eq!(world.store.replay_failed(&webhook.id, NEW).await.unwrap(), 1);
    let delivery = world.ended(&webhook.id, DeliveryState::Delivered).await;
    let statuses: Vec<_> = delivery.log.iter().map(|note| note.status).collect();
    assert_eq!(statuses, [Some(410), Some(200)]);
    assert_eq!(host.requests().len(), 2);
    drop(working);
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(200)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    world.store.rotate_webhook(&webhook.id, Secret::new([2; 32]), DAY).await.unwrap();
    let working = world.work();
    world.happens("ours.test").await;
    let request = host.asked(1).await.remove(0);
    let id = request.header("webhook-id").unwrap();
    let both = [Secret::new([2; 32]), Secret::new([1; 32])];
    assert_eq!(request.header("webhook-signature"), Some(sign(&both, &id, 1_795_435_200, &request.body)));
    world.clock.forward(DAY);
    world.happens("ours.test").await;
    let later = host.asked(2).await.remove(1);
    let signature = later.header("webhook-signature").unwrap();
    assert_eq!(signature.split(' ').count(), 1, "the time of the old one is over");
    drop(working);
}

#[tokio::test]
async fn a_workspace_is_told_its_own_events_alone() {
    let world = World::new().await;
    let hosts = [
        HttpHost::start(vec![Answer::Status(200)]).await,
        HttpHost::start(vec![Answer::Status(200)]).await,
        HttpHost::start(vec![Answer::Status(200)]).await,
    ];
    world.endpoint(&hosts[0].url("/"), Some(&world.ours)).await;
    world.endpoint(&hosts[1].url("/"), Some(&world.theirs)).await;
    world.endpoint(&hosts[2].url("/"), None).await;
    let working = world.work();
    world.happens("theirs.test").await;
    let nobodys = Event::Suppressed { address: "bob@example.net".parse().unwrap(), reason: "manual".into() };
    world.store.record(vec![nobodys]).await.unwrap();
    world.happens("stranger.test").await;
    world.happens("ours.test").await;
    // Each endpoint is queued for in the order of events: what is last has everything before it.
    let told = hosts[2].asked(4).await;
    let ours = hosts[0].asked(1).await;
    let theirs = hosts[1].asked(1).await;
    assert_eq!((told.len(), ours.len(), theirs.len()), (4, 1, 1));
    assert!(ours[0].body.contains("ours.test") && theirs[0].body.contains("theirs.test"));
    drop(working);
}

#[tokio::test]
async fn a_filter_leaves_out_what_is_not_wanted() {
    let world = World::new().await;
    let host = HttpHost::start(vec![Answer::Status(200)]).await;
    let webhook = world.endpoint(&host.url("/"), None).await;
    let events = Some(Filter::parse(&["recipient.*"]).unwrap());
    world.store.change_webhook(&webhook.id, WebhookChange { events, ..WebhookChange::default() }).await.unwrap();
    let working = world.work();
    world.happens("ours.test").await;
    let wanted = Event::Suppressed { address: "bob@example.net".parse().unwrap(), reason: "opt-out".into() };
    world.store.record(vec![wanted]).await.unwrap();
    let request = host.asked(1).await.remove(0);
    assert!(request.body.contains("recipient.opted_out"), "{}", request.body);
    assert_eq!(world.deliveries(&webhook.id).await.len(), 1);
    drop(working);
}
