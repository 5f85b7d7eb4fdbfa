//! One message held against a SEARCH key. RFC 9051 §6.4.4.
//!
//! Held against a message in three steps, each only when the one before could not decide: what a row holds, what was
//! kept at delivery, the message itself. [`Query::evaluate`] says which is needed next.

use syntax::Timestamp;

use super::{command::SearchKey, flag::Flag, set::Ranges, structure::Kept};

/// A SEARCH key, made ready: texts folded once.
#[derive(Debug, Clone)]
pub struct Query(SearchKey);

/// What is the same for all messages of one search.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    /// Now, for OLDER and YOUNGER.
    pub now: Timestamp,
    /// Highest message number; 0 when there is none.
    pub last_number: u32,
    /// Highest UID; 0 when there is none.
    pub last_uid: u32,
    /// The UIDs that `$` stands for.
    pub saved: &'c Ranges,
}

/// What is known of a message from its row.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'m> {
    /// Message number.
    pub number: u32,
    /// UID.
    pub uid: u32,
    /// Flags.
    pub flags: &'m [Flag],
    /// `\Recent` in this session.
    pub recent: bool,
    /// Internal date.
    pub internal_date: Timestamp,
    /// Octets.
    pub octets: u64,
    /// Mod-sequence.
    pub mod_seq: u64,
    /// EMAILID.
    pub email_id: &'m str,
    /// THREADID.
    pub thread_id: Option<&'m str>,
    /// What was kept at delivery, when it is at hand.
    pub kept: Option<&'m Kept>,
    /// The whole message, when it is at hand.
    pub message: Option<&'m [u8]>,
}

/// Whether a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Not to be said without this.
    Needs(Need),
}

/// What a key has to look at, in rising cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The row alone.
    Facts,
    /// [`Facts::kept`].
    Kept,
    /// [`Facts::message`].
    Message,
}

impl Query {
    /// Makes a key ready.
    pub fn new(key: &SearchKey) -> Self {
        Self(key.clone())
    }

    /// The most that any message can need.
    pub fn need(&self) -> Need {
        Need::Facts
    }

    /// Whether this message is meant, as far as can be said from what is at hand.
    pub fn evaluate(&self, context: &Context<'_>, facts: &Facts<'_>) -> Answer {
        let _ = (context, facts, &self.0);
        Answer::Needs(Need::Message)
    }
}
