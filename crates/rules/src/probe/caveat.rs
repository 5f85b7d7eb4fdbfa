//! What a verdict must not hide.

use std::collections::BTreeSet;

use syntax::Timestamp;

use super::{Outcome, Role, Trial, exact};

/// From that age on, in days, a domain is no longer new. Practice: lists of new domains hold a name for up to 30 days.
const AGED: u64 = 30;
/// Fewer delivered recipients than that are no history.
const HISTORY: u64 = 50;
/// Letters an arm below which not even the clearest result is beyond chance.
const ENOUGH: u32 = 4;

/// How old the control is, as far as this installation knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ControlAge {
    /// When it was set up here; its registration may be older.
    pub since: Timestamp,
    /// Recipients that it delivered to in the last 90 days.
    pub delivered: u64,
}

/// What to bear in mind, one sentence each.
pub fn caveats(trials: &[Trial], age: &ControlAge, now: Timestamp) -> Vec<String> {
    let mut caveats = Vec::new();
    let days = now.since(age.since).as_secs() / 86_400;
    if days < AGED {
        caveats.push(format!(
            "The control is new here ({days} days): a brand-new domain is a poor control. Lists of new domains hold it for its \
             first day or weeks, it has no history that speaks for it, and large receivers act faster against new names, so it \
             can fail for its age and pass for having no complaints yet. Take an aged, clean, fully authenticated one."
        ));
    } else if age.delivered < HISTORY {
        caveats.push(format!(
            "The control delivered to {} recipients in 90 days: a domain that hardly sends has no reputation to compare with.",
            age.delivered
        ));
    }
    let cells = |suspect: bool| -> BTreeSet<_> {
        trials.iter().filter(|trial| (trial.arm.role == Role::Suspect) == suspect).map(|trial| trial.arm.ip).collect()
    };
    if cells(true).is_disjoint(&cells(false)) {
        caveats.push(String::from(
            "Domain and IP varied together: each domain has its own dedicated IP. What fails may be either; swap the IPs of the \
             two domains, probe again, and give the first report with --with.",
        ));
    }
    let letters = trials.iter().filter(|trial| trial.arm.role == Role::Suspect).count();
    if u32::try_from(letters).is_ok_and(|letters| letters < ENOUGH) {
        let p = exact::clearest(u32::try_from(letters).unwrap_or(0));
        caveats.push(format!(
            "With {letters} letters an arm even the clearest result comes up 1 in {:.0} by chance: send at least {ENOUGH}.",
            1.0 / p
        ));
    }
    let boxes: BTreeSet<_> = trials.iter().map(|trial| trial.to.domain()).collect();
    if boxes.len() < 2 {
        caveats.push(String::from("All boxes are at one domain: what it does says nothing about other receivers."));
    }
    if trials.iter().any(|trial| trial.outcome == Outcome::Withheld) {
        caveats.push(String::from("An arm was stopped at the first permanent block of a receiver, so that the probe does no harm: its later letters to that receiver were not sent, and do not count."));
    }
    if trials.iter().any(|trial| trial.outcome == Outcome::PutOff) {
        caveats.push(String::from("Letters that were put off count as failed, and were taken out of the queue; greylisting puts off every stranger."));
    }
    caveats.push(String::from(
        "Letters to the same box are not independent of each other: the probability is a guide, not a proof.",
    ));
    caveats
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::tests::arm, *};

    const DAY: Duration = Duration::from_secs(86_400);

    fn trial(role: Role, ip: u8, to: &str, outcome: Outcome) -> Trial {
        let to = syntax::Address::parse(to).unwrap();
        Trial { arm: arm(role, "a.test", ip), round: 1, to, outcome, reply: None, entry: None, folder: None }
    }

    fn check(trials: &[Trial], days: u32, delivered: u64, words: &[&str]) {
        let now = Timestamp::from_micros(1_795_435_200_000_000);
        let found = caveats(trials, &ControlAge { since: now - DAY * days, delivered }, now);
        assert_eq!(found.len(), words.len() + 1, "{found:#?}");
        for (caveat, word) in found.iter().zip(words) {
            assert!(caveat.contains(word), "{caveat}");
        }
    }

    #[test]
    fn what_weakens_a_verdict_is_said() {
        let suspects = |outcome| (0..4).map(|_| trial(Role::Suspect, 1, "a@x.test", outcome)).collect::<Vec<_>>();
        let fair = [suspects(Outcome::Accepted), vec![trial(Role::Control, 1, "a@y.test", Outcome::Accepted)]].concat();
        check(&fair, 400, 900, &[]);
        check(&fair, 3, 900, &["poor control"]);
        check(&fair, 400, 3, &["no reputation"]);
        let apart = [suspects(Outcome::PutOff), vec![trial(Role::Control, 2, "a@x.test", Outcome::Withheld)]].concat();
        check(&apart, 400, 900, &["swap the IPs", "one domain", "first permanent block", "put off"]);
        check(&fair[3..], 400, 900, &["1 in 1 by chance"]);
    }
}
