//! What the difference proves.

use std::collections::BTreeSet;

use super::{Folder, Outcome, Role, Trial, exact};

/// Below that probability a difference is no longer taken for chance. Fisher's own convention.
const LEVEL: f64 = 0.05;
/// From this share on, an arm fails as a whole.
const FAILS: f64 = 0.8;
/// From that probability on, two groups that both fail fare alike.
const ALIKE: f64 = 0.5;

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Whether the host took the letter.
    Smtp,
    /// Whether it lay in the inbox.
    Folder,
}

/// What is at fault, as far as the trials show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The domain: it fails whatever IP it has.
    Domain,
    /// The IP: whatever domain sends from it fails.
    Ip,
    /// The domain and the IP, each by itself.
    DomainAndIp,
    /// The domain or its IP: the two were not varied apart.
    DomainOrIp,
    /// Neither: both domains fail on both IPs.
    ContentOrRecipient,
    /// The arms that are equal differ: nothing can be said.
    Noise,
    /// The control fails more than the suspect.
    Control,
    /// Everything was taken (or lay in the inbox).
    NothingFails,
    /// Both fail, and nothing tells them apart.
    Alike,
    /// Too few letters for the difference that there is.
    TooFew,
}

/// How many failed and how many passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Tally {
    /// Refused or put off; for folders, not in the inbox.
    pub failed: u32,
    /// Taken; for folders, in the inbox.
    pub passed: u32,
}

impl Tally {
    /// The letters that count.
    pub fn all(self) -> u32 {
        self.failed + self.passed
    }

    /// The share that failed; 0 for none.
    fn share(self) -> f64 {
        if self.all() == 0 { 0.0 } else { f64::from(self.failed) / f64::from(self.all()) }
    }

    /// The shares of failures that this does not contradict, at 95 %.
    pub fn interval(self) -> (f64, f64) {
        exact::interval(self.failed, self.all())
    }
}

/// Two groups compared.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// The group under suspicion.
    pub one: Tally,
    /// The other.
    pub other: Tally,
    /// The probability of such a difference, or a greater one, by chance alone. Two-sided.
    pub p: f64,
}

impl Comparison {
    fn of(one: Tally, other: Tally) -> Self {
        Self { one, other, p: exact::fisher([[one.failed, one.passed], [other.failed, other.passed]]) }
    }

    /// The first fails more, and hardly by chance.
    fn is_worse(&self) -> bool {
        self.p < LEVEL && self.one.share() > self.other.share()
    }
}

/// What the trials prove.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verdict {
    /// What is at fault.
    pub cause: Cause,
    /// What was compared.
    pub measure: Measure,
    /// In words, without final stop.
    pub words: String,
    /// Suspect against control.
    pub compared: Comparison,
    /// The probability that what decided the verdict is chance alone.
    pub p: f64,
    /// The same in words: `1 in 462 by chance`.
    pub chance: String,
    /// The control against itself, when there was an A/A arm.
    pub noise: Option<Comparison>,
}

/// The probability in words.
pub fn chance(p: f64) -> String {
    match p {
        p if p > 0.5 => String::from("as likely as not by chance"),
        p if p < 1e-9 => String::from("less than 1 in 1000000000 by chance"),
        p => format!("1 in {:.0} by chance", 1.0 / p),
    }
}

/// Judges SMTP outcomes first; where nothing fails there and folders were read, the folders.
pub fn verdict(trials: &[Trial]) -> Verdict {
    let smtp = judge(trials, Measure::Smtp);
    if smtp.cause != Cause::NothingFails || trials.iter().all(|trial| trial.folder.is_none()) {
        return smtp;
    }
    judge(trials, Measure::Folder)
}

/// Whether a trial failed; `None` when it does not count.
fn failed(trial: &Trial, measure: Measure) -> Option<bool> {
    match (measure, trial.outcome, trial.folder) {
        (Measure::Smtp, Outcome::Accepted, _) => Some(false),
        (Measure::Smtp, Outcome::Refused | Outcome::PutOff, _) => Some(true),
        (Measure::Folder, Outcome::Accepted, Some(folder)) => Some(folder != Folder::Inbox),
        _ => None,
    }
}

fn tally<'t>(trials: impl Iterator<Item = &'t Trial>, measure: Measure) -> Tally {
    trials.filter_map(|trial| failed(trial, measure)).fold(Tally::default(), |tally, failed| match failed {
        true => Tally { failed: tally.failed + 1, ..tally },
        false => Tally { passed: tally.passed + 1, ..tally },
    })
}

