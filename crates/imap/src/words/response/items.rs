//! What is told of a mailbox, a message, a quota.

use std::borrow::Cow;

use syntax::Timestamp;

use crate::words::{
    command::SpecialUse, envelope::Envelope, flag::Flag, name::MailboxName, section::Section, structure::Part,
};

/// What LIST says of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// `\NoInferiors`, …
    pub attributes: Vec<ListAttribute>,
    /// The mailbox.
    pub mailbox: MailboxName,
    /// `("CHILDINFO" ("SUBSCRIBED"))`: children match where it does not itself. RFC 9051 §6.3.9.6.
    pub child_info: Vec<&'static str>,
    /// `("OLDNAME" ("…"))`: it was named so. RFC 9051 §6.3.9.7.
    pub old_name: Option<MailboxName>,
}

/// RFC 9051 §7.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListAttribute {
    /// `\NonExistent`
    NonExistent,
    /// `\NoInferiors`
    NoInferiors,
    /// `\Noselect`
    NoSelect,
    /// `\HasChildren`
    HasChildren,
    /// `\HasNoChildren`
    HasNoChildren,
    /// `\Marked`
    Marked,
    /// `\Unmarked`
    Unmarked,
    /// `\Subscribed`
    Subscribed,
    /// `\Remote`
    Remote,
    /// `\Sent`, …
    Use(SpecialUse),
}

/// One item of STATUS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusData {
    /// `MESSAGES n`
    Messages(u32),
    /// `RECENT n`
    Recent(u32),
    /// `UIDNEXT n`
    UidNext(u32),
    /// `UIDVALIDITY n`
    UidValidity(u32),
    /// `UNSEEN n`
    Unseen(u32),
    /// `DELETED n`
    Deleted(u32),
    /// `SIZE n`
    Size(u64),
    /// `HIGHESTMODSEQ n`
    HighestModSeq(u64),
    /// `MAILBOXID (id)`
    MailboxId(String),
    /// `APPENDLIMIT n`; `None` is NIL.
    AppendLimit(Option<u64>),
}

/// One item of FETCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchData<'r> {
    /// `FLAGS (…)`
    Flags {
        /// Flags.
        flags: Vec<Flag>,
        /// `\Recent` (rev1).
        recent: bool,
    },
    /// `UID n`
    Uid(u32),
    /// `INTERNALDATE "…"`
    InternalDate(Timestamp),
    /// `RFC822.SIZE n`
    Size(u64),
    /// `MODSEQ (n)`
    ModSeq(u64),
    /// `EMAILID (id)`
    EmailId(String),
    /// `THREADID (id)`; `None` is NIL.
    ThreadId(Option<String>),
    /// `ENVELOPE (…)`
    Envelope(&'r Envelope),
    /// `BODY (…)`
    Body(&'r Part),
    /// `BODYSTRUCTURE (…)`
    BodyStructure(&'r Part),
    /// `BODY[section]<origin> …`
    Section {
        /// As asked.
        section: Section,
        /// The offset of a partial.
        origin: Option<u64>,
        /// The octets; `None` (no such part) is NIL.
        octets: Option<Cow<'r, [u8]>>,
    },
    /// `RFC822 …`
    Rfc822(Cow<'r, [u8]>),
    /// `RFC822.HEADER …`
    Rfc822Header(Cow<'r, [u8]>),
    /// `RFC822.TEXT …`
    Rfc822Text(Cow<'r, [u8]>),
    /// `BINARY[part]<origin> …`
    Binary {
        /// As asked.
        part: Vec<u32>,
        /// The offset of a partial.
        origin: Option<u64>,
        /// The octets; `None` (no such part) is NIL.
        octets: Option<Cow<'r, [u8]>>,
    },
    /// `BINARY.SIZE[part] n`
    BinarySize {
        /// As asked.
        part: Vec<u32>,
        /// Octets.
        octets: u64,
    },
}

/// One resource of a quota. RFC 9208 §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaResource {
    /// Which.
    pub kind: QuotaKind,
    /// In use.
    pub used: u64,
    /// At most.
    pub limit: u64,
}

/// RFC 9208 §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaKind {
    /// `STORAGE`, in units of 1,024 octets.
    Storage,
    /// `MESSAGE`
    Message,
}
