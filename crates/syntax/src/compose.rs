//! Composing a plain message.

use crate::{Address, FromField, Timestamp};

/// A text message to be composed. The result has CRLF line ends, encoded words where needed, and
/// a `text/plain; charset=utf-8` body in 7bit or quoted-printable.
#[derive(Debug, Clone)]
pub struct Draft {
    /// From.
    pub from: FromField,
    /// To.
    pub to: Vec<Address>,
    /// Subject, unencoded.
    pub subject: String,
    /// Body; any line ends.
    pub text: String,
    /// Date.
    pub date: Timestamp,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// More fields (name, unfolded value), in order: `In-Reply-To`, `Auto-Submitted`…
    pub more: Vec<(String, String)>,
}

impl Draft {
    /// The message.
    pub fn write(&self) -> Vec<u8> {
        todo!()
    }
}
