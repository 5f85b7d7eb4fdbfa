//! Endpoints, what is on its way to them, and whom an event concerns.

use rules::{
    event::Event,
    id::{DeliveryId, WebhookId, WorkspaceId},
    webhook::{Decision, Filter, Secret, Whose, sign},
};
use store::{
    AttemptNote, Delivery, DeliveryFilter, DeliveryState, MailKind, NewDelivery, NewMail, NewWebhook, SettledDelivery,
    Store, Webhook, WebhookChange,
};

use crate::house::{House, MINUTE, NOON, Place, add_domain, add_mailbox, address, new_message};

crate::on_both_databases!(
    an_endpoint_is_made_changed_and_removed,
    the_old_secret_holds_for_its_time_and_no_longer,
    secrets_show_neither_in_debug_nor_in_json,
    an_event_is_queued_once_for_an_endpoint,
    an_attempt_is_begun_by_one_process_alone,
    an_attempt_ends_in_each_of_its_ways,
    attempts_that_are_kept_are_bounded,
    an_endpoint_that_is_turned_off_is_told_nothing_more,
    what_failed_is_replayed_since_a_time,
    deliveries_are_listed_by_pages_and_old_ones_go,
    every_event_is_traced_to_its_workspace,
);

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

fn new(workspace: Option<&WorkspaceId>) -> NewWebhook {
    NewWebhook {
        workspace: workspace.cloned(),
        url: "https://example.com/hook".into(),
        description: "our \0 CRM".into(),
        events: Filter::parse(&["message.*"]).unwrap(),
        secret: Secret::new([1; 32]),
    }
}

async fn queued(store: &Store, webhook: &Webhook, sequences: &[i64]) -> Vec<Delivery> {
    let one = |sequence: &i64| NewDelivery {
        webhook: webhook.id.clone(),
        sequence: *sequence,
        name: "message.delivered".into(),
        body: format!("{{\"n\":{sequence}}}"),
    };
    let last = sequences.last().copied().unwrap_or_default();
    store.queue_deliveries(std::slice::from_ref(&webhook.id), last, sequences.iter().map(one).collect()).await.unwrap();
    store.due_deliveries(&webhook.id, 100).await.unwrap()
}

fn note(status: Option<u16>) -> AttemptNote {
    AttemptNote { at: NOON, took_ms: 7, status, error: None, answer: "a\0b".into() }
}

async fn settle(store: &Store, delivery: &Delivery, number: u32, decision: Decision) {
    let settled = SettledDelivery {
        delivery: delivery.id.clone(),
        webhook: delivery.webhook.clone(),
        number,
        note: note(Some(500)),
        decision,
    };
    store.settle_delivery(settled).await.unwrap();
}

/// Begins the attempt, and ends it.
async fn attempt(store: &Store, delivery: &Delivery, number: u32, decision: Decision) -> Delivery {
    assert!(store.begin_delivery(&delivery.id, number, NOON + MINUTE).await.unwrap());
    settle(store, delivery, number, decision).await;
    store.delivery(&delivery.id).await.unwrap().unwrap()
}

async fn an_endpoint_is_made_changed_and_removed(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let ours = store.add_webhook(new(Some(&house.domain.workspace))).await.unwrap();
    let all = store.add_webhook(new(None)).await.unwrap();
    assert_eq!(ours.cursor, store.last_event().await.unwrap(), "what was before is not told");
    assert_eq!((ours.description.as_str(), ours.is_enabled()), ("our \u{fffd} CRM", true));
    assert_eq!(store.webhooks(None).await.unwrap().len(), 2);
    let listed = store.webhooks(Some(&house.domain.workspace)).await.unwrap();
    assert_eq!(listed.iter().map(|one| &one.id).collect::<Vec<_>>(), [&ours.id]);
    let change = WebhookChange { url: Some("https://example.net/".into()), ..WebhookChange::default() };
    let changed = store.change_webhook(&all.id, change).await.unwrap().unwrap();
    assert_eq!(
        (changed.url.as_str(), changed.events.patterns()),
        ("https://example.net/", &["message.*".to_owned()][..])
    );
    queued(store, &all, &[1, 2]).await;
    assert!(store.remove_webhook(&all.id).await.unwrap());
    assert!(!store.remove_webhook(&all.id).await.unwrap());
    assert!(store.webhook(&all.id).await.unwrap().is_none());
    assert!(store.change_webhook(&all.id, WebhookChange::default()).await.unwrap().is_none());
    assert!(store.due_webhooks().await.unwrap().is_empty(), "what waited for it is gone too");
    let nowhere = store.add_webhook(new(Some(&WorkspaceId("none".into())))).await.unwrap_err();
    assert_eq!(nowhere.code, "store.constraint");
}

