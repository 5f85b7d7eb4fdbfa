//! The relay against scripted hosts on loopback, with a store, a DNS and a clock of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod hostile;
mod policy_host;
mod receiver;
mod routing;
mod transport;
mod world;

use std::time::Duration;

use rules::Clock as _;
use smtp::{
    Reply,
    server::{Answer, Question},
};
use store::State;
use world::World;

fn yes(question: &Question) -> Answer {
    let code = match question {
        Question::Connect(_) => 220,
        Question::Data => 354,
        _ => 250,
    };
    Answer::Reply(Reply::bare(code, "ok"))
}

fn no(text: &str) -> Answer {
    Answer::Reply(Reply::parse(text).unwrap())
}

#[tokio::test]
async fn a_message_is_delivered_from_its_own_address_with_both_signatures() {
    let world = World::start().await;
    let host = world.host("b.test", 1, |question, _| yes(question)).await;
    world.send("dana@b.test", "one").await;
    world.wait_for("one", State::Delivered).await;
    let seen = host.seen();
    assert_eq!(seen[0].peer, world.egress_ip);
    let message = String::from_utf8(seen[0].content.clone().unwrap()).unwrap();
    let signatures: Vec<&str> = message.matches("DKIM-Signature:").collect();
    assert_eq!(signatures.len(), 2, "{message}");
    assert!(message.contains("a=rsa-sha256") && message.contains("a=ed25519-sha256"), "{message}");
    let path = seen[0].reverse_path.clone().unwrap();
    let named = rules::token::read_return_path(&world.key, &path).unwrap();
    assert_eq!((named.0, named.1), (world.recipient("one").await.id, 1));
}

