//! Commands, read. RFC 9051 §6 (rev2), RFC 3501 §6 (rev1), and the extensions named at each.
//!
//! The types stand here, those of SEARCH and FETCH in `ask.rs`. [`parse()`] is in `parse.rs`: `cursor.rs` holds the
//! octets and the small words; `session.rs`, `mailbox.rs`, `list.rs`, `fetch.rs`, `search.rs` read one family each.

use std::ops::Range;

use syntax::Timestamp;

use super::{flag::Flag, name::MailboxName, set::SequenceSet};

mod ask;
mod cursor;
mod fetch;
mod list;
mod mailbox;
mod parse;
mod search;
mod session;

pub use parse::parse;

pub use ask::{Fetch, FetchItem, MAX_SEARCH_DEPTH, MAX_SEARCH_KEYS, Partial, Search, SearchKey, SearchReturn};

/// One command with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The client's tag, to be repeated in the tagged response. Only tag characters (RFC 9051 §9 `tag`).
    pub tag: String,
    /// What is to be done.
    pub verb: Verb,
}

/// What a client wants. Mailbox names are decoded; keywords of the protocol are upper-case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// RFC 9051 §6.1.1.
    Capability,
    /// RFC 9051 §6.1.2.
    Noop,
    /// RFC 9051 §6.1.3.
    Logout,
    /// RFC 9051 §6.2.1.
    StartTls,
    /// RFC 9051 §6.2.2; the lines that follow a continuation come from [`Frames::line`](super::frame::Frames::line).
    Authenticate {
        /// SASL mechanism, upper-case.
        mechanism: String,
        /// Initial response (RFC 4959), base64 undone; `=` gives empty octets.
        initial: Option<Secret>,
    },
    /// RFC 9051 §6.2.3.
    Login {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// RFC 5161: capabilities to be enabled, upper-case.
    Enable(Vec<String>),
    /// SELECT, or EXAMINE when `read_only`. RFC 9051 §6.3.2, §6.3.3.
    Select(Select),
    /// RFC 9051 §6.3.4.
    Create {
        /// The new mailbox.
        mailbox: MailboxName,
        /// `(USE (\Sent …))`, RFC 6154 §3.
        uses: Vec<SpecialUse>,
    },
    /// RFC 9051 §6.3.5.
    Delete(MailboxName),
    /// RFC 9051 §6.3.6.
    Rename {
        /// The present name.
        from: MailboxName,
        /// The new name.
        to: MailboxName,
    },
    /// RFC 9051 §6.3.7.
    Subscribe(MailboxName),
    /// RFC 9051 §6.3.8.
    Unsubscribe(MailboxName),
    /// RFC 9051 §6.3.9.
    List(List),
    /// RFC 3501 §6.3.9.
    Lsub {
        /// Prefix of the pattern.
        reference: String,
        /// Pattern with `*` and `%`.
        pattern: String,
    },
    /// RFC 9051 §6.3.10.
    Namespace,
    /// RFC 9051 §6.3.11.
    Status {
        /// The mailbox asked about.
        mailbox: MailboxName,
        /// What is asked.
        items: Vec<StatusItem>,
    },
    /// RFC 9051 §6.3.12.
    Append(Append),
    /// RFC 9051 §6.3.13; ended by the line `DONE`, which comes from [`Frames::line`](super::frame::Frames::line).
    Idle,
    /// RFC 3501 §6.4.1.
    Check,
    /// RFC 9051 §6.4.1.
    Close,
    /// RFC 9051 §6.4.2.
    Unselect,
    /// EXPUNGE (RFC 9051 §6.4.3), or UID EXPUNGE (§6.4.9) with the UIDs.
    Expunge {
        /// UIDs to be expunged; `None` is all that are \Deleted.
        uids: Option<SequenceSet>,
    },
    /// RFC 9051 §6.4.4.
    Search(Search),
    /// RFC 9051 §6.4.5.
    Fetch(Fetch),
    /// RFC 9051 §6.4.6.
    Store(Store),
    /// RFC 9051 §6.4.7.
    Copy(Transfer),
    /// RFC 9051 §6.4.8.
    Move(Transfer),
    /// RFC 2971; `None` is `NIL`.
    Id(Option<Vec<(String, Option<String>)>>),
    /// RFC 9208 §4.1.2: the quota root.
    GetQuota(String),
    /// RFC 9208 §4.1.3.
    GetQuotaRoot(MailboxName),
}

/// Octets that must not be seen. Their `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