async fn the_old_secret_holds_for_its_time_and_no_longer(place: Place) {
    let house = House::at(place).await;
    let made = house.store.add_webhook(new(None)).await.unwrap();
    let signed = |webhook: &Webhook| sign(webhook.secrets(house.store.clock().now()), "msg_1", 0, "{}");
    let first = signed(&made);
    let rotated = house.store.rotate_webhook(&made.id, Secret::new([2; 32]), DAY).await.unwrap().unwrap();
    let both = signed(&rotated);
    assert_eq!(both, format!("{} {first}", sign([&Secret::new([2; 32])], "msg_1", 0, "{}")));
    house.clock.forward(DAY);
    let kept = house.store.webhook(&made.id).await.unwrap().unwrap();
    assert!(!signed(&kept).contains(&first), "its time is over");
    for octet in 3..10 {
        house.store.rotate_webhook(&made.id, Secret::new([octet; 32]), DAY).await.unwrap().unwrap();
    }
    let kept = house.store.webhook(&made.id).await.unwrap().unwrap();
    assert_eq!(kept.secrets(house.store.clock().now()).count(), 5, "the oldest go first");
    assert!(house.store.rotate_webhook(&WebhookId("x".into()), Secret::new([0; 32]), DAY).await.unwrap().is_none());
}

async fn secrets_show_neither_in_debug_nor_in_json(place: Place) {
    let house = House::at(place).await;
    let made = house.store.add_webhook(new(None)).await.unwrap();
    let made = house.store.rotate_webhook(&made.id, Secret::new([2; 32]), DAY).await.unwrap().unwrap();
    let shown = format!("{made:?} {}", serde_json::to_string(&made).unwrap());
    assert!(!shown.contains("whsec_") && shown.contains("[redacted]"), "{shown}");
}

async fn an_event_is_queued_once_for_an_endpoint(place: Place) {
    let house = House::at(place).await;
    let (one, other) =
        (house.store.add_webhook(new(None)).await.unwrap(), house.store.add_webhook(new(None)).await.unwrap());
    let start = one.cursor;
    assert_eq!(queued(&house.store, &one, &[start + 1, start + 2]).await.len(), 2);
    assert_eq!(queued(&house.store, &one, &[start + 1]).await.len(), 2, "another process had queued it");
    assert_eq!(queued(&house.store, &other, &[start + 1]).await.len(), 1);
    let kept = house.store.webhook(&one.id).await.unwrap().unwrap();
    assert_eq!(kept.cursor, start + 2, "the cursor does not go back");
    assert_eq!(house.store.waiting_deliveries(&one.id, 100).await.unwrap(), 2);
    assert_eq!(house.store.waiting_deliveries(&one.id, 1).await.unwrap(), 1, "counted no further than asked");
    let mut due = house.store.due_webhooks().await.unwrap();
    due.sort();
    assert_eq!(due, [one.id, other.id]);
}

async fn an_attempt_is_begun_by_one_process_alone(place: Place) {
    let house = House::at(place).await;
    let webhook = house.store.add_webhook(new(None)).await.unwrap();
    let delivery = queued(&house.store, &webhook, &[1]).await.remove(0);
    assert!(house.store.begin_delivery(&delivery.id, 1, NOON + MINUTE).await.unwrap());
    let second = house.place.open(&house.clock).await;
    assert!(!second.begin_delivery(&delivery.id, 1, NOON + MINUTE).await.unwrap());
    assert!(house.store.due_deliveries(&webhook.id, 10).await.unwrap().is_empty());
    house.clock.forward(MINUTE);
    let lost = house.store.due_deliveries(&webhook.id, 10).await.unwrap().remove(0);
    assert_eq!(lost.attempts, 1, "an attempt without an end is tried again");
    assert!(second.begin_delivery(&delivery.id, 2, NOON + MINUTE * 2).await.unwrap());
    assert!(!second.begin_delivery(&DeliveryId("x".into()), 1, NOON).await.unwrap());
}

