//! The pairing proof of a mailbox: a message goes out through the public paths, arrives where it should, and its answer comes
//! back. What its steps come to, when the next is due, and whether a proof keeps a mailbox from sending.
//!
//! Reading order: [`Step`], [`Seen`], [`outcome`], [`Standing`], then `headers`.

mod headers;

use std::time::Duration;

use syntax::Timestamp;

pub use headers::{Arrived, Claim, headers};

/// What the local part of a proof's correspondent begins with.
pub const CORRESPONDENT: &str = "proof-";

/// One step of the round trip. Its finding has an entry in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The message is taken at our submission listener.
    Submission,
    /// The MX of the mailbox's domain leads to a host.
    Mx,
    /// Our relay delivers the message to a correspondent, by the correspondent's MX.
    Delivery,
    /// From names the mailbox.
    From,
    /// A DKIM signature of the From domain passes.
    Dkim,
    /// SPF passes for the return path.
    Spf,
    /// The return path is one that ties a bounce to its message.
    ReturnPath,
    /// An answer, sent by the MX, arrives in the mailbox.
    Reply,
    /// A message to a random local part arrives in the catch-all.
    CatchAll,
    /// A random local part is refused, for a domain without a catch-all.
    Stray,
    /// postmaster@ and abuse@ take mail. RFC 5321 §4.5.1, RFC 2142 §4 and §5.
    Roles,
}

impl Step {
    /// Every step, in the order of the round trip.
    pub const ALL: [Self; 11] = [
        Self::Submission,
        Self::Mx,
        Self::Delivery,
        Self::From,
        Self::Dkim,
        Self::Spf,
        Self::ReturnPath,
        Self::Reply,
        Self::CatchAll,
        Self::Stray,
        Self::Roles,
    ];

    /// The id of its finding, never renamed.
    pub const fn finding(self) -> &'static str {
        match self {
            Self::Submission => "proof.submission",
            Self::Mx => "proof.mx",
            Self::Delivery => "proof.delivery",
            Self::From => "proof.from",
            Self::Dkim => "proof.dkim",
            Self::Spf => "proof.spf",
            Self::ReturnPath => "proof.return-path",
            Self::Reply => "proof.reply",
            Self::CatchAll => "proof.catch-all",
            Self::Stray => "proof.stray",
            Self::Roles => "proof.roles",
        }
    }

    /// Reads what [`Step::finding`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.finding() == text)
    }

    /// The entry of the reference that says what to do when it is bad.
    pub fn entry(self) -> &'static str {
        reference::finding(self.finding()).map_or("pairing-proof-failed", |entry| entry.id.as_str())
    }
}

impl serde::Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.finding())
    }
}

impl<'de> serde::Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("no step {text}")))
    }
}

/// The answer of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Wrong.
    Bad,
    /// Could not look.
    Unknown,
}

/// A step that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    /// Which.
    pub step: Step,
    /// Its answer.
    pub state: State,
    /// What was seen: the reply, the record, the header field.
    pub evidence: String,
    /// When.
    pub at: Timestamp,
    /// The entry of the reference, when it is bad.
    pub entry: Option<String>,
    /// What to do first, when it is bad.
    pub fix: Option<String>,
}

impl Seen {
    /// A step with its answer.
    pub fn new(step: Step, state: State, evidence: impl Into<String>, at: Timestamp) -> Self {
        let entry = reference::finding(step.finding()).filter(|_| state == State::Bad);
        Self {
            step,
            state,
            evidence: evidence.into(),
            at,
            entry: entry.map(|entry| entry.id.clone()),
            fix: entry.map(|entry| entry.first_step().to_owned()),
        }
    }
}

/// What a proof comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step is as it should be.
    Passed,
    /// A step is wrong.
    Failed,
    /// No step is wrong, and one could not be looked at.
    Unknown,
}

impl Outcome {
    /// As it is stored and written: `passed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads what [`Outcome::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Unknown].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// What these steps come to. Without any, nothing is known.
pub fn outcome(steps: &[Seen]) -> Outcome {
    match (steps.is_empty(), culprit(steps)) {
        (_, Some(_)) => Outcome::Failed,
        (false, None) if steps.iter().all(|seen| seen.state == State::Ok) => Outcome::Passed,
        _ => Outcome::Unknown,
    }
}

/// The step that it fails for: the first that is wrong.
pub fn culprit(steps: &[Seen]) -> Option<&Seen> {
    steps.iter().find(|seen| seen.state == State::Bad)
}

/// Which proofs a mailbox must have to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Required {
    /// One that failed keeps it from sending; one that was never proved sends.
    #[default]
    Failed,
    /// It sends once it has passed.
    Always,
    /// It sends in any case.
    Never,
}

impl Required {
    /// Reads `failed`, `always` or `never`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "failed" => Some(Self::Failed),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// Where a mailbox stands: by its last proof that was decided, one way or the other. A proof that could not be made changes
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether it passed; `None` when none was ever decided.
    pub passed: Option<bool>,
    /// What it failed for.
    pub finding: Option<Step>,
    /// An operator lets it send until the next proof that passes.
    pub overridden: bool,
}

/// Why a mailbox may not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// Its proof failed for that step.
    Failed(Step),
    /// It was never proved.
    NeverProved,
}

impl Standing {
    /// Whether it may send.
    ///
    /// # Errors
    /// What keeps it from sending.
    pub fn may_send(&self, required: Required) -> Result<(), Hindrance> {
        match (required, self.passed) {
            (Required::Never, _) | (_, Some(true)) | (Required::Failed, None) => Ok(()),
            _ if self.overridden => Ok(()),
            (_, Some(false)) => Err(Hindrance::Failed(self.finding.unwrap_or(Step::Submission))),
            (Required::Always, None) => Err(Hindrance::NeverProved),
        }
    }
}

