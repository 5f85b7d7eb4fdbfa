//! From a refusal to its entry.

use reference::Class;
use smtp::{Reply, Stage};

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
#[derive(Debug, Clone, serde::Serialize)]
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
pub fn explain(_refusal: &Refusal<'_>) -> Explanation {
    todo!()
}
