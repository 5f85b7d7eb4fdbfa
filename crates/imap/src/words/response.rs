//! Everything that a server says. RFC 9051 §7.
//!
//! The types stand here, those of what is told of a mailbox or message in `items.rs`. [`Response::write`] is in `response/write.rs`. Whatever a name, a flag or a subject holds, one
//! response stays one response: text loses its control characters, strings become literals where they must.

mod code;
mod fetch;
mod items;
mod refusal;
mod write;
mod writer;

use super::{Dialect, command::SearchReturn, flag::Flag, name::MailboxName, set::Ranges};
use writer::Writer;

pub use items::{FetchData, ListAttribute, ListEntry, QuotaKind, QuotaResource, StatusData};

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response<'r> {
    /// `tag OK|NO|BAD [code] text`
    Tagged {
        /// The command's tag.
        tag: String,
        /// How it went.
        status: Status,
        /// `[code]`
        code: Option<Code>,
        /// Words for people.
        text: String,
    },
    /// `* OK|NO|BAD [code] text`
    Untagged {
        /// How it is.
        status: Status,
        /// `[code]`
        code: Option<Code>,
        /// Words for people.
        text: String,
    },
    /// `* BYE [code] text`
    Bye {
        /// `[code]`
        code: Option<Code>,
        /// Words for people.
        text: String,
    },
    /// `* PREAUTH [code] text`
    PreAuth {
        /// `[code]`
        code: Option<Code>,
        /// Words for people.
        text: String,
    },
    /// `+ text`: the base64 of a challenge, or words.
    Continue(String),
    /// `* CAPABILITY …`
    Capability(Vec<String>),
    /// `* ENABLED …`
    Enabled(Vec<String>),
    /// `* LIST …`
    List(ListEntry),
    /// `* LSUB …`
    Lsub(ListEntry),
    /// `* STATUS mailbox (…)`
    Status {
        /// The mailbox.
        mailbox: MailboxName,
        /// What of it.
        items: Vec<StatusData>,
    },
    /// `* NAMESPACE (("" "/")) NIL NIL`: one personal namespace.
    Namespace,
    /// `* ID (…)`; empty is NIL.
    Id(Vec<(String, Option<String>)>),
    /// `* FLAGS (…)`
    Flags(Vec<Flag>),
    /// `* n EXISTS`
    Exists(u32),
    /// `* n RECENT` (rev1)
    Recent(u32),
    /// `* n EXPUNGE`
    Expunge(u32),
    /// `* VANISHED [(EARLIER)] uids`
    Vanished {
        /// Known to be gone before this command.
        earlier: bool,
        /// UIDs; nothing is written for none.
        uids: Ranges,
    },
    /// `* n FETCH (…)`
    Fetch {
        /// Message number.
        number: u32,
        /// What of it.
        items: Vec<FetchData<'r>>,
    },
    /// `* SEARCH n n [(MODSEQ n)]` (rev1)
    Search {
        /// Numbers or UIDs.
        numbers: Vec<u32>,
        /// The highest mod-sequence of those, when MODSEQ was searched. RFC 7162 §3.1.5.
        mod_seq: Option<u64>,
    },
    /// `* ESEARCH (TAG "…") [UID] …`
    Esearch {
        /// The command's tag.
        tag: String,
        /// UIDs, not numbers.
        uid: bool,
        /// What was asked for; ALL is written when nothing was.
        returns: SearchReturn,
        /// What was found.
        found: Ranges,
        /// The highest mod-sequence of those, when MODSEQ was searched.
        mod_seq: Option<u64>,
    },
    /// `* QUOTAROOT mailbox root…`
    QuotaRoot {
        /// The mailbox.
        mailbox: MailboxName,
        /// Its quota roots.
        roots: Vec<String>,
    },
    /// `* QUOTA root (STORAGE used limit …)`
    Quota {
        /// The root.
        root: String,
        /// Resources.
        resources: Vec<QuotaResource>,
    },
}

/// `OK`, `NO`, `BAD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Ok,
    /// Not done.
    No,
    /// Not understood, or not now.
    Bad,
}

