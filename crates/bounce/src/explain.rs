//! From a refusal to its entry, its causes and what to do.

use reference::{Action, Category, Class, Entry, Hit, HowLong, Identity, Provider, Retry, Scope, Seen, Who, plain};
use smtp::{Reply, Stage};

use crate::{
    codes,
    correct::corrected,
    dsn::DsnRecipient,
    verdicts::{Verdict, Verdicts},
};

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
    /// The coarse category.
    pub category: Category,
    /// Three axes and scope.
    #[serde(flatten)]
    pub class: Class,
    /// The provider, when it is known.
    pub provider: Option<&'static str>,
    /// The identity at fault.
    pub identity: Identity,
    /// When to try again.
    pub retry: Retry,
    /// Whether the recipient goes onto the suppression list.
    pub suppress: bool,
    /// What in the input led there: "reply code 550", "enhanced code 5.7.26", "text `unauthenticated`".
    pub evidence: Vec<String>,
    /// 0 to 100.
    pub confidence: u8,
    /// The causes, the likeliest first.
    pub causes: Vec<RankedCause>,
    /// First step of the fix.
    pub fix: &'static str,
}

/// A cause as likely as the evidence makes it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RankedCause {
    /// Its id within the entry.
    pub id: &'static str,
    /// One sentence.
    pub why: &'static str,
    /// The check that confirms it or rules it out.
    pub check: &'static str,
    /// What in the reply speaks for or against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl Explanation {
    /// The explanation that was written down earlier: the entry and the class of that day.
    pub fn written(entry: &'static Entry, class: Class, evidence: String) -> Self {
        let mut found = of_entry(entry, &Seen::default(), vec![evidence], 100);
        found.class = class;
        found
    }
}

/// Finds the entry. Always answers: an unknown reply gets the generic entry of its code or class.
pub fn explain(refusal: &Refusal<'_>) -> Explanation {
    let text = refusal.reply.map(Reply::text).unwrap_or_default();
    decide(&Seen {
        stage: Some(refusal.stage),
        code: refusal.reply.map(|reply| reply.code),
        enhanced: refusal.reply.and_then(|reply| reply.enhanced).or_else(|| codes::find(&text).enhanced),
        text: &text,
        host: refusal.mx_host,
        recipient_domain: None,
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
        host: recipient.remote_mta.as_deref(),
        recipient_domain: Some(recipient.address.domain().as_str()),
        fault: None,
        replied: true,
    })
}

/// The best entry for what was seen.
pub(crate) fn decide(seen: &Seen<'_>) -> Explanation {
    if seen.stage == Some(Stage::Submission)
        && let Some(entry) = named_in(seen.text)
    {
        return of_entry(entry, seen, vec![format!("our own reply names `{}`", entry.id)], 100);
    }
    let seen = &Seen { enhanced: corrected(seen.code, seen.enhanced), ..*seen };
    let ranking = rank(seen);
    let Some((top, best)) = ranking.best else { return unknown(seen) };
    let mut evidence = evidence(&best, seen);
    // A message that expired has a reason behind the reason: the last refusal.
    if let (Some(code), false, Some((_, last))) = (seen.code, best.rule.fault.is_empty(), ranking.said) {
        evidence.push(format!("last reply {code}, which is `{}`", last.entry.id));
    }
    let rival = ranking.second.is_some_and(|score| score + RIVAL >= top);
    let confidence = confidence(&best).saturating_sub(if rival { 10 } else { 0 });
    let mut found = of_entry(best.entry, seen, evidence, confidence);
    if let Some(identity) = best.rule.identity {
        found.identity = identity;
    }
    found
}