/// SELECT or EXAMINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// EXAMINE.
    pub read_only: bool,
    /// `(CONDSTORE)`, RFC 7162 §3.1.8.
    pub condstore: bool,
    /// `(QRESYNC (…))`, RFC 7162 §3.2.5.
    pub qresync: Option<Qresync>,
}

/// What a client knows of a mailbox from before. RFC 7162 §3.2.5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qresync {
    /// The UIDVALIDITY that it knows.
    pub uid_validity: u32,
    /// The mod-sequence up to which it knows everything.
    pub mod_seq: u64,
    /// UIDs that it knows; never holds `*`.
    pub known_uids: Option<SequenceSet>,
    /// Message numbers and the UIDs that belonged to them.
    pub matches: Option<(SequenceSet, SequenceSet)>,
}

/// RFC 6154 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecialUse {
    /// `\All`
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::All, Self::Archive, Self::Drafts, Self::Flagged, Self::Junk, Self::Sent, Self::Trash];

    /// The name without the backslash.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Archive => "Archive",
            Self::Drafts => "Drafts",
            Self::Flagged => "Flagged",
            Self::Junk => "Junk",
            Self::Sent => "Sent",
            Self::Trash => "Trash",
        }
    }
}

/// LIST. RFC 9051 §6.3.9, RFC 5258.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// The extended form was used (options or several patterns): CHILDINFO may be sent (RFC 9051 §6.3.9.7).
    pub extended: bool,
    /// Selection: `SUBSCRIBED`.
    pub subscribed: bool,
    /// Selection: `RECURSIVEMATCH`; stands only with `SUBSCRIBED` or `SPECIAL-USE`.
    pub recursive_match: bool,
    /// Selection: `SPECIAL-USE`.
    pub special_use: bool,
    /// Prefix of the patterns.
    pub reference: String,
    /// Patterns with `*` and `%`; at least one.
    pub patterns: Vec<String>,
    /// `RETURN (…)`.
    pub returns: ListReturn,
}

/// What LIST is to tell besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListReturn {
    /// `SUBSCRIBED`
    pub subscribed: bool,
    /// `CHILDREN`
    pub children: bool,
    /// `SPECIAL-USE`
    pub special_use: bool,
    /// `STATUS (…)`, RFC 5819.
    pub status: Option<Vec<StatusItem>>,
}

/// RFC 9051 §6.3.11, RFC 7162 §3.1.7, RFC 8474 §4.3, RFC 7889 §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `RECENT` (rev1)
    Recent,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `UNSEEN`
    Unseen,
    /// `DELETED`
    Deleted,
    /// `SIZE`
    Size,
    /// `HIGHESTMODSEQ`
    HighestModSeq,
    /// `MAILBOXID`
    MailboxId,
    /// `APPENDLIMIT`
    AppendLimit,
}

/// APPEND. RFC 9051 §6.3.12.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where to.
    pub mailbox: MailboxName,
    /// Flags to be set; never `\Recent`.
    pub flags: Vec<Flag>,
    /// The internal date, when told.
    pub date: Option<Timestamp>,
    /// Where the message stands in [`Frame::octets`](super::frame::Frame::octets).
    pub message: Range<usize>,
    /// `UTF8 (~{…}`, RFC 6855 §4: the header may hold UTF-8.
    pub utf8: bool,
}

/// STORE. RFC 9051 §6.4.6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// UID STORE.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// `UNCHANGEDSINCE`, RFC 7162 §3.1.3.
    pub unchanged_since: Option<u64>,
    /// Set, add or take away.
    pub change: FlagChange,
    /// `.SILENT`
    pub silent: bool,
    /// The flags; never `\Recent`.
    pub flags: Vec<Flag>,
}

/// What STORE does with its flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// `FLAGS`
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// COPY or MOVE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// UID COPY, UID MOVE.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// Where to.
    pub mailbox: MailboxName,
}

/// A command that is none. [`Malformed::response`](super::response) makes the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The tag, when there was one; else the answer is untagged.
    pub tag: Option<String>,
    /// Octets from the start of [`Frame::octets`](super::frame::Frame::octets).
    pub offset: usize,
    /// What is wrong there.
    pub why: Why,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Something else was expected: named in plain words.
    Expected(&'static str),
    /// There is no such command.
    UnknownCommand,
    /// SEARCH in a charset that is not known: `NO [BADCHARSET]`.
    BadCharset,
    /// More of this than is taken.
    TooMany(&'static str),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests;
