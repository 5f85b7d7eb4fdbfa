//! Attempts: begun, settled, recovered, refused late.

use reference::{Action, Class, HowLong, Scope, Who};
use rules::{
    event::Event,
    id::{AttemptId, RecipientId},
};
use store::{MailKind, NewMail, Settled, State, Verdict};

use crate::house::{House, MINUTE, NOON, Place, address, attempt, settled};

crate::on_both_databases!(
    a_delivered_recipient_is_done,
    an_attempt_is_begun_only_with_the_next_number_by_one_that_waits,
    of_two_that_begin_the_same_attempt_one_wins,
    an_attempt_is_settled_once,
    a_refusal_keeps_everything_that_explains_it,
    a_notice_lies_in_the_mailbox_with_the_bounce,
    an_attempt_without_a_result_is_in_doubt_after_a_restart,
    an_attempt_in_doubt_marks_its_recipient_for_good,
    a_late_bounce_fails_a_delivered_recipient,
    a_late_bounce_during_an_attempt_stays,
    the_mail_of_a_second_bounce_is_kept,
);

const FOR_GOOD: Class =
    Class { who: Who::Recipient, how_long: HowLong::ForGood, action: Action::Suppress, scope: Scope::Recipient };

fn notice(house: &House, recipient: &RecipientId) -> NewMail {
    NewMail {
        mailbox: house.ann.id.clone(),
        kind: MailKind::Bounce,
        reverse_path: None,
        forward_path: house.ann.address.clone(),
        from: Some(address("postmaster@example.com")),
        subject: "Undelivered".to_owned(),
        about: Some(recipient.clone()),
        verdicts: None,
        content: b"notice".to_vec(),
    }
}

fn bounced(house: &House, attempt: &AttemptId, recipient: &RecipientId) -> Settled {
    let to = address("bob@example.net");
    let event =
        Event::Bounced { recipient: recipient.clone(), to, entry: "550-5-1-1".to_owned(), class: FOR_GOOD, late: true };
    Settled {
        stage: "notification".to_owned(),
        reply: Some("550 5.1.1 no such user".to_owned()),
        enhanced: Some("5.1.1".to_owned()),
        entry: Some("550-5-1-1".to_owned()),
        class: Some(FOR_GOOD),
        notice: Some(notice(house, recipient)),
        events: vec![event],
        ..settled(attempt, recipient, Verdict::Bounced)
    }
}

async fn a_delivered_recipient_is_done(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let start = house.store.last_event().await.unwrap();
    let attempt = house.begin(&recipient, 1).await.unwrap();
    let (row, _) = house.store.recipient(&recipient).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.next_at), (State::Sending, 1, None));

    house.clock.forward(MINUTE);
    let delivered =
        Event::Delivered { recipient: recipient.clone(), attempt: attempt.clone(), to: address("bob@example.net") };
    let done = Settled { events: vec![delivered], ..settled(&attempt, &recipient, Verdict::Delivered) };
    house.store.settle(vec![done]).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Delivered);
    assert_eq!(house.kinds_after(start).await, ["attempt-begun", "delivered"]);
    assert_eq!(house.store.turns().await.unwrap(), []);
    assert_eq!(house.store.health().await.unwrap().queued, 0);
    let attempts = house.store.attempts(&recipient).await.unwrap();
    assert_eq!((attempts[0].begun_at, attempts[0].ended_at), (NOON, Some(NOON + MINUTE)));
    assert_eq!(attempts[0].verdict.as_deref(), Some("delivered"));
}

async fn an_attempt_is_begun_only_with_the_next_number_by_one_that_waits(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    assert_eq!(house.begin(&recipient, 2).await, None);
    let first = house.begin(&recipient, 1).await.unwrap();
    assert_eq!(house.begin(&recipient, 1).await, None);
    assert_eq!(house.begin(&recipient, 2).await, None, "an attempt is under way");
    house.store.settle(vec![settled(&first, &recipient, Verdict::Deferred(NOON + MINUTE))]).await.unwrap();
    assert_eq!(house.begin(&recipient, 1).await, None);

    let unknown = RecipientId("nobody".to_owned());
    let both = house.store.begin(vec![attempt(&unknown, 1), attempt(&recipient, 2)]).await.unwrap();
    assert!(both[0].is_none() && both[1].is_some(), "answers in order");
}