/// The entry that matches best, without what explains it: for counting many lines.
pub(crate) fn classify(seen: &Seen<'_>) -> Option<&'static Entry> {
    let seen = &Seen { enhanced: corrected(seen.code, seen.enhanced), ..*seen };
    rank(seen).best.map(|(_, hit)| hit.entry)
}

/// The best rules of all that match.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ranking {
    /// The weightiest, and its score; of two that weigh the same, the one whose entry's id comes first.
    pub best: Option<(i32, Hit<'static>)>,
    /// The weightiest that is no fault of ours.
    said: Option<(i32, Hit<'static>)>,
    /// The score of the best other entry.
    second: Option<i32>,
}

pub(crate) fn rank(seen: &Seen<'_>) -> Ranking {
    let mut ranking = Ranking::default();
    reference::index().hits(seen, |hit| ranking.add(score(&hit), hit));
    ranking
}

impl Ranking {
    fn add(&mut self, score: i32, hit: Hit<'static>) {
        let better = |than: &Option<(i32, Hit<'static>)>| {
            than.as_ref().is_none_or(|(best, one)| score > *best || (score == *best && hit.entry.id < one.entry.id))
        };
        if hit.rule.fault.is_empty() && better(&self.said) {
            self.said = Some((score, hit));
        }
        if better(&self.best) {
            let loser = self.best.replace((score, hit));
            let other = loser.filter(|(_, one)| one.entry.id != hit.entry.id).map(|(score, _)| score);
            self.second = self.second.max(other);
        } else if self.best.is_some_and(|(_, one)| one.entry.id != hit.entry.id) {
            self.second = self.second.max(Some(score));
        }
    }
}

/// The entry that a reply of ours names: `… (see from-not-owned)`.
pub(crate) fn named_in(text: &str) -> Option<&'static Entry> {
    text.split("(see ").skip(1).find_map(|rest| reference::entry(rest.split(')').next()?.trim()))
}

/// How close another entry must come to make the answer less sure.
const RIVAL: i32 = 5;

/// How much a match weighs: fault > text > enhanced > code > class; within each the more conditions
/// the better. A rule's own weight moves it. Words say more than a code that each server gives as it
/// likes, and longer ones say more than shorter ones.
fn score(hit: &Hit<'_>) -> i32 {
    let grounds = &hit.grounds;
    let text = grounds.text.map(|fragment| {
        let length = i32::try_from(fragment.len() / 3).unwrap_or(0).min(16);
        104 + length + 3 * i32::from(grounds.more.saturating_sub(u8::from(hit.rule.text.is_empty())))
    });
    let enhanced = match (grounds.enhanced, text.is_some()) {
        (Some(true), false) => 100,
        (Some(false), false) => 60,
        (Some(true), true) => 12,
        (Some(false), true) => 6,
        (None, _) => 0,
    };
    let code = match (grounds.code, text.is_some() || grounds.enhanced.is_some()) {
        (true, true) => 6,
        (true, false) => 40,
        (false, _) => 0,
    };
    let class = match (grounds.class, text.is_some() || grounds.enhanced.is_some()) {
        (true, true) => 1,
        (true, false) => 10,
        (false, _) => 0,
    };
    let fault = if grounds.fault { 1000 } else { 0 };
    let provider = if grounds.provider.is_some() { 14 } else { 0 };
    let stage = if grounds.stage { 5 } else { 0 };
    fault + text.unwrap_or(0) + enhanced + code + class + provider + stage + hit.rule.weight
}

fn confidence(hit: &Hit<'_>) -> u8 {
    let grounds = &hit.grounds;
    // A rule that takes weight away stands for a code that means many things, such as X.7.1.
    let enhanced = hit.rule.weight >= 0 && grounds.enhanced == Some(true);
    let code = grounds.code || grounds.enhanced.is_some();
    match (enhanced, grounds.text.is_some(), grounds.provider.is_some()) {
        _ if grounds.fault => 98,
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

fn evidence(hit: &Hit<'_>, seen: &Seen<'_>) -> Vec<String> {
    let grounds = &hit.grounds;
    let mut evidence = Vec::new();
    if let (true, Some(fault)) = (grounds.fault, seen.fault) {
        evidence.push(format!("fault {fault}"));
    }
    if let (Some(_), Some(code)) = (grounds.enhanced, seen.enhanced) {
        evidence.push(format!("enhanced code {code}"));
    }
    evidence.extend(grounds.text.map(|text| format!("text `{text}`")));
    evidence.extend(grounds.provider.map(|provider| format!("said by {}", provider.name)));
    if let (true, Some(code)) = (grounds.code, seen.code) {
        evidence.push(format!("reply code {code}"));
    }
    if grounds.class {
        let temporary = seen.code.map_or(seen.enhanced.is_some_and(|code| code.class == 4), |code| code < 500);
        evidence.push(if temporary { "a temporary refusal (4yz)" } else { "a permanent refusal (5yz)" }.to_owned());
    }
    if let (true, Some(stage)) = (grounds.stage, seen.stage) {
        evidence.push(format!("stage {}", stage.as_str()));
    }
    if evidence.is_empty() {
        evidence.push("nothing was said".to_owned());
    }
    evidence
}

fn of_entry(entry: &'static Entry, seen: &Seen<'_>, evidence: Vec<String>, confidence: u8) -> Explanation {
    let (class, suppress, retry) = as_said(entry, seen);
    let provider = reference::index().provider_of(seen).map(|provider: &Provider| provider.id.as_str());
    Explanation {
        entry: &entry.id,
        title: &entry.title,
        category: entry.category,
        class,
        provider,
        identity: entry.identity,
        retry,
        suppress,
        evidence,
        confidence,
        causes: causes(entry, seen),
        fix: entry.first_step(),
    }
}

/// The class with the permanence that the reply states: a 4yz is never for good and never suppresses,
/// whatever its words (`450 User unknown`). The other way round the entry knows better: a full mailbox
/// stays a matter of days even when the reply is 552.
fn as_said(entry: &Entry, seen: &Seen<'_>) -> (Class, bool, Retry) {
    let temporary = match (seen.code, seen.enhanced) {
        (Some(code), _) => code < 500,
        (None, Some(code)) => code.class == 4,
        (None, None) => false,
    };
    let class = entry.class;
    if !temporary || class.how_long != HowLong::ForGood || seen.fault.is_some() {
        return (class, entry.suppress, entry.retry);
    }
    let action = match class.action {
        Action::Suppress => Action::Retry,
        Action::Stop => Action::SlowDown,
        action => action,
    };
    let retry = if entry.retry == Retry::Never { Retry::Hours } else { entry.retry };
    (Class { how_long: HowLong::Later, action, ..class }, false, retry)
}

/// The causes of the entry: those that the reply speaks for first, those that it rules out last.
fn causes(entry: &'static Entry, seen: &Seen<'_>) -> Vec<RankedCause> {
    let text = plain(seen.text);
    let verdicts = Verdicts::read(&text);
    let mut ranked: Vec<(u8, RankedCause)> = entry
        .causes
        .iter()
        .map(|cause| {
            let word = cause.when.iter().find(|fragment| text.contains(fragment.as_str()));
            let (place, evidence) = match (word, verdicts.of(&cause.check)) {
                (Some(word), _) => (0, Some(format!("the reply says `{word}`"))),
                (None, Some(Verdict::Fail)) => {
                    (0, Some(format!("the reply says that {} failed", cause.check.to_uppercase())))
                }
                (None, Some(Verdict::Pass)) => {
                    (2, Some(format!("the reply says that {} passed", cause.check.to_uppercase())))
                }
                (None, None) => (1, None),
            };
            (place, RankedCause { id: &cause.id, why: &cause.why, check: &cause.check, evidence })
        })
        .collect();
    ranked.sort_by_key(|(place, _)| *place);
    ranked.into_iter().map(|(_, cause)| cause).collect()
}

/// No rule matched: neither a 4yz nor a 5yz reply, nor a fault or words that the reference knows.
fn unknown(seen: &Seen<'_>) -> Explanation {
    let said = seen.code.map(|code| format!("reply code {code}, which is no refusal"));
    let fault = seen.fault.map(|fault| format!("fault {fault}, which has no entry"));
    let evidence = vec![said.or(fault).unwrap_or_else(|| "no code and no words that are known".to_owned())];
    if let Some(entry) = reference::entry("unknown") {
        return of_entry(entry, seen, evidence, 0);
    }
    Explanation {
        entry: "unknown",
        title: "Not delivered, for a reason that is not known",
        category: Category::Unknown,
        class: Class { who: Who::Network, how_long: HowLong::Later, action: Action::Retry, scope: Scope::Message },
        provider: None,
        identity: Identity::Receiver,
        retry: Retry::Hours,
        suppress: false,
        evidence,
        confidence: 0,
        causes: Vec::new(),
        fix: "",
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
        assert_eq!((found.entry, found.suppress, found.confidence), ("unknown", false, 0));
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

    #[test]
    fn a_temporary_reply_never_suppresses() {
        let gone = Reply::new(450, Enhanced::new(4, 1, 1), "User unknown in virtual mailbox table");
        let found = explain(&refusal(Stage::Rcpt, Some(&gone), None));
        assert!(!found.suppress);
        assert_eq!((found.class.who, found.class.action), (Who::Recipient, Action::Retry));
        assert_ne!(found.class.how_long, HowLong::ForGood);
    }
}
