//! The server side of a session. RFC 5321, 3207, 4954, 1870, 6152, 6531, 3461, 3030, 2920, 2034.

//!
//! Reading order: [`Question`], [`Answer`], then [`Session`]; commands are read in `server/command.rs`, the content of
//! a message in `server/content.rs`, what each command does in `server/session.rs`.

mod command;
pub(crate) mod content;
mod login;
mod session;

use std::net::IpAddr;

use syntax::Address;

use crate::Reply;
pub(crate) use command::xtext;
pub use session::Session;

/// What a listener offers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our host name in the greeting and in EHLO.
    pub hostname: String,
    /// Offer STARTTLS (there is a certificate) while in clear.
    pub starttls: bool,
    /// The connection is TLS from the start (465).
    pub implicit_tls: bool,
    /// Offer AUTH PLAIN and LOGIN, only under TLS; without AUTH, MAIL is refused with 530 5.7.0.
    pub auth: bool,
    /// Largest message, in octets (SIZE).
    pub max_message_octets: usize,
    /// Largest number of recipients a transaction.
    pub max_recipients: usize,
    /// Protocol errors after which the session ends with 421.
    pub max_errors: usize,
    /// Failed AUTH attempts after which the session ends with 421.
    pub max_auth_failures: usize,
    /// Offer enhanced status codes (a legacy lab receiver does not).
    pub enhanced_codes: bool,
}

/// Parameters of MAIL. RFC 5321 §4.1.1.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// SIZE=
    pub size: Option<usize>,
    /// BODY=8BITMIME
    pub eight_bit: bool,
    /// SMTPUTF8
    pub smtputf8: bool,
    /// RET=HDRS (true) or FULL (false). RFC 3461 §4.3.
    pub return_headers_only: Option<bool>,
    /// ENVID=, decoded from xtext.
    pub envid: Option<String>,
}

/// Parameters of RCPT. RFC 3461 §4.1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RcptParameters {
    /// NOTIFY=; `None` when absent.
    pub notify: Option<Notify>,
    /// ORCPT=, `rfc822;addr`, decoded from xtext.
    pub original: Option<String>,
}

/// When a DSN is wanted. All false is NEVER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notify {
    /// SUCCESS.
    pub success: bool,
    /// FAILURE.
    pub failure: bool,
    /// DELAY.
    pub delay: bool,
}

/// One accepted recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Forward path.
    pub address: Address,
    /// Its parameters.
    pub parameters: RcptParameters,
}

/// The envelope so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// `None` is the null reverse-path `<>`.
    pub reverse_path: Option<Address>,
    /// Parameters of MAIL.
    pub parameters: MailParameters,
    /// Recipients that were answered positively.
    pub recipients: Vec<Recipient>,
}

/// What the core cannot decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A client connected from this address. A positive answer's text is used in the 220 greeting.
    Connect(IpAddr),
    /// EHLO (`extended`) or HELO with this argument.
    Helo {
        /// The argument, as given.
        name: String,
        /// EHLO rather than HELO.
        extended: bool,
        /// The connection is encrypted.
        tls: bool,
    },
    /// AUTH under TLS; the password's `Debug` is redacted.
    Auth {
        /// Authentication identity.
        login: String,
        /// Password.
        password: Password,
    },
    /// MAIL FROM, syntactically right.
    Mail {
        /// Reverse path.
        reverse_path: Option<Address>,
        /// Its parameters.
        parameters: MailParameters,
    },
    /// RCPT TO, syntactically right.
    Rcpt {
        /// Forward path.
        address: Address,
        /// Its parameters.
        parameters: RcptParameters,
    },
    /// DATA or the first BDAT, with at least one recipient: may the content be sent?
    Data,
    /// A whole message: dot-unstuffed octets with CRLF line ends. A positive answer means durable.
    Message {
        /// The envelope.
        transaction: Transaction,
        /// The content.
        content: Vec<u8>,
    },
}

/// What the house says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Send this reply; a positive code lets the session go on.
    Reply(Reply),
    /// Send this reply and close (421, 554 greeting…).
    ReplyAndClose(Reply),
    /// Close without a word (a lab receiver that drops connections).
    Drop,
}

/// A password that does not show in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