fn judge(trials: &[Trial], measure: Measure) -> Verdict {
    let of = |fits: &dyn Fn(&Trial) -> bool| tally(trials.iter().filter(|trial| fits(trial)), measure);
    let compared =
        Comparison::of(of(&|trial| trial.arm.role == Role::Suspect), of(&|trial| trial.arm.role != Role::Suspect));
    let again = of(&|trial| trial.arm.role == Role::ControlAgain);
    let noise = (again.all() > 0).then(|| Comparison::of(of(&|trial| trial.arm.role == Role::Control), again));
    let by_ip = by_ip(trials, measure);
    let cause = cause(&compared, noise.as_ref(), by_ip.as_ref());
    // Of an IP the comparison of the IPs tells, not that of the domains.
    let p = match (cause, &by_ip) {
        (Cause::Ip, Some(by_ip)) => by_ip.p,
        (Cause::Noise, _) => noise.map_or(compared.p, |noise| noise.p),
        _ => compared.p,
    };
    Verdict { cause, measure, words: words(cause, measure), compared, p, chance: chance(p), noise }
}

/// The suspect's usual IP against the control's, over both domains: only when each domain sent from both.
fn by_ip(trials: &[Trial], measure: Measure) -> Option<Comparison> {
    let counts = |trial: &&Trial| failed(trial, measure).is_some();
    let is_suspect = |trial: &Trial| trial.arm.role == Role::Suspect;
    let ips = |suspect: bool| -> BTreeSet<_> {
        trials.iter().filter(counts).filter(|trial| is_suspect(trial) == suspect).map(|trial| trial.arm.ip).collect()
    };
    let (of_suspect, of_control) = (ips(true), ips(false));
    if of_suspect.len() != 2 || of_suspect != of_control {
        return None;
    }
    // The IP that the suspect had when the first trial was made is the old one.
    let old = trials.iter().find(|trial| is_suspect(trial)).map(|trial| trial.arm.ip)?;
    let (one, other): (Vec<&Trial>, Vec<&Trial>) = trials.iter().partition(|trial| trial.arm.ip == old);
    Some(Comparison::of(tally(one.into_iter(), measure), tally(other.into_iter(), measure)))
}

/// The table: only the old domain fails → domain; both fail on the old IP → IP; both on both → content or recipient; equal
/// arms differ → noise.
fn cause(compared: &Comparison, noise: Option<&Comparison>, by_ip: Option<&Comparison>) -> Cause {
    let (one, other) = (compared.one, compared.other);
    let everything = one.share() >= FAILS && other.share() >= FAILS;
    match by_ip {
        _ if one.all() == 0 || other.all() == 0 => Cause::TooFew,
        _ if noise.is_some_and(|noise| noise.p < LEVEL) => Cause::Noise,
        _ if one.failed + other.failed == 0 => Cause::NothingFails,
        _ if everything => Cause::ContentOrRecipient,
        None if compared.p >= ALIKE && one.failed > 0 && other.failed > 0 => Cause::Alike,
        Some(by_ip) => match (compared.is_worse(), by_ip.is_worse()) {
            (true, true) => Cause::DomainAndIp,
            (true, false) => Cause::Domain,
            (false, true) => Cause::Ip,
            (false, false) => Cause::TooFew,
        },
        None if compared.is_worse() => Cause::DomainOrIp,
        None if compared.p < LEVEL => Cause::Control,
        None => Cause::TooFew,
    }
}

