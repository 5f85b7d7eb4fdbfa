//! The language of IMAP: octets to commands, responses to octets, messages to what FETCH and SEARCH want.
//!
//! Pure: no socket, no file, no clock. Reading order:
//! 1. [`frame`] finds whole commands in a stream of octets, literals and continuations included;
//! 2. [`command`] reads one [`Frame`](frame::Frame) into a [`Command`](command::Command), over the small words
//!    [`name`] (mailbox names), [`set`] (sequence sets), [`flag`], [`date`];
//! 3. [`response`] writes everything that a server says;
//! 4. [`envelope`] and [`structure`] take a message apart once, at delivery ([`structure::Kept`]), so that
//!    [`section`] finds the octets of `BODY[…]` and `BINARY[…]` without parsing;
//! 5. [`search`] holds one message against a SEARCH key, and says which keys need no message at all.

pub mod command;
pub mod date;
pub mod envelope;
pub mod flag;
pub mod frame;
mod header;
pub mod name;
pub mod response;
pub mod search;
pub mod section;
pub mod set;
pub mod structure;

/// What the client has enabled, as far as words are read and written differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// After `ENABLE IMAP4rev2` or `ENABLE UTF8=ACCEPT`: mailbox names and quoted strings are UTF-8, no
    /// modified UTF-7 (RFC 9051 §5.1, RFC 6855 §3).
    pub utf8: bool,
}