async fn of_two_that_begin_the_same_attempt_one_wins(place: Place) {
    let house = House::at(place).await;
    let other = house.place.open(&house.clock).await;
    for _ in 0..10 {
        let recipient = house.accept_one().await;
        let (ours, theirs) =
            tokio::join!(house.store.begin(vec![attempt(&recipient, 1)]), other.begin(vec![attempt(&recipient, 1)]));
        let winners = [ours.unwrap(), theirs.unwrap()].concat().into_iter().flatten().count();
        assert_eq!(winners, 1);
        assert_eq!(house.store.attempts(&recipient).await.unwrap().len(), 1);
    }
}

async fn an_attempt_is_settled_once(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &recipient, Verdict::Delivered)]).await.unwrap();
    let start = house.store.last_event().await.unwrap();
    house.store.settle(vec![bounced(&house, &attempt, &recipient)]).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Delivered);
    assert_eq!(house.kinds_after(start).await, Vec::<String>::new());
    assert!(house.store.mails(None, 0).await.unwrap().is_empty());
}

async fn a_refusal_keeps_everything_that_explains_it(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let attempt = house.begin(&recipient, 1).await.unwrap();
    let refused = Settled {
        tls: Some("TLSv1.3 AES".to_owned()),
        reply: Some("450 4.2.0 greylisted".to_owned()),
        enhanced: Some("4.2.0".to_owned()),
        entry: Some("450-4-2-0".to_owned()),
        class: Some(FOR_GOOD),
        ..settled(&attempt, &recipient, Verdict::Deferred(NOON + MINUTE * 7))
    };
    house.store.settle(vec![refused]).await.unwrap();
    let (row, message) = house.store.recipient(&recipient).await.unwrap().unwrap();
    assert_eq!((row.state, row.next_at), (State::Deferred, Some(NOON + MINUTE * 7)));
    assert_eq!(message.recipients.len(), 1);
    let kept = house.store.attempts(&recipient).await.unwrap().remove(0);
    assert_eq!((kept.number, kept.egress_ip), (1, "127.0.1.1".parse().unwrap()));
    assert_eq!(kept.class, Some(FOR_GOOD));
    let text = [kept.mx_host, kept.peer, kept.tls, kept.stage, kept.reply, kept.enhanced, kept.entry, kept.verdict];
    let expect = [
        "mx.example.net",
        "127.0.0.9:25",
        "TLSv1.3 AES",
        "data",
        "450 4.2.0 greylisted",
        "4.2.0",
        "450-4-2-0",
        "deferred",
    ];
    assert_eq!(text.map(Option::unwrap), expect);
    assert_eq!(kept.transcript, "S: 250 ok\r\n");
}

async fn a_notice_lies_in_the_mailbox_with_the_bounce(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let attempt = house.begin(&recipient, 1).await.unwrap();
    let start = house.store.last_event().await.unwrap();
    house.store.settle(vec![bounced(&house, &attempt, &recipient)]).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Bounced);
    let mail = house.store.mails(Some(&house.ann.id), 0).await.unwrap().remove(0);
    assert_eq!((mail.kind, mail.about, mail.octets), (MailKind::Bounce, Some(recipient), 6));
    assert_eq!(house.kinds_after(start).await, ["bounced", "mail-received"]);
}

