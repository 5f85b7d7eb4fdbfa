//! Changing the DKIM keys of a domain without a signature that nobody can verify: new keys are published before they sign, old
//! ones stay published for what is on its way, then say that they are revoked, then go.

use std::time::Duration;

use syntax::Timestamp;

/// How long an old key stays published after it has signed last: a message may wait for days in somebody's queue, and its
/// signature is verified when it arrives. RFC 5321 §4.5.4.1 has senders give up after 4 to 5 days.
pub const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a key stays published as revoked (an empty `p=`, RFC 6376 §3.6.1) before its record goes: longer than anybody
/// remembers what was there before.
pub const REVOKED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "stage", content = "since", rename_all = "kebab-case")]
pub enum Stage {
    /// Published, and does not sign yet.
    Waiting,
    /// Signs.
    Signs,
    /// Published for what it signed, since then.
    Retired(Timestamp),
    /// Published as revoked, since then.
    Revoked(Timestamp),
}

impl Stage {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signs => "signs",
            Self::Retired(_) => "retired",
            Self::Revoked(_) => "revoked",
        }
    }
}

/// What is done to the keys of a domain next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing is under way: new keys may be made and published.
    Start,
    /// New keys wait: once they are seen in the DNS, they sign.
    Finish,
    /// Old keys are to be published as revoked, not before that moment.
    Revoke(Timestamp),
    /// Records of revoked keys are to be taken away, not before that moment.
    Remove(Timestamp),
}

/// What comes next, by where the keys are.
pub fn next(stages: impl IntoIterator<Item = Stage>) -> Step {
    let mut step = Step::Start;
    for stage in stages {
        step = match (stage, step) {
            (Stage::Waiting, _) | (_, Step::Finish) => Step::Finish,
            (Stage::Retired(since), Step::Revoke(from)) => Step::Revoke(from.max(since + GRACE)),
            (Stage::Retired(since), _) => Step::Revoke(since + GRACE),
            (_, Step::Revoke(from)) => Step::Revoke(from),
            (Stage::Revoked(since), Step::Remove(from)) => Step::Remove(from.max(since + REVOKED)),
            (Stage::Revoked(since), _) => Step::Remove(since + REVOKED),
            (Stage::Signs, step) => step,
        };
    }
    step
}

impl Step {
    /// When it may be done; `None`: now, as far as time goes.
    pub fn from(self) -> Option<Timestamp> {
        match self {
            Self::Start | Self::Finish => None,
            Self::Revoke(from) | Self::Remove(from) => Some(from),
        }
    }
}

/// Two selectors, for RSA and Ed25519: dated, so that whoever reads a header knows how old the key is, and numbered from the second
/// pair of a day on. `taken` are all selectors of the domain; its newest pair is always among them, hence none is given twice.
pub fn selectors(day: &str, taken: &[String]) -> (String, String) {
    let number_of = |selector: &String| match selector.get(1..)?.strip_prefix(day)? {
        "" => Some(1),
        rest => rest.strip_prefix('-')?.parse::<u32>().ok(),
    };
    match taken.iter().filter_map(number_of).max() {
        None => (format!("r{day}"), format!("e{day}")),
        Some(last) => {
            let number = last.saturating_add(1);
            (format!("r{day}-{number}"), format!("e{day}-{number}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

    #[test]
    fn one_step_follows_another_and_the_youngest_key_decides_when() {
        let hour = Duration::from_secs(3600);
        let check = |stages: &[Stage], expect: Step| assert_eq!(next(stages.iter().copied()), expect, "{stages:?}");
        check(&[], Step::Start);
        check(&[Stage::Signs, Stage::Signs], Step::Start);
        check(&[Stage::Signs, Stage::Waiting], Step::Finish);
        check(&[Stage::Waiting, Stage::Retired(NOON)], Step::Finish);
        let (old, young) = (Stage::Retired(NOON), Stage::Retired(NOON + hour));
        check(&[young, Stage::Signs, old], Step::Revoke(NOON + hour + GRACE));
        check(&[Stage::Revoked(NOON), old], Step::Revoke(NOON + GRACE));
        check(&[old, Stage::Revoked(NOON)], Step::Revoke(NOON + GRACE));
        check(&[Stage::Revoked(NOON + hour), Stage::Revoked(NOON)], Step::Remove(NOON + hour + REVOKED));
    }

    #[test]
    fn a_selector_is_never_given_twice() {
        let taken = ["r20261123", "e20261123", "e20261123-2"].map(String::from);
        assert_eq!(selectors("20261124", &taken), ("r20261124".to_owned(), "e20261124".to_owned()));
        assert_eq!(selectors("20261123", &taken), ("r20261123-3".to_owned(), "e20261123-3".to_owned()));
        // The first pair of the day was revoked at once and is gone: resolvers may still remember it.
        assert_eq!(selectors("20261123", &taken[2..]), ("r20261123-3".to_owned(), "e20261123-3".to_owned()));
    }
}