/// A response code. RFC 9051 §7.1, RFC 5530, RFC 7162, RFC 8474, RFC 9208.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// To be shown to the person.
    Alert,
    /// A name exists already.
    AlreadyExists,
    /// `APPENDUID uidvalidity uid`
    AppendUid {
        /// UIDVALIDITY of the mailbox.
        uid_validity: u32,
        /// The new UID.
        uid: u32,
    },
    /// Password or name is wrong.
    AuthenticationFailed,
    /// Authentication worked, this identity may not.
    AuthorizationFailed,
    /// Charsets that SEARCH takes.
    BadCharset(Vec<String>),
    /// Not possible for a reason that will stay.
    Cannot,
    /// `CAPABILITY …`
    Capability(Vec<String>),
    /// The mailbox that was selected before is no more (RFC 7162 §3.2.11, RFC 9051).
    Closed,
    /// A client breaks its own rules.
    ClientBug,
    /// The user's data are damaged.
    Corruption,
    /// `COPYUID uidvalidity from to`, both in the same order. Written for none: nothing.
    CopyUid {
        /// UIDVALIDITY of the target.
        uid_validity: u32,
        /// UIDs in the source, in order.
        from: Vec<u32>,
        /// UIDs in the target, in the same order.
        to: Vec<u32>,
    },
    /// RFC 5530.
    Expired,
    /// Some messages are gone already.
    ExpungeIssued,
    /// A mailbox has children.
    HasChildren,
    /// `HIGHESTMODSEQ n`
    HighestModSeq(u64),
    /// Somebody else is at it.
    InUse,
    /// Over a limit that is no quota.
    Limit,
    /// `MAILBOXID (id)`, RFC 8474 §4.
    MailboxId(String),
    /// `MODIFIED set`: not stored, changed since. RFC 7162 §3.1.3.
    Modified(Ranges),
    /// No mod-sequences here.
    NoModSeq,
    /// No such mailbox.
    NonExistent,
    /// Not allowed.
    NoPerm,
    /// Over quota.
    OverQuota,
    /// A message cannot be parsed.
    Parse,
    /// `PERMANENTFLAGS (…)`; `any` adds `\*`.
    PermanentFlags {
        /// Flags that can be stored.
        flags: Vec<Flag>,
        /// New keywords may be made.
        any: bool,
    },
    /// Only over TLS.
    PrivacyRequired,
    /// EXAMINE.
    ReadOnly,
    /// SELECT.
    ReadWrite,
    /// Something broke in the server.
    ServerBug,
    /// SEARCH could not save. RFC 5182.
    NotSaved,
    /// Message larger than taken. RFC 7889, RFC 9051.
    TooBig,
    /// CREATE it first.
    TryCreate,
    /// `UIDNEXT n`
    UidNext(u32),
    /// UIDs do not stay (never with us).
    UidNotSticky,
    /// `UIDVALIDITY n`
    UidValidity(u32),
    /// Something that is needed cannot be reached.
    Unavailable,
    /// The transfer encoding cannot be undone. RFC 3516.
    UnknownCte,
    /// `UNSEEN n` (rev1)
    Unseen(u32),
    /// CREATE with a special use that is not for this mailbox. RFC 6154 §3.
    UseAttr,
}

impl Response<'_> {
    /// `tag OK text`
    pub fn ok(tag: &str, text: &str) -> Self {
        Self::tagged(tag, Status::Ok, None, text)
    }

    /// `tag NO [code] text`
    pub fn no(tag: &str, code: Code, text: &str) -> Self {
        Self::tagged(tag, Status::No, Some(code), text)
    }

    /// `tag BAD text`
    pub fn bad(tag: &str, text: &str) -> Self {
        Self::tagged(tag, Status::Bad, None, text)
    }

    /// `tag STATUS [code] text`
    pub fn tagged(tag: &str, status: Status, code: Option<Code>, text: &str) -> Self {
        Self::Tagged { tag: tag.to_owned(), status, code, text: text.to_owned() }
    }

    /// `* OK [code] text`
    pub fn untagged_ok(code: Code, text: &str) -> Self {
        Self::Untagged { status: Status::Ok, code: Some(code), text: text.to_owned() }
    }

    /// Adds the response with its CRLF to `out`. Responses that would say nothing add nothing: VANISHED of no UIDs,
    /// ESEARCH of a search that only saves.
    pub fn write(&self, dialect: Dialect, out: &mut Vec<u8>) {
        write::response(self, &mut Writer::new(dialect, out));
    }

    /// The response with its CRLF.
    pub fn octets(&self, dialect: Dialect) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(dialect, &mut out);
        out
    }
}

#[cfg(test)]
mod tests;