async fn an_attempt_without_a_result_is_in_doubt_after_a_restart(place: Place) {
    let house = House::at(place).await;
    let (lost, waiting) = (house.accept_one().await, house.accept_one().await);
    let first = house.begin(&lost, 1).await.unwrap();
    let House { place, clock, store, domain, ann } = house;
    drop(store);

    let store = place.open(&clock).await;
    let house = House { place, clock, store, domain, ann };
    let start = house.store.last_event().await.unwrap();
    assert_eq!(house.store.recover().await.unwrap(), 1);
    let (row, _) = house.store.recipient(&lost).await.unwrap().unwrap();
    assert_eq!((row.state, row.next_at), (State::InDoubt, Some(NOON + MINUTE * 10)), "as begin had written");
    assert!(row.possible_duplicate);
    assert_eq!(house.state(&waiting).await, State::Queued);
    assert_eq!(house.kinds_after(start).await, ["in-doubt"]);
    let kept = house.store.attempts(&lost).await.unwrap().remove(0);
    assert_eq!((kept.verdict.as_deref(), kept.ended_at), (Some("in_doubt"), None));

    assert_eq!(house.store.recover().await.unwrap(), 0);
    // What the lost attempt might still say comes too late.
    house.store.settle(vec![settled(&first, &lost, Verdict::Delivered)]).await.unwrap();
    assert_eq!(house.state(&lost).await, State::InDoubt);
    assert!(house.begin(&lost, 2).await.is_some());
}

async fn an_attempt_in_doubt_marks_its_recipient_for_good(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let first = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&first, &recipient, Verdict::InDoubt(NOON + MINUTE))]).await.unwrap();
    let (row, _) = house.store.recipient(&recipient).await.unwrap().unwrap();
    assert_eq!((row.state, row.possible_duplicate), (State::InDoubt, true));
    let second = house.begin(&recipient, 2).await.unwrap();
    house.store.settle(vec![settled(&second, &recipient, Verdict::Delivered)]).await.unwrap();
    let (row, _) = house.store.recipient(&recipient).await.unwrap().unwrap();
    assert_eq!((row.state, row.possible_duplicate), (State::Delivered, true));
}

async fn a_late_bounce_fails_a_delivered_recipient(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &recipient, Verdict::Delivered)]).await.unwrap();
    let start = house.store.last_event().await.unwrap();
    house.store.bounce_late(bounced(&house, &attempt, &recipient)).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Bounced);
    assert_eq!(house.kinds_after(start).await, ["bounced", "mail-received"]);
    let attempts = house.store.attempts(&recipient).await.unwrap();
    let shown: Vec<_> = attempts.iter().map(|row| (row.number, row.stage.as_deref().unwrap())).collect();
    assert_eq!(shown, [(1, "data"), (2, "notification")]);
    assert_eq!(attempts[1].egress_ip, attempts[0].egress_ip);
    assert_eq!(attempts[1].entry.as_deref(), Some("550-5-1-1"));
}

async fn a_late_bounce_during_an_attempt_stays(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let first = house.begin(&recipient, 1).await.unwrap();
    house.store.bounce_late(bounced(&house, &first, &recipient)).await.unwrap();
    let mails = house.store.mails(None, 0).await.unwrap().len();
    let start = house.store.last_event().await.unwrap();
    let deferred = Settled {
        notice: Some(notice(&house, &recipient)),
        ..settled(&first, &recipient, Verdict::Deferred(NOON + MINUTE))
    };
    house.store.settle(vec![deferred]).await.unwrap();
    assert_eq!(house.state(&recipient).await, State::Bounced);
    assert_eq!(house.store.attempts(&recipient).await.unwrap()[0].verdict.as_deref(), Some("deferred"));
    assert_eq!(house.kinds_after(start).await, Vec::<String>::new());
    assert_eq!(house.store.mails(None, 0).await.unwrap().len(), mails, "one notice is enough");
}

async fn the_mail_of_a_second_bounce_is_kept(place: Place) {
    let house = House::at(place).await;
    let recipient = house.accept_one().await;
    let attempt = house.begin(&recipient, 1).await.unwrap();
    house.store.settle(vec![settled(&attempt, &recipient, Verdict::Delivered)]).await.unwrap();
    let start = house.store.last_event().await.unwrap();
    for _ in 0..2 {
        house.store.bounce_late(bounced(&house, &attempt, &recipient)).await.unwrap();
    }
    assert_eq!(house.store.attempts(&recipient).await.unwrap().len(), 2);
    assert_eq!(house.kinds_after(start).await, ["bounced", "mail-received", "mail-received"]);
}
