//! The probe: the same message from a suspect and a control domain to the same consenting boxes, through the house's own queue.

mod report;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use check::{Checks, ImapBox};
use reference::{Category, Who};
use rules::{
    Fault,
    id::MessageId,
    probe::{Arm, Folder, Letter, Outcome, Role, Trial, exact, plan, unmask},
};
use store::{Attempt, QueuedRecipient, State};
use syntax::{Address, Domain};

use crate::{Composed, Ops, mailbox_check::seed};

pub use report::{ArmReport, ProbeReport, Quoted, ReceiverReport};

/// Most boxes of one probe: it is a measurement, no campaign.
const BOXES: usize = 20;
/// Most repeats.
const REPEATS: u32 = 10;
/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How often folders are looked at until every accepted letter is found, and how long between.
const FOLDER_LOOKS: u32 = 4;

/// A probe asked for.
#[derive(Debug, Clone)]
pub struct ProbeRequest {
    /// A mailbox of the domain under suspicion.
    pub suspect: Address,
    /// A mailbox of the domain that it is compared with.
    pub control: Address,
    /// The boxes.
    pub boxes: Vec<Address>,
    /// The owners of the boxes agreed.
    pub consent: bool,
    /// Letters of each arm to each box.
    pub repeats: u32,
    /// Decides the order; without one, chance.
    pub seed: Option<u64>,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// How long each group of letters is waited for.
    pub wait: Duration,
    /// Logins of boxes whose owner gave one.
    pub imap: HashMap<Address, ImapBox>,
    /// How long mail is given to reach its folder before each look.
    pub folder_wait: Duration,
    /// Trials of an earlier run, with the IPs swapped.
    pub earlier: Vec<Trial>,
}

/// What a probe would do.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProbePlan {
    /// Who sends, from where.
    pub arms: Vec<Arm>,
    /// The letters in their order.
    pub letters: Vec<Letter>,
    /// What gives this order again.
    pub seed: u64,
    /// The probability by chance of the clearest refusal: every receiver blocks the suspect, which is written there once,
    /// and takes every letter of the control.
    pub clearest: f64,
    /// The same in words.
    pub clearest_words: String,
}

/// A letter that was sent, or why not.
struct Sent {
    letter: Letter,
    message: Option<MessageId>,
    message_id: Option<String>,
    outcome: Outcome,
    reply: Option<String>,
    entry: Option<String>,
}

impl Ops {
    /// The arms and the order of the letters. Nothing is sent.
    ///
    /// # Errors
    /// `mailbox.unknown`, `probe.arms`, `probe.boxes`, `random`, `store.*`
    pub async fn plan_probe(&self, request: &ProbeRequest) -> Result<ProbePlan, Fault> {
        let (suspect, control) = (self.arm(Role::Suspect, request).await?, self.arm(Role::Control, request).await?);
        if suspect.from.domain() == control.from.domain() {
            return Err(Fault::caller(
                "probe.arms",
                format!("suspect and control are both at {}: a control is another domain", suspect.from.domain()),
            ));
        }
        let again = Arm { role: Role::ControlAgain, ..control.clone() };
        let arms = vec![suspect, control, again];
        check_boxes(request)?;
        let seed = match request.seed {
            Some(seed) => seed,
            None => seed()?,
        };
        let letters = plan(&arms, &request.boxes, request.repeats, seed);
        let receivers: HashSet<&Domain> = request.boxes.iter().map(Address::domain).collect();
        let controls = letters.iter().filter(|letter| letter.arm != 0).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let clearest = exact::clearest(count(receivers.len()), count(controls));
        Ok(ProbePlan { letters, arms, seed, clearest, clearest_words: rules::probe::chance(clearest) })
    }

