//! A mailbox that is suspended takes no mail and lets nobody in.

use crate::{
    client::Client,
    house::{PASSWORD, house},
    mx::{RICK, greeted},
};

#[tokio::test]
async fn a_suspended_mailbox_takes_no_mail_and_lets_nobody_in() {
    let house = house().await;
    let ann = house.mailbox("ann@example.test").await;
    house.store.set_suspended(&ann.id, true).await.unwrap();
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
    client.expect("RCPT TO:<ann@example.test>", "550 5.2.1").await;
    let mut client = Client::connect(house.submission).await;
    let refused = client.log_in("ann@example.test", PASSWORD).await;
    assert!(refused.starts_with("535 5.7.8 The mailbox is suspended"), "{refused}");
    let wrong = client.auth("ann@example.test", "wrong").await;
    assert!(!wrong.contains("suspended"), "whoever does not know the password is told nothing: {wrong}");
    house.store.set_suspended(&ann.id, false).await.unwrap();
    assert!(client.auth("ann@example.test", PASSWORD).await.starts_with("235"));
}

#[tokio::test]
async fn a_session_that_was_open_before_submits_nothing_more() {
    let house = house().await;
    let ann = house.mailbox("ann@example.test").await;
    let mut client = Client::connect(house.submission).await;
    assert!(client.log_in("ann@example.test", PASSWORD).await.starts_with("235"));
    client.expect("MAIL FROM:<ann@example.test>", "250").await;
    client.expect("RCPT TO:<rick@example.org>", "250").await;
    client.expect("DATA", "354").await;
    house.store.set_suspended(&ann.id, true).await.unwrap();
    let reply = client.say_octets(b"From: ann@example.test\r\n\r\nHi\r\n.\r\n").await;
    assert!(reply.starts_with("550 5.2.1 The mailbox is suspended"), "{reply}");
    client.expect("MAIL FROM:<ann@example.test>", "550 5.2.1").await;
    house.store.set_suspended(&ann.id, false).await.unwrap();
    client.expect("MAIL FROM:<ann@example.test>", "250").await;
    assert!(house.queue().await.is_empty());
}
