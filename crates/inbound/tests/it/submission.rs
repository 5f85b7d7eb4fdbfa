//! Mail that our users send.

use syntax::Message;

use crate::{
    client::{Client, base64},
    house::{House, NOW, PASSWORD, address, house},
};

const HELLO: &str = "From: Ann <ann@example.test>\r\nTo: rick@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
                     Bcc: hidden@example.org\r\nReturn-Path: <x@y.test>\r\n\r\nHello";

async fn ann(house: &House) -> Client {
    let mut client = Client::connect(house.submission).await;
    let reply = client.log_in("ann@example.test", PASSWORD).await;
    assert!(reply.starts_with("235 2.7.0"), "{reply}");
    client
}

#[tokio::test]
async fn a_message_is_queued_with_what_it_lacked_and_without_what_it_must_not_say() {
    let house = house().await;
    let mut client = ann(&house).await;
    assert!(client.greeting.starts_with("220 mail.test ESMTP"), "{}", client.greeting);
    let to = ["rick@example.org", "Rick@example.org", "hidden@example.org"];
    let reply = client.send("ann@example.test", &to, HELLO).await;
    assert!(reply.starts_with("250 2.0.0 Queued as "), "{reply}");

    let queue = house.queue().await;
    assert_eq!(queue.len(), 1);
    let message = &queue[0];
    assert!(reply.ends_with(message.id.as_str()), "{reply} names {}", message.id);
    let recipients: Vec<String> = message.recipients.iter().map(|recipient| recipient.address.to_string()).collect();
    assert_eq!(recipients, ["rick@example.org", "hidden@example.org"], "each once");
    assert_eq!(message.subject, "Grüße");
    assert_eq!(message.from, address("ann@example.test"));
    assert_eq!(message.mailbox, house.mailbox("ann@example.test").await.id);
    assert!(message.expires_at > NOW);

    let content = house.store.content(&message.id).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&content).into_owned();
    let parsed = Message::parse(&content).unwrap();
    assert_eq!(parsed.value("Date").unwrap(), NOW.rfc5322());
    assert_eq!(parsed.value("Message-ID").unwrap(), format!("<{}>", message.message_id));
    assert!(message.message_id.ends_with("@example.test"), "{}", message.message_id);
    assert!(
        parsed.value("Received").unwrap().starts_with("by box.example.test (ColdRelay) with ESMTPSA id "),
        "{text}"
    );
    assert!(!text.contains("127.0.0.1") && !text.contains("client.test"), "the user's place is hidden: {text}");
    assert_eq!(parsed.all("Bcc").count() + parsed.all("Return-Path").count(), 0, "{text}");
    assert_eq!(parsed.body(), b"Hello\r\n");
}