    /// Carries it out: sends group by group, waits for the outcomes, stops an arm at the first permanent block of a receiver
    /// (nothing more goes from that arm to that receiver), takes what still waits out of the queue, reads the folders. `tell` hears of each step.
    ///
    /// # Errors
    /// `probe.consent`, `mailbox.unknown`, `probe.*`, `store.*`
    pub async fn run_probe(
        &self,
        checks: &Checks,
        request: &ProbeRequest,
        tell: impl Fn(&str) + Send + Sync,
    ) -> Result<ProbeReport, Fault> {
        if !request.consent {
            let what = "nobody said that the owners of the boxes agreed: ask them, then give --consent";
            return Err(Fault::caller("probe.consent", what));
        }
        let plan = self.plan_probe(request).await?;
        let mut sent: Vec<Sent> = Vec::new();
        let mut stopped: HashSet<(usize, Domain)> = HashSet::new();
        for group in plan.letters.chunk_by(|one, other| one.round == other.round && one.to == other.to) {
            let mut here = Vec::new();
            for letter in group {
                here.push(self.post(&plan, letter, request, stopped.contains(&place(letter))).await?);
            }
            self.wait_for(&mut here, request.wait).await?;
            for one in &here {
                let arm = plan.arms.get(one.letter.arm);
                let who = arm.map(|arm| format!("{} {}", arm.role.as_str(), arm.from)).unwrap_or_default();
                tell(&format!("round {} to {}: {who}: {}", one.letter.round, one.letter.to, said(one)));
                if one.outcome == Outcome::Refused {
                    stopped.insert(place(&one.letter));
                }
            }
            sent.extend(here);
        }
        self.clear(&mut sent).await?;
        let (folders, unread) = self.read_folders(checks, request, &sent, &tell).await;
        let mut trials: Vec<Trial> = sent.into_iter().filter_map(|one| trial(&plan, one, &folders)).collect();
        unmask(&mut trials);
        self.report(request, &plan, trials, unread).await
    }

    async fn arm(&self, role: Role, request: &ProbeRequest) -> Result<Arm, Fault> {
        let from = if role == Role::Suspect { &request.suspect } else { &request.control };
        let mailbox = self.mailbox(from).await?;
        let domain = self.store.domain(mailbox.address.domain()).await?;
        let domain = domain.ok_or_else(|| crate::domain::unknown(mailbox.address.domain()))?;
        Ok(Arm { role, from: mailbox.address, ip: domain.egress_ip })
    }

