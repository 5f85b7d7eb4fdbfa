//! What happened, read from the store.

use std::net::IpAddr;

use reference::{Action, HowLong, Who};
use rules::proof::{Outcome, Seen, Step};
use syntax::{Address, Domain};

/// The story's outcome.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// Every recipient of every message that the house accepted or the story brought directly.
    pub deliveries: Vec<Delivery>,
    /// Attempts to misuse the house, and how they were answered.
    pub refused: Vec<Hostile>,
    /// Each planted fault: before, drift, repair, after.
    pub faults: Vec<FaultStory>,
    /// What `coldrelay check domain` finds not in order in the domain that is in order, and what it predicts of it.
    pub healthy: Vec<String>,
    /// The replies predicted of it, beside the real ones.
    pub forecasts: Vec<Forecast>,
    /// Our sending domains.
    pub domains: Vec<DomainSummary>,
    /// Our mailboxes.
    pub mailboxes: Vec<MailboxSummary>,
    /// Pairing proofs of the domain that is in order.
    pub proofs: Vec<ProofStory>,
    /// Answers that came into our mailboxes.
    pub replies_received: usize,
    /// Notifications that came from other hosts.
    pub bounces_received: usize,
    /// Every mail that lies in our mailboxes, the notices that we write ourselves among them.
    pub received: Vec<Received>,
}

/// One recipient.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Delivery {
    /// Who received.
    pub receiver: String,
    /// From address.
    pub sender: Address,
    /// Recipient.
    pub recipient: Address,
    /// `delivered`, `deferred`, `bounced` or `in_doubt`.
    pub status: String,
    /// `house` for mail through our submission and relay, `direct` for mail that went around it.
    pub via: &'static str,
    /// The last reply, on one line.
    pub reply: Option<String>,
    /// Its enhanced code.
    pub enhanced: Option<String>,
    /// Entry of the last refusal, if there was one.
    pub entry: Option<String>,
    /// Whose matter the last refusal was.
    pub who: Option<Who>,
    /// For how long.
    pub how_long: Option<HowLong>,
    /// What to do.
    pub action: Option<Action>,
    /// Attempts made.
    pub attempts: u32,
    /// Whether the connection was encrypted.
    pub tls: bool,
    /// Every refusal, oldest first.
    pub refusals: Vec<Refusal>,
    /// What the story meant to show.
    pub purpose: String,
}

/// One refusal and its explanation.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Refusal {
    /// `snake_case` stage.
    pub stage: String,
    /// What the peer said; absent when it said nothing.
    pub reply: Option<String>,
    /// Enhanced code.
    pub enhanced: Option<String>,
    /// Entry id.
    pub entry: String,
    /// Entry title.
    pub title: String,
    /// Whose matter.
    pub who: Who,
    /// For how long.
    pub how_long: HowLong,
    /// What to do.
    pub action: Action,
    /// First step of the repair.
    pub fix: String,
}

/// A hostile or malformed input.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Hostile {
    /// What was tried.
    pub attempt: String,
    /// Where: `submission` or `mx`.
    pub door: &'static str,
    /// The answer.
    #[serde(flatten)]
    pub refusal: Refusal,
}

/// A planted fault.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FaultStory {
    /// What is wrong.
    pub fault: String,
    /// Sending domain.
    pub domain: Domain,
    /// How it showed: status and reply of the first message.
    pub before: String,
    /// Entry that explained it.
    pub entry: Option<String>,
    /// Differences that `domain diff` found.
    pub drift: usize,
    /// What was done.
    pub repair: String,
    /// Status and reply of the message sent after the repair.
    pub after: String,
    /// Whether mail flows now.
    pub fixed: bool,
    /// What `coldrelay check domain` found not in order before the repair: ids of findings.
    pub findings: Vec<String>,
    /// The same after the repair.
    pub findings_after: Vec<String>,
    /// The replies that it predicted, beside the real ones.
    pub forecasts: Vec<Forecast>,
    /// The pairing proofs of its mailbox before the repair and after it, where they were made.
    pub proofs: Vec<ProofStory>,
}

/// A pairing proof, and what the submission said to the mailbox after it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProofStory {
    /// The mailbox.
    pub mailbox: Address,
    /// What it came to.
    pub outcome: Option<Outcome>,
    /// What it failed for: `proof.mx`.
    pub finding: Option<Step>,
    /// The entry that explains it.
    pub entry: Option<String>,
    /// Its steps.
    pub steps: Vec<Seen>,
    /// The answer to MAIL of a message that the mailbox would send.
    pub submission: Option<String>,
}

/// A predicted reply beside the real one; `None` is a message that is taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Forecast {
    /// Who judged.
    pub receiver: String,
    /// What was predicted.
    pub predicted: Option<String>,
    /// What was said.
    pub real: Option<String>,
}

impl Forecast {
    /// Whether it came as predicted.
    pub fn is_right(&self) -> bool {
        self.predicted == self.real
    }
}

/// A sending domain.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DomainSummary {
    /// Name.
    pub name: Domain,
    /// Dedicated egress IP.
    pub egress_ip: IpAddr,
    /// Mail host.
    pub mail_host: Domain,
    /// Planned records.
    pub records: usize,
    /// Records that live queries proved, at the end of the story.
    pub proved: usize,
    /// Selectors of its DKIM keys.
    pub selectors: Vec<String>,
}

/// A mailbox.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailboxSummary {
    /// Address.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Mails that lie in it.
    pub mails: usize,
}

/// A mail in one of our mailboxes.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Received {
    /// Where.
    pub mailbox: Address,
    /// `reply`, `bounce`, `auto` or `message`.
    pub kind: String,
    /// From, when readable.
    pub from: Option<Address>,
    /// Subject.
    pub subject: String,
    /// Came over SMTP (not written by the house itself).
    pub from_outside: bool,
    /// The recipient row that it is about, for a bounce.
    pub about: Option<String>,
}
