//! Mails that come into folders otherwise than by delivery: appended, copied, moved.

use rules::{
    Fault,
    id::{MailId, MailboxId},
};
use syntax::{Address, Timestamp};

use crate::{
    Flags, FolderId, MailKind, NewMail, Store, Uids,
    committer::Tx,
    entry::{put, take_uids, values_of},
    expunge::bury,
    folder::{self, Folder},
    mail::insert_mail,
    quota,
    row::{Row, sql_made},
};

/// A mail that its owner puts into a folder.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Whose.
    pub mailbox: MailboxId,
    /// Its address.
    pub address: Address,
    /// Where.
    pub folder: String,
    /// Flags.
    pub flags: Flags,
    /// INTERNALDATE; now when `None`.
    pub internal_at: Option<Timestamp>,
    /// From header's address, when readable.
    pub from: Option<Address>,
    /// Subject.
    pub subject: String,
    /// The message.
    pub content: Vec<u8>,
}

/// Where mails came to lie. RFC 4315 §3
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// UIDVALIDITY of the folder.
    pub uid_validity: u32,
    /// Those that were copied.
    pub from: Uids,
    /// Their UIDs there, in the same order.
    pub to: Uids,
}

impl Store {
    /// Puts a message into a folder; durable on return. UIDVALIDITY and UID.
    ///
    /// # Errors
    /// `folder.unknown`, `folder.keywords`, `mailbox.full`, `mailbox.too-small`, `store.*`
    pub async fn append(&self, new: NewEntry) -> Result<(u32, u32), Fault> {
        let described = self.describe(&new.content).await;
        self.write("append a mail", move |tx| {
            Box::pin(async move {
                let folder = named(tx, &new.mailbox, &new.folder).await?;
                quota::take(tx, &new.mailbox, new.content.len(), false).await?;
                let flags = new.flags.spelled(&folder);
                folder::add_keywords(tx, &folder, &flags.keywords).await?;
                let (id, octets) = (MailId(tx.id()), new.content.len());
                let at = new.internal_at.unwrap_or(tx.now);
                let mail = NewMail {
                    mailbox: new.mailbox,
                    kind: MailKind::Message,
                    reverse_path: None,
                    forward_path: new.address,
                    from: new.from,
                    subject: new.subject,
                    about: None,
                    verdicts: None,
                    content: new.content,
                };
                insert_mail(tx, &id, mail, described, at).await?;
                let uid = put(tx, &folder, &id, &flags, at, octets).await?;
                // It may have been numbered anew.
                Ok((folder::known(tx, folder.id).await?.uid_validity, uid))
            })
        })
        .await
    }
    /// Copies mails into a folder of the same mailbox, all or none; the content is shared.
    ///
    /// # Errors
    /// `folder.unknown`, `folder.keywords`, `store.*`
    pub async fn copy(&self, from: FolderId, uids: &Uids, to: &str) -> Result<Copied, Fault> {
        self.transfer(from, uids, to, false).await
    }
    /// Moves mails into a folder of the same mailbox, all or none. RFC 6851
    ///
    /// # Errors
    /// `folder.unknown`, `folder.keywords`, `store.*`
    pub async fn move_mails(&self, from: FolderId, uids: &Uids, to: &str) -> Result<Copied, Fault> {
        self.transfer(from, uids, to, true).await
    }

    async fn transfer(&self, from: FolderId, uids: &Uids, to: &str, moving: bool) -> Result<Copied, Fault> {
        let (uids, to) = (uids.clone(), to.to_owned());
        self.write("copy mails", move |tx| {
            Box::pin(async move {
                let from = folder::known(tx, from).await?;
                let to = named(tx, &from.mailbox, &to).await?;
                let copied = copy(tx, &from, &uids, &to).await?;
                if moving && !copied.from.is_empty() {
                    bury(tx, from.id, &copied.from).await?;
                }
                Ok(copied)
            })
        })
        .await
    }
}

async fn named(tx: &mut Tx, mailbox: &MailboxId, name: &str) -> Result<Folder, Fault> {
    let found = folder::find(tx, mailbox, name).await?;
    found.ok_or_else(|| Fault::caller("folder.unknown", format!("there is no folder {name}")))
}

/// Everything of one folder into another, which is new.
pub(crate) async fn move_all(tx: &mut Tx, from: &Folder, to: &Folder) -> Result<(), Fault> {
    let copied = copy(tx, from, &Uids::new([(1, u32::MAX)]), to).await?;
    if !copied.from.is_empty() {
        bury(tx, from.id, &copied.from).await?;
    }
    Ok(())
}

async fn copy(tx: &mut Tx, from: &Folder, uids: &Uids, to: &Folder) -> Result<Copied, Fault> {
    let mut there: Vec<u32> = Vec::new();
    let mut keywords: Vec<String> = Vec::new();
    for values in values_of(uids) {
        let query = format!(
            "SELECT e.uid, e.keywords FROM ({values}) AS r JOIN entry e ON e.folder = {} \
             AND e.uid BETWEEN r.column1 AND r.column2 ORDER BY e.uid",
            from.id.0
        );
        for row in tx.rows(sql_made(query).persistent(false)).await? {
            there.push(row.count("uid")?);
            add_words(&mut keywords, &row)?;
        }
    }
    let count = u32::try_from(there.len()).unwrap_or(u32::MAX);
    let there: Uids = there.into_iter().collect();
    if count == 0 {
        return Ok(Copied { uid_validity: to.uid_validity, from: there, to: Uids::default() });
    }
    folder::add_keywords(tx, to, &keywords).await?;
    let (first, modseq) = take_uids(tx, to.id, count).await?;
    let mut next = first;
    for values in values_of(&there) {
        let insert = format!(
            "INSERT INTO entry (folder, uid, mail, flags, keywords, modseq, internal_at, octets) \
             SELECT {}, {next} - 1 + ROW_NUMBER() OVER (ORDER BY e.uid), e.mail, e.flags, e.keywords, {modseq}, \
             e.internal_at, e.octets FROM ({values}) AS r JOIN entry e ON e.folder = {} \
             AND e.uid BETWEEN r.column1 AND r.column2",
            to.id.0, from.id.0
        );
        let inserted = tx.run(sql_made(insert).persistent(false)).await?;
        next = next.saturating_add(u32::try_from(inserted).unwrap_or(u32::MAX));
    }
    if next - first != count {
        // The folder was copied into itself and numbered anew by that.
        return Err(Fault::caller("folder.in-use", "the mails got new UIDs while they were being copied: try again"));
    }
    let uid_validity = folder::known(tx, to.id).await?.uid_validity;
    Ok(Copied { uid_validity, from: there, to: Uids::new([(first, first + (count - 1))]) })
}

fn add_words(keywords: &mut Vec<String>, row: &Row) -> Result<(), Fault> {
    for word in row.text("keywords")?.split_ascii_whitespace() {
        if !keywords.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            keywords.push(word.to_owned());
        }
    }
    Ok(())
}
