//! Notifications that come back to a return path of ours.

use bounce::dsn::{self, Cover, Dsn, DsnAction, DsnRecipient};
use reference::Who;
use rules::event::Event;
use smtp::{Enhanced, Reply};
use store::{MailKind, State};

use crate::{
    house::{House, NOW, address, house},
    mx::greeted,
};

fn notification(action: DsnAction, status: Enhanced, said: &str) -> String {
    let cover = Cover {
        from: address("postmaster@strict.test"),
        to: address("ann@example.test"),
        date: NOW,
        message_id: "dsn@strict.test".to_owned(),
        text: "It did not work.".to_owned(),
    };
    let dsn = Dsn {
        reporting_mta: "mx.strict.test".to_owned(),
        envid: None,
        recipients: vec![DsnRecipient {
            original: None,
            address: address("gone@elsewhere.test"),
            action,
            status,
            remote_mta: None,
            diagnostic: Reply::parse(said),
        }],
        message_id: Some("one@example.test".to_owned()),
    };
    let written =
        dsn::write(&cover, &dsn, b"From: ann@example.test\r\nMessage-ID: <one@example.test>\r\n\r\nHello\r\n");
    String::from_utf8(written).unwrap().trim_end().to_owned()
}

async fn state_of(house: &House, recipient: &rules::id::RecipientId) -> State {
    house.store.recipient(recipient).await.unwrap().unwrap().0.state
}

#[tokio::test]
async fn a_failure_settles_its_recipient_and_is_explained_and_kept() {
    let house = house().await;
    let (recipient, return_path) = house.sent("gone@elsewhere.test", "one@example.test").await;
    let content = notification(DsnAction::Failed, Enhanced::new(5, 1, 1), "550 5.1.1 The email account does not exist");
    // From a domain with p=reject, unsigned, from a host that its SPF forbids: the token is the proof.
    let reply = greeted(&house).await.send("", &[&return_path.to_string()], &content).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");

    assert_eq!(state_of(&house, &recipient).await, State::Bounced);
    let attempts = house.store.attempts(&recipient).await.unwrap();
    let told = attempts.last().unwrap();
    assert_eq!(told.stage.as_deref(), Some("notification"));
    assert_eq!(told.enhanced.as_deref(), Some("5.1.1"));
    assert_eq!(told.mx_host.as_deref(), Some("mx.strict.test"));
    assert_eq!(told.class.unwrap().who, Who::Recipient);
    let entry = told.entry.clone().unwrap();
    assert!(reference::entry(&entry).is_some(), "{entry}");

    let suppressed = house.store.suppression(&address("gone@elsewhere.test")).await.unwrap().expect("it is");
    assert_eq!(suppressed.reason, entry);
    let mail = &house.mails("ann@example.test").await[0];
    assert_eq!((mail.kind, mail.about.as_ref()), (MailKind::Bounce, Some(&recipient)));
    assert_eq!(mail.forward_path, return_path);
    let late = |event: &Event| matches!(event, Event::Bounced { late: true, recipient: it, .. } if *it == recipient);
    assert_eq!(house.events().await.iter().filter(|event| late(event)).count(), 1);
}

#[tokio::test]
async fn the_same_failure_told_twice_counts_once() {
    let house = house().await;
    let (recipient, return_path) = house.sent("gone@elsewhere.test", "one@example.test").await;
    let content = notification(DsnAction::Failed, Enhanced::new(5, 1, 1), "");
    let mut client = greeted(&house).await;
    for _ in 0..2 {
        let reply = client.send("", &[&return_path.to_string()], &content).await;
        assert!(reply.starts_with("250 "), "{reply}");
    }
    assert_eq!(house.store.attempts(&recipient).await.unwrap().len(), 1);
    assert_eq!(house.mails("ann@example.test").await.len(), 2, "both are kept for people");
}

#[tokio::test]
async fn a_delay_is_kept_and_settles_nothing() {
    let house = house().await;
    let (recipient, return_path) = house.sent("gone@elsewhere.test", "one@example.test").await;
    let content = notification(DsnAction::Delayed, Enhanced::new(4, 2, 2), "452 4.2.2 Mailbox full");
    let reply = greeted(&house).await.send("", &[&return_path.to_string()], &content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert_eq!(state_of(&house, &recipient).await, State::Queued);
    assert!(house.store.suppression(&address("gone@elsewhere.test")).await.unwrap().is_none());
    let mail = &house.mails("ann@example.test").await[0];
    assert_eq!((mail.kind, mail.about.as_ref()), (MailKind::Bounce, Some(&recipient)));
}

#[tokio::test]
async fn a_notification_without_our_token_is_only_kept() {
    let house = house().await;
    let (recipient, _) = house.sent("gone@elsewhere.test", "one@example.test").await;
    let content =
        notification(DsnAction::Failed, Enhanced::new(5, 1, 1), "550 5.1.1 gone").replace("strict.test", "loose.test");
    let reply = greeted(&house).await.send("", &["ann@example.test"], &content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert_eq!(state_of(&house, &recipient).await, State::Queued, "anybody could have written it");
    let mail = &house.mails("ann@example.test").await[0];
    assert_eq!((mail.kind, mail.about.as_ref()), (MailKind::Bounce, None));
}

#[tokio::test]
async fn other_mail_to_a_return_path_reaches_the_sender() {
    let house = house().await;
    let (recipient, return_path) = house.sent("gone@elsewhere.test", "one@example.test").await;
    let content = "From: gone@elsewhere.test\r\nSubject: I am away\r\n\r\nBack on Monday";
    let reply = greeted(&house).await.send("", &[&return_path.to_string()], content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let mail = &house.mails("ann@example.test").await[0];
    assert_eq!((mail.kind, mail.about.as_ref()), (MailKind::Auto, Some(&recipient)));
    assert_eq!(state_of(&house, &recipient).await, State::Queued);
}

#[tokio::test]
async fn a_bounce_in_an_older_form_is_settled_too() {
    let house = house().await;
    let (recipient, return_path) = house.sent("gone@elsewhere.test", "one@example.test").await;
    let content = "From: MAILER-DAEMON@strict.test\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program at strict.test.\r\nI'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n<gone@elsewhere.test>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nTo: gone@elsewhere.test";
    let reply = greeted(&house).await.send("", &[&return_path.to_string()], content).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    assert_eq!(state_of(&house, &recipient).await, State::Bounced);
    let told = house.store.attempts(&recipient).await.unwrap().pop().unwrap();
    assert_eq!(told.enhanced.as_deref(), Some("5.1.1"));
    assert!(house.store.suppression(&address("gone@elsewhere.test")).await.unwrap().is_some());
}
