//! Every event is told to the log and to Prometheus, and nothing that is told names a mailbox.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may panic"
)]

use std::{sync::Arc, time::Duration};

use notify::{METRICS, Metrics, document, follow, line};
use rules::{
    event::Event,
    load::{Pressure, Reading},
};
use store::Store;
use syntax::Timestamp;

/// One event of each kind, as the store keeps them.
fn one_of_each() -> Vec<Event> {
    let class = r#""class":{"who":"recipient","how_long":"for_good","action":"suppress","scope":"recipient"}"#;
    let texts = [
        r#"{"kind":"domain-added","domain":"example.com"}"#.to_owned(),
        r#"{"kind":"domain-published","domain":"example.com","changes":3}"#.to_owned(),
        r#"{"kind":"mailbox-added","mailbox":"m1","address":"secret@example.com"}"#.to_owned(),
        r#"{"kind":"message-accepted","message":"q1","from":"secret@example.com","recipients":1,"octets":9}"#.to_owned(),
        r#"{"kind":"submission-refused","login":"secret@example.com","entry":"from-not-owned","reply":"550 5.7.1 secret@example.com (see from-not-owned)"}"#.to_owned(),
        r#"{"kind":"attempt-begun","recipient":"r1","attempt":"a1","number":1}"#.to_owned(),
        r#"{"kind":"delivered","recipient":"r1","attempt":"a1","to":"secret@example.org"}"#.to_owned(),
        format!(r#"{{"kind":"deferred","recipient":"r1","attempt":"a1","to":"secret@example.org","entry":"550-5-1-1",{class}}}"#),
        format!(r#"{{"kind":"bounced","recipient":"r1","to":"secret@example.org","entry":"made-up-by-a-peer","late":true,{class}}}"#),
        r#"{"kind":"in-doubt","recipient":"r1","attempt":"a1","to":"secret@example.org"}"#.to_owned(),
        r#"{"kind":"dropped","recipient":"r1","to":"secret@example.org"}"#.to_owned(),
        r#"{"kind":"mail-received","mail":"i1","mailbox":"m1","mail_kind":"reply"}"#.to_owned(),
        r#"{"kind":"inbound-refused","reply":"550 5.1.1 No mailbox here by that name (see 550-5-1-1)"}"#.to_owned(),
        r#"{"kind":"suppressed","address":"secret@example.org","reason":"opt-out"}"#.to_owned(),
        r#"{"kind":"mailbox-proof-passed","mailbox":"m1","address":"secret@example.com"}"#.to_owned(),
        r#"{"kind":"mailbox-proof-failed","mailbox":"m1","address":"secret@example.com","finding":"proof.reply","entry":"replies-lost","evidence":"550 5.1.1 <secret@example.com>"}"#.to_owned(),
        r#"{"kind":"listing-changed","subject":"192.0.2.5","zone":"zen.spamhaus.org","before":"clear","now":"listed","codes":["127.0.0.2"],"bad":true}"#.to_owned(),
        r#"{"kind":"reply-received","mail":"i1","mailbox":"m1","message":"q1","from":"secret@example.org"}"#.to_owned(),
        r#"{"kind":"recipient-opted-out","address":"secret@example.org","mail":"i1","why":"the answer of secret@example.org says \"stop\""}"#.to_owned(),
        r#"{"kind":"report-received","report":"p1","report_kind":"dmarc-aggregate","state":"counted","domain":"example.com","organization":"secret@google.example"}"#.to_owned(),
        r#"{"kind":"complaint-received","report":"p1","address":"secret@example.org","recipient":"r1","proven":true,"why":"the return path carries our token"}"#.to_owned(),
        r#"{"kind":"load-changed","pressure":"disk","shedding":true,"seen":"100 MiB","mark":"256 MiB"}"#.to_owned(),
        r#"{"kind":"certificate-issued","name":"box.example.com","names":["box.example.com"],"not_after":"2027-02-21T12:00:00Z"}"#.to_owned(),
        r#"{"kind":"certificate-failed","name":"box.example.com","code":"acme.refused","problem":"no","next":"2026-11-23T13:00:00Z"}"#.to_owned(),
    ];
    texts.iter().map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

#[test]
fn there_is_a_sample_of_every_kind() {
    let kinds: Vec<&str> = one_of_each().iter().map(Event::kind).collect();
    assert_eq!(kinds, Event::KINDS);
}

#[test]
fn every_event_has_a_line_that_starts_with_its_kind_and_names_no_mailbox() {
    for event in one_of_each() {
        let line = line(&event);
        assert!(line.starts_with(&format!("{} ", event.kind())), "{line}");
        assert!(line.contains('='), "{line} says nothing");
        assert!(!line.contains("secret"), "{line} names a mailbox");
    }
}

#[test]
fn every_event_moves_exactly_one_counter() {
    for event in one_of_each() {
        let metrics = Metrics::new();
        let before = metrics.render();
        metrics.count(&event);
        let moved: Vec<String> =
            metrics.render().lines().filter(|line| line.ends_with(" 1")).map(str::to_owned).collect();
        assert!(!before.lines().any(|line| line.ends_with(" 1")), "{before}");
        assert_eq!(moved.len(), 1, "{}: {moved:?}", event.kind());
        assert!(moved[0].starts_with("coldrelay_"), "{moved:?}");
    }
}

#[test]
fn labels_are_bounded() {
    let metrics = Metrics::new();
    for event in one_of_each() {
        metrics.count(&event);
    }
    let text = metrics.render();
    assert!(text.contains("coldrelay_deferrals_total{entry=\"550-5-1-1\",who=\"recipient\"} 1"), "{text}");
    assert!(text.contains("entry=\"other\""), "an entry nobody knows is `other`: {text}");
    assert!(text.contains("coldrelay_inbound_refusals_total{code=\"550\"} 1"), "{text}");
    assert!(!text.contains("made-up"), "{text}");
}

/// Names of the metrics in a text of Prometheus.
fn names_in(text: &str) -> Vec<&str> {
    let series = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    series.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

#[test]
fn every_metric_that_is_told_is_in_the_table_and_the_other_way_round() {
    let metrics = Metrics::new();
    one_of_each().iter().for_each(|event| metrics.count(event));
    let reading = Reading { memory: Some(1), disk: Some(1), commit: Some(Duration::from_millis(1)) };
    metrics.set_load(&reading);
    metrics.set_shedding(Pressure::Disk, true);
    let text = metrics.render();
    let told = names_in(&text);
    for name in &told {
        assert!(METRICS.iter().any(|metric| metric.name == *name), "{name} is not in the table");
    }
    for metric in METRICS {
        assert!(told.contains(&metric.name), "{} is never told", metric.name);
        assert!(text.contains(&format!("# HELP {} ", metric.name)), "{} is not described", metric.name);
        let of_it: Vec<&str> = text.lines().filter(|line| line.starts_with(&format!("{}{{", metric.name))).collect();
        for (label, _) in metric.labels {
            assert!(of_it.iter().any(|line| line.contains(&format!("{label}=\""))), "{}: {label}", metric.name);
        }
        assert!(!of_it.iter().any(|line| line.matches("=\"").count() != metric.labels.len()), "{of_it:?}");
    }
}

#[test]
fn the_metrics_in_the_docs_are_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    if std::env::var_os("COLDRELAY_REGENERATE").is_some() {
        std::fs::write(path, document()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == document(), "docs/metrics.md is stale: run COLDRELAY_REGENERATE=1 cargo test -p coldrelay-notify");
}

#[test]
fn two_registries_do_not_mix() {
    let (one, other) = (Metrics::new(), Metrics::new());
    one.set_queue_depth(7);
    assert!(one.render().contains("coldrelay_queue_depth 7"));
    assert!(other.render().contains("coldrelay_queue_depth 0"));
}

#[derive(Debug)]
struct Still;

impl rules::Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000)
    }
}

#[tokio::test]
async fn what_happens_after_the_start_is_counted_and_what_was_before_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let store = Store::open(&url, Arc::new(Still)).await.unwrap();
    let refused = |code: u16| Event::InboundRefused { reply: format!("{code} no") };
    store.record(vec![refused(554)]).await.unwrap();
    let metrics = Metrics::new();
    let following = tokio::spawn(follow(store.clone(), metrics.clone(), Duration::from_millis(1)));
    // Where following starts cannot be seen from outside: record until one has been counted.
    let counted = async {
        while !metrics.render().contains("code=\"550\"") {
            store.record(vec![refused(550)]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.expect("the new event is counted");
    following.abort();
    assert!(!metrics.render().contains("code=\"554\""), "{}", metrics.render());
}
