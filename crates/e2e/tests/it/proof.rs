//! Pairing proofs on `serve`: green by themselves and on demand, red while the MX record is broken, and what red means for sending.

use serde_json::Value;

use crate::{
    submission::smtplib,
    support::{House, python, wait_for},
};

/// Somebody edits the MX records of the served zone by hand.
const BREAK: &str = r#"
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=20)
store.execute("UPDATE zone_record SET rdata = replace(rdata, 'box.', 'gone.') WHERE kind = 'MX'")
store.execute("UPDATE zone_version SET version = version + 1")
store.commit()
"#;

fn verify(house: &House, arguments: &[&str]) -> (i32, Value) {
    let (code, text) = house.run(&[&["mailbox", "verify", "--json"], arguments].concat());
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{}", house.log())))
}

/// The state of a step.
fn state<'v>(proof: &'v Value, step: &str) -> &'v str {
    let steps = proof["steps"].as_array().unwrap();
    let found = steps.iter().find(|seen| seen["step"] == step);
    found.unwrap_or_else(|| panic!("no {step} in {proof:#}"))["state"].as_str().unwrap()
}

const STEPS: [&str; 10] = [
    "proof.submission",
    "proof.mx",
    "proof.delivery",
    "proof.from",
    "proof.dkim",
    "proof.spf",
    "proof.return-path",
    "proof.reply",
    "proof.stray",
    "proof.roles",
];

#[test]
fn a_proof_is_green_red_when_the_mx_record_is_broken_and_green_again_after_the_repair() {
    let house = House::start_proving(0);
    let (code, proofs) = verify(&house, &["ann@acme.test"]);
    assert_eq!(code, 0, "{proofs:#}\n{}", house.log());
    for step in STEPS {
        assert_eq!(state(&proofs[0], step), "ok", "{proofs:#}");
    }
    assert_eq!(house.json(&["queue", "list"]).as_array().unwrap().len(), 0, "the message of a proof is gone");
    assert_eq!(house.json(&["mail", "list"]).as_array().unwrap().len(), 0, "and its answer lies in no mailbox");

    let store = house.folder.path().join("data/coldrelay.db");
    assert!(python(BREAK, &[store.to_str().unwrap()]).status.success());
    wait_for("the broken zone", || (house.run(&["domain", "check", "acme.test"]).0 == 1).then_some(()));
    let (code, proofs) = verify(&house, &["--domain", "acme.test"]);
    assert_eq!(code, 1, "{proofs:#}");
    assert_eq!(proofs[0]["finding"], "proof.mx", "{proofs:#}");
    assert_eq!((state(&proofs[0], "proof.mx"), state(&proofs[0], "proof.reply")), ("bad", "bad"), "{proofs:#}");
    assert_ne!(state(&proofs[0], "proof.dkim"), "ok", "what could not be looked at is not ok: {proofs:#}");

    let refused = smtplib(&house, "starttls", "submission", "while red", "ann@acme.test");
    assert!(refused.starts_with("550") && refused.contains("(proof.mx)"), "{refused}");
    assert!(refused.contains("(see mx-record-wrong)"), "{refused}");
    let (code, _) = house.run(&["mailbox", "override", "ann@acme.test", "--reason", "the MX moves today"]);
    assert_eq!(code, 0, "{}", house.log());
    assert_eq!(smtplib(&house, "starttls", "submission", "overridden", "ann@acme.test"), "sent");

    house.json(&["domain", "apply", "acme.test"]);
    wait_for("the repaired zone", || (house.run(&["domain", "check", "acme.test"]).0 == 0).then_some(()));
    let (code, proofs) = verify(&house, &["--all"]);
    assert_eq!(code, 0, "{proofs:#}");
    assert_eq!(smtplib(&house, "tls", "submissions", "green again", "ann@acme.test"), "sent");
    let kept = house.json(&["mailbox", "proofs", "ann@acme.test"]);
    let outcomes: Vec<&str> = kept.as_array().unwrap().iter().map(|proof| proof["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["passed", "failed", "passed"]);
}

#[test]
fn a_new_mailbox_is_proved_by_itself_and_a_catch_all_takes_what_has_no_name() {
    let house = House::start_proving(86_400);
    let proved = |address: &str| {
        wait_for("the first proof", || {
            let proofs = house.json(&["mailbox", "proofs", address]);
            let last = proofs.as_array().unwrap().first().cloned();
            last.filter(|proof| proof["outcome"].is_string())
        })
    };
    let first = proved("ann@acme.test");
    assert_eq!((first["outcome"].as_str(), first["reason"].as_str()), (Some("passed"), Some("schedule")), "{first:#}");
    house.json(&["domain", "apply", "acme.test", "--catch-all", "ann@acme.test"]);
    let (code, proofs) = verify(&house, &["ann@acme.test"]);
    assert_eq!((code, state(&proofs[0], "proof.catch-all")), (0, "ok"), "{proofs:#}");
}

#[test]
fn a_proof_that_nobody_makes_is_told_and_stays_asked_for() {
    let mut house = House::start_proving(0);
    assert_eq!(house.terminate(), Some(0));
    let (code, text) = house.run(&["mailbox", "verify", "ann@acme.test"]);
    assert_eq!((code, text.as_str()), (5, ""), "{}", house.log());
    assert!(house.log().contains("is `coldrelay serve` running"), "{}", house.log());
    house.serve();
    wait_for("the proof that was asked for", || {
        let proofs = house.json(&["mailbox", "proofs", "ann@acme.test"]);
        (proofs[0]["outcome"] == "passed").then_some(())
    });
}
