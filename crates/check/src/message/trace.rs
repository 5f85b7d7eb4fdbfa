//! The way of a message, and what the hosts on it wrote down. RFC 5321 §4.4, RFC 8601.

use std::time::Duration;

use super::Letter;
use crate::{Finding, Kind};

const DELAY: Kind = Kind::outbound("trace.delay", "trace", "RFC 5321 §4.4");
const HOPS: Kind = Kind::outbound("trace.hops", "trace", "RFC 5321 §6.3; Gmail, 2026-02: 50 hops");
const RESULTS: Kind = Kind::outbound("trace.results", "trace", "RFC 8601 §2.2");

pub(crate) const KINDS: &[&Kind] = &[&DELAY, &HOPS, &RESULTS];

/// A stay at one host that is worth a word.
const LONG: Duration = Duration::from_secs(30 * 60);
/// Hops at which a loop is near.
const MANY: usize = 30;

pub(crate) fn findings(letter: &Letter<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if letter.path.is_empty() {
        return findings;
    }
    findings.push(delay(letter));
    findings.push(match letter.path.len() {
        hops if hops > MANY => HOPS.warn(format!("the message went over {hops} hosts: 50 is the end at Gmail")),
        hops => HOPS.ok(format!("the message went over {hops} hosts")),
    });
    findings.extend(results(letter));
    findings
}

fn delay(letter: &Letter<'_>) -> Finding {
    let mut stays = Vec::new();
    for pair in letter.path.windows(2) {
        if let [before, after] = pair
            && let (Some(from), Some(to)) = (before.at, after.at)
        {
            stays.push((before.by.clone().unwrap_or_default(), to.since(from), from.since(to)));
        }
    }
    let total: Duration = stays.iter().map(|(_, stay, _)| *stay).sum();
    let longest = stays.iter().max_by_key(|(_, stay, _)| *stay);
    let finding = match longest {
        Some((host, stay, _)) if *stay > LONG => DELAY.warn(format!("the message stayed {} at {host}", shown(*stay))),
        _ => DELAY.ok(format!("the message was on its way for {}", shown(total))),
    };
    let finding = stays.iter().fold(finding, |finding, (host, stay, _)| finding.with(host.clone(), shown(*stay)));
    match stays.iter().find(|(_, _, back)| *back > Duration::from_secs(60)) {
        Some((host, _, back)) => finding.with("clock", format!("the host after {host} is {} behind", shown(*back))),
        None => finding,
    }
}

fn shown(stay: Duration) -> String {
    match stay.as_secs() {
        seconds if seconds >= 3600 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        seconds if seconds >= 60 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{seconds} s"),
    }
}

/// Each receiver's words. They are a stranger's claims unless the receiver is one's own, so they grade nothing.
fn results(letter: &Letter<'_>) -> Vec<Finding> {
    let told = |results: &syntax::AuthResults| {
        let lines: Vec<String> = results.results.iter().map(|one| format!("{}={}", one.method, one.result)).collect();
        let fails = results.results.iter().any(|one| {
            ["spf", "dkim", "dmarc"].contains(&one.method.as_str())
                && ["fail", "permerror", "hardfail"].contains(&one.result.as_str())
        });
        let who = if results.authserv_id.is_empty() { "a receiver without a name" } else { &results.authserv_id };
        let text =
            format!("{who} wrote: {}", if lines.is_empty() { String::from("no result") } else { lines.join(", ") });
        if fails { RESULTS.warn(text) } else { RESULTS.ok(text) }
    };
    letter.results.iter().map(told).collect()
}