async fn an_attempt_ends_in_each_of_its_ways(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let webhook = store.add_webhook(new(None)).await.unwrap();
    let due = queued(store, &webhook, &[1, 2, 3, 4]).await;
    let again = attempt(store, &due[0], 1, Decision::Again(NOON + MINUTE * 5)).await;
    assert_eq!((again.state, again.next_at, again.attempts), (DeliveryState::Waiting, Some(NOON + MINUTE * 5), 1));
    assert_eq!(again.log, [AttemptNote { answer: "a\u{fffd}b".into(), ..note(Some(500)) }]);
    let failing = store.webhook(&webhook.id).await.unwrap().unwrap();
    assert_eq!(failing.failing_since, Some(NOON));
    let taken = attempt(store, &due[1], 1, Decision::Delivered).await;
    assert_eq!((taken.state, taken.next_at, taken.ended_at), (DeliveryState::Delivered, None, Some(NOON)));
    assert_eq!(store.webhook(&webhook.id).await.unwrap().unwrap().failing_since, None);
    let lost = attempt(store, &due[2], 1, Decision::GiveUp).await;
    assert_eq!((lost.state, lost.next_at), (DeliveryState::Failed, None));
    assert!(store.webhook(&webhook.id).await.unwrap().unwrap().is_enabled());
    let gone = attempt(store, &due[3], 1, Decision::Gone).await;
    assert_eq!(gone.state, DeliveryState::Failed);
    let off = store.webhook(&webhook.id).await.unwrap().unwrap();
    assert_eq!((off.disabled_at, off.disabled_why.as_deref()), (Some(NOON), Some("gone")));
    let with_it = store.delivery(&due[0].id).await.unwrap().unwrap();
    assert_eq!((with_it.state, with_it.next_at), (DeliveryState::Failed, None), "what waited fails with it");
}

async fn attempts_that_are_kept_are_bounded(place: Place) {
    let house = House::at(place).await;
    let webhook = house.store.add_webhook(new(None)).await.unwrap();
    let delivery = queued(&house.store, &webhook, &[1]).await.remove(0);
    for number in 1..=25 {
        attempt(&house.store, &delivery, number, Decision::Again(NOON)).await;
    }
    let kept = house.store.delivery(&delivery.id).await.unwrap().unwrap();
    assert_eq!((kept.attempts, kept.log.len()), (25, 20));
    settle(&house.store, &Delivery { id: DeliveryId("removed".into()), ..delivery }, 1, Decision::Delivered).await;
}

async fn an_endpoint_that_is_turned_off_is_told_nothing_more(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let webhook = store.add_webhook(new(None)).await.unwrap();
    let waiting = queued(store, &webhook, &[1]).await.remove(0);
    let switch = |on| WebhookChange { enabled: Some(on), ..WebhookChange::default() };
    let off = store.change_webhook(&webhook.id, switch(false)).await.unwrap().unwrap();
    assert_eq!(off.disabled_why.as_deref(), Some("operator"));
    assert_eq!(store.delivery(&waiting.id).await.unwrap().unwrap().state, DeliveryState::Failed);
    assert!(queued(store, &webhook, &[2]).await.is_empty());
    store.record(vec![Event::InboundRefused { reply: "550 no".into() }]).await.unwrap();
    let on = store.change_webhook(&webhook.id, switch(true)).await.unwrap().unwrap();
    assert_eq!((on.disabled_at, on.disabled_why, on.failing_since), (None, None, None));
    assert_eq!(on.cursor, store.last_event().await.unwrap(), "what happened meanwhile is not told");
}

async fn what_failed_is_replayed_since_a_time(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let webhook = store.add_webhook(new(None)).await.unwrap();
    let early = queued(store, &webhook, &[1]).await.remove(0);
    attempt(store, &early, 1, Decision::GiveUp).await;
    house.clock.forward(MINUTE);
    let since = NOON + MINUTE;
    for delivery in queued(store, &webhook, &[2, 3]).await {
        attempt(store, &delivery, 1, Decision::GiveUp).await;
    }
    let fine = queued(store, &webhook, &[4]).await.remove(0);
    attempt(store, &fine, 1, Decision::Delivered).await;
    assert_eq!(store.replay_failed(&webhook.id, since).await.unwrap(), 2);
    assert_eq!(store.replay_failed(&webhook.id, since).await.unwrap(), 0);
    let due = store.due_deliveries(&webhook.id, 10).await.unwrap();
    assert_eq!(due.iter().map(|one| (one.sequence, one.attempts)).collect::<Vec<_>>(), [(Some(2), 0), (Some(3), 0)]);
    assert_eq!(due[0].log.len(), 1, "what was before stays");
    assert!(store.replay_delivery(&fine.id).await.unwrap());
    assert_eq!(store.due_deliveries(&webhook.id, 10).await.unwrap().len(), 3);
    assert!(!store.replay_delivery(&DeliveryId("x".into())).await.unwrap());
}