#[tokio::test]
async fn a_final_refusal_bounces_with_a_notice_and_a_suppression() {
    let world = World::start().await;
    let _host = world
        .host("b.test", 1, |question, _| match question {
            Question::Rcpt { .. } => no("550 5.1.1 User unknown"),
            question => yes(question),
        })
        .await;
    world.send("ghost@b.test", "one").await;
    world.wait_for("one", State::Bounced).await;
    let attempt = world.attempts("one").await.remove(0);
    assert_eq!((attempt.entry.as_deref(), attempt.stage.as_deref()), (Some("550-5-1-1"), Some("rcpt")));
    assert!(attempt.transcript.contains("S: 550 5.1.1 User unknown"), "{}", attempt.transcript);
    let mails = world.store.mails(None, 0).await.unwrap();
    assert_eq!((mails.len(), mails[0].kind), (1, store::MailKind::Bounce));
    let notice = world.store.mail_content(&mails[0].id).await.unwrap().unwrap();
    let dsn = bounce::dsn::read(&notice).unwrap().unwrap();
    assert_eq!(dsn.recipients[0].diagnostic.as_ref().unwrap().to_string(), "550 5.1.1 User unknown");
    assert!(world.store.suppression(&"ghost@b.test".parse().unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_put_off_is_tried_again_when_its_time_has_come_and_not_before() {
    let world = World::start().await;
    let host = world
        .host("b.test", 1, |question, visit| match question {
            Question::Rcpt { .. } if visit == 0 => no("451 4.7.1 Greylisted, try again later"),
            question => yes(question),
        })
        .await;
    world.send("dana@b.test", "one").await;
    world.wait_for("one", State::Deferred).await;
    let next_at = world.recipient("one").await.next_at.unwrap();
    world.clock.set(next_at - Duration::from_secs(1));
    world.looks_again().await;
    assert_eq!(host.seen().len(), 1, "too early");
    world.clock.set(next_at);
    world.wait_for("one", State::Delivered).await;
    assert_eq!(world.recipient("one").await.attempts, 2);
}

#[tokio::test]
async fn a_connection_lost_before_the_final_dot_is_tried_again() {
    let world = World::start().await;
    let _host = world
        .host("b.test", 1, |question, _| match question {
            Question::Data => Answer::Drop,
            question => yes(question),
        })
        .await;
    world.send("dana@b.test", "one").await;
    world.wait_for("one", State::Deferred).await;
    let attempt = world.attempts("one").await.remove(0);
    assert_eq!((attempt.entry.as_deref(), attempt.stage.as_deref()), (Some("connection-lost"), Some("data")));
    assert!(!world.recipient("one").await.possible_duplicate);
}

#[tokio::test]
async fn a_connection_lost_after_the_final_dot_is_in_doubt_and_sent_again_as_the_same_message() {
    let world = World::start().await;
    let host = world
        .host("b.test", 1, |question, visit| match question {
            Question::Message { .. } if visit == 0 => Answer::Drop,
            question => yes(question),
        })
        .await;
    world.send("dana@b.test", "one").await;
    world.wait_for("one", State::InDoubt).await;
    world.clock.set(world.recipient("one").await.next_at.unwrap());
    world.wait_for("one", State::Delivered).await;
    assert!(world.recipient("one").await.possible_duplicate);
    let seen = host.seen();
    let id = |index: usize| {
        let content = seen[index].content.clone().unwrap();
        syntax::Message::parse(&content).unwrap().value("Message-ID").unwrap()
    };
    assert_eq!(id(0), id(1));
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_or_is_not_there_bounces_without_a_connection() {
    let world = World::start().await;
    world.zone("null.test", "@ MX 0 .\n").await;
    for (to, entry) in [("dana@null.test", "null-mx"), ("dana@nowhere.test", "no-such-domain")] {
        world.send(to, entry).await;
        world.wait_for(entry, State::Bounced).await;
        let attempt = world.attempts(entry).await.remove(0);
        assert_eq!((attempt.entry.as_deref(), attempt.peer), (Some(entry), None));
    }
}

#[tokio::test]
async fn mail_for_one_site_shares_a_connection() {
    let world = World::start().await;
    world.clock.hold(true);
    let host = world.host("b.test", 1, |question, _| yes(question)).await;
    for subject in ["one", "two", "three"] {
        world.send("dana@b.test", subject).await;
    }
    world.clock.hold(false);
    for subject in ["one", "two", "three"] {
        world.wait_for(subject, State::Delivered).await;
    }
    let seen = host.seen();
    assert_eq!(seen.len(), 3);
    let connections: std::collections::BTreeSet<usize> = seen.iter().map(|seen| seen.visit).collect();
    assert!(connections.len() < 3, "{connections:?}");
}

#[tokio::test]
async fn the_next_mx_is_tried_when_the_first_does_not_answer() {
    let world = World::start().await;
    let host = world.host("b.test", 2, |question, _| yes(question)).await;
    world.zone("b.test", "@ MX 10 dead\n@ MX 20 mx\ndead A 127.0.4.99\nmx A 127.0.4.2\n").await;
    world.send("dana@b.test", "one").await;
    world.wait_for("one", State::Delivered).await;
    assert_eq!(host.seen().len(), 1);
    assert_eq!(world.attempts("one").await[0].mx_host.as_deref(), Some("mx.b.test"));
}

#[tokio::test]
async fn a_message_that_has_waited_too_long_bounces() {
    let world = World::start().await;
    let _host = world
        .host("b.test", 1, |question, _| match question {
            Question::Mail { .. } => no("451 4.3.2 Not now"),
            question => yes(question),
        })
        .await;
    world.send("dana@b.test", "one").await;
    world.wait_for("one", State::Deferred).await;
    world.clock.advance(world::EXPIRY + Duration::from_secs(1));
    world.wait_for("one", State::Bounced).await;
    assert_eq!(world.attempts("one").await.last().unwrap().entry.as_deref(), Some("queue-expired"));
}

#[tokio::test]
async fn a_site_that_throttles_does_not_hold_up_another() {
    let world = World::start().await;
    let _slow = world
        .host("b.test", 1, |question, _| match question {
            Question::Mail { .. } => no("421 4.7.28 Too much mail from your address, slow down"),
            question => yes(question),
        })
        .await;
    let _quick = world.host("c.test", 2, |question, _| yes(question)).await;
    for index in 0..5 {
        world.send("dana@b.test", &format!("slow {index}")).await;
    }
    world.send("dana@c.test", "quick").await;
    world.wait_for("quick", State::Delivered).await;
    world.wait_for("slow 0", State::Deferred).await;
}

#[tokio::test]
async fn what_waits_for_a_site_that_refuses_us_as_such_waits_in_the_store_until_it_opens() {
    let world = World::start().await;
    world.clock.hold(true);
    let closed = world
        .host("b.test", 1, |question, _| match question {
            Question::Mail { .. } => {
                no("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org")
            }
            question => yes(question),
        })
        .await;
    let _open = world.host("c.test", 2, |question, _| yes(question)).await;
    let subjects = ["one", "two", "three", "four", "five"];
    for subject in subjects {
        world.send("dana@b.test", subject).await;
    }
    world.clock.hold(false);
    let opens = world.clock.now() + rules::pacing::Limits::default().halt;
    world.wait_for_any(&subjects, State::Bounced).await;
    world
        // On a slow machine a second connection has begun before the first was refused; one message stays to feel the way.
        .wait_until("all others are put off", async || {
            let mut settled = 0;
            for subject in subjects {
                let recipient = world.recipient(subject).await;
                let is_put_off = recipient.next_at.is_some_and(|at| at >= opens);
                settled += usize::from(is_put_off || recipient.state == State::Bounced);
            }
            settled >= subjects.len() - 1
        })
        .await;
    // Nobody else's mail waits for that.
    world.send("dana@c.test", "another").await;
    world.wait_for("another", State::Delivered).await;
    let seen = closed.seen().len();
    assert!(
        seen <= rules::pacing::Limits::default().connections,
        "the closed site is left alone, not tried {seen} times"
    );
}
