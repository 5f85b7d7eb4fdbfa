//! Faults as they are gathered.

use std::{collections::BTreeMap, ops::Range};

use super::table::{FaultKind, Verdict};

/// Faults of one kind that are kept: a text full of control characters is told about once or twice, not a thousand times.
const MOST_OF_A_KIND: usize = 8;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Legal, and refused or misread in practice.
    Warning,
    /// Against the standard: it is not to be sent.
    Error,
}

impl Severity {
    /// `error`, `warning`, `note`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A fault in a text that was given: which, how bad, where, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TextFault {
    /// Stable public id: `from.unquoted-comma`.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// First octet of the fault in the input as given.
    pub start: usize,
    /// Octet behind the fault; equal to `start` where something is missing.
    pub end: usize,
    /// What is wrong here.
    pub message: String,
    /// Why it matters, and what receivers make of it.
    pub explanation: &'static str,
    /// The rule: `RFC 5322 §3.4`.
    pub rule: &'static str,
    /// What providers are known to answer.
    #[serde(skip_serializing_if = "<[Verdict]>::is_empty")]
    pub verdicts: &'static [Verdict],
}

/// The faults of one input.
#[derive(Debug)]
pub(super) struct Faults {
    list: Vec<TextFault>,
    counts: BTreeMap<&'static str, usize>,
    is_field: bool,
}

impl Faults {
    /// For a header field, which may hold what a bare address may not, or for a bare address.
    pub(super) fn new(is_field: bool) -> Self {
        Self { list: Vec::new(), counts: BTreeMap::new(), is_field }
    }

    /// Whether a header field is looked at.
    pub(super) fn is_field(&self) -> bool {
        self.is_field
    }

    /// Notes a fault.
    pub(super) fn add(&mut self, kind: &'static FaultKind, span: Range<usize>, message: impl Into<String>) {
        let count = self.counts.entry(kind.id).or_default();
        *count += 1;
        if *count > MOST_OF_A_KIND {
            return;
        }
        self.list.push(TextFault {
            id: kind.id,
            severity: if self.is_field { kind.in_field } else { kind.severity },
            start: span.start,
            end: span.end.max(span.start),
            message: message.into(),
            explanation: kind.explanation,
            rule: kind.rule,
            verdicts: kind.verdicts,
        });
    }

    /// Notes a fault in the words of its kind.
    pub(super) fn note(&mut self, kind: &'static FaultKind, span: Range<usize>) {
        self.add(kind, span, kind.title);
    }

    /// Whether a fault of that kind was noted.
    pub(super) fn has(&self, kind: &FaultKind) -> bool {
        self.counts.contains_key(kind.id)
    }

    /// No error among them.
    pub(super) fn valid(&self) -> bool {
        self.list.iter().all(|fault| fault.severity != Severity::Error)
    }

    /// Whether anything is wrong at all; notes do not count.
    pub(super) fn any(&self) -> bool {
        self.list.iter().any(|fault| fault.severity != Severity::Note)
    }

    /// In the order of the text, the worst first where two start together.
    pub(super) fn into_list(mut self) -> Vec<TextFault> {
        self.list
            .sort_by(|one, other| (one.start, other.severity, one.end).cmp(&(other.start, one.severity, other.end)));
        self.list
    }
}