async fn deliveries_are_listed_by_pages_and_old_ones_go(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let webhook = store.add_webhook(new(None)).await.unwrap();
    let due = queued(store, &webhook, &[1, 2, 3]).await;
    attempt(store, &due[0], 1, Decision::Delivered).await;
    let test = store.delivery_id().await.unwrap();
    store.record_test(&webhook.id, &test, "{}", note(None), false).await.unwrap();
    let page = |after: Option<DeliveryId>, state| DeliveryFilter { after, state, limit: 2 };
    let first = store.deliveries(&webhook.id, &page(None, None)).await.unwrap();
    assert_eq!((first[0].id.clone(), first[0].sequence, first[0].name.as_str()), (test, None, "webhook.test"));
    let rest = store.deliveries(&webhook.id, &page(Some(first[1].id.clone()), None)).await.unwrap();
    assert_eq!(rest.iter().map(|one| one.sequence).collect::<Vec<_>>(), [Some(2), Some(1)]);
    let waiting = store.deliveries(&webhook.id, &page(None, Some(DeliveryState::Waiting))).await.unwrap();
    assert_eq!(waiting.len(), 2);
    let after = Some(waiting[0].id.clone());
    let next = store.deliveries(&webhook.id, &page(after, Some(DeliveryState::Waiting))).await.unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(store.prune_deliveries(NOON, 10).await.unwrap(), 0, "nothing ended before noon");
    assert_eq!(store.prune_deliveries(NOON + MINUTE, 1).await.unwrap(), 1);
    assert_eq!(store.prune_deliveries(NOON + MINUTE, 10).await.unwrap(), 1);
    assert_eq!(store.waiting_deliveries(&webhook.id, 10).await.unwrap(), 2, "what waits stays");
}

async fn every_event_is_traced_to_its_workspace(place: Place) {
    let house = House::at(place).await;
    let store = &house.store;
    let theirs = add_domain(store, "theirs", "example.org", "127.0.1.2").await;
    let eve = add_mailbox(store, "eve@example.org").await;
    let message = store.accept(new_message(&theirs.id, &eve.id, &["bob@example.net"]), Vec::new()).await.unwrap();
    let recipient = store.message(&message).await.unwrap().unwrap().recipients[0].id.clone();
    let of_theirs =
        Whose { workspace: Some(theirs.workspace.clone()), domain: Some(theirs.name.clone()), ..Whose::default() };
    let sent = Whose { message: Some(message.clone()), from: Some(address("ann@example.com")), ..of_theirs.clone() };
    let dropped = Event::Dropped { recipient, to: address("bob@example.net") };
    assert_eq!(store.whose(&dropped).await.unwrap(), sent);
    let accepted = Event::MessageAccepted { message, from: address("eve@example.org"), recipients: 1, octets: 3 };
    assert_eq!(store.whose(&accepted).await.unwrap(), sent);
    assert_eq!(store.whose(&Event::DomainAdded { domain: theirs.name.clone() }).await.unwrap(), of_theirs);
    for subject in ["127.0.1.2", "example.org"] {
        let text = format!(
            r#"{{"kind":"listing-changed","subject":"{subject}","zone":"z","before":null,"now":"listed","codes":[],"bad":true}}"#
        );
        let listed: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(store.whose(&listed).await.unwrap(), of_theirs, "{subject}");
    }
    let box_of_eve = Whose { address: Some(eve.address.clone()), ..of_theirs.clone() };
    let added = Event::MailboxAdded { mailbox: eve.id.clone(), address: eve.address.clone() };
    assert_eq!(store.whose(&added).await.unwrap(), box_of_eve);
    let mail = NewMail {
        mailbox: eve.id.clone(),
        kind: MailKind::Reply,
        reverse_path: Some(address("bob@example.net")),
        forward_path: eve.address.clone(),
        from: Some(address("bob@example.net")),
        subject: "Re: Hello".into(),
        about: None,
        verdicts: None,
        content: b"x".to_vec(),
    };
    let start = store.last_event().await.unwrap();
    store.deliver(vec![mail], Vec::new()).await.unwrap();
    let arrived = store.events_after(start, 1).await.unwrap().remove(0).event;
    let whose = store.whose(&arrived).await.unwrap();
    let expect = Whose { from: Some(address("bob@example.net")), subject: Some("Re: Hello".into()), ..box_of_eve };
    assert_eq!(whose, expect);
    let unknown = Event::DomainAdded { domain: "nobody.test".parse().unwrap() };
    for none in [unknown, Event::Suppressed { address: address("x@example.net"), reason: "manual".into() }] {
        assert_eq!(store.whose(&none).await.unwrap().workspace, None);
    }
}
