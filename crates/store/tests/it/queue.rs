//! Accepting, listing, what is due, retrying, dropping.

use std::time::Duration;

use rules::{
    event::Event,
    id::{DomainId, MessageId, RecipientId},
};
use store::{Park, QueueFilter, State, Turn, Verdict};
use tokio::time::timeout;

use crate::house::{CONTENT, House, MINUTE, NOON, Place, add_domain, add_mailbox, address, new_message, settled};

crate::on_both_databases!(
    what_was_sent_is_counted_by_day_destination_and_state,
    what_was_accepted_is_there_after_reopening_without_a_close,
    one_failing_change_of_a_group_leaves_the_others,
    accepting_writes_its_event_with_the_id,
    due_recipients_come_by_due_time_page_by_page,
    every_domain_with_something_that_waits_gets_its_turn,
    what_is_parked_waits_and_what_was_begun_meanwhile_is_left_alone,
    accepting_and_retrying_wake_the_relay,
    a_retry_makes_waiting_recipients_due_now,
    only_waiting_recipients_are_dropped,
    the_queue_is_listed_by_state_domain_and_page,
    the_cap_counts_from_a_moment_on,
    octets_that_postgresql_text_cannot_hold_are_replaced,
);

async fn what_was_accepted_is_there_after_reopening_without_a_close(place: Place) {
    let house = House::at(place).await;
    let id = house.accept(&["bob@example.net", "cy@example.net"]).await;
    let House { place, clock, store, .. } = house;
    drop(store);

    let store = place.open(&clock).await;
    let message = store.message(&id).await.unwrap().unwrap();
    assert_eq!((message.octets, message.envid.as_deref()), (30, Some("QQ314159")));
    assert_eq!(store.content(&id).await.unwrap().unwrap(), CONTENT);
    let to: Vec<String> = message.recipients.iter().map(|recipient| recipient.address.to_string()).collect();
    assert_eq!(to, ["bob@example.net", "cy@example.net"]);
    let first = &message.recipients[0];
    assert_eq!((first.state, first.attempts, first.next_at), (State::Queued, 0, Some(NOON)));
    assert!(first.notify_failure && !first.possible_duplicate);
    assert_eq!(store.health().await.unwrap().queued, 2);
    assert!(store.message(&MessageId("nothing".to_owned())).await.unwrap().is_none());
}

async fn one_failing_change_of_a_group_leaves_the_others(place: Place) {
    let house = House::at(place).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = house.store.clone();
        let mut message = house.message(&["bob@example.net"]);
        if number == 50 {
            message.domain = DomainId("nowhere".to_owned());
        }
        tasks.spawn(async move { store.accept(message, Vec::new()).await.map_err(|fault| (number, fault.code)) });
    }
    let answers = tasks.join_all().await;
    let faults: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(faults, [&(50, "store.constraint")]);
    let everything = QueueFilter { limit: 1000, ..QueueFilter::default() };
    assert_eq!(house.store.queue(&everything).await.unwrap().len(), 99);
}

async fn accepting_writes_its_event_with_the_id(place: Place) {
    let house = House::at(place).await;
    let start = house.store.last_event().await.unwrap();
    let placeholder = Event::MessageAccepted {
        message: MessageId(String::new()),
        from: address("x@example.com"),
        recipients: 9,
        octets: 9,
    };
    let further = Event::InboundRefused { reply: "550 no".to_owned() };
    let id = house.store.accept(house.message(&["bob@example.net"]), vec![placeholder, further]).await.unwrap();
    assert_eq!(house.kinds_after(start).await, ["message-accepted", "inbound-refused"]);
    let accepted = house.events().await.into_iter().find_map(|event| match event {
        Event::MessageAccepted { message, recipients, octets, .. } => Some((message, recipients, octets)),
        _ => None,
    });
    assert_eq!(accepted, Some((id, 1, CONTENT.len())));
}

async fn due_recipients_come_by_due_time_page_by_page(place: Place) {
    let house = House::at(place).await;
    let first = house.accept_one().await;
    house.clock.forward(MINUTE);
    let second = house.accept_one().await;
    let third = house.accept_one().await;
    let due = async |until, limit, after| {
        let rows = house.store.due(&house.domain.id, until, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.recipient).collect::<Vec<_>>()
    };
    let later = NOON + MINUTE;
    assert_eq!(due(NOON, 10, None).await, std::slice::from_ref(&first));
    assert_eq!(due(later, 10, None).await, [first.clone(), second.clone(), third.clone()]);
    assert_eq!(due(later, 2, None).await, [first.clone(), second.clone()]);
    assert_eq!(due(later, 2, Some((later, second.clone()))).await, std::slice::from_ref(&third));
    assert_eq!(due(later, 0, None).await, []);
    let last = house.store.due_last(&house.domain.id, later, 2).await.unwrap();
    assert_eq!(last.iter().map(|row| &row.recipient).collect::<Vec<_>>(), [&third, &second]);

    let row = house.store.due(&house.domain.id, NOON, None, 1).await.unwrap().remove(0);
    assert_eq!((row.egress_ip, row.mailbox, row.attempts), (house.domain.egress_ip, house.ann.id.clone(), 0));

    // A first attempt that failed waits behind.
    let attempt = house.begin(&first, 1).await.unwrap();
    assert_eq!(due(later, 10, None).await, [second.clone(), third.clone()]);
    let deferred = settled(&attempt, &first, Verdict::Deferred(later + MINUTE));
    house.store.settle(vec![deferred]).await.unwrap();
    assert_eq!(due(later + MINUTE, 10, None).await, [second, third, first]);
}

