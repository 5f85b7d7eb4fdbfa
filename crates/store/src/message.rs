//! Messages accepted for relay, and their recipients.

use rules::{
    Fault,
    event::Event,
    id::{DomainId, MailboxId, MessageId, RecipientId},
};
use syntax::{Address, Timestamp};

use crate::{Attempt, Store};

/// A message to be accepted.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The sending domain: decides egress IP and keys.
    pub domain: DomainId,
    /// The submitting mailbox; bounces go there.
    pub mailbox: MailboxId,
    /// Header From address.
    pub from: Address,
    /// Subject, for people.
    pub subject: String,
    /// Message-ID, without brackets.
    pub message_id: String,
    /// The message, unsigned, CRLF.
    pub content: Vec<u8>,
    /// At least one.
    pub recipients: Vec<NewRecipient>,
    /// ENVID of the submission.
    pub envid: Option<String>,
    /// When it bounces if still undelivered.
    pub expires_at: Timestamp,
}

/// A recipient.
#[derive(Debug, Clone)]
pub struct NewRecipient {
    /// Forward path.
    pub address: Address,
    /// ORCPT.
    pub original: Option<String>,
    /// NOTIFY: a DSN on failure is wanted (true by default, false for NEVER).
    pub notify_failure: bool,
}

/// The state of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for its first attempt.
    Queued,
    /// Waiting for another attempt.
    Deferred,
    /// An attempt is under way.
    Sending,
    /// Perhaps delivered; another attempt follows after back-off.
    InDoubt,
    /// Delivered.
    Delivered,
    /// Failed for good.
    Bounced,
    /// Dropped by an operator.
    Dropped,
}

/// A message with its recipients.
#[derive(Debug, Clone, serde::Serialize)]
pub struct QueuedMessage {
    /// Id.
    pub id: MessageId,
    /// Domain.
    pub domain: DomainId,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// From.
    pub from: Address,
    /// Subject.
    pub subject: String,
    /// Message-ID.
    pub message_id: String,
    /// Octets of the content.
    pub octets: u64,
    /// ENVID.
    pub envid: Option<String>,
    /// When accepted.
    pub accepted_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Recipients.
    pub recipients: Vec<QueuedRecipient>,
}

/// A recipient's row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct QueuedRecipient {
    /// Id.
    pub id: RecipientId,
    /// Message.
    pub message: MessageId,
    /// Address.
    pub address: Address,
    /// State.
    pub state: State,
    /// Attempts begun.
    pub attempts: u32,
    /// Next attempt, when one is due.
    pub next_at: Option<Timestamp>,
    /// ORCPT.
    pub original: Option<String>,
    /// Whether a DSN on failure is wanted.
    pub notify_failure: bool,
    /// A second copy may have been delivered: an attempt was in doubt.
    pub possible_duplicate: bool,
}

/// Which rows to list.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Only these states (empty: all).
    pub states: Vec<State>,
    /// Only this sending domain.
    pub domain: Option<DomainId>,
    /// Only recipients at this domain.
    pub to_domain: Option<String>,
    /// At most so many messages (0: 100), newest first.
    pub limit: u32,
    /// Only messages accepted before this one (next page).
    pub before: Option<MessageId>,
}

impl Store {
    /// Accepts. Durable on return; due at once.
    ///
    /// # Errors
    /// `store.*`: the caller answers 451.
    pub async fn accept(&self, _new: NewMessage, _events: Vec<Event>) -> Result<MessageId, Fault> {
        todo!()
    }
    /// One message.
    ///
    /// # Errors
    /// `store.*`
    pub async fn message(&self, _id: &MessageId) -> Result<Option<QueuedMessage>, Fault> {
        todo!()
    }
    /// Its content.
    ///
    /// # Errors
    /// `store.*`
    pub async fn content(&self, _id: &MessageId) -> Result<Option<Vec<u8>>, Fault> {
        todo!()
    }
    /// A recipient and its message.
    ///
    /// # Errors
    /// `store.*`
    pub async fn recipient(&self, _id: &RecipientId) -> Result<Option<(QueuedRecipient, QueuedMessage)>, Fault> {
        todo!()
    }
    /// The queue.
    ///
    /// # Errors
    /// `store.*`
    pub async fn queue(&self, _filter: &QueueFilter) -> Result<Vec<QueuedMessage>, Fault> {
        todo!()
    }
    /// Attempts for a recipient, oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn attempts(&self, _recipient: &RecipientId) -> Result<Vec<Attempt>, Fault> {
        todo!()
    }
    /// Messages accepted from a mailbox since a moment.
    ///
    /// # Errors
    /// `store.*`
    pub async fn accepted_since(&self, _mailbox: &MailboxId, _since: Timestamp) -> Result<u32, Fault> {
        todo!()
    }
    /// Makes waiting recipients (deferred, in doubt, queued) due now. Returns how many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn retry_now(&self, _recipients: &[RecipientId]) -> Result<u32, Fault> {
        todo!()
    }
    /// Takes waiting recipients out of the queue for good. Returns those that were dropped.
    ///
    /// # Errors
    /// `store.*`
    pub async fn drop_recipients(&self, _recipients: &[RecipientId]) -> Result<Vec<RecipientId>, Fault> {
        todo!()
    }
}
