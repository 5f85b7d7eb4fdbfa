//! Delivery status notifications. RFC 3464, RFC 6522, RFC 6533.

use smtp::{Enhanced, Reply};
use syntax::{Address, Malformed, Timestamp};

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
    /// Original-Recipient.
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

/// Reads a `multipart/report; report-type=delivery-status`; `None` when the message is something else.
///
/// # Errors
/// [`Malformed`] when it claims to be one and its delivery-status part cannot be read.
pub fn read(_message: &[u8]) -> Result<Option<Dsn>, Malformed> {
    todo!()
}

/// Writes one; `original` is the returned message, of which the header is included.
pub fn write(_cover: &Cover, _dsn: &Dsn, _original: &[u8]) -> Vec<u8> {
    todo!()
}
