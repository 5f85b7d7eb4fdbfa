//! What a check found.

/// Good, bad, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Works, and should be better.
    Warn,
    /// The cause is confirmed.
    Bad,
    /// Could not look.
    Unknown,
}

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The check's id.
    pub check: &'static str,
    /// The answer.
    pub state: State,
    /// What was seen.
    pub evidence: String,
}

impl Finding {
    pub(crate) fn new(check: &'static str, state: State, evidence: impl Into<String>) -> Self {
        Self { check, state, evidence: evidence.into() }
    }
    pub(crate) fn unknown(check: &'static str, fault: &rules::Fault) -> Self {
        Self::new(check, State::Unknown, format!("could not look: {fault}"))
    }
}
