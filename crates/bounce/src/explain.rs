//! From a refusal to its entry.

use reference::{Action, Class, Entry, Ground, Hit, HowLong, Scope, Seen, Who};
use smtp::{Reply, Stage};

use crate::{dsn::DsnRecipient, inline};

/// What happened, as seen by whoever asks.
#[derive(Debug, Clone)]
pub struct Refusal<'a> {
    /// Where it happened.
    pub stage: Stage,
    /// What the peer said; `None` when it said nothing (lost, refused, timed out).
    pub reply: Option<&'a Reply>,
    /// The peer's MX host name, when known: tells providers apart.
    pub mx_host: Option<&'a str>,
    /// A code of ours when the refusal is not the peer's: `dns.null-mx`, `connect.refused`,
    /// `connection.lost`, `delivery.in-doubt`, `tls.required`, `queue.expired`… Matches an entry's rule.
    pub fault: Option<&'a str>,
}

/// Which entry, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// Entry id.
    pub entry: &'static str,
    /// Entry title.
    pub title: &'static str,
    /// Three axes and scope.
    #[serde(flatten)]
    pub class: Class,
    /// Whether the recipient goes onto the suppression list.
    pub suppress: bool,
    /// What in the input led there: "reply code 550", "enhanced code 5.7.26", "text `unauthenticated`".
    pub evidence: Vec<String>,
    /// 0 to 100.
    pub confidence: u8,
    /// First step of the fix.
    pub fix: &'static str,
}

/// Finds the entry. Always answers: an unknown reply gets the generic entry of its code or class.
pub fn explain(refusal: &Refusal<'_>) -> Explanation {
    let text = refusal.reply.map(Reply::text).unwrap_or_default();
    decide(&Seen {
        stage: Some(refusal.stage),
        code: refusal.reply.map(|reply| reply.code),
        enhanced: refusal.reply.and_then(|reply| reply.enhanced).or_else(|| inline::enhanced_within(&text)),
        text: &text,
        mx_host: refusal.mx_host,
        fault: refusal.fault,
        replied: refusal.reply.is_some(),
    })
}

/// Finds the entry of what a notification says about one recipient. The remote reply tells the
/// cause better than `Status`, which the notifying host may have made up.
pub fn explain_recipient(recipient: &DsnRecipient) -> Explanation {
    let text = recipient.diagnostic.as_ref().map(Reply::text).unwrap_or_default();
    let said = recipient.diagnostic.as_ref().and_then(|reply| reply.enhanced);
    decide(&Seen {
        stage: Some(Stage::Notification),
        code: recipient.diagnostic.as_ref().map(|reply| reply.code),
        enhanced: said.or(Some(recipient.status)),
        text: &text,
        mx_host: recipient.remote_mta.as_deref(),
        fault: None,
        replied: true,
    })
}

/// The best entry for what was seen.
pub(crate) fn decide(seen: &Seen<'_>) -> Explanation {
    if seen.stage == Some(Stage::Submission)
        && let Some(entry) = named_in(seen.text)
    {
        return of_entry(entry, vec![format!("our own reply names `{}`", entry.id)], 100);
    }
    let ranked = rank(seen);
    let Some((top, best)) = ranked.first() else { return unknown(seen) };
    let rival = ranked.iter().any(|(score, hit)| hit.entry.id != best.entry.id && score + RIVAL >= *top);
    let mut evidence: Vec<String> = best.grounds.iter().map(evidence).collect();
    // A message that expired has a reason behind the reason: the last refusal.
    if let (Some(code), false) = (seen.code, best.rule.fault.is_empty())
        && let Some((_, last)) = ranked.iter().find(|(_, hit)| hit.rule.fault.is_empty())
    {
        evidence.push(format!("last reply {code}, which is `{}`", last.entry.id));
    }
    of_entry(best.entry, evidence, confidence(best).saturating_sub(if rival { 10 } else { 0 }))
}

/// Every rule that matches, the weightiest first; of two that weigh the same, the one whose entry's
/// id comes first.
pub(crate) fn rank(seen: &Seen<'_>) -> Vec<(i32, Hit)> {
    let mut ranked: Vec<(i32, Hit)> = reference::hits(seen).into_iter().map(|hit| (score(&hit), hit)).collect();
    ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    ranked
}

/// The entry that a reply of ours names: `… (see from-not-owned)`.
pub(crate) fn named_in(text: &str) -> Option<&'static Entry> {
    text.split("(see ").skip(1).find_map(|rest| reference::entry(rest.split(')').next()?.trim()))
}

/// How close another entry must come to make the answer less sure.
const RIVAL: i32 = 5;

/// How much a match weighs: fault > enhanced + text + provider > enhanced + text > enhanced >
/// code + text > code > class. A rule's own weight moves it.
fn score(hit: &Hit) -> i32 {
    let enhanced = hit.grounds.iter().any(|ground| matches!(ground, Ground::Enhanced { exact: true, .. }));
    let text = hit.grounds.iter().any(|ground| matches!(ground, Ground::Text(_)));
    let mut texts = 0;
    let sum: i32 = hit
        .grounds
        .iter()
        .map(|ground| match ground {
            Ground::Fault(_) => 1000,
            Ground::Enhanced { exact: true, .. } => 100,
            Ground::Enhanced { exact: false, .. } => 60,
            Ground::Text(fragment) => {
                texts += 1;
                // A longer fragment says more; the length only decides among rules of one kind.
                let length = i32::try_from(fragment.len() / 8).unwrap_or(0).min(5);
                if texts == 1 { 48 + length } else { 3 }
            }
            Ground::Provider(_) => 20,
            Ground::Code(_) if enhanced => 6,
            Ground::Code(_) if text => 15,
            Ground::Code(_) => 40,
            Ground::Class(_) if enhanced => 1,
            Ground::Class(_) => 10,
            Ground::Stage(_) => 5,
        })
        .sum();
    sum + hit.rule.weight
}

