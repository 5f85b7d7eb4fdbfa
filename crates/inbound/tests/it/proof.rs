//! Pairing proofs: passes, the correspondent, the mails of a proof, and what a failed one means for sending.

use std::time::Duration;

use inbound::{Pass, Settings};
use rules::{
    id::ProofId,
    proof::{Outcome, Required, Seen, State, Step},
};
use store::ProofEnd;

use crate::{
    client::Client,
    house::{House, NOW, PASSWORD, address, house, house_with},
    mx::greeted,
};

const WHOM: &str = "proof-x@example.test";

/// A proof of ann's that is under way and expects these.
async fn under_way(house: &House, expected: &[&str]) -> ProofId {
    let ann = house.mailbox("ann@example.test").await;
    let proof = house.store.request_proofs(&[ann.id]).await.unwrap().remove(0);
    let expected: Vec<String> = expected.iter().map(|id| (*id).to_owned()).collect();
    house.store.expect_letters(&proof, &address(WHOM), &expected).await.unwrap();
    proof
}

async fn end(house: &House, proof: ProofId, state: State) {
    let steps = vec![Seen::new(Step::Reply, state, "seen", NOW)];
    let outcome = rules::proof::outcome(&steps);
    assert_ne!(outcome, Outcome::Unknown);
    let due_at = NOW + Duration::from_secs(86_400);
    house.store.end_proof(ProofEnd { proof, outcome, steps, due_at }).await.unwrap();
}

#[tokio::test]
async fn a_pass_carries_one_message_of_its_mailbox_to_its_correspondent_past_every_cap() {
    let house = house().await;
    let proof = under_way(&house, &[]).await;
    let ann = house.mailbox("ann@example.test").await;
    let pass = Pass { proof: proof.clone(), mailbox: ann.id.clone(), to: address(WHOM) };
    let issued = house.passes.issue(&house.key, "once-only", pass);
    let mut client = Client::connect(house.submission).await;
    assert!(client.log_in("bob@example.test", "once-only").await.starts_with("535"), "it is not bob's");
    let reply = client.auth("ann@example.test", "once-only").await;
    assert!(reply.starts_with("235"), "{reply}");
    let content = "From: ann@example.test\r\n\r\nHello";
    let refused = client.send("ann@example.test", &["rick@example.org"], content).await;
    assert!(refused.starts_with("550 5.7.1"), "nobody else is written to by a pass: {refused}");
    client.say("RSET").await;
    let reply = client.send("ann@example.test", &[WHOM], content).await;
    assert!(reply.starts_with("250 2.0.0 Queued as "), "{reply}");
    let message = house.store.message_of_proof(&proof).await.unwrap().unwrap();
    let queued = house.store.message(&message).await.unwrap().unwrap();
    assert!(!queued.recipients[0].notify_failure, "nobody reads a notice of it");
    assert_eq!(house.store.submitter(&ann.id, NOW).await.unwrap().unwrap().accepted, 0);
    let mut client = Client::connect(house.submission).await;
    assert!(client.log_in("ann@example.test", "once-only").await.starts_with("535"), "it is used up");
    drop(issued);
}

#[tokio::test]
async fn a_mailbox_whose_proof_failed_may_not_send_until_it_passes_or_an_operator_says_so() {
    let house = house().await;
    let content = "From: ann@example.test\r\n\r\nHello";
    let mut client = Client::connect(house.submission).await;
    assert!(client.log_in("ann@example.test", PASSWORD).await.starts_with("235"), "never proved: it may");
    let (first, ann) = (under_way(&house, &[]).await, house.mailbox("ann@example.test").await);
    end(&house, first, State::Bad).await;
    let refused = client.send("ann@example.test", &["rick@example.org"], content).await;
    assert!(refused.starts_with("550 5.7.1") && refused.contains("(proof.reply)"), "{refused}");
    assert!(refused.ends_with("(see replies-lost)"), "{refused}");
    assert_eq!(house.refused(1).await, ["replies-lost"]);
    house.store.override_proof(&ann.id, "olga", "moving").await.unwrap();
    assert!(client.send("ann@example.test", &["rick@example.org"], content).await.starts_with("250"));
    let second = under_way(&house, &[]).await;
    end(&house, second, State::Ok).await;
    assert!(client.send("ann@example.test", &["rick@example.org"], content).await.starts_with("250"));
}

