//! SPF, DKIM and DMARC of what comes in.

use auth::{Algorithm, Signer, SigningKey, generate};
use inbound::Settings;
use syntax::{Domain, Message};

use crate::{
    house::{House, house, house_with},
    mx::{RICK, greeted},
};

async fn received(house: &House) -> (String, Vec<String>) {
    let content = house.content(&house.mails("ann@example.test").await[0]).await;
    let message = Message::parse(content.as_bytes()).unwrap();
    let verdicts = message.all("Authentication-Results").map(syntax::Field::value).collect();
    (content.clone(), verdicts)
}

#[tokio::test]
async fn an_honest_message_is_marked_as_passed() {
    let house = house().await;
    let reply = greeted(&house).await.send(RICK, &["ann@example.test"], &format!("From: {RICK}\r\n\r\nHi")).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let (content, verdicts) = received(&house).await;
    assert_eq!(verdicts.len(), 1, "{content}");
    assert!(verdicts[0].starts_with("box.example.test"), "{verdicts:?}");
    assert!(verdicts[0].contains("spf=pass") && verdicts[0].contains("dmarc=pass"), "{verdicts:?}");
    let mail = &house.mails("ann@example.test").await[0];
    assert!(mail.verdicts.as_deref().unwrap().contains("\"dmarc\":\"pass\""), "{:?}", mail.verdicts);
}

#[tokio::test]
async fn a_signature_is_verified_and_a_broken_one_is_told() {
    let house = house().await;
    let (key, txt) = generate(Algorithm::Ed25519).unwrap();
    let zone = format!("s1._domainkey 60 IN TXT \"{txt}\"\n_dmarc 60 IN TXT \"v=DMARC1; p=none\"\n");
    house.authority.set_zone(&dns::read_zone("signed.test", &zone).unwrap()).await.unwrap();
    let signing = SigningKey {
        domain: Domain::parse("signed.test").unwrap(),
        selector: "s1".to_owned(),
        algorithm: Algorithm::Ed25519,
        key,
    };
    let message = b"From: mia@signed.test\r\nSubject: signed\r\nDate: Mon, 23 Nov 2026 22:54:50 +0000\r\n\r\nHi\r\n";
    let signed = String::from_utf8(Signer::new(&[signing]).unwrap().sign(message).unwrap()).unwrap();
    let mut client = greeted(&house).await;
    let checks = [
        (signed.clone(), "dkim=pass", "dmarc=pass"),
        (signed.replace("\r\n\r\nHi", "\r\n\r\nHo"), "dkim=fail", "dmarc=fail"),
    ];
    for (content, dkim, dmarc) in checks {
        let reply = client.send("mia@elsewhere.test", &["ann@example.test"], content.trim_end()).await;
        assert!(reply.starts_with("250 "), "{reply}");
        let (_, verdicts) = received(&house).await;
        assert!(verdicts[0].contains(dkim) && verdicts[0].contains(dmarc), "{dkim} {dmarc}: {verdicts:?}");
    }
}

#[tokio::test]
async fn what_fails_dmarc_is_refused_when_its_domain_says_so() {
    let house = house().await;
    let forged = "From: boss@strict.test\r\n\r\nPay this";
    let reply = greeted(&house).await.send(RICK, &["ann@example.test"], forged).await;
    assert!(reply.starts_with("550 5.7.1") && reply.contains("strict.test"), "{reply}");
    assert!(house.mails("ann@example.test").await.is_empty());

    let house = house_with(Settings { reject_dmarc_failures: false, ..Settings::default() }).await;
    let reply = greeted(&house).await.send(RICK, &["ann@example.test"], forged).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let (_, verdicts) = received(&house).await;
    assert!(verdicts[0].contains("dmarc=fail"), "{verdicts:?}");
}

#[tokio::test]
async fn verdicts_forged_in_our_name_are_taken_off_and_those_of_others_stay() {
    let house = house().await;
    let content = format!(
        "Authentication-Results: box.example.test; dmarc=pass (forged)\r\nauthentication-results: (x) MAIL.TEST 1;\r\n \
         spf=pass (forged)\r\nAuthentication-Results: mx.elsewhere.test; spf=neutral\r\nReturn-Path: <forged@x.test>\r\n\
         From: {RICK}\r\n\r\nHi"
    );
    let reply = greeted(&house).await.send(RICK, &["ann@example.test"], &content).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let (content, verdicts) = received(&house).await;
    assert_eq!(verdicts.len(), 2, "{content}");
    assert!(verdicts[1].contains("mx.elsewhere.test"), "{verdicts:?}");
    assert!(!content.contains("forged"), "{content}");
}
