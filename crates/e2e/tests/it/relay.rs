//! The relay against Postfix's smtp-sink: source address, refusals explained, a crash survived, a graceful stop.

use std::io::{Read as _, Write as _};

use crate::support::{House, wait_for};

fn send(house: &House, subject: &str) {
    house.json(&[
        "send",
        "--from",
        "ann@acme.test",
        "--to",
        "dana@receiver.test",
        "--subject",
        subject,
        "--text",
        "Hello",
    ]);
}

fn why(house: &House, subject: &str) -> serde_json::Value {
    let queue = house.json(&["queue", "list"]);
    let id = queue.as_array().unwrap().iter().find(|message| message["subject"] == subject).unwrap()["id"].clone();
    house.json(&["queue", "why", id.as_str().unwrap()])
}

#[test]
fn mail_leaves_from_the_domains_own_address_and_its_transcript_is_kept() {
    let house = House::start();
    let sink = house.sink(&[]);
    send(&house, "from where");
    house.wait_for_state("from where", "delivered");
    let attempt = why(&house, "from where")["recipients"][0]["attempts"][0].clone();
    assert_eq!(attempt["egress_ip"], house.egress_ip.to_string());
    let transcript = attempt["transcript"].as_str().unwrap();
    for line in ["C: EHLO box.acme.test", "C: MAIL FROM:<bounce+", "S: 354", "C: [content,"] {
        assert!(transcript.contains(line), "{line} is not in {transcript}");
    }
    assert!(String::from_utf8(sink.message()).unwrap().contains("Hello"));
}

#[test]
fn a_refusal_bounces_is_explained_and_leaves_a_notice() {
    let house = House::start();
    // -f: these commands are refused with 5yz.
    let sink = house.sink(&["-f", "RCPT"]);
    send(&house, "refused");
    house.wait_for_state("refused", "bounced");
    let recipient = why(&house, "refused")["recipients"][0].clone();
    let explanation = &recipient["explanation"];
    for field in ["entry", "who", "how_long", "action", "fix"] {
        assert!(explanation[field].is_string(), "{field} is missing in {explanation:#}");
    }
    assert!(recipient["attempts"][0]["reply"].as_str().unwrap().starts_with('5'));
    let mails = house.json(&["mail", "list"]);
    assert_eq!(mails[0]["kind"], "bounce", "{mails:#}");
    drop(sink);
}

#[test]
fn what_was_accepted_survives_a_crash_and_is_delivered_afterwards() {
    let mut house = House::start();
    send(&house, "before the crash");
    house.kill();
    house.serve();
    let sink = house.sink(&[]);
    house.wait_for_state("before the crash", "delivered");
    drop(sink);
    assert_eq!(house.terminate(), Some(0), "{}", house.log());
}

#[test]
fn health_and_metrics_are_served() {
    let house = House::start();
    let get = |path: &str| {
        let mut stream = std::net::TcpStream::connect(house.at("http")).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    assert!(get("/healthz").starts_with("HTTP/1.1 200"));
    assert!(get("/readyz").starts_with("HTTP/1.1 200"));
    send(&house, "counted");
    let told = wait_for("the message to be counted", || {
        Some(get("/metrics"))
            .filter(|told| told.contains("coldrelay_messages_total 1") && told.contains("coldrelay_memory_bytes"))
    });
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md")).unwrap();
    let names =
        told.lines().filter_map(|line| line.split(['{', ' ']).next()).filter(|name| name.starts_with("coldrelay_"));
    for name in names {
        assert!(documented.contains(&format!("| `{name}` |")), "{name} is not in docs/metrics.md");
    }
    assert!(get("/nothing").starts_with("HTTP/1.1 404"));
}