#[tokio::test]
async fn what_a_message_has_is_left_as_it_is() {
    let house = house().await;
    let content =
        "From: ann@example.test\r\nDate: Mon, 23 Nov 2026 22:54:50 +0000\r\nMessage-ID: <own@x.test>\r\n\r\nHi";
    let reply = ann(&house).await.send("ann@example.test", &["rick@example.org"], content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let message = &house.queue().await[0];
    assert_eq!(message.message_id, "own@x.test");
    let queued = house.store.content(&message.id).await.unwrap().unwrap();
    assert!(String::from_utf8(queued).unwrap().ends_with(&format!("{content}\r\n")));
}

#[tokio::test]
async fn port_465_is_tls_from_the_start() {
    let house = house().await;
    let mut client = Client::connect_tls(house.submissions).await;
    let hello = client.expect("EHLO client.test", "250").await;
    assert!(hello.contains("AUTH PLAIN LOGIN") && !hello.contains("STARTTLS"), "{hello}");
    client.expect("AUTH LOGIN", "334").await;
    client.expect(&base64(b"ann@example.test"), "334").await;
    client.expect(&base64(PASSWORD.as_bytes()), "235").await;
    let reply = client.send("ann@example.test", &["rick@example.org"], HELLO).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
}

#[tokio::test]
async fn no_password_is_taken_in_clear() {
    let house = house().await;
    let mut client = Client::connect(house.submission).await;
    let hello = client.expect("EHLO client.test", "250").await;
    assert!(!hello.contains("AUTH") && hello.contains("STARTTLS"), "{hello}");
    let reply = client.auth("ann@example.test", PASSWORD).await;
    assert!(reply.starts_with("538 5.7.11") && reply.ends_with("(see tls-required)"), "{reply}");
    let reply = client.say("MAIL FROM:<ann@example.test>").await;
    assert!(reply.starts_with("530 5.7.0") && reply.ends_with("(see authentication-required)"), "{reply}");
    assert_eq!(house.refused(2).await, ["tls-required", "authentication-required"]);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_read_the_same() {
    let house = house().await;
    let mut client = Client::connect(house.submission).await;
    let wrong = client.log_in("ann@example.test", "wrong").await;
    let unknown = client.auth("nobody@example.test", PASSWORD).await;
    assert!(wrong.starts_with("535 5.7.8 ") && wrong.ends_with("(see authentication-failed)"), "{wrong}");
    assert_eq!(wrong, unknown);
    let last = client.auth("no address at all", PASSWORD).await;
    assert_eq!(last, wrong);
    assert_eq!(client.say("NOOP").await.get(..3), Some("421"), "three failures are enough");
    assert_eq!(house.refused(4).await[..3], ["authentication-failed"; 3].map(String::from));
}

#[tokio::test]
async fn nobody_sends_in_the_name_of_another() {
    let house = house().await;
    let mut client = ann(&house).await;
    let checks = [
        ("bob@example.test", "ann@example.test", "553 5.7.1", "from-not-owned"),
        ("ann@example.test", "bob@example.test", "550 5.7.1", "from-not-owned"),
        ("ann@example.test", "nobody@example.test", "550 5.7.1", "from-not-owned"),
        ("", "ann@example.test", "550 5.1.7", "null-sender-on-submission"),
    ];
    for (envelope, header, start, entry) in checks {
        let content = format!("From: {header}\r\n\r\nHi");
        let reply = client.send(envelope, &["rick@example.org"], &content).await;
        assert!(reply.starts_with(start) && reply.ends_with(&format!("(see {entry})")), "{envelope} {header}: {reply}");
        client.expect("RSET", "250").await;
    }
    assert!(house.queue().await.is_empty());
    let refused = house.refused(4).await;
    assert_eq!(refused, ["from-not-owned", "from-not-owned", "from-not-owned", "null-sender-on-submission"]);
}

#[tokio::test]
async fn the_from_field_is_one_address_and_one_field() {
    let house = house().await;
    let mut client = ann(&house).await;
    let checks = [
        ("From: ann@example.test\r\nFrom: ann@example.test\r\n", "from-two-fields"),
        ("From: ann@example.test, bob@example.test\r\n", "from-two-addresses"),
        ("From: Ann <ann@example.test\r\n", "from-malformed"),
        ("Subject: no author\r\n", "from-missing"),
        ("From: ann@example.test\r\nthis is no field\r\n", "header-malformed"),
    ];
    for (header, entry) in checks {
        let reply = client.send("ann@example.test", &["rick@example.org"], &format!("{header}\r\nHi")).await;
        assert!(reply.starts_with('5') && reply.ends_with(&format!("(see {entry})")), "{header}: {reply}");
    }
    assert!(house.queue().await.is_empty());
    assert_eq!(house.refused(5).await, checks.map(|(_, entry)| entry));
}

#[tokio::test]
async fn a_grant_lets_one_mailbox_send_as_another() {
    let house = house().await;
    let (ann_id, eve) = (house.mailbox("ann@example.test").await.id, house.mailbox("eve@other.test").await);
    house.store.grant(&ann_id, &eve.id).await.unwrap();
    let mut client = ann(&house).await;
    let reply = client.send("eve@other.test", &["rick@example.org"], "From: eve@other.test\r\n\r\nHi").await;
    assert!(reply.starts_with("250 "), "{reply}");
    let message = &house.queue().await[0];
    assert_eq!(message.domain, eve.domain, "egress IP and keys are those of the From domain");
    assert_eq!(message.mailbox, ann_id, "bounces go to whoever submitted");
}

#[tokio::test]
async fn a_bare_line_feed_is_refused() {
    let house = house().await;
    let mut client = ann(&house).await;
    let content = "From: ann@example.test\r\n\r\nHi\n.\r\nMAIL FROM:<smuggled@example.test>";
    let reply = client.send("ann@example.test", &["rick@example.org"], content).await;
    assert!(reply.starts_with("550 5.6.0") && reply.ends_with("(see bare-line-end)"), "{reply}");
    assert!(house.queue().await.is_empty());
    assert_eq!(house.refused(1).await, ["bare-line-end"]);
}

#[tokio::test]
async fn a_suppressed_recipient_is_refused_and_the_others_are_not() {
    let house = house().await;
    house.store.suppress(&address("rick@example.org"), "opt-out").await.unwrap();
    let mut client = ann(&house).await;
    client.expect("MAIL FROM:<ann@example.test>", "250").await;
    let reply = client.expect("RCPT TO:<Rick@example.org>", "550 5.7.1").await;
    assert!(reply.ends_with("(see recipient-suppressed)"), "{reply}");
    client.expect("RCPT TO:<mia@example.org>", "250").await;
    assert_eq!(house.refused(1).await, ["recipient-suppressed"]);
}

#[tokio::test]
async fn the_daily_cap_holds_in_every_session() {
    let house = house().await;
    let (mut first, mut second) = (ann(&house).await, ann(&house).await);
    for client in [&mut first, &mut second] {
        client.expect("MAIL FROM:<ann@example.test>", "250").await;
        client.expect("RCPT TO:<rick@example.org>", "250").await;
        client.expect("DATA", "354").await;
    }
    for number in 0..2 {
        house.sent("mia@example.org", &format!("{number}@x")).await;
    }
    let message = "From: ann@example.test\r\n\r\nHi\r\n.\r\n".as_bytes();
    assert!(first.say_octets(message).await.starts_with("250"), "the third of three");
    let reply = second.say_octets(message).await;
    assert!(reply.starts_with("450 4.7.1") && reply.ends_with("(see daily-cap)"), "{reply}");
    let reply = second.say("MAIL FROM:<ann@example.test>").await;
    assert!(reply.starts_with("450 4.7.1"), "{reply}");
    assert_eq!(house.queue().await.len(), 3);
}

#[tokio::test]
async fn without_a_store_mail_is_put_off() {
    let house = house().await;
    let mut client = ann(&house).await;
    client.expect("MAIL FROM:<ann@example.test>", "250").await;
    client.expect("RCPT TO:<rick@example.org>", "250").await;
    client.expect("DATA", "354").await;
    house.store.close().await;
    let reply = client.say_octets(b"From: ann@example.test\r\n\r\nHi\r\n.\r\n").await;
    assert!(reply.starts_with("421 4.3.0") && reply.ends_with("(see local-error)"), "{reply}");
    assert_eq!(client.say("NOOP").await, "", "421 ends the session");
    let mut other = Client::connect(house.submission).await;
    let reply = other.log_in("ann@example.test", PASSWORD).await;
    assert!(reply.starts_with("454 4.7.0"), "not the password's fault: {reply}");
}
