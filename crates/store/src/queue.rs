//! What the relay does with the queue: look, begin, settle, recover.

use std::net::IpAddr;

use reference::Class;
use rules::{
    Fault,
    event::Event,
    id::{AttemptId, DomainId, MailboxId, MessageId, RecipientId},
};
use syntax::{Address, Timestamp};

use crate::{NewMail, Store};

/// A recipient whose attempt is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// Recipient.
    pub recipient: RecipientId,
    /// Message.
    pub message: MessageId,
    /// Domain.
    pub domain: DomainId,
    /// Bounces go there.
    pub mailbox: MailboxId,
    /// From.
    pub from: Address,
    /// Forward path.
    pub address: Address,
    /// Egress IP of the domain, as it is now.
    pub egress_ip: IpAddr,
    /// Attempts begun before.
    pub attempts: u32,
    /// When it is (was) due.
    pub due_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// ENVID.
    pub envid: Option<String>,
    /// ORCPT.
    pub original: Option<String>,
    /// Whether a DSN on failure is wanted.
    pub notify_failure: bool,
}

/// An attempt to be begun. Written before dialling.
#[derive(Debug, Clone)]
pub struct BeginAttempt {
    /// Recipient.
    pub recipient: RecipientId,
    /// Number, from 1: must be `attempts + 1`, else somebody else has begun it.
    pub number: u32,
    /// Source IP.
    pub egress_ip: IpAddr,
    /// When it is tried again should we never hear of this attempt.
    pub next_at: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Attempt.
    pub attempt: AttemptId,
    /// Recipient.
    pub recipient: RecipientId,
    /// Verdict: the recipient's new state.
    pub verdict: Verdict,
    /// MX host.
    pub mx_host: Option<String>,
    /// Its address and port.
    pub peer: Option<String>,
    /// TLS version and cipher.
    pub tls: Option<String>,
    /// `smtp::Stage::as_str`
    pub stage: String,
    /// Reply as one line, `550 5.1.1 …`.
    pub reply: Option<String>,
    /// Enhanced code, `5.1.1`.
    pub enhanced: Option<String>,
    /// Entry id, when refused.
    pub entry: Option<String>,
    /// Class, when refused.
    pub class: Option<Class>,
    /// Transcript.
    pub transcript: String,
    /// A notice (DSN) into the sender's mailbox, in the same transaction.
    pub notice: Option<NewMail>,
    /// Events.
    pub events: Vec<Event>,
}

/// What becomes of the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Delivered.
    Delivered,
    /// Deferred until then.
    Deferred(Timestamp),
    /// In doubt; tried again then.
    InDoubt(Timestamp),
    /// Failed for good.
    Bounced,
}

/// An attempt's row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Attempt {
    /// Id.
    pub id: AttemptId,
    /// Number, from 1.
    pub number: u32,
    /// Source IP.
    pub egress_ip: IpAddr,
    /// When begun.
    pub begun_at: Timestamp,
    /// When ended; `None` while under way or lost in a crash.
    pub ended_at: Option<Timestamp>,
    /// `delivered`, `deferred`, `in_doubt`, `bounced`; `None` while under way.
    pub verdict: Option<String>,
    /// MX host.
    pub mx_host: Option<String>,
    /// Peer.
    pub peer: Option<String>,
    /// TLS.
    pub tls: Option<String>,
    /// Stage.
    pub stage: Option<String>,
    /// Reply.
    pub reply: Option<String>,
    /// Enhanced code.
    pub enhanced: Option<String>,
    /// Entry id.
    pub entry: Option<String>,
    /// Class.
    pub class: Option<Class>,
    /// Transcript.
    pub transcript: String,
}

impl Store {
    /// Recipients due at or before `until`, by due time, at most `limit`, skipping `skip` (those in memory already).
    ///
    /// # Errors
    /// `store.*`
    pub async fn due(&self, _until: Timestamp, _limit: u32, _skip: &[RecipientId]) -> Result<Vec<Due>, Fault> {
        todo!()
    }
    /// The earliest moment at which something is due.
    ///
    /// # Errors
    /// `store.*`
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Fault> {
        todo!()
    }
    /// Returns once something became due through this store (accept, retry): the relay looks again.
    pub async fn wake(&self) {
        todo!()
    }
    /// Begins attempts, each answered in order; `None`: it was begun elsewhere, settled or dropped meanwhile.
    ///
    /// # Errors
    /// `store.*`
    pub async fn begin(&self, _attempts: Vec<BeginAttempt>) -> Result<Vec<Option<AttemptId>>, Fault> {
        todo!()
    }
    /// Writes how attempts ended. An attempt settled before is left alone.
    ///
    /// # Errors
    /// `store.*`
    pub async fn settle(&self, _settled: Vec<Settled>) -> Result<(), Fault> {
        todo!()
    }
    /// After a start: attempts without a result become in doubt. Returns how many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn recover(&self) -> Result<u32, Fault> {
        todo!()
    }
    /// A DSN or callback said later that a delivered (or waiting) recipient failed: state Bounced, an attempt
    /// row with stage `notification`, the mail of the DSN and the events in one transaction.
    ///
    /// # Errors
    /// `store.*`
    pub async fn bounce_late(&self, _settled: Settled) -> Result<(), Fault> {
        todo!()
    }
}
