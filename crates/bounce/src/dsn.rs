//! Delivery status notifications. RFC 3464, RFC 6522, RFC 6533.

mod read;
mod write;

pub use read::{read, read_fields};
pub(crate) use read::{readable, typed};
pub use write::write;

use smtp::{Enhanced, Reply};
use syntax::{Address, Timestamp};

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dsn {
    /// Reporting-MTA, host name.
    pub reporting_mta: String,
    /// Original-Envelope-Id.
    pub envid: Option<String>,
    /// One per recipient.
    pub recipients: Vec<DsnRecipient>,
    /// Message-ID of the returned message, without brackets, when it was returned.
    pub message_id: Option<String>,
}

/// What is said about one recipient. RFC 3464 §2.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsnRecipient {
    /// Original-Recipient with its type: `rfc822;ann@example.com`. RFC 3464 §2.3.1.
    pub original: Option<String>,
    /// Final-Recipient.
    pub address: Address,
    /// Action.
    pub action: DsnAction,
    /// Status.
    pub status: Enhanced,
    /// Remote-MTA host.
    pub remote_mta: Option<String>,
    /// Diagnostic-Code of type smtp.
    pub diagnostic: Option<Reply>,
}

/// Action. RFC 3464 §2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DsnAction {
    /// failed
    Failed,
    /// delayed
    Delayed,
    /// delivered
    Delivered,
    /// relayed
    Relayed,
    /// expanded
    Expanded,
}

/// Who a notification is from and to, for writing it.
#[derive(Debug, Clone)]
pub struct Cover {
    /// From: `Mail Delivery System <postmaster@host>`.
    pub from: Address,
    /// To: the sender.
    pub to: Address,
    /// Date.
    pub date: Timestamp,
    /// Message-ID without brackets.
    pub message_id: String,
    /// The human part, plain text: what happened, why, what to do.
    pub text: String,
}

impl DsnAction {
    /// The word in the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
    /// Reads the word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Failed, Self::Delayed, Self::Delivered, Self::Relayed, Self::Expanded];
        all.into_iter().find(|action| action.as_str().eq_ignore_ascii_case(text))
    }
}
