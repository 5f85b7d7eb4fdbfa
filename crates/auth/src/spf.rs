//! SPF evaluated by ourselves, with a trace of every step: the product lives on the why. RFC 7208.
//!
//! `record` and `macros` are pure; `evaluate` asks the DNS. What mail-auth says is held against it in the tests.

mod evaluate;
mod macros;
mod record;
mod survey;

use std::net::IpAddr;

use crate::Verdict;

pub use evaluate::evaluate_spf;
pub use record::{BadTerm, Directive, Lengths, Mechanism, Qualifier, Record as SpfRecord, is_spf, parse as parse_spf};
pub use survey::{SpfSurvey, survey_spf};

/// Terms that may cause look-ups. RFC 7208 §4.6.4
pub const MAX_LOOKUPS: u32 = 10;
/// Look-ups that may find nothing. RFC 7208 §4.6.4
pub const MAX_VOIDS: u32 = 2;

/// Who asks to send as whom.
#[derive(Debug, Clone)]
pub struct SpfQuery {
    /// The client.
    pub ip: IpAddr,
    /// Its HELO or EHLO argument, as it came.
    pub helo: String,
    /// The reverse-path, as it came; `None` or empty for the null reverse-path.
    pub mail_from: Option<String>,
    /// Our own name, for `%{r}`.
    pub receiver: String,
    /// Seconds since 1970, for `%{t}`.
    pub at: u64,
}

/// The result with its reasons.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SpfReport {
    /// The result.
    pub result: Verdict,
    /// The domain that was asked about.
    pub domain: String,
    /// What the domain says about a failure (`exp=`).
    pub explanation: Option<String>,
    /// Terms that caused look-ups; ten are allowed.
    pub lookups: u32,
    /// Look-ups that found nothing; two are allowed.
    pub voids: u32,
    /// The term that decided, as written; below an include, the outermost one.
    pub matched: Option<String>,
    /// Why there is no result: an error's id and words.
    pub problem: Option<SpfProblem>,
    /// Every step, in order.
    pub trace: Vec<SpfStep>,
}

/// Why SPF ended in an error.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SpfProblem {
    /// `spf.too-many-lookups`, `spf.syntax`…
    pub id: &'static str,
    /// In words.
    pub message: String,
}

/// One step: a record that was read, or a term that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SpfStep {
    /// How deep: 0 for the domain itself, 1 within its includes…
    pub depth: u32,
    /// Whose record.
    pub domain: String,
    /// The term, or the whole record at the first step of a domain.
    pub term: String,
    /// What was asked: `TXT example.com`.
    pub asked: Vec<String>,
    /// What was answered.
    pub answers: Vec<String>,
    /// What came of it: `record`, `match`, `no match`, `none`, an error.
    pub outcome: String,
    /// Look-up terms so far.
    pub lookups: u32,
    /// Void look-ups so far.
    pub voids: u32,
}
