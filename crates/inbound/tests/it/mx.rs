//! Mail that comes in: whom it reaches and what it is.

use rules::event::Event;
use store::MailKind;

use crate::{
    client::Client,
    house::{House, address, house},
};

/// SPF of `honest.test` allows 127.0.0.1, so mail of it passes.
pub const RICK: &str = "rick@honest.test";

pub async fn greeted(house: &House) -> Client {
    let mut client = Client::connect(house.mx).await;
    client.expect("EHLO honest.test", "250").await;
    client
}

#[tokio::test]
async fn it_greets_as_the_mail_host_of_the_ip() {
    let house = house().await;
    let mut client = Client::connect(house.mx).await;
    assert!(client.greeting.starts_with("220 box.example.test ESMTP"), "{}", client.greeting);
    let hello = client.expect("EHLO honest.test", "250").await;
    assert!(hello.contains("STARTTLS") && !hello.contains("AUTH"), "{hello}");
    client.expect("AUTH PLAIN AAAA", "502").await;
}

#[tokio::test]
async fn the_answers_to_rcpt_are_true() {
    let house = house().await;
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{RICK}>"), "250 2.1.0").await;
    let (_, return_path) = house.sent("rick@honest.test", "one@example.test").await;
    let forged = format!("bounce+{}@example.test", "a".repeat(42));
    let checks = [
        ("ann@example.test", "250 2.1.5"),
        ("ANN@EXAMPLE.TEST", "250 2.1.5"),
        ("postmaster@example.test", "250"),
        ("Abuse@example.test", "250"),
        ("reports@example.test", "250"),
        ("postmaster@box.example.test", "250"),
        (&return_path.to_string(), "250"),
        (&return_path.to_string().to_uppercase(), "250"),
        (&forged, "550 5.1.1"),
        ("nobody@example.test", "550 5.1.1"),
        ("ann@box.example.test", "550 5.1.1"),
        ("ann@elsewhere.test", "550 5.7.1"),
        ("ann@sub.example.test", "550 5.7.1"),
    ];
    for (to, start) in checks {
        client.expect(&format!("RCPT TO:<{to}>"), start).await;
    }
    let refused: Vec<String> = house.events().await.into_iter().filter_map(refusal).collect();
    assert_eq!(refused.len(), 5, "{refused:?}");
    assert!(refused[4].ends_with("(see relay-denied)"), "{refused:?}");
}

fn refusal(event: Event) -> Option<String> {
    match event {
        Event::InboundRefused { reply } => Some(reply),
        _ => None,
    }
}

#[tokio::test]
async fn a_catch_all_takes_what_nobody_else_does_and_remembers_for_whom() {
    let house = house().await;
    let mut domain = house.store.domains(None).await.unwrap().remove(0);
    domain.catch_all = Some(address("bob@example.test"));
    house.store.update_domain(&domain).await.unwrap();
    let content = format!("From: {RICK}\r\nSubject: hi\r\n\r\nHi");
    let reply = greeted(&house).await.send(RICK, &["whoever@example.test", "ann@example.test"], &content).await;
    assert!(reply.starts_with("250 2.0.0 Stored as "), "{reply}");
    let caught = &house.mails("bob@example.test").await[0];
    assert_eq!(caught.forward_path, address("whoever@example.test"));
    assert_eq!((caught.kind, caught.subject.as_str()), (MailKind::Message, "hi"));
    assert_eq!(caught.from, Some(address(RICK)));
    assert_eq!(house.mails("ann@example.test").await.len(), 1);
}

