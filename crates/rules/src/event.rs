//! The one closed list of events: log line, metric, webhook and dashboard row render it.

use reference::Class;
use syntax::{Address, Domain, Timestamp};

use crate::{
    id::{AttemptId, MailId, MailboxId, MessageId, RecipientId, ReportId},
    listing::Listing,
    load::Pressure,
    proof::Step,
};

/// Something that happened. [`Event::kind`] is its stable public id.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "fields are named for what they hold")]
pub enum Event {
    /// A domain was created.
    DomainAdded { domain: Domain },
    /// A domain's records were published.
    DomainPublished { domain: Domain, changes: usize },
    /// A mailbox was created.
    MailboxAdded { mailbox: MailboxId, address: Address },
    /// A message was accepted for relay.
    MessageAccepted { message: MessageId, from: Address, recipients: usize, octets: usize },
    /// A submission was refused.
    SubmissionRefused { login: Option<String>, entry: String, reply: String },
    /// An attempt was begun.
    AttemptBegun { recipient: RecipientId, attempt: AttemptId, number: u32 },
    /// A recipient's host took responsibility.
    Delivered { recipient: RecipientId, attempt: AttemptId, to: Address },
    /// An attempt failed; another follows.
    Deferred { recipient: RecipientId, attempt: AttemptId, to: Address, entry: String, class: Class },
    /// Final failure.
    Bounced { recipient: RecipientId, to: Address, entry: String, class: Class, late: bool },
    /// The connection was lost after the final dot, or we crashed during an attempt.
    InDoubt { recipient: RecipientId, attempt: AttemptId, to: Address },
    /// An operator dropped a recipient.
    Dropped { recipient: RecipientId, to: Address },
    /// A mail arrived in a mailbox.
    MailReceived { mail: MailId, mailbox: MailboxId, mail_kind: String },
    /// A RCPT or MAIL was refused at our MX.
    InboundRefused { reply: String },
    /// An address went onto the suppression list.
    Suppressed { address: Address, reason: String },
    /// A mailbox's pairing proof passed, which it had not before.
    MailboxProofPassed { mailbox: MailboxId, address: Address },
    /// A mailbox's pairing proof failed, or fails for another reason than before.
    MailboxProofFailed { mailbox: MailboxId, address: Address, finding: Step, entry: String, evidence: String },
    /// A blocklist lists an IP or domain of ours, says something else of it, or has ended a listing.
    /// `bad`: mail is refused for it.
    ListingChanged {
        subject: String,
        zone: String,
        before: Option<Listing>,
        now: Listing,
        codes: Vec<String>,
        bad: bool,
    },
    /// A reply to a message of ours arrived.
    ReplyReceived { mail: MailId, mailbox: MailboxId, message: MessageId, from: Option<Address> },
    /// Somebody asked to be left alone; `why` says in which words.
    RecipientOptedOut { address: Address, mail: MailId, why: String },
    /// A report of a receiver arrived. `state`: `counted`, `duplicate`, `refused`, `unreadable`, `unproven`.
    ReportReceived { report: ReportId, report_kind: String, state: String, domain: String, organization: String },
    /// A complaint arrived. Only one that is `proven` to be about a message of ours changes anything.
    ComplaintReceived {
        report: ReportId,
        address: Option<Address>,
        recipient: Option<RecipientId>,
        proven: bool,
        why: String,
    },
    /// Memory, disk or commits passed their mark, and no new mail is taken on; or that is over (`shedding` is false).
    LoadChanged { pressure: Pressure, shedding: bool, seen: String, mark: String },
    /// A CA gave a certificate; it is shown from now on.
    CertificateIssued { name: String, names: Vec<String>, not_after: Timestamp },
    /// An order for a certificate failed; the one that is there stays, and the next order is made at `next`.
    CertificateFailed { name: String, code: String, problem: String, next: Timestamp },
}

impl Event {
    /// Every kind there is.
    pub const KINDS: &[&str] = &[
        "domain-added",
        "domain-published",
        "mailbox-added",
        "message-accepted",
        "submission-refused",
        "attempt-begun",
        "delivered",
        "deferred",
        "bounced",
        "in-doubt",
        "dropped",
        "mail-received",
        "inbound-refused",
        "suppressed",
        "mailbox-proof-passed",
        "mailbox-proof-failed",
        "listing-changed",
        "reply-received",
        "recipient-opted-out",
        "report-received",
        "complaint-received",
        "load-changed",
        "certificate-issued",
        "certificate-failed",
    ];

    /// Stable public id: `message-accepted`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DomainAdded { .. } => "domain-added",
            Self::DomainPublished { .. } => "domain-published",
            Self::MailboxAdded { .. } => "mailbox-added",
            Self::MessageAccepted { .. } => "message-accepted",
            Self::SubmissionRefused { .. } => "submission-refused",
            Self::AttemptBegun { .. } => "attempt-begun",
            Self::Delivered { .. } => "delivered",
            Self::Deferred { .. } => "deferred",
            Self::Bounced { .. } => "bounced",
            Self::InDoubt { .. } => "in-doubt",
            Self::Dropped { .. } => "dropped",
            Self::MailReceived { .. } => "mail-received",
            Self::InboundRefused { .. } => "inbound-refused",
            Self::Suppressed { .. } => "suppressed",
            Self::MailboxProofPassed { .. } => "mailbox-proof-passed",
            Self::MailboxProofFailed { .. } => "mailbox-proof-failed",
            Self::ListingChanged { .. } => "listing-changed",
            Self::ReplyReceived { .. } => "reply-received",
            Self::RecipientOptedOut { .. } => "recipient-opted-out",
            Self::ReportReceived { .. } => "report-received",
            Self::ComplaintReceived { .. } => "complaint-received",
            Self::LoadChanged { .. } => "load-changed",
            Self::CertificateIssued { .. } => "certificate-issued",
            Self::CertificateFailed { .. } => "certificate-failed",
        }
    }
}
