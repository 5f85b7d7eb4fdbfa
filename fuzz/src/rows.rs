//! What an IMAP session is told of the store, as `store` has it: the session names these types, and `store` itself would
//! bring two databases into the build. Where they differ, `imap_session` does not build.

#[path = "../../crates/store/src/uids.rs"]
mod uids;

use rules::id::{MailId, MailboxId};
use syntax::Timestamp;
pub use uids::Uids;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    Inbox,
    Sent,
    Drafts,
    Junk,
    Trash,
    Archive,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub id: FolderId,
    pub mailbox: MailboxId,
    pub name: String,
    pub special: Option<Special>,
    pub subscribed: bool,
    pub uid_validity: u32,
    pub uid_next: u32,
    pub modseq: i64,
    pub forgotten: i64,
    pub keywords: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderCounts {
    pub mails: u64,
    pub unseen: u64,
    pub deleted: u64,
    pub octets: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    pub bits: u8,
    pub keywords: Vec<String>,
}

impl Flags {
    pub const SEEN: u8 = 1;
    pub const ANSWERED: u8 = 2;
    pub const FLAGGED: u8 = 4;
    pub const DELETED: u8 = 8;
    pub const DRAFT: u8 = 16;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    Set,
    Add,
    Remove,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagsStored {
    pub modified: Uids,
    pub modseq: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub uid: u32,
    pub flags: Flags,
    pub modseq: i64,
    pub internal_at: Timestamp,
    pub octets: u64,
    pub mail: MailId,
    pub kept: Option<EntryKept>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryKept {
    pub thread: Option<String>,
    pub kept: String,
    pub header: Vec<u8>,
}

#[derive(Debug, Clone)]
pub struct FolderChanges {
    pub folder: Folder,
    pub changed: Vec<(u32, Flags, i64)>,
    pub expunged: Uids,
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub uid_validity: u32,
    pub from: Uids,
    pub to: Uids,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub octets: u64,
    pub mails: u64,
    pub used_octets: u64,
    pub used_mails: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    And(Vec<Search>),
    Or(Vec<Search>),
    Not(Box<Search>),
    Uids(Uids),
    Flag(u8),
    Keyword(String),
    Modseq(i64),
    Internal(Option<Timestamp>, Option<Timestamp>),
    Age { older: bool, seconds: u32 },
    Sent(Option<Timestamp>, Option<Timestamp>),
    Larger(u64),
    Smaller(u64),
    Words(SearchIn, String),
    Header(String, String),
    Mail(String),
    Thread(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchIn {
    From,
    To,
    Cc,
    Bcc,
    Subject,
    Body,
    Text,
}

/// `net`'s: who stands in front of the house. A session asks nothing of it.
#[derive(Debug, Clone, Default)]
pub struct Proxies;
