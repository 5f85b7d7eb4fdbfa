//! How much is too much.

use inbound::Settings;

use crate::{
    client::Client,
    house::{PASSWORD, house_with},
    mx::{RICK, greeted},
};

#[tokio::test]
async fn a_message_over_the_size_is_refused_before_and_after_it_is_sent() {
    let house = house_with(Settings { max_message_octets: 2000, ..Settings::default() }).await;
    let mut client = greeted(&house).await;
    let reply = client.say(&format!("MAIL FROM:<{RICK}> SIZE=2001")).await;
    assert!(reply.starts_with("552 5.3.4") && reply.ends_with("(see message-too-large)"), "{reply}");
    let content = format!("From: {RICK}\r\n\r\n{}", "0123456789\r\n".repeat(300));
    let reply = client.send(RICK, &["ann@example.test"], &content).await;
    assert!(reply.starts_with("552 5.3.4"), "{reply}");
    assert!(house.mails("ann@example.test").await.is_empty());
    let reply = client.send(RICK, &["ann@example.test"], &format!("From: {RICK}\r\n\r\nHi")).await;
    assert!(reply.starts_with("250 "), "the session goes on: {reply}");
}

#[tokio::test]
async fn recipients_over_the_limit_are_put_off_and_written_down() {
    let house = house_with(Settings { max_recipients: 2, ..Settings::default() }).await;
    let mut client = Client::connect(house.submission).await;
    client.log_in("ann@example.test", PASSWORD).await;
    client.expect("MAIL FROM:<ann@example.test>", "250").await;
    client.expect("RCPT TO:<a@example.org>", "250").await;
    client.expect("RCPT TO:<b@example.org>", "250").await;
    let reply = client.expect("RCPT TO:<c@example.org>", "452 4.5.3").await;
    assert!(reply.ends_with("(see too-many-recipients)"), "{reply}");
    assert_eq!(house.refused(1).await, ["too-many-recipients"]);
}

#[tokio::test]
async fn one_ip_gets_so_many_connections() {
    let house = house_with(Settings { max_connections_per_ip: 2, ..Settings::default() }).await;
    let (first, second) = (Client::connect(house.mx).await, Client::connect(house.mx).await);
    let third = Client::connect(house.mx).await;
    assert!(third.greeting.starts_with("421 4.7.0"), "{}", third.greeting);
    assert!(third.greeting.ends_with("(see too-many-connections)"), "{}", third.greeting);
    let other_port = Client::connect(house.submission).await;
    assert!(other_port.greeting.starts_with("220"), "{}", other_port.greeting);
    drop((first, second));
}

#[tokio::test]
async fn a_message_that_was_refused_leaves_its_place_to_others() {
    let house = house_with(Settings { max_messages_in_hand: 1, max_message_octets: 2000, ..Settings::default() }).await;
    let mut client = greeted(&house).await;
    let big = format!("From: {RICK}\r\n\r\n{}", "0123456789\r\n".repeat(300));
    for content in [&big, "From: broken header\r\nno field\r\n\r\nHi", &format!("From: {RICK}\r\n\r\nHi")] {
        let reply = client.send(RICK, &["ann@example.test"], content).await;
        assert!(!reply.starts_with("451"), "{reply}");
    }
    assert_eq!(house.mails("ann@example.test").await.len(), 1);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let house = house_with(Settings::default()).await;
    let fault = inbound::bind(house.mx).await.expect_err("it is in use");
    assert_eq!(fault.code, "listen.bind");
    assert!(fault.to_string().contains(&house.mx.to_string()), "{fault}");
}