#[tokio::test]
async fn what_is_required_of_proofs_is_a_setting() {
    let always = house_with(Settings { proof_required: Required::Always, ..Settings::default() }).await;
    let mut client = Client::connect(always.submission).await;
    client.log_in("ann@example.test", PASSWORD).await;
    let refused = client.say("MAIL FROM:<ann@example.test>").await;
    assert!(refused.ends_with("(see pairing-proof-missing)"), "{refused}");
    let never = house_with(Settings { proof_required: Required::Never, ..Settings::default() }).await;
    let proof = under_way(&never, &[]).await;
    end(&never, proof, State::Bad).await;
    let mut client = Client::connect(never.submission).await;
    client.log_in("ann@example.test", PASSWORD).await;
    client.expect("MAIL FROM:<ann@example.test>", "250").await;
}

#[tokio::test]
async fn the_mails_of_a_proof_are_kept_apart_and_strangers_cannot_use_its_names() {
    let house = house().await;
    let mut client = greeted(&house).await;
    client.expect("MAIL FROM:<rick@honest.test>", "250").await;
    client.expect(&format!("RCPT TO:<{WHOM}>"), "550 5.1.1").await;
    client.say("RSET").await;
    let proof = under_way(&house, &["out@example.test", "back@example.test"]).await;
    let out = "From: ann@example.test\r\nMessage-ID: <out@example.test>\r\n\r\nHello";
    assert!(client.send("rick@honest.test", &[WHOM], out).await.starts_with("250"), "whatever DMARC says of it");
    let kept = house.store.letter("out@example.test").await.unwrap().unwrap();
    assert_eq!(kept.mailbox, None);
    assert!(kept.verdicts.unwrap().contains("\"dmarc\""));
    let back = "From: proof-x@example.test\r\nMessage-ID: <back@example.test>\r\n\r\nHello";
    assert!(client.send(WHOM, &["ann@example.test"], back).await.starts_with("250"));
    let kept = house.store.letter("back@example.test").await.unwrap().unwrap();
    assert_eq!(kept.mailbox, Some(house.mailbox("ann@example.test").await.id));
    assert!(house.mails("ann@example.test").await.is_empty(), "it lies in no mailbox");
    let stranger = "From: rick@honest.test\r\nMessage-ID: <back@example.test>\r\n\r\nHello";
    assert!(client.send("rick@honest.test", &["ann@example.test"], stranger).await.starts_with("250"));
    assert_eq!(
        house.mails("ann@example.test").await.len(),
        1,
        "what others send is ordinary mail, whatever its Message-ID"
    );
    end(&house, proof, State::Ok).await;
    client.expect("MAIL FROM:<rick@honest.test>", "250").await;
    client.expect(&format!("RCPT TO:<{WHOM}>"), "550 5.1.1").await;
}

#[tokio::test]
async fn that_a_name_which_cannot_exist_is_refused_to_a_proof_is_no_news() {
    let house = house().await;
    let proof = under_way(&house, &[]).await;
    let mut client = greeted(&house).await;
    client.expect(&format!("MAIL FROM:<{WHOM}>"), "250").await;
    client.expect("RCPT TO:<nobody-x@example.test>", "550 5.1.1").await;
    let refusals =
        |events: Vec<rules::event::Event>| events.iter().filter(|one| one.kind() == "inbound-refused").count();
    assert_eq!(refusals(house.events().await), 0);
    end(&house, proof, State::Ok).await;
    client.say("RSET").await;
    client.expect(&format!("MAIL FROM:<{WHOM}>"), "250").await;
    client.expect("RCPT TO:<nobody-x@example.test>", "550 5.1.1").await;
    assert_eq!(refusals(house.events().await), 1, "a stranger who says so is told of");
}
