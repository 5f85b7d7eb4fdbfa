//! What lies in the INBOX of one mailbox or of all: one list over many mailboxes.

use rules::{
    Fault,
    id::{MailId, MailboxId, MessageId, RecipientId, WorkspaceId},
};
use syntax::{Address, Timestamp};

use super::Select;
use crate::{FlagChange, Flags, FolderId, MailKind, Store, Uids, row::Row};

/// Which mails.
#[derive(Debug, Clone, Default)]
pub struct InboxFilter {
    /// Of this workspace; `None`: of all.
    pub workspace: Option<WorkspaceId>,
    /// Of this mailbox.
    pub mailbox: Option<MailboxId>,
    /// Of this kind.
    pub kind: Option<MailKind>,
    /// Only this one.
    pub id: Option<MailId>,
    /// Older than this one.
    pub before: Option<MailId>,
    /// At most so many.
    pub limit: u32,
}

/// A mail in an INBOX.
#[derive(Debug, Clone, serde::Serialize)]
pub struct InboxRow {
    /// Id.
    pub id: MailId,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// The mailbox's address.
    pub address: Address,
    /// Kind.
    pub kind: MailKind,
    /// From, when it can be read.
    pub from: Option<Address>,
    /// Subject, as the sender wrote it.
    pub subject: String,
    /// The message of ours that it answers.
    pub answers: Option<MessageId>,
    /// The recipient of ours that it is about.
    pub about: Option<RecipientId>,
    /// What speaks against it, as JSON.
    pub suspicion: Option<String>,
    /// Octets.
    pub octets: u64,
    /// When it came.
    pub received_at: Timestamp,
    /// The flags that clients set: [`Flags::SEEN`]…
    pub flags: u8,
    /// Where it lies.
    #[serde(skip)]
    folder: FolderId,
    #[serde(skip)]
    uid: u32,
}

impl InboxRow {
    /// Whether somebody has read it.
    pub fn is_seen(&self) -> bool {
        self.flags & Flags::SEEN != 0
    }
    /// Whether somebody has answered it.
    pub fn is_answered(&self) -> bool {
        self.flags & Flags::ANSWERED != 0
    }
}

const COLUMNS: &str = "SELECT m.id, m.mailbox, b.address, m.kind, m.from_address, m.subject, m.answers, m.about, \
    m.suspicion, m.octets, m.received_at, e.flags, e.folder, e.uid FROM mail m JOIN mailbox b ON b.id = m.mailbox \
    JOIN domain d ON d.id = b.domain JOIN entry e ON e.mail = m.id \
    JOIN folder f ON f.id = e.folder AND f.special = 'inbox'";

impl Store {
    /// Mails in INBOX, the newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn inbox_rows(&self, filter: &InboxFilter) -> Result<Vec<InboxRow>, Fault> {
        let mut select = Select::default();
        select.of(filter.workspace.as_ref());
        if let Some(mailbox) = &filter.mailbox {
            let mark = select.text(mailbox.0.clone());
            select.and(format!("m.mailbox = {mark}"));
        }
        if let Some(kind) = filter.kind {
            let mark = select.text(kind.as_str());
            select.and(format!("m.kind = {mark}"));
        }
        for (id, compare) in [(&filter.id, "="), (&filter.before, "<")] {
            if let Some(id) = id {
                let mark = select.text(id.0.clone());
                select.and(format!("m.id {compare} {mark}"));
            }
        }
        let limit = select.number(i64::from(filter.limit));
        let query = select.query(COLUMNS, &format!("ORDER BY m.id DESC LIMIT {limit}"));
        self.rows("list an inbox", query).await?.iter().map(read).collect()
    }
    /// Sets flags of a mail in INBOX, as an IMAP client would: every client sees it.
    ///
    /// # Errors
    /// `folder.unknown`, `store.*`
    pub async fn mark(&self, row: &InboxRow, bits: u8) -> Result<(), Fault> {
        let flags = Flags { bits, keywords: Vec::new() };
        let uids = Uids::new(vec![(row.uid, row.uid)]);
        self.store_flags(row.folder, &uids, FlagChange::Add, flags, None).await.map(drop)
    }
}

fn read(row: &Row) -> Result<InboxRow, Fault> {
    let id = |name: &str| row.text_or_none(name);
    Ok(InboxRow {
        id: MailId(row.text("id")?),
        mailbox: MailboxId(row.text("mailbox")?),
        address: row.parsed("address")?,
        kind: row.named("kind", MailKind::parse)?,
        from: row.parsed_or_none("from_address")?,
        subject: row.text("subject")?,
        answers: id("answers")?.map(MessageId),
        about: id("about")?.map(RecipientId),
        suspicion: id("suspicion")?,
        octets: row.count("octets")?,
        received_at: row.moment("received_at")?,
        flags: row.count("flags")?,
        folder: FolderId(row.number("folder")?),
        uid: row.count("uid")?,
    })
}
