//! Rules of mailboxes: passed on under another sender, sealed, never in circles; the catch-all filtered; quotas.

use rules::{forward, id::DomainId};
use store::{ReversePath, RuleAction};
use syntax::{Address, Message};

use crate::{
    house::{House, NOW, address, house},
    mx::{RICK, greeted},
    reports::publish_key,
};

const HELLO: &str = "From: rick@honest.test\r\nSubject: Hello\r\nMessage-ID: <h@honest.test>\r\n\r\nHi";

async fn passes_on(house: &House, keep: bool) {
    let ann = house.mailbox("ann@example.test").await;
    let action = RuleAction::Forward { to: address("me@private.test"), keep };
    house.store.add_rule(&ann.domain, Some(&ann.id), action).await.unwrap();
}

async fn send(house: &House, from: &str, to: &str, content: &str) -> String {
    greeted(house).await.send(from, &[to], content).await
}

/// What waits in the queue: to whom, from what, and the content.
async fn waiting(house: &House) -> Vec<(String, ReversePath, String)> {
    let mut waiting = Vec::new();
    let ann = house.mailbox("ann@example.test").await;
    for due in house.store.due(&ann.domain, NOW, None, 10).await.unwrap() {
        let content = house.store.content(&due.message).await.unwrap().unwrap();
        waiting.push((due.address.to_string(), due.reverse_path, String::from_utf8(content).unwrap()));
    }
    waiting
}

#[tokio::test]
async fn mail_is_passed_on_sealed_and_under_a_sender_of_ours() {
    let house = house().await;
    publish_key(&house).await;
    passes_on(&house, false).await;
    assert!(send(&house, RICK, "ann@example.test", HELLO).await.starts_with("250 "));
    let (to, reverse_path, content) = waiting(&house).await.remove(0);
    assert_eq!(to, "me@private.test");
    let ReversePath::Of(srs) = reverse_path else { panic!("{reverse_path:?}") };
    assert_eq!(forward::read_srs(&house.key, &srs, NOW), Some(address(RICK)));
    assert_eq!(srs.domain().as_str(), "example.test");
    let message = Message::parse(content.as_bytes()).unwrap();
    let seal = message.value("ARC-Seal").expect("sealed");
    assert!(seal.contains("i=1") && seal.contains("d=example.test") && seal.contains("cv=none"), "{seal}");
    let results = message.value("ARC-Authentication-Results").unwrap();
    assert!(results.contains("box.example.test") && results.contains("spf=pass"), "{results}");
    assert!(message.value("Return-Path").is_none());
    assert_eq!(message.value("Delivered-To").as_deref(), Some("ann@example.test"));
    assert!(house.mails("ann@example.test").await.is_empty(), "not kept");
}

#[tokio::test]
async fn a_seal_verifies_and_the_next_one_stands_on_it() {
    let house = house().await;
    publish_key(&house).await;
    passes_on(&house, true).await;
    send(&house, RICK, "ann@example.test", HELLO).await;
    let (_, _, content) = waiting(&house).await.remove(0);
    // It reaches bob, who passes it on too: the chain is found whole.
    let bob = house.mailbox("bob@example.test").await;
    let action = RuleAction::Forward { to: address("second@private.test"), keep: true };
    house.store.add_rule(&bob.domain, Some(&bob.id), action).await.unwrap();
    let answer = send(&house, RICK, "bob@example.test", content.trim_end()).await;
    assert!(answer.starts_with("250 "), "{answer}");
    let again = waiting(&house).await.into_iter().find(|(to, ..)| to == "second@private.test").unwrap().2;
    let seal = Message::parse(again.as_bytes()).unwrap().value("ARC-Seal").unwrap();
    assert!(seal.contains("i=2") && seal.contains("cv=pass"), "{seal}");
    assert_eq!(house.mails("ann@example.test").await.len(), 1, "kept");
}

#[tokio::test]
async fn what_comes_back_is_kept_and_not_passed_on_again() {
    let house = house().await;
    passes_on(&house, false).await;
    send(&house, RICK, "ann@example.test", HELLO).await;
    let (_, _, content) = waiting(&house).await.remove(0);
    let answer = send(&house, RICK, "ann@example.test", content.trim_end()).await;
    assert!(answer.starts_with("250 "), "{answer}");
    assert_eq!(waiting(&house).await.len(), 1, "once");
    assert_eq!(house.mails("ann@example.test").await.len(), 1, "kept, for people to look at");
}