#[tokio::test]
async fn postmaster_reaches_the_first_mailbox() {
    let house = house().await;
    let content = format!("From: {RICK}\r\n\r\nHi");
    let reply = greeted(&house).await.send(RICK, &["postmaster@example.test"], &content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert_eq!(house.mails("ann@example.test").await[0].forward_path, address("postmaster@example.test"));
}

#[tokio::test]
async fn mail_is_told_apart() {
    let house = house().await;
    house.sent(RICK, "ours@example.test").await;
    let mut client = greeted(&house).await;
    let checks = [
        ("In-Reply-To: <ours@example.test>\r\n", MailKind::Reply),
        ("References: <a@b> <ours@example.test>\r\n\t<c@d>\r\n", MailKind::Reply),
        ("In-Reply-To: <theirs@honest.test>\r\n", MailKind::Message),
        ("In-Reply-To: <ours@example.test>\r\nAuto-Submitted: auto-replied (vacation)\r\n", MailKind::Auto),
        ("Auto-Submitted: no\r\n", MailKind::Message),
    ];
    for (header, kind) in checks {
        let content = format!("From: {RICK}\r\n{header}\r\nHi");
        let reply = client.send(RICK, &["ann@example.test"], &content).await;
        assert!(reply.starts_with("250 "), "{reply}");
        assert_eq!(house.mails("ann@example.test").await[0].kind, kind, "{header}");
    }
    // A colleague whom ann copied gets a reply too; another tenant's mailbox gets none for naming her message.
    for (to, kind) in [("bob@example.test", MailKind::Reply), ("eve@other.test", MailKind::Message)] {
        let content = format!("From: {RICK}\r\nIn-Reply-To: <ours@example.test>\r\n\r\nHi");
        let reply = client.send(RICK, &[to], &content).await;
        assert!(reply.starts_with("250 "), "{reply}");
        assert_eq!(house.mails(to).await[0].kind, kind, "{to}");
    }
}

#[tokio::test]
async fn a_null_sender_has_one_recipient() {
    let house = house().await;
    let mut client = greeted(&house).await;
    client.expect("MAIL FROM:<>", "250").await;
    client.expect("RCPT TO:<ann@example.test>", "250").await;
    let reply = client.expect("RCPT TO:<bob@example.test>", "452 4.5.3").await;
    assert!(reply.ends_with("(see too-many-recipients)"), "{reply}");
}

#[tokio::test]
async fn a_message_in_a_loop_is_refused() {
    let house = house().await;
    let mut client = greeted(&house).await;
    let looping = |hops: usize| format!("{}From: {RICK}\r\n\r\nHi", "Received: by x.test; now\r\n".repeat(hops));
    let reply = client.send(RICK, &["ann@example.test"], &looping(51)).await;
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
    let reply = client.send(RICK, &["ann@example.test"], &looping(50)).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert_eq!(house.mails("ann@example.test").await.len(), 1);
}

#[tokio::test]
async fn tls_and_the_way_are_written_into_received() {
    let house = house().await;
    let mut client = greeted(&house).await;
    client.start_tls().await;
    client.expect("EHLO honest.test", "250").await;
    let reply = client.send(RICK, &["ann@example.test"], &format!("From: {RICK}\r\n\r\nHi")).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let content = house.content(&house.mails("ann@example.test").await[0]).await;
    assert!(content.starts_with(&format!("Return-Path: <{RICK}>\r\n")), "{content}");
    assert!(
        content
            .contains("Received: from honest.test ([127.0.0.1])\r\n\tby box.example.test (ColdRelay) with ESMTPS id ")
    );
    assert!(content.contains("\r\n\tfor <ann@example.test>;\r\n\t"), "{content}");
}

#[tokio::test]
async fn without_a_store_mail_is_put_off() {
    let house = house().await;
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
    client.expect("RCPT TO:<ann@example.test>", "250").await;
    client.expect("DATA", "354").await;
    house.store.close().await;
    let reply = client.say_octets(format!("From: {RICK}\r\n\r\nHi\r\n.\r\n").as_bytes()).await;
    assert!(reply.starts_with("421 4.3.0") && reply.ends_with("(see local-error)"), "{reply}");
    assert_eq!(client.say("NOOP").await, "", "421 ends the session");
    let mut other = greeted(&house).await;
    other.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
    other.expect("RCPT TO:<ann@example.test>", "421 4.3.0").await;
}

#[tokio::test]
async fn somebody_who_guesses_names_is_shown_out() {
    let house = house().await;
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{RICK}>"), "250").await;
    let mut answers = 0;
    while !client.say(&format!("RCPT TO:<guess{answers}@example.test>")).await.is_empty() {
        answers += 1;
        assert!(answers < 40, "it may guess for ever");
    }
}

#[tokio::test]
async fn a_one_time_address_takes_one_message_whatever_its_faults() {
    let house = house().await;
    let later = house.store.clock().now() + std::time::Duration::from_secs(60);
    let to = address("test-abc123@example.test");
    let test = house.store.new_mail_test(&to, later).await.unwrap();
    let mut client = greeted(&house).await;
    // The policy of strict.test asks for its refusal: a test takes it, and ann's mailbox would not.
    let zone = dns::read_zone("strict.test", "_dmarc TXT \"v=DMARC1; p=reject\"\n@ TXT \"v=spf1 -all\"\n").unwrap();
    house.authority.set_zone(&zone).await.unwrap();
    let content = "From: mia@strict.test\r\nSubject: test\r\n\r\nHi";
    let reply = client.send("mia@strict.test", &["TEST-abc123@example.test"], content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let kept = house.store.mail_test(&test.id).await.unwrap().unwrap();
    let arrived = kept.arrived.expect("the message is there");
    assert_eq!(arrived.reverse_path, Some(address("mia@strict.test")));
    assert_eq!(arrived.peer, std::net::IpAddr::from([127, 0, 0, 1]));
    let kept = house.store.mail_test_content(&test.id).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(kept).unwrap(), format!("{content}\r\n"));
    assert!(house.mails("ann@example.test").await.is_empty());
    client.expect("MAIL FROM:<mia@strict.test>", "250").await;
    client.expect("RCPT TO:<test-abc123@example.test>", "550 5.1.1").await;
    client.expect("RCPT TO:<test-other@example.test>", "550 5.1.1").await;
}
