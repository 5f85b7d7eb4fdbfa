//! Mail that lies in mailboxes.

use rules::{
    Fault,
    event::Event,
    id::{MailId, MailboxId, RecipientId},
};
use syntax::{Address, Timestamp};

use crate::Store;

/// What a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Written by somebody; an answer when it names a message of ours.
    Message,
    /// An answer: In-Reply-To or References names a message of ours.
    Reply,
    /// A delivery status notification (received, or written by us).
    Bounce,
    /// Written by a machine (Auto-Submitted): out of office…
    Auto,
}

/// A mail to be stored.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Where.
    pub mailbox: MailboxId,
    /// What.
    pub kind: MailKind,
    /// Reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
    /// Forward path it came for (the catch-all keeps the original here).
    pub forward_path: Address,
    /// From header's address, when readable.
    pub from: Option<Address>,
    /// Subject.
    pub subject: String,
    /// The recipient row it is about (by return-path token).
    pub about: Option<RecipientId>,
    /// The verdicts on SPF, DKIM, DMARC as JSON.
    pub verdicts: Option<String>,
    /// The message with its trace fields.
    pub content: Vec<u8>,
}

/// A mail's row, without content.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Mail {
    /// Id.
    pub id: MailId,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// Kind.
    pub kind: MailKind,
    /// Reverse-path.
    pub reverse_path: Option<Address>,
    /// Forward path.
    pub forward_path: Address,
    /// From.
    pub from: Option<Address>,
    /// Subject.
    pub subject: String,
    /// About.
    pub about: Option<RecipientId>,
    /// Verdicts as JSON.
    pub verdicts: Option<String>,
    /// Octets.
    pub octets: u64,
    /// When it came.
    pub received_at: Timestamp,
}

impl Store {
    /// Stores mails, all or none; durable on return. Each gets a MailReceived event, besides `events`.
    ///
    /// # Errors
    /// `store.*`: the caller answers 451.
    pub async fn deliver(&self, _mails: Vec<NewMail>, _events: Vec<Event>) -> Result<Vec<MailId>, Fault> {
        todo!()
    }
    /// Mails, newest first; of one mailbox when given; at most `limit` (0: 100).
    ///
    /// # Errors
    /// `store.*`
    pub async fn mails(&self, _mailbox: Option<&MailboxId>, _limit: u32) -> Result<Vec<Mail>, Fault> {
        todo!()
    }
    /// The content of one.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_content(&self, _id: &MailId) -> Result<Option<Vec<u8>>, Fault> {
        todo!()
    }
    /// Whether a Message-ID (without brackets) is of a message we relayed from this mailbox.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sent_message_id(&self, _mailbox: &MailboxId, _message_ids: &[String]) -> Result<bool, Fault> {
        todo!()
    }
}