#[tokio::test]
async fn a_bounce_of_what_was_passed_on_goes_back_to_its_sender_alone() {
    let house = house().await;
    let ours = syntax::Domain::parse("example.test").unwrap();
    let srs = forward::srs(&house.key, &address(RICK), &ours, NOW).unwrap().to_string();
    let bounce = "From: mailer-daemon@private.test\r\nSubject: Undeliverable\r\n\r\nno such user";
    assert!(send(&house, "", &srs, bounce).await.starts_with("250 "));
    let (to, reverse_path, _) = waiting(&house).await.remove(0);
    assert_eq!((to.as_str(), reverse_path), (RICK, ReversePath::Null));
    assert!(send(&house, RICK, &srs, bounce).await.starts_with("550 5.1.1"), "no relay for mail that is no bounce");
    let forged = srs.replace("=rick", "=eve");
    assert!(send(&house, "", &forged, bounce).await.starts_with("550 5.1.1"));
}

#[tokio::test]
async fn replies_stay_although_mail_is_passed_on() {
    let house = house().await;
    passes_on(&house, false).await;
    house.sent(RICK, "one@example.test").await;
    let reply = format!("In-Reply-To: <one@example.test>\r\n{HELLO}");
    assert!(send(&house, RICK, "ann@example.test", &reply).await.starts_with("250 "));
    assert!(house.mails("ann@example.test").await[0].answers.is_some());
}

async fn catch_all(house: &House) -> DomainId {
    let name = syntax::Domain::parse("example.test").unwrap();
    let mut domain = house.store.domain(&name).await.unwrap().unwrap();
    domain.catch_all = Some(address("ann@example.test"));
    house.store.update_domain(&domain).await.unwrap();
    domain.id
}

#[tokio::test]
async fn a_catch_all_takes_what_no_rule_refuses() {
    let house = house().await;
    let domain = catch_all(&house).await;
    for pattern in ["info", "sales*", "post*"] {
        let action = RuleAction::Refuse { pattern: pattern.to_owned() };
        house.store.add_rule(&domain, None, action).await.unwrap();
    }
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
    for (local, reply) in
        [("anyone", "250"), ("Info", "550 5.1.1"), ("sales-team", "550 5.1.1"), ("postmaster", "250"), ("ann", "250")]
    {
        client.expect(&format!("RCPT TO:<{local}@example.test>"), reply).await;
    }
}

#[tokio::test]
async fn a_full_mailbox_says_so_and_whether_it_is_worth_to_come_again() {
    let house = house().await;
    let ann = house.mailbox("ann@example.test").await;
    assert!(send(&house, RICK, "ann@example.test", HELLO).await.starts_with("250 "));
    let used = house.store.quota(&ann.id).await.unwrap().unwrap().used_octets;
    house.store.set_quota(&ann.id, used + 100, 10).await.unwrap();
    let long = format!("{HELLO}{}", " again".repeat(20));
    assert!(send(&house, RICK, "ann@example.test", &long).await.starts_with("452 4.2.2"), "at DATA");
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{RICK}> SIZE=150"), "250").await;
    client.expect("RCPT TO:<ann@example.test>", "452 4.2.2").await;
    client.expect("RCPT TO:<bob@example.test>", "250").await;
    client.expect("RSET", "250").await;
    client.expect(&format!("MAIL FROM:<{RICK}> SIZE=1000000"), "250").await;
    client.expect("RCPT TO:<ann@example.test>", "552 5.2.2").await;
    house.store.set_quota(&ann.id, used, 10).await.unwrap();
    client.expect("RSET", "250").await;
    client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
    client.expect("RCPT TO:<ann@example.test>", "452 4.2.2").await;
    assert_eq!(house.mails("ann@example.test").await.len(), 1);
}

#[tokio::test]
async fn a_null_sender_stays_null_when_it_is_passed_on() {
    let house = house().await;
    passes_on(&house, true).await;
    let auto = "From: rick@honest.test\r\nSubject: I am away\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday";
    assert!(send(&house, "", "ann@example.test", auto).await.starts_with("250 "));
    assert_eq!(waiting(&house).await[0].1, ReversePath::Null);
    let _: Address = address("me@private.test");
}
