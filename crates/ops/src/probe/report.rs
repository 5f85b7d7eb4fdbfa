//! What a probe came to: arm by arm, the replies with their entries, the verdict and what it must not hide.

use std::{collections::BTreeSet, time::Duration};

use rules::{
    Fault,
    probe::{Arm, ControlAge, Folder, Outcome, Role, Tally, Trial, Verdict, caveats, verdict},
};
use store::State;
use syntax::Domain;

use super::{ProbePlan, ProbeRequest};
use crate::{Ops, domain::unknown};

/// How far back the control's deliveries are counted.
const HISTORY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A probe's result. Given to a later run (`--with`), its trials count there as well.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProbeReport {
    /// What it proves.
    pub verdict: Verdict,
    /// What to bear in mind.
    pub caveats: Vec<String>,
    /// Each arm, an IP at a time.
    pub arms: Vec<ArmReport>,
    /// The same, each receiver by itself, when there is more than one.
    pub receivers: Vec<ReceiverReport>,
    /// What hosts said, each once an arm.
    pub replies: Vec<Quoted>,
    /// What could not be read.
    pub unread: Vec<String>,
    /// Every letter, those of an earlier run first.
    pub trials: Vec<Trial>,
    /// Gives the same order again.
    pub seed: u64,
    /// How old the control is here.
    pub control: ControlAge,
}

/// What the letters to one receiver prove.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReceiverReport {
    /// The boxes' domain.
    pub receiver: Domain,
    /// What it proves there.
    pub verdict: Verdict,
}

/// One arm's counts.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ArmReport {
    /// Who sent, from where.
    #[serde(flatten)]
    pub arm: Arm,
    /// Taken.
    pub accepted: u32,
    /// Refused for good.
    pub refused: u32,
    /// Put off.
    pub put_off: u32,
    /// Without an answer, not sent, or the box's own fault: they do not count.
    pub uncounted: u32,
    /// In the inbox, where folders were read.
    pub inbox: u32,
    /// In the junk folder.
    pub junk: u32,
    /// The shares of failures over SMTP that this does not contradict, at 95 %: from, to.
    pub failing: (f64, f64),
}

/// Something that a host said.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Quoted {
    /// To which arm.
    pub role: Role,
    /// The words.
    pub reply: String,
    /// The entry of the reference.
    pub entry: Option<String>,
    /// Its title.
    pub title: Option<&'static str>,
    /// How often.
    pub count: u32,
}

impl Ops {
    pub(super) async fn report(
        &self,
        request: &ProbeRequest,
        plan: &ProbePlan,
        trials: Vec<Trial>,
        unread: Vec<String>,
    ) -> Result<ProbeReport, Fault> {
        let name = request.control.domain();
        let domain = self.store.domain(name).await?.ok_or_else(|| unknown(name))?;
        let now = self.store.clock().now();
        let days = self.store.sent_by_day(&domain.id, now - HISTORY).await?;
        let delivered = days.iter().filter(|day| day.state == State::Delivered).map(|day| day.recipients).sum();
        let control = ControlAge { since: domain.created_at, delivered };
        let trials = [request.earlier.clone(), trials].concat();
        Ok(ProbeReport {
            verdict: verdict(&trials),
            caveats: caveats(&trials, &control, now),
            arms: arms(&trials),
            receivers: receivers(&trials),
            replies: replies(&trials),
            unread,
            trials,
            seed: plan.seed,
            control,
        })
    }
}

/// Each receiver by itself: what one does says nothing about another.
fn receivers(trials: &[Trial]) -> Vec<ReceiverReport> {
    let names: BTreeSet<&Domain> = trials.iter().map(|trial| trial.to.domain()).collect();
    if names.len() < 2 {
        return Vec::new();
    }
    let one = |name: &Domain| {
        let here: Vec<Trial> = trials.iter().filter(|trial| trial.to.domain() == name).cloned().collect();
        ReceiverReport { receiver: name.clone(), verdict: verdict(&here) }
    };
    names.into_iter().map(one).collect()
}

/// In the order in which they come up, the suspect first.
fn arms(trials: &[Trial]) -> Vec<ArmReport> {
    let mut known: Vec<Arm> = Vec::new();
    for trial in trials {
        if !known.contains(&trial.arm) {
            known.push(trial.arm.clone());
        }
    }
    known.sort_by_key(|arm| arm.role);
    known.into_iter().map(|arm| counted(arm, trials)).collect()
}

fn counted(arm: Arm, trials: &[Trial]) -> ArmReport {
    let count = |fits: &dyn Fn(&Trial) -> bool| {
        let found = trials.iter().filter(|trial| trial.arm == arm && fits(trial)).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    let of = |outcome| count(&|trial| trial.outcome == outcome);
    let (accepted, refused, put_off) = (of(Outcome::Accepted), of(Outcome::Refused), of(Outcome::PutOff));
    ArmReport {
        accepted,
        refused,
        put_off,
        uncounted: count(&|_| true) - accepted - refused - put_off,
        inbox: count(&|trial| trial.folder == Some(Folder::Inbox)),
        junk: count(&|trial| trial.folder == Some(Folder::Junk)),
        failing: Tally { failed: refused + put_off, passed: accepted }.interval(),
        arm,
    }
}

fn replies(trials: &[Trial]) -> Vec<Quoted> {
    let mut quoted: Vec<Quoted> = Vec::new();
    for trial in trials {
        let Some(reply) = &trial.reply else { continue };
        match quoted.iter_mut().find(|one| one.role == trial.arm.role && one.reply == *reply) {
            Some(one) => one.count += 1,
            None => quoted.push(Quoted {
                role: trial.arm.role,
                reply: reply.clone(),
                title: trial.entry.as_deref().and_then(reference::entry).map(|entry| entry.title.as_str()),
                entry: trial.entry.clone(),
                count: 1,
            }),
        }
    }
    quoted.sort_by_key(|one| one.role);
    quoted
}

/// For people.
pub(super) fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "taken",
        Outcome::Refused => "refused",
        Outcome::PutOff => "put off",
        Outcome::BoxFailed => "the box itself fails",
        Outcome::Unknown => "no answer in time",
        Outcome::Withheld => "not sent",
    }
}
