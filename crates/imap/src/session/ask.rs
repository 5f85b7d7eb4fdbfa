//! What the core cannot know by itself.

use store::{
    Copied, FlagChange, Flags, FlagsStored, Folder, FolderChanges, FolderCounts, FolderId, Quota, Search, Uids,
};
use syntax::Timestamp;

use crate::words::{command::Secret, response::Code};

/// A question to the house.
#[derive(Debug)]
pub enum Question {
    /// Answered when a client may wait no longer before it logs in ([`Answer::Bye`]).
    LoginLimit,
    /// Is this the password? [`Answer::LoggedIn`] or [`Answer::No`].
    Login {
        /// Address.
        user: String,
        /// Password.
        password: Secret,
    },
    /// May a literal of so many octets be held? [`Answer::Done`] or [`Answer::No`].
    Room(usize),
    /// All folders: [`Answer::Folders`].
    Folders,
    /// How much is in these: [`Answer::Counts`], in this order.
    Counts(Vec<FolderId>),
    /// Make a folder: [`Answer::Done`].
    Create(String),
    /// Delete one: [`Answer::Done`].
    Delete(String),
    /// Rename one: [`Answer::Done`].
    Rename {
        /// Present name.
        from: String,
        /// New name.
        to: String,
    },
    /// Subscribe (or unsubscribe): [`Answer::Done`].
    Subscribe(String, bool),
    /// Open a folder: [`Answer::Opened`].
    Open {
        /// Its name.
        name: String,
        /// What happened since this modseq is wanted too, when the folder has this UIDVALIDITY.
        since: Option<(u32, i64)>,
    },
    /// What happened in a folder: [`Answer::Changes`] or [`Answer::Nothing`].
    Changes {
        /// Which.
        folder: FolderId,
        /// After this modseq.
        since: i64,
        /// The store is to be asked even if nothing was told.
        thorough: bool,
    },
    /// Wait until something happens in a folder ([`Answer::Changes`]) or for too long ([`Answer::Bye`]).
    Wait(Option<Wait>),
    /// Mails: [`Answer::Rows`].
    Rows {
        /// Folder.
        folder: FolderId,
        /// Which.
        uids: Uids,
        /// What of them.
        want: Want,
        /// Only those that changed after this modseq.
        since: i64,
    },
    /// Change flags: [`Answer::Flags`].
    Flags {
        /// Folder.
        folder: FolderId,
        /// Which mails.
        uids: Uids,
        /// How.
        change: FlagChange,
        /// The flags.
        flags: Flags,
        /// Not those with a greater modseq.
        unchanged_since: Option<i64>,
    },
    /// Expunge: [`Answer::Done`].
    Expunge(FolderId, Option<Uids>),
    /// Copy or move: [`Answer::Copied`].
    Transfer {
        /// From this folder.
        folder: FolderId,
        /// These.
        uids: Uids,
        /// To that one.
        to: String,
        /// Move.
        moving: bool,
    },
    /// Look for mails: [`Answer::Found`].
    Search(FolderId, Uids, Search),
    /// The greatest modseq of these: [`Answer::Modseq`].
    Modseq(FolderId, Uids),
    /// Take a message: [`Answer::Appended`].
    Append {
        /// Into this folder.
        to: String,
        /// Flags.
        flags: Flags,
        /// Internal date.
        date: Option<Timestamp>,
        /// The message.
        content: Vec<u8>,
    },
    /// Limits and use: [`Answer::Quota`].
    Quota,
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// Changes of this folder.
    pub folder: FolderId,
    /// After this modseq.
    pub since: i64,
}

/// What of mails is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Want {
    /// What was kept at delivery.
    pub kept: bool,
    /// The header.
    pub header: bool,
    /// All of it.
    pub content: bool,
}

/// The house's answer.
#[derive(Debug)]
pub enum Answer {
    /// Done; yes.
    Done,
    /// No.
    No(Refusal),
    /// The address of the mailbox whose password it was.
    LoggedIn(String),
    /// The session ends, for this reason.
    Bye(&'static str),
    /// Nothing happened.
    Nothing,
    /// Folders.
    Folders(Vec<Folder>),
    /// Counts.
    Counts(Vec<FolderCounts>),
    /// A folder that was opened.
    Opened(Box<Opened>),
    /// What happened; `None` when the folder is no more.
    Changes(Option<Box<FolderChanges>>),
    /// Mails up to a UID; the house may stop before the last.
    Rows(Vec<Row>, u32),
    /// What became of flags.
    Flags(FlagsStored),
    /// Where mails came to lie.
    Copied(Copied),
    /// UIDs.
    Found(Uids),
    /// A modseq.
    Modseq(i64),
    /// Where a message came to lie.
    Appended {
        /// UIDVALIDITY.
        uid_validity: u32,
        /// UID.
        uid: u32,
    },
    /// Limits and use.
    Quota(Quota),
}

/// Why not; told to the client.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Response code.
    pub code: Option<Code>,
    /// Words.
    pub text: String,
}

/// A folder that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The folder.
    pub folder: Folder,
    /// What lies in it.
    pub uids: Uids,
    /// The first mail that was not seen.
    pub unseen: Option<u32>,
    /// What happened since the modseq that was named.
    pub changes: Option<FolderChanges>,
}

/// A mail, with what is wanted of it.
#[derive(Debug)]
pub struct Row {
    /// As it lies in the folder.
    pub entry: store::Entry,
    /// All of it; `None` also when it is gone meanwhile.
    pub content: Option<Vec<u8>>,
}
