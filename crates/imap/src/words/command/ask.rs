//! What SEARCH and FETCH ask for.

use crate::words::{date::Day, flag::Flag, section::Section, set::SequenceSet};

/// SEARCH. RFC 9051 §6.4.4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// UID SEARCH.
    pub uid: bool,
    /// `RETURN (…)`; `None` wants the untagged SEARCH of rev1 (rev2 answers ESEARCH all the same).
    pub returns: Option<SearchReturn>,
    /// What a message must have. Strings are UTF-8, whatever the charset was.
    pub key: SearchKey,
}

/// `RETURN (…)` of RFC 9051 §6.4.4; `()` is `ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchReturn {
    /// `MIN`
    pub min: bool,
    /// `MAX`
    pub max: bool,
    /// `ALL`
    pub all: bool,
    /// `COUNT`
    pub count: bool,
    /// `SAVE`: the result becomes `$`.
    pub save: bool,
}

/// One condition. Nested at most [`MAX_SEARCH_DEPTH`] deep, at most [`MAX_SEARCH_KEYS`] keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchKey {
    /// Every message.
    All,
    /// Has this flag (`SEEN`, `KEYWORD x`, …).
    Has(Flag),
    /// Has it not (`UNSEEN`, `UNKEYWORD x`, …).
    HasNot(Flag),
    /// `RECENT` (rev1). `NEW` is `(RECENT UNSEEN)`.
    Recent,
    /// `OLD` (rev1): not recent.
    Old,
    /// `BCC`, `CC`, `FROM`, `TO`, `SUBJECT`, `HEADER`: a field holds the text. The name is lower-case; an empty
    /// text asks for the field alone.
    Header(String, String),
    /// `BODY`: the text stands in the body.
    Body(String),
    /// `TEXT`: the text stands in header or body.
    Text(String),
    /// Larger than this many octets.
    Larger(u64),
    /// Smaller than this many octets.
    Smaller(u64),
    /// Internal date before this day.
    Before(Day),
    /// Internal date on this day.
    On(Day),
    /// Internal date on or after this day.
    Since(Day),
    /// Date field before this day.
    SentBefore(Day),
    /// Date field on this day.
    SentOn(Day),
    /// Date field on or after this day.
    SentSince(Day),
    /// Internal date more than so many seconds ago. RFC 5032.
    Older(u32),
    /// Internal date within so many seconds. RFC 5032.
    Younger(u32),
    /// Message numbers, or `$`.
    Sequence(SequenceSet),
    /// UIDs, or `$`.
    Uid(SequenceSet),
    /// Mod-sequence equal or greater. RFC 7162 §3.1.5.
    ModSeq(u64),
    /// RFC 8474 §6.
    EmailId(String),
    /// RFC 8474 §6.
    ThreadId(String),
    /// Not this.
    Not(Box<SearchKey>),
    /// One of both.
    Or(Box<SearchKey>, Box<SearchKey>),
    /// All of them.
    And(Vec<SearchKey>),
}

/// Deepest nesting of SEARCH keys; deeper is answered with BAD.
pub const MAX_SEARCH_DEPTH: usize = 100;
/// Most keys in one SEARCH.
pub const MAX_SEARCH_KEYS: usize = 1000;

/// FETCH. RFC 9051 §6.4.5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// UID FETCH. `items` then always holds [`FetchItem::Uid`].
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// What of them, macros spelled out, in the client's order, without doubles.
    pub items: Vec<FetchItem>,
    /// `CHANGEDSINCE`, RFC 7162 §3.1.4.1. `items` then always holds [`FetchItem::ModSeq`].
    pub changed_since: Option<u64>,
    /// `VANISHED`, RFC 7162 §3.2.6; only with `uid` and `changed_since`.
    pub vanished: bool,
}

/// One thing to be told of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchItem {
    /// `FLAGS`
    Flags,
    /// `UID`
    Uid,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `ENVELOPE`
    Envelope,
    /// `BODY` without section: the structure without extension data.
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY[…]`, `BODY.PEEK[…]`
    Section {
        /// Which octets.
        section: Section,
        /// Does not set \Seen.
        peek: bool,
        /// `<offset.length>`
        partial: Option<Partial>,
    },
    /// `RFC822` (rev1): as `BODY[]`.
    Rfc822,
    /// `RFC822.HEADER` (rev1): as `BODY.PEEK[HEADER]`.
    Rfc822Header,
    /// `RFC822.TEXT` (rev1): as `BODY[TEXT]`.
    Rfc822Text,
    /// `BINARY[…]`, `BINARY.PEEK[…]`: the part with its transfer encoding undone.
    Binary {
        /// Part numbers; empty is the whole message.
        part: Vec<u32>,
        /// Does not set \Seen.
        peek: bool,
        /// `<offset.length>`
        partial: Option<Partial>,
    },
    /// `BINARY.SIZE[…]`
    BinarySize {
        /// Part numbers; empty is the whole message.
        part: Vec<u32>,
    },
    /// `MODSEQ`, RFC 7162 §3.1.4.2.
    ModSeq,
    /// `EMAILID`, RFC 8474 §5.1.
    EmailId,
    /// `THREADID`, RFC 8474 §5.2.
    ThreadId,
}

/// `<offset.length>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// First octet, from 0.
    pub offset: u64,
    /// Most octets; at least 1.
    pub length: u64,
}
