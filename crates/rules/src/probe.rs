//! The probe: the same message from a suspect and from a control to the same boxes, and what the difference proves.
//!
//! One factor can be blamed only where it alone varies. A domain has its dedicated IP, so one run compares two domains *with*
//! their IPs; a second run after the IPs were swapped completes domain × IP. An A/A arm (the control once more) shows how
//! much two equal arms differ by themselves. Reading order: [`Arm`], [`plan`], [`Trial`], `verdict`, `exact`.

mod caveat;
pub mod exact;
mod verdict;

use std::net::IpAddr;

use syntax::Address;

pub use caveat::{ControlAge, caveats};
pub use verdict::{Cause, Comparison, Measure, Tally, Verdict, chance, verdict};

use crate::Chance;

/// Whose mail an arm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The domain under suspicion.
    Suspect,
    /// The domain that it is compared with.
    Control,
    /// The control once more: what differs between the two is noise.
    ControlAgain,
}

impl Role {
    /// For people and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspect => "suspect",
            Self::Control => "control",
            Self::ControlAgain => "control_again",
        }
    }
}

/// One arm: who sends, from where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Arm {
    /// Whose mail it is.
    pub role: Role,
    /// From.
    pub from: Address,
    /// The egress IP of its domain.
    pub ip: IpAddr,
}

/// One message to be sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Letter {
    /// Round, from 1.
    pub round: u32,
    /// The arm's place.
    pub arm: usize,
    /// The box.
    pub to: Address,
}

/// The letters in the order in which they go out: round by round, in each round box by box in random order, and for each box
/// the arms in random order, so that nothing that changes with time favours an arm.
pub fn plan(arms: &[Arm], boxes: &[Address], repeats: u32, seed: u64) -> Vec<Letter> {
    let mut chance = Chance::new(seed);
    let mut letters = Vec::new();
    for round in 1..=repeats {
        let mut boxes = boxes.to_vec();
        chance.shuffle(&mut boxes);
        for to in boxes {
            let mut order: Vec<usize> = (0..arms.len()).collect();
            chance.shuffle(&mut order);
            letters.extend(order.into_iter().map(|arm| Letter { round, arm, to: to.clone() }));
        }
    }
    letters
}

/// What the receiver's host did with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took it.
    Accepted,
    /// It refused it for good.
    Refused,
    /// It put it off, and had not taken it when the wait was over.
    PutOff,
    /// The box does not exist or is full: says nothing about the sender.
    BoxFailed,
    /// Not known: no attempt ended in time.
    Unknown,
    /// Not sent, because the arm was stopped before.
    Withheld,
}

/// Where a letter lay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// In the inbox.
    Inbox,
    /// In the folder for junk.
    Junk,
    /// In neither.
    Nowhere,
}

/// One letter and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trial {
    /// Whose letter.
    #[serde(flatten)]
    pub arm: Arm,
    /// Round, from 1.
    pub round: u32,
    /// The box.
    pub to: Address,
    /// What the host did.
    pub outcome: Outcome,
    /// What it said, when it refused or put off.
    pub reply: Option<String>,
    /// The entry of the reference that explains it.
    pub entry: Option<String>,
    /// Where it lay; `None` when nobody could look.
    pub folder: Option<Folder>,
}

/// A box that took another arm's letter is there: whoever was told that it is not, was refused in disguise.
pub fn unmask(trials: &mut [Trial]) {
    let there: Vec<String> =
        trials.iter().filter(|trial| trial.outcome == Outcome::Accepted).map(|trial| trial.to.key()).collect();
    for trial in trials.iter_mut().filter(|trial| trial.outcome == Outcome::BoxFailed) {
        if there.contains(&trial.to.key()) {
            trial.outcome = Outcome::Refused;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn arm(role: Role, domain: &str, ip: u8) -> Arm {
        let from = Address::parse(&format!("ann@{domain}")).unwrap();
        Arm { role, from, ip: [192, 0, 2, ip].into() }
    }

    #[test]
    fn a_box_that_is_there_for_one_arm_is_there_for_all() {
        let trial = |role, to: &str, outcome| Trial {
            arm: arm(role, "a.test", 1),
            round: 1,
            to: Address::parse(to).unwrap(),
            outcome,
            reply: None,
            entry: None,
            folder: None,
        };
        let mut trials = [
            trial(Role::Suspect, "there@x.test", Outcome::BoxFailed),
            trial(Role::Control, "There@x.test", Outcome::Accepted),
            trial(Role::Suspect, "gone@x.test", Outcome::BoxFailed),
            trial(Role::Control, "gone@x.test", Outcome::BoxFailed),
        ];
        unmask(&mut trials);
        let outcomes = trials.map(|trial| trial.outcome);
        assert_eq!(outcomes, [Outcome::Refused, Outcome::Accepted, Outcome::BoxFailed, Outcome::BoxFailed]);
    }

    #[test]
    fn every_arm_writes_to_every_box_in_every_round_in_mixed_order() {
        let arms = [
            arm(Role::Suspect, "old.test", 1),
            arm(Role::Control, "ctl.test", 2),
            arm(Role::ControlAgain, "ctl.test", 2),
        ];
        let boxes = ["a@x.test", "b@y.test"].map(|text| Address::parse(text).unwrap());
        let letters = plan(&arms, &boxes, 4, 9);
        assert_eq!(letters.len(), 24);
        for (place, group) in letters.chunks(3).enumerate() {
            assert!(group.iter().all(|letter| letter.to == group[0].to && letter.round as usize == place / 2 + 1));
            let mut order: Vec<usize> = group.iter().map(|letter| letter.arm).collect();
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2], "the arms of one box go out together");
        }
        let first: std::collections::BTreeSet<usize> = letters.chunks(3).map(|group| group[0].arm).collect();
        assert!(first.len() > 1, "no arm is always the first");
        assert_eq!(plan(&arms, &boxes, 4, 9), letters, "the seed decides");
        assert_ne!(plan(&arms, &boxes, 4, 10), letters);
    }
}
