//! What a check found.

use rules::Fault;

/// Good, middling, bad, or not known. Ordered: the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Could not look.
    Unknown,
    /// Works, and should be better.
    Warn,
    /// Wrong: mail is refused or lost for it, or a rule is broken.
    Bad,
}

/// Whose mail it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Mail that the domain sends: it can be the cause of a refusal.
    Outbound,
    /// Mail that the domain receives: it is never the cause of a bounce of what it sends.
    Inbound,
}

/// A kind of finding: its public id, which is never renamed, and what it rests on. Declared beside the check that finds it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `spf.too-many-lookups`. An entry of the reference names it in its `findings`.
    pub id: &'static str,
    /// The check that finds it: a key of the reference's `catalogue/checks.toml`.
    pub check: &'static str,
    /// What says so: `RFC 7208 §4.6.4`.
    pub rule: &'static str,
    /// Whose mail it concerns.
    pub side: Side,
}

impl Kind {
    /// A kind that concerns the mail that the domain sends.
    pub const fn outbound(id: &'static str, check: &'static str, rule: &'static str) -> Self {
        Self { id, check, rule, side: Side::Outbound }
    }

    /// A kind that concerns the mail that the domain receives.
    pub const fn inbound(id: &'static str, check: &'static str, rule: &'static str) -> Self {
        Self { id, check, rule, side: Side::Inbound }
    }

    /// As it should be.
    pub fn ok(&'static self, seen: impl Into<String>) -> Finding {
        self.found(State::Ok, seen)
    }

    /// Works, and should be better.
    pub fn warn(&'static self, seen: impl Into<String>) -> Finding {
        self.found(State::Warn, seen)
    }

    /// Wrong.
    pub fn bad(&'static self, seen: impl Into<String>) -> Finding {
        self.found(State::Bad, seen)
    }

    /// Could not look, and why.
    pub fn unknown(&'static self, fault: &Fault) -> Finding {
        self.found(State::Unknown, format!("could not look: {fault}"))
    }

    /// In that state.
    pub fn found(&'static self, state: State, seen: impl Into<String>) -> Finding {
        // What could not be looked at asks for another look, not for a repair.
        let entry = reference::finding(self.id).filter(|_| matches!(state, State::Warn | State::Bad));
        Finding {
            id: self.id,
            check: self.check,
            state,
            side: self.side,
            seen: seen.into(),
            evidence: Vec::new(),
            rule: self.rule,
            fix: entry.map(|entry| Fix { what: entry.first_step().to_owned(), deed: None, record: None }),
            entry: entry.map(|entry| entry.id.as_str()),
        }
    }
}

/// The answer of a check, always set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What kind of finding it is: `spf.too-many-lookups`.
    pub id: &'static str,
    /// The check's id.
    pub check: &'static str,
    /// The answer.
    pub state: State,
    /// Whose mail it concerns.
    pub side: Side,
    /// What was seen, one sentence that names what was looked at.
    pub seen: String,
    /// What it rests on, line by line: records, hosts, addresses, counts.
    pub evidence: Vec<Evidence>,
    /// The rule cited.
    pub rule: &'static str,
    /// What to do, when warn or bad.
    pub fix: Option<Fix>,
    /// The reference entry, when warn or bad.
    pub entry: Option<&'static str>,
}

/// One line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Evidence {
    /// What it is: `record`, `lookups`, `answer of mx1.example.com`.
    pub what: String,
    /// Its value, as seen.
    pub value: String,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fix {
    /// In words.
    pub what: String,
    /// The command that does it, where a domain of ours is concerned.
    pub deed: Option<String>,
    /// The record to publish, as a zone file has it.
    pub record: Option<String>,
}

impl Finding {
    /// Adds a line of evidence.
    #[must_use]
    pub fn with(mut self, what: impl Into<String>, value: impl ToString) -> Self {
        self.evidence.push(Evidence { what: what.into(), value: value.to_string() });
        self
    }

    /// Says what to do in other words than the reference's first step.
    #[must_use]
    pub fn fix(mut self, what: impl Into<String>) -> Self {
        self.fix = Some(Fix { what: what.into(), deed: None, record: None });
        self
    }

    /// The record that puts it right, as a zone file has it.
    #[must_use]
    pub fn record(mut self, record: impl Into<String>) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.record = Some(record.into());
        }
        self
    }
}

/// The worst state of all; ok for none.
pub fn worst<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> State {
    findings.into_iter().map(|finding| finding.state).max().unwrap_or(State::Ok)
}