/// A proof that did not pass is repeated after this part of the interval, so that a repair is seen soon.
const AFTER_TROUBLE: u32 = 96;

/// When the next proof is due. Passed ones come once an interval, each mailbox at a time of its own (`phase`, from 0.0 to 1.0),
/// so that thousands are spread over it.
pub fn next_due(outcome: Outcome, now: Timestamp, interval: Duration, phase: f64) -> Timestamp {
    match outcome {
        Outcome::Passed => slot(now, interval, phase),
        Outcome::Failed | Outcome::Unknown => now + interval / AFTER_TROUBLE,
    }
}

/// The next moment that is a whole number of intervals and the phase; at least half an interval away.
fn slot(now: Timestamp, interval: Duration, phase: f64) -> Timestamp {
    let every = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
    let offset = i64::try_from(interval.mul_f64(phase.clamp(0.0, 1.0)).as_micros()).unwrap_or(0);
    let earliest = now.micros().saturating_add(every / 2);
    let past = earliest.saturating_sub(offset).rem_euclid(every);
    Timestamp::from_micros(earliest.saturating_add((every - past) % every))
}

/// A number from 0.0 to 1.0 that is always the same for the same id.
pub fn phase(id: &str) -> f64 {
    let sum = id.bytes().fold(2_166_136_261_u32, |sum, octet| (sum ^ u32::from(octet)).wrapping_mul(16_777_619));
    f64::from(mixed(sum)) / f64::from(u32::MAX)
}

/// Carries every bit to every place: ids that were made one after the other differ in their last letters alone, which FNV
/// leaves in the low bits. The finish of MurmurHash3, Appleby 2011.
fn mixed(mut sum: u32) -> u32 {
    sum = (sum ^ (sum >> 16)).wrapping_mul(0x85eb_ca6b);
    sum = (sum ^ (sum >> 13)).wrapping_mul(0xc2b2_ae35);
    sum ^ (sum >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn seen(state: State) -> Seen {
        Seen::new(Step::Reply, state, "", NOON)
    }

    #[test]
    fn every_step_has_an_entry_and_reads_its_own_id() {
        for step in Step::ALL {
            assert!(reference::finding(step.finding()).is_some(), "no entry names the finding {}", step.finding());
            assert_eq!(Step::parse(step.finding()), Some(step));
        }
        assert_eq!(Step::parse("proof.nothing"), None);
    }

    #[test]
    fn what_could_not_be_looked_at_is_never_passed() {
        assert_eq!(outcome(&[]), Outcome::Unknown);
        assert_eq!(outcome(&[seen(State::Ok), seen(State::Ok)]), Outcome::Passed);
        assert_eq!(outcome(&[seen(State::Ok), seen(State::Unknown)]), Outcome::Unknown);
        assert_eq!(outcome(&[seen(State::Unknown), seen(State::Bad), seen(State::Ok)]), Outcome::Failed);
    }

    #[test]
    fn a_bad_step_carries_its_entry_and_its_fix() {
        let bad = seen(State::Bad);
        assert_eq!(bad.entry.as_deref(), Some(Step::Reply.entry()));
        assert!(bad.fix.is_some_and(|fix| !fix.is_empty()));
        assert_eq!((seen(State::Unknown).entry, seen(State::Ok).fix), (None, None));
    }

    #[test]
    fn a_failed_proof_stops_sending_until_it_passes_or_is_overridden() {
        let never = Standing::default();
        let failed = Standing { passed: Some(false), finding: Some(Step::Mx), overridden: false };
        let passed = Standing { passed: Some(true), ..never };
        let overridden = Standing { overridden: true, ..failed };
        let check = |standing: Standing, required, expect| assert_eq!(standing.may_send(required), expect);
        check(never, Required::Failed, Ok(()));
        check(never, Required::Always, Err(Hindrance::NeverProved));
        check(failed, Required::Failed, Err(Hindrance::Failed(Step::Mx)));
        check(failed, Required::Always, Err(Hindrance::Failed(Step::Mx)));
        check(failed, Required::Never, Ok(()));
        check(passed, Required::Always, Ok(()));
        check(overridden, Required::Failed, Ok(()));
        check(Standing { overridden: true, ..never }, Required::Always, Ok(()));
    }

    #[test]
    fn passed_mailboxes_are_spread_over_the_day_and_come_once_in_it() {
        let due: Vec<Timestamp> = (0..100)
            .map(|number| next_due(Outcome::Passed, NOON, DAY, phase(&format!("0193587e-7a3b-{number}"))))
            .collect();
        let hours: std::collections::BTreeSet<i64> = due.iter().map(|at| at.micros() / 3_600_000_000).collect();
        assert!(hours.len() >= 18, "{hours:?}");
        for at in &due {
            assert!((43_200..=129_600).contains(&at.since(NOON).as_secs()), "{at}");
            let next = next_due(Outcome::Passed, *at, DAY, 0.5);
            assert!(next > *at);
        }
        let on_time = next_due(Outcome::Passed, NOON, DAY, 0.25);
        assert_eq!(next_due(Outcome::Passed, on_time, DAY, 0.25), on_time + DAY);
    }

    #[test]
    fn a_failure_is_looked_at_again_soon() {
        assert_eq!(next_due(Outcome::Failed, NOON, DAY, 0.9), NOON + Duration::from_secs(900));
        assert_eq!(next_due(Outcome::Unknown, NOON, DAY, 0.9), NOON + Duration::from_secs(900));
    }
}