async fn every_domain_with_something_that_waits_gets_its_turn(place: Place) {
    let house = House::at(place).await;
    assert_eq!(house.store.turns().await.unwrap(), []);
    let other = add_domain(&house.store, "default", "example.org", "127.0.1.2").await;
    let bob = add_mailbox(&house.store, "bob@example.org").await;
    add_domain(&house.store, "default", "silent.example", "127.0.1.3").await;
    house.accept(&["x@example.net", "y@example.net"]).await;
    house.clock.forward(MINUTE);
    house.accept(&["x@example.net"]).await;
    house.store.accept(new_message(&other.id, &bob.id, &["z@example.net"]), Vec::new()).await.unwrap();
    let mut expect = vec![
        Turn { domain: house.domain.id.clone(), due_at: NOON },
        Turn { domain: other.id.clone(), due_at: NOON + MINUTE },
    ];
    expect.sort_by(|left, right| left.domain.0.cmp(&right.domain.0));
    assert_eq!(house.store.turns().await.unwrap(), expect);
    assert_eq!(house.store.due(&other.id, NOON + MINUTE, None, 10).await.unwrap().len(), 1);
}

async fn what_is_parked_waits_and_what_was_begun_meanwhile_is_left_alone(place: Place) {
    let house = House::at(place).await;
    let (waiting, begun) = (house.accept_one().await, house.accept_one().await);
    house.begin(&begun, 1).await.unwrap();
    let until = NOON + MINUTE * 7;
    let park = |recipient: &RecipientId| Park { recipient: recipient.clone(), attempts: 0, until };
    house.store.park(vec![park(&waiting), park(&begun)]).await.unwrap();
    let next_at = async |id| house.store.recipient(id).await.unwrap().unwrap().0.next_at;
    assert_eq!((next_at(&waiting).await, next_at(&begun).await), (Some(until), None));
    assert_eq!(house.store.due(&house.domain.id, NOON + MINUTE, None, 10).await.unwrap().len(), 0);
}

async fn accepting_and_retrying_wake_the_relay(place: Place) {
    let house = House::at(place).await;
    let awake = async || timeout(Duration::from_secs(10), house.store.wake()).await.expect("the relay sleeps on");
    // Rung before anybody waits: not lost.
    let recipient = house.accept_one().await;
    awake().await;
    house.store.retry_now(&[recipient]).await.unwrap();
    awake().await;
    let waiting = tokio::spawn({
        let store = house.store.clone();
        async move { store.wake().await }
    });
    tokio::task::yield_now().await;
    house.accept_one().await;
    timeout(Duration::from_secs(10), waiting).await.expect("the relay sleeps on").unwrap();
}

async fn a_retry_makes_waiting_recipients_due_now(place: Place) {
    let house = House::at(place).await;
    let (deferred, sending) = (house.accept_one().await, house.accept_one().await);
    let attempt = house.begin(&deferred, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &deferred, Verdict::Deferred(NOON + MINUTE * 60))]).await.unwrap();
    house.begin(&sending, 1).await.unwrap();
    house.clock.forward(MINUTE);

    let unknown = RecipientId("nobody".to_owned());
    assert_eq!(house.store.retry_now(&[deferred.clone(), sending, unknown]).await.unwrap(), 1);
    let (row, _) = house.store.recipient(&deferred).await.unwrap().unwrap();
    assert_eq!((row.state, row.next_at), (State::Deferred, Some(NOON + MINUTE)));
}

async fn only_waiting_recipients_are_dropped(place: Place) {
    let house = House::at(place).await;
    let (waiting, sending) = (house.accept_one().await, house.accept_one().await);
    house.begin(&sending, 1).await.unwrap();
    let start = house.store.last_event().await.unwrap();

    let dropped = house.store.drop_recipients(&[waiting.clone(), sending.clone()]).await.unwrap();
    assert_eq!(dropped, std::slice::from_ref(&waiting));
    assert_eq!(house.kinds_after(start).await, ["dropped"]);
    assert_eq!((house.state(&waiting).await, house.state(&sending).await), (State::Dropped, State::Sending));
    assert_eq!(house.begin(&waiting, 1).await, None);
    assert_eq!(house.store.drop_recipients(&[waiting]).await.unwrap(), []);
}

