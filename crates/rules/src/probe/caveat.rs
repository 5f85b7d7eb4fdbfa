//! What a verdict must not hide.

use std::collections::BTreeSet;

use syntax::Timestamp;

use super::{Outcome, Role, Trial, chance, exact};

/// From that age on, in days, a domain is no longer new. Practice: lists of new domains hold a name for up to 30 days.
const AGED: u64 = 30;
/// Fewer delivered recipients than that are no history.
const HISTORY: u64 = 50;
/// Above that probability not even the clearest result is beyond chance.
const LEVEL: f64 = 0.05;

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
    let boxes: BTreeSet<_> = trials.iter().map(|trial| trial.to.domain()).collect();
    let controls = trials.iter().filter(|trial| trial.arm.role != Role::Suspect).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let clearest = exact::clearest(count(boxes.len()), count(controls));
    if clearest >= LEVEL {
        caveats.push(format!(
            "A receiver that blocks an arm is written to once: with boxes at {} receivers even the clearest refusal is {}. Take \
             boxes at more receivers, or more repeats.",
            boxes.len(),
            chance(clearest)
        ));
    }
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
        let letters = |role, ip, outcome| {
            let to = ["a@x.test", "b@y.test"];
            (0..8).map(|place| trial(role, ip, to[place % 2], outcome)).collect::<Vec<_>>()
        };
        let suspects = |outcome| letters(Role::Suspect, 1, outcome);
        let fair = [suspects(Outcome::Accepted), letters(Role::Control, 1, Outcome::Accepted)].concat();
        check(&fair, 400, 900, &[]);
        check(&fair, 3, 900, &["poor control"]);
        check(&fair, 400, 3, &["no reputation"]);
        let apart = [suspects(Outcome::PutOff), letters(Role::Control, 2, Outcome::Withheld)].concat();
        check(&apart, 400, 900, &["swap the IPs", "first permanent block", "put off"]);
        let one: Vec<Trial> = fair.into_iter().filter(|trial| trial.to.domain().as_str() == "x.test").collect();
        check(&one, 400, 900, &["1 in 5 by chance", "one domain"]);
    }
}