    /// Sends one letter by the rules of submission. A refusal of ours withholds it: it says nothing about the receiver.
    async fn post(
        &self,
        plan: &ProbePlan,
        letter: &Letter,
        request: &ProbeRequest,
        is_stopped: bool,
    ) -> Result<Sent, Fault> {
        let mut sent = Sent {
            letter: letter.clone(),
            message: None,
            message_id: None,
            outcome: Outcome::Withheld,
            reply: None,
            entry: None,
        };
        let Some(arm) = plan.arms.get(letter.arm).filter(|_| !is_stopped) else { return Ok(sent) };
        let composed = Composed {
            from: arm.from.clone(),
            to: vec![letter.to.clone()],
            subject: request.subject.clone(),
            text: request.text.clone(),
        };
        match self.send(composed).await {
            Ok(message) => {
                sent.message_id = self.store.message(&message).await?.map(|message| message.message_id);
                sent.message = Some(message);
                sent.outcome = Outcome::Unknown;
                Ok(sent)
            }
            Err(fault) if fault.code == "submission.refused" => {
                sent.reply = Some(format!("not sent by our own rule: {fault}"));
                Ok(sent)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Until the first attempt at each letter of a group has ended, or the time is over.
    async fn wait_for(&self, group: &mut [Sent], wait: Duration) -> Result<(), Fault> {
        let until = tokio::time::Instant::now() + wait;
        loop {
            let mut waiting = false;
            for sent in group.iter_mut() {
                self.look_at(sent).await?;
                waiting |= matches!(sent.outcome, Outcome::Unknown | Outcome::PutOff);
            }
            if !waiting || tokio::time::Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What has become of a letter so far.
    async fn look_at(&self, sent: &mut Sent) -> Result<(), Fault> {
        let Some(message) = &sent.message else { return Ok(()) };
        let Some(message) = self.store.message(message).await? else { return Ok(()) };
        let Some(recipient) = message.recipients.first() else { return Ok(()) };
        let attempts = self.store.attempts(&recipient.id).await?;
        let last = attempts.iter().rev().find(|attempt| attempt.verdict.is_some());
        sent.outcome = outcome(recipient, last);
        if let Some(attempt) = last.filter(|_| sent.outcome != Outcome::Accepted) {
            sent.reply =
                attempt.reply.clone().or_else(|| attempt.stage.clone().map(|stage| format!("no reply at {stage}")));
            sent.entry = attempt.entry.clone();
        }
        Ok(())
    }

    /// Takes what still waits out of the queue: a probe leaves nothing behind that goes out later.
    async fn clear(&self, sent: &mut [Sent]) -> Result<(), Fault> {
        for one in sent.iter_mut().filter(|one| matches!(one.outcome, Outcome::Unknown | Outcome::PutOff)) {
            self.look_at(one).await?;
            if let Some(message) = &one.message {
                self.drop_message(message).await?;
            }
        }
        Ok(())
    }

    /// Where the accepted letters lie, by Message-ID, and which boxes could not be read, and why.
    async fn read_folders(
        &self,
        checks: &Checks,
        request: &ProbeRequest,
        sent: &[Sent],
        tell: &(impl Fn(&str) + Send + Sync),
    ) -> (HashMap<String, Folder>, Vec<String>) {
        let (mut found, mut unread) = (HashMap::new(), Vec::new());
        for (address, account) in &request.imap {
            let accepted = |one: &&Sent| one.letter.to.key() == address.key() && one.outcome == Outcome::Accepted;
            let ids: Vec<String> = sent.iter().filter(accepted).filter_map(|one| one.message_id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            tell(&format!("looking into the folders of {address}"));
            match look(checks, account, &ids, request).await {
                Ok(folders) => found.extend(ids.into_iter().zip(folders)),
                Err(fault) => unread.push(format!("the folders of {address} could not be read: {fault}")),
            }
        }
        (found, unread)
    }
}

/// Looks a few times, until every message is somewhere: filing takes a moment.
async fn look(
    checks: &Checks,
    account: &ImapBox,
    ids: &[String],
    request: &ProbeRequest,
) -> Result<Vec<Folder>, Fault> {
    let mut folders = Vec::new();
    for _ in 0..FOLDER_LOOKS {
        tokio::time::sleep(request.folder_wait).await;
        folders = checks.folders(account, ids, Duration::from_secs(20)).await?;
        if !folders.contains(&Folder::Nowhere) {
            break;
        }
    }
    Ok(folders)
}

/// Where an arm is stopped: at that receiver. Elsewhere it goes on, or one refusal would be all that is known of it.
fn place(letter: &Letter) -> (usize, Domain) {
    (letter.arm, letter.to.domain().clone())
}

fn check_boxes(request: &ProbeRequest) -> Result<(), Fault> {
    let wrong = |what: String| Err(Fault::caller("probe.boxes", what));
    if request.boxes.is_empty() || request.boxes.len() > BOXES {
        return wrong(format!("{} boxes: give 1 to {BOXES} with --to", request.boxes.len()));
    }
    if request.repeats == 0 || request.repeats > REPEATS {
        return wrong(format!("{} repeats: give 1 to {REPEATS} with --repeats", request.repeats));
    }
    let mut keys: Vec<String> = request.boxes.iter().map(Address::key).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => wrong(format!("the box {} is named twice", pair.first().cloned().unwrap_or_default())),
        None => Ok(()),
    }
}

/// What the last attempt that ended came to. Our own fault (no such source IP, say) is no word of the receiver's.
fn outcome(recipient: &QueuedRecipient, last: Option<&Attempt>) -> Outcome {
    let who = last.and_then(|attempt| attempt.class).map(|class| class.who);
    let is_ours = who == Some(Who::Us) && last.is_some_and(|attempt| attempt.reply.is_none());
    match recipient.state {
        State::Delivered => Outcome::Accepted,
        State::Bounced | State::Deferred if is_ours => Outcome::Unknown,
        State::Bounced if is_about_the_box(last) => Outcome::BoxFailed,
        State::Bounced => Outcome::Refused,
        State::Deferred if last.is_some() => Outcome::PutOff,
        State::Queued | State::Deferred | State::Sending | State::InDoubt | State::Dropped => Outcome::Unknown,
    }
}

/// A refusal of the box: it does not exist, is closed or full.
fn is_about_the_box(last: Option<&Attempt>) -> bool {
    let entry = last.and_then(|attempt| attempt.entry.as_deref()).and_then(reference::entry);
    entry.is_some_and(|entry| {
        matches!(
            entry.category,
            Category::InvalidRecipient | Category::InactiveMailbox | Category::Quota | Category::BadDomain
        )
    })
}

fn said(sent: &Sent) -> String {
    let reply = sent.reply.as_deref().map(|reply| format!(" ({reply})")).unwrap_or_default();
    format!("{}{reply}", report::outcome_words(sent.outcome))
}

/// What is kept of a letter.
fn trial(plan: &ProbePlan, sent: Sent, folders: &HashMap<String, Folder>) -> Option<Trial> {
    let folder = sent.message_id.as_ref().and_then(|id| folders.get(id)).copied();
    let Sent { letter, outcome, reply, entry, .. } = sent;
    let arm = plan.arms.get(letter.arm)?.clone();
    Some(Trial { arm, round: letter.round, to: letter.to, outcome, reply, entry, folder })
}