async fn the_queue_is_listed_by_state_domain_and_page(place: Place) {
    let house = House::at(place).await;
    let other = add_domain(&house.store, "default", "example.org", "127.0.1.2").await;
    let eve = add_mailbox(&house.store, "eve@example.org").await;
    let first = house.accept(&["bob@example.net", "cy@example.edu"]).await;
    let second = house.accept(&["bob@example.net"]).await;
    let third = house.store.accept(new_message(&other.id, &eve.id, &["dee@example.edu"]), vec![]).await.unwrap();
    let bob = house.store.message(&first).await.unwrap().unwrap().recipients[0].id.clone();
    house.begin(&bob, 1).await.unwrap();

    let listed = async |filter: QueueFilter| {
        let messages = house.store.queue(&filter).await.unwrap();
        messages.into_iter().map(|message| (message.id, message.recipients.len())).collect::<Vec<_>>()
    };
    let all = [(third.clone(), 1), (second.clone(), 1), (first.clone(), 2)];
    assert_eq!(listed(QueueFilter::default()).await, all);
    assert_eq!(listed(QueueFilter { limit: 2, ..QueueFilter::default() }).await, all[..2]);
    assert_eq!(listed(QueueFilter { before: Some(second.clone()), ..QueueFilter::default() }).await, all[2..]);
    assert_eq!(listed(QueueFilter { domain: Some(other.id), ..QueueFilter::default() }).await, all[..1]);
    let to_domain = Some("Example.EDU".to_owned());
    let expect = [(third.clone(), 1), (first.clone(), 1)];
    assert_eq!(listed(QueueFilter { to_domain: to_domain.clone(), ..QueueFilter::default() }).await, expect);
    let queued = vec![State::Queued, State::Deferred];
    let before = Some(third);
    let all_at_once = QueueFilter {
        states: queued,
        to_domain,
        before,
        domain: Some(house.domain.id.clone()),
        workspace: None,
        limit: 5,
    };
    assert_eq!(listed(all_at_once).await, [(first.clone(), 1)]);
    let sending = QueueFilter { states: vec![State::Sending], ..QueueFilter::default() };
    assert_eq!(listed(sending).await, [(first, 1)]);
}

async fn the_cap_counts_from_a_moment_on(place: Place) {
    let house = House::at(place).await;
    house.accept_one().await;
    house.clock.forward(MINUTE);
    house.accept_one().await;
    assert_eq!(house.store.submitter(&house.ann.id, NOON).await.unwrap().unwrap().accepted, 2);
    assert_eq!(house.store.submitter(&house.ann.id, NOON + MINUTE).await.unwrap().unwrap().accepted, 1);
    assert_eq!(house.store.submitter(&house.ann.id, NOON + MINUTE * 2).await.unwrap().unwrap().accepted, 0);
}

async fn octets_that_postgresql_text_cannot_hold_are_replaced(place: Place) {
    let house = House::at(place).await;
    let mut message = house.message(&["bob@example.net"]);
    message.subject = "a\0b".to_owned();
    let id = house.store.accept(message, Vec::new()).await.unwrap();
    let message = house.store.message(&id).await.unwrap().unwrap();
    assert_eq!(message.subject, "a\u{fffd}b");

    let recipient = message.recipients[0].id.clone();
    let attempt = house.begin(&recipient, 1).await.unwrap();
    let refused = store::Settled {
        reply: Some("550 \0".to_owned()),
        transcript: "S: 550 \0\r\n".to_owned(),
        events: vec![Event::InboundRefused { reply: "550 \0".to_owned() }],
        ..settled(&attempt, &recipient, Verdict::Bounced)
    };
    house.store.settle(vec![refused]).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Bounced);
}

async fn what_was_sent_is_counted_by_day_destination_and_state(place: Place) {
    let house = House::at(place).await;
    house.accept(&["bob@example.net", "cy@example.net", "di@example.org"]).await;
    house.clock.forward(MINUTE * 60 * 24);
    let recipient = house.accept_one().await;
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &recipient, Verdict::Delivered)]).await.unwrap();
    let counts = house.store.sent_by_day(&house.domain.id, NOON).await.unwrap();
    let shown: Vec<(i64, &str, State, u64)> = counts
        .iter()
        .map(|count| (count.day.micros() / 86_400_000_000, count.to_domain.as_str(), count.state, count.recipients))
        .collect();
    let first = NOON.micros() / 86_400_000_000;
    let expect = [
        (first, "example.net", State::Queued, 2),
        (first, "example.org", State::Queued, 1),
        (first + 1, "example.net", State::Delivered, 1),
    ];
    assert_eq!(shown, expect);
    assert_eq!(house.store.sent_by_day(&house.domain.id, NOON + MINUTE).await.unwrap().len(), 1);
}
