//! The lab, as a newcomer runs it.

use std::process::Command;

use serde_json::Value;

use crate::support::binary;

fn story() -> Value {
    let output = Command::new(binary()).args(["lab", "--once", "--json", "--quiet"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// The deliveries from a sender to a receiver, in order.
fn found<'v>(report: &'v Value, sender: &str, receiver: &str) -> Vec<&'v Value> {
    let deliveries = report["deliveries"].as_array().unwrap().iter();
    deliveries.filter(|one| text(one, "sender") == sender && text(one, "receiver") == receiver).collect()
}

/// The first of them has that status and that beginning of a reply.
fn check(report: &Value, sender: &str, receiver: &str, status: &str, reply: &str) {
    let found = found(report, sender, receiver);
    let fits = |one: &&&Value| text(one, "status") == status && text(one, "reply").starts_with(reply);
    assert!(found.iter().any(|one| fits(&one)), "{sender} to {receiver}: no {status} {reply:?} in {found:#?}");
}

#[test]
fn every_receiver_answers_as_its_character_implies() {
    let report = story();
    let ann = "ann@acme-mail.test";
    for receiver in
        ["accepting", "dmarc-enforcing", "strict", "blocklisting", "tls-requiring", "greylisting", "throttling"]
    {
        check(&report, ann, receiver, "delivered", "250 2.0.0");
    }
    check(&report, ann, "legacy", "delivered", "250 ok");
    check(&report, "ann+west@acme-mail.test", "legacy", "bounced", "553 sorry");
    check(&report, "ann@wrong-key.test", "dmarc-enforcing", "bounced", "550 5.7.30");
    check(&report, "ann@no-spf.test", "dmarc-enforcing", "bounced", "550 5.7.26");
    check(&report, "ann@unproven.test", "dmarc-enforcing", "bounced", "550 5.7.26");
    check(&report, "ann@lost-mx.test", "strict", "bounced", "550 5.1.8");
    check(&report, "ghost@acme-mail.test", "strict", "bounced", "550 5.1.8");
    check(&report, "ann@listed.test", "blocklisting", "bounced", "554 5.7.1");
    check(&report, ann, "throttling", "deferred", "421 4.7.28");
    check(&report, ann, "mailbox-full", "bounced", "552 5.2.2");
    check(&report, ann, "unknown-user", "bounced", "550 5.1.1");
    check(&report, ann, "null-mx", "bounced", "");
    check(&report, ann, "tls-requiring", "bounced", "530 5.7.0");
    check(&report, ann, "late-bouncer", "bounced", "550 5.1.1");
    for stage in ["connect", "ehlo", "mail", "rcpt", "data"] {
        check(&report, ann, &format!("drops-at-{stage}"), "deferred", "");
    }
    check(&report, ann, "drops-after-dot", "in_doubt", "");
    assert!(report["replies_received"].as_u64() >= Some(1));
    assert!(report["bounces_received"].as_u64() >= Some(1));
}

#[test]
fn retries_are_real_and_every_refusal_is_explained() {
    let report = story();
    let ann = "ann@acme-mail.test";
    let first_refusal = |receiver: &str| text(&found(&report, ann, receiver)[0]["refusals"][0], "reply").to_owned();
    assert!(first_refusal("greylisting").starts_with("451 4.7.1"));
    assert!(first_refusal("mailbox-full").starts_with("452 4.2.2"));
    for one in report["deliveries"].as_array().unwrap() {
        let explained = ["entry", "who", "how_long", "action"].iter().all(|field| one[*field].is_string());
        assert!(explained || text(one, "status") == "delivered", "{one:#}");
        if let Some(entry) = one["entry"].as_str() {
            let shown = Command::new(binary()).args(["explain", entry]).output().unwrap();
            assert!(shown.status.success(), "{entry} is not in the reference");
        }
    }
    let tls = found(&report, ann, "tls-requiring").into_iter().find(|one| text(one, "via") == "house").unwrap();
    assert_eq!(tls["tls"], true);
    let legacy = found(&report, "ann+west@acme-mail.test", "legacy")[0];
    assert!(legacy["enhanced"].is_null(), "{legacy:#}");
}

#[test]
fn misuse_is_refused_with_its_entry_and_every_fault_is_repaired() {
    let report = story();
    for one in report["refused"].as_array().unwrap() {
        assert!(text(one, "reply").starts_with('5') && one["entry"].is_string(), "{one:#}");
    }
    let entry = |attempt: &str| {
        let refused = report["refused"].as_array().unwrap().iter();
        refused.into_iter().find(|one| text(one, "attempt").contains(attempt)).map(|one| text(one, "entry").to_owned())
    };
    assert_eq!(entry("header From without a mailbox").as_deref(), Some("from-not-owned"));
    assert_eq!(entry("malformed").as_deref(), Some("from-malformed"));
    assert_eq!(entry("smuggling").as_deref(), Some("bare-line-end"));
    assert_eq!(entry("relaying").as_deref(), Some("relay-denied"));
    for one in report["faults"].as_array().unwrap() {
        assert_eq!(one["fixed"], true, "{one:#}");
    }
    for one in report["domains"].as_array().unwrap() {
        assert_eq!(one["records"], one["proved"], "{one:#}");
    }
}

/// Each planted fault, and exactly what the deliverability test finds of it.
const FOUND: &[(&str, &[&str])] = &[
    ("the DKIM keys in DNS are wrong", &["dkim.key-different"]),
    ("SPF does not name the egress IP", &["spf.result"]),
    ("neither SPF nor DKIM is right", &["dkim.key-different", "spf.result"]),
    ("the egress IP is on a DNSBL", &["blocklist.ip"]),
    ("the MX names a host that is gone", &["mx.address", "mx.sender"]),
];

#[test]
fn check_domain_finds_every_planted_fault_invents_none_and_foretells_what_receivers_say() {
    let report = story();
    assert_eq!(report["healthy"], serde_json::json!([]), "a domain in order");
    let faults = report["faults"].as_array().unwrap();
    let mut forecasts: Vec<&Value> = report["forecasts"].as_array().unwrap().iter().collect();
    for (fault, expect) in FOUND {
        let one = faults.iter().find(|one| text(one, "fault") == *fault).unwrap();
        assert_eq!(one["findings"], serde_json::json!(expect), "{one:#}");
        assert_eq!(one["findings_after"], serde_json::json!([]), "{one:#}");
        forecasts.extend(one["forecasts"].as_array().unwrap());
    }
    assert_eq!(forecasts.len(), 3 * (1 + FOUND.len()));
    for forecast in &forecasts {
        assert_eq!(forecast["predicted"], forecast["real"], "{forecast:#}");
    }
    let refused = forecasts.iter().filter(|forecast| forecast["real"].is_string()).count();
    assert!(refused >= 8, "only {refused} were refused, so the others prove little");
}

#[test]
fn pairing_proofs_are_green_and_red_for_the_domain_whose_mx_is_lost() {
    let report = story();
    let proofs = report["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 3);
    for proof in proofs {
        assert_eq!(proof["outcome"], "passed", "{proof:#}");
    }
    let lost = report["faults"].as_array().unwrap().iter().find(|one| text(one, "domain") == "lost-mx.test").unwrap();
    let told: Vec<(&str, &str)> = lost["proofs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|proof| (text(proof, "outcome"), text(proof, "finding")))
        .collect();
    assert_eq!(told, [("failed", "proof.mx"), ("passed", "")], "{lost:#}");
    assert!(text(&lost["proofs"][0], "submission").contains("(see mx-record-wrong)"), "{lost:#}");
    assert!(text(&lost["proofs"][1], "submission").starts_with("250"), "{lost:#}");
}