fn confidence(hit: &Hit) -> u8 {
    let has = |wanted: fn(&Ground) -> bool| hit.grounds.iter().any(wanted);
    // A rule that takes weight away stands for a code that means many things, such as X.7.1.
    let enhanced = hit.rule.weight >= 0 && has(|ground| matches!(ground, Ground::Enhanced { exact: true, .. }));
    let text = has(|ground| matches!(ground, Ground::Text(_)));
    let provider = has(|ground| matches!(ground, Ground::Provider(_)));
    let code = has(|ground| matches!(ground, Ground::Code(_) | Ground::Enhanced { .. }));
    match (enhanced, text, provider) {
        _ if has(|ground| matches!(ground, Ground::Fault(_))) => 98,
        (true, true, true) => 95,
        (true, true, false) => 90,
        (false, true, true) => 85,
        (true, false, true) => 82,
        (false, true, false) => 80,
        (true, false, false) => 70,
        (false, false, _) if code => 45,
        _ => 25,
    }
}

fn evidence(ground: &Ground) -> String {
    match ground {
        Ground::Fault(code) => format!("fault {code}"),
        Ground::Enhanced { code, .. } => format!("enhanced code {code}"),
        Ground::Text(fragment) => format!("text `{fragment}`"),
        Ground::Provider(name) => format!("said by {name}"),
        Ground::Code(code) => format!("reply code {code}"),
        Ground::Class(4) => "a temporary refusal (4yz)".to_owned(),
        Ground::Class(_) => "a permanent refusal (5yz)".to_owned(),
        Ground::Stage(stage) => format!("stage {}", stage.as_str()),
    }
}

fn of_entry(entry: &'static Entry, evidence: Vec<String>, confidence: u8) -> Explanation {
    Explanation {
        entry: &entry.id,
        title: &entry.title,
        class: entry.class,
        suppress: entry.suppress,
        evidence,
        confidence,
        fix: entry.fix.first().map_or("", String::as_str),
    }
}

/// No rule matched: neither a 4yz nor a 5yz reply, nor a fault that the reference knows.
fn unknown(seen: &Seen<'_>) -> Explanation {
    let said = seen.code.map(|code| format!("reply code {code}, which is no refusal"));
    let fault = seen.fault.map(|fault| format!("fault {fault}, which has no entry"));
    let evidence = vec![said.or(fault).unwrap_or_else(|| "nothing was said".to_owned())];
    if let Some(entry) = reference::entry("4xx") {
        return of_entry(entry, evidence, 5);
    }
    Explanation {
        entry: "4xx",
        title: "Not delivered, for a reason that is not known",
        class: Class { who: Who::Network, how_long: HowLong::Now, action: Action::Retry, scope: Scope::Message },
        suppress: false,
        evidence,
        confidence: 5,
        fix: "Try again later.",
    }
}

#[cfg(test)]
mod tests {
    use smtp::Enhanced;

    use super::*;

    fn refusal<'a>(stage: Stage, reply: Option<&'a Reply>, fault: Option<&'a str>) -> Refusal<'a> {
        Refusal { stage, reply, mx_host: None, fault }
    }

    #[test]
    fn a_fault_of_ours_outweighs_any_reply_and_tells_the_last_one() {
        let full = Reply::new(452, Enhanced::new(4, 2, 2), "Mailbox full");
        let found = explain(&refusal(Stage::Rcpt, Some(&full), Some("queue.expired")));
        assert_eq!(found.entry, "queue-expired");
        assert_eq!(found.evidence, ["fault queue.expired", "last reply 452, which is `452-4-2-2-mailbox-full`"]);
    }

    #[test]
    fn an_entry_named_by_a_reply_counts_only_when_it_is_our_own() {
        let named = Reply::new(550, Enhanced::new(5, 7, 1), "No (see daily-cap)");
        assert_eq!(explain(&refusal(Stage::Submission, Some(&named), None)).entry, "daily-cap");
        assert_eq!(explain(&refusal(Stage::Rcpt, Some(&named), None)).entry, "550-5-7-1");
    }

    #[test]
    fn silence_is_explained_by_its_stage() {
        let expect = [
            (Stage::Resolve, "dns-failure"),
            (Stage::Connect, "connection-timeout"),
            (Stage::StartTls, "tls-handshake-failed"),
            (Stage::Rcpt, "connection-lost"),
            (Stage::Message, "in-doubt"),
            (Stage::Submission, "local-error"),
        ];
        for (stage, entry) in expect {
            assert_eq!(explain(&refusal(stage, None, Some("never.heard-of"))).entry, entry, "{stage:?}");
        }
    }

    #[test]
    fn what_is_no_refusal_still_gets_an_answer() {
        let fine = Reply::new(250, Enhanced::new(2, 0, 0), "OK");
        let found = explain(&refusal(Stage::Message, Some(&fine), None));
        assert_eq!((found.entry, found.suppress, found.confidence), ("4xx", false, 5));
        assert!(!found.evidence.is_empty());
    }

    #[test]
    fn a_surer_match_is_told_with_more_confidence() {
        let bare = explain(&refusal(Stage::Rcpt, Some(&Reply::bare(550, "No")), None));
        let words = explain(&refusal(Stage::Rcpt, Some(&Reply::bare(550, "User unknown")), None));
        let gone = Reply::new(550, Enhanced::new(5, 1, 1), "User unknown");
        let both = explain(&refusal(Stage::Rcpt, Some(&gone), None));
        assert!(bare.confidence < words.confidence && words.confidence < both.confidence);
        assert!(!bare.suppress && both.suppress);
    }
}