fn words(cause: Cause, measure: Measure) -> String {
    let (fails, passes) = match measure {
        Measure::Smtp => ("is refused or put off", "is taken"),
        Measure::Folder => ("does not reach the inbox", "reaches the inbox"),
    };
    match cause {
        Cause::Domain => {
            format!("the domain: its mail {fails} whatever IP it is sent from, and the control's {passes}")
        }
        Cause::Ip => format!("the IP: what is sent from it {fails}, whatever domain sends"),
        Cause::DomainAndIp => {
            format!("both: the domain's mail {fails} from either IP, and so does more of what comes from the old IP")
        }
        Cause::DomainOrIp => format!(
            "the domain or its IP: the suspect's mail {fails} and the control's {passes}; the two varied together, so swap \
             their IPs and probe again to tell them apart"
        ),
        Cause::ContentOrRecipient => format!("the content or the recipients: mail of both domains {fails}"),
        Cause::Noise => String::from(
            "nothing: the control differs from itself, so the boxes decide by chance or by time; probe again later",
        ),
        Cause::Control => format!("the control: its mail {fails} more than the suspect's, so it is no control"),
        Cause::NothingFails => format!("nothing: mail of both domains {passes}"),
        Cause::Alike => format!(
            "neither domain: a part of the mail of both {fails}, and nothing tells them apart; read what the receivers say"
        ),
        Cause::TooFew => String::from(
            "not known: the difference is within what chance makes of so few letters; use more boxes or more repeats",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::arm, *};

    /// `failed` failures and `passed` passes of one arm, over SMTP.
    fn trials(role: Role, ip: u8, failed: usize, passed: usize) -> Vec<Trial> {
        let domain = if role == Role::Suspect { "old.test" } else { "ctl.test" };
        let trial = |outcome| Trial {
            arm: arm(role, domain, ip),
            round: 1,
            to: syntax::Address::parse("box@x.test").unwrap(),
            outcome,
            reply: None,
            entry: None,
            folder: None,
        };
        let failures = std::iter::repeat_n(Outcome::Refused, failed);
        failures.chain(std::iter::repeat_n(Outcome::Accepted, passed)).map(trial).collect()
    }

    fn check(all: &[Vec<Trial>], expect: Cause) -> Verdict {
        let found = verdict(&all.concat());
        assert_eq!(found.cause, expect, "{found:?}");
        found
    }

    use Role::{Control, ControlAgain, Suspect};

    #[test]
    fn with_one_ip_each_the_domain_and_its_ip_are_not_told_apart() {
        let found = check(&[trials(Suspect, 1, 6, 0), trials(Control, 2, 0, 6)], Cause::DomainOrIp);
        assert_eq!((found.chance.as_str(), found.measure), ("1 in 462 by chance", Measure::Smtp));
        assert!(found.words.contains("swap"), "{}", found.words);
    }

    #[test]
    fn domain_and_ip_are_told_apart_where_both_sent_from_both() {
        let cells = |old_old, old_new, ctl_old, ctl_new| {
            [
                trials(Suspect, 1, old_old, 6 - old_old),
                trials(Suspect, 2, old_new, 6 - old_new),
                trials(Control, 1, ctl_old, 6 - ctl_old),
                trials(Control, 2, ctl_new, 6 - ctl_new),
            ]
        };
        check(&cells(6, 6, 0, 0), Cause::Domain);
        let found = check(&cells(6, 0, 6, 0), Cause::Ip);
        assert!(found.chance.starts_with("1 in 1352"), "the IPs are compared: {}", found.chance);
        check(&cells(6, 6, 6, 6), Cause::ContentOrRecipient);
        check(&cells(6, 5, 5, 0), Cause::DomainAndIp);
        check(&cells(0, 0, 0, 0), Cause::NothingFails);
        check(&cells(1, 0, 0, 1), Cause::TooFew);
    }

    #[test]
    fn a_control_that_differs_from_itself_proves_nothing() {
        let all = [trials(Suspect, 1, 6, 0), trials(Control, 2, 6, 0), trials(ControlAgain, 2, 0, 6)];
        let found = check(&all, Cause::Noise);
        assert_eq!(found.chance, "1 in 462 by chance");
        let all = [trials(Suspect, 1, 6, 0), trials(Control, 2, 0, 6), trials(ControlAgain, 2, 0, 6)];
        assert_eq!(check(&all, Cause::DomainOrIp).compared.other, Tally { failed: 0, passed: 12 });
    }

    #[test]
    fn few_letters_and_a_failing_control_are_said_to_be_so() {
        check(&[trials(Suspect, 1, 3, 0), trials(Control, 2, 0, 3)], Cause::TooFew);
        check(&[trials(Suspect, 1, 0, 6), trials(Control, 2, 6, 0)], Cause::Control);
        check(&[trials(Suspect, 1, 2, 4), trials(Control, 2, 2, 4)], Cause::Alike);
        check(&[trials(Suspect, 1, 6, 0), Vec::new()], Cause::TooFew);
        check(&[trials(Suspect, 1, 6, 0), trials(Control, 2, 6, 0)], Cause::ContentOrRecipient);
    }

    #[test]
    fn what_says_nothing_about_the_sender_does_not_count() {
        let mut all = [trials(Suspect, 1, 0, 6), trials(Control, 2, 0, 6)].concat();
        for (trial, outcome) in all.iter_mut().zip([Outcome::BoxFailed, Outcome::Unknown, Outcome::Withheld]) {
            trial.outcome = outcome;
        }
        let found = check(&[all], Cause::NothingFails);
        assert_eq!(found.compared.one.all(), 3);
    }

    #[test]
    fn folders_are_compared_where_every_letter_was_taken() {
        let mut all = [trials(Suspect, 1, 0, 6), trials(Control, 2, 0, 6)].concat();
        for trial in &mut all {
            trial.folder = Some(if trial.arm.role == Suspect { Folder::Junk } else { Folder::Inbox });
        }
        let found = check(&[all.clone()], Cause::DomainOrIp);
        assert_eq!(found.measure, Measure::Folder);
        assert!(found.words.contains("inbox"), "{}", found.words);
        all.iter_mut().for_each(|trial| trial.folder = Some(Folder::Inbox));
        assert_eq!(check(&[all], Cause::NothingFails).measure, Measure::Folder);
    }

    #[test]
    fn a_probability_is_said_in_words() {
        assert_eq!(chance(1.0), "as likely as not by chance");
        assert_eq!(chance(0.1), "1 in 10 by chance");
        assert_eq!(chance(2.0 / 924.0), "1 in 462 by chance");
        assert_eq!(chance(1e-12), "less than 1 in 1000000000 by chance");
    }
}
