//! The client side of a session: one connection, any number of messages.
//!
//! The core asks [`Question::Next`] whenever it is ready for a message and hands over the outcome
//! of the one before, so a connection is reused for as long as the house has mail for it.

//!
//! Reading order: [`Delivery`], [`Outcome`], then [`Session`]; one delivery is followed in `client/transaction.rs`.

pub mod callout;
mod offer;
mod reading;
mod session;
mod transaction;

use syntax::Address;

use crate::{Reply, Stage, server::Password};
pub use session::Session;

/// How a session behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// EHLO argument.
    pub hostname: String,
    /// Whether and how TLS is used.
    pub tls: Tls,
    /// Log in after TLS.
    pub login: Option<(String, Password)>,
}

/// Whether TLS is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Never,
    /// When the server offers STARTTLS; the handshake itself failing ends the session.
    Opportunistic,
    /// No mail without it.
    Required,
    /// The connection is TLS from the start.
    Implicit,
}

/// One message to be delivered over this connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `None` is `<>`.
    pub reverse_path: Option<Address>,
    /// At least one.
    pub recipients: Vec<Address>,
    /// Octets with CRLF line ends, not dot-stuffed.
    pub content: Vec<u8>,
    /// ENVID / RET / NOTIFY are passed on when the server offers DSN.
    pub envid: Option<String>,
}

/// How a delivery ended, for each recipient in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// One per recipient.
    pub recipients: Vec<RecipientOutcome>,
}

/// How it ended for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientOutcome {
    /// The server took responsibility with this reply.
    Accepted(Reply),
    /// The server refused at this stage with this reply.
    Refused {
        /// Where.
        stage: Stage,
        /// What it said.
        reply: Reply,
    },
    /// The connection ended at this stage, before the final dot: surely not delivered.
    Lost(Stage),
    /// The connection ended after the final dot was sent and before its reply: perhaps delivered.
    InDoubt,
}

/// What the core asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Ready for a message; here is how the one before ended.
    Next(Option<Outcome>),
}

/// What the house says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Deliver this.
    Deliver(Delivery),
    /// Nothing more: send QUIT.
    Quit,
}
