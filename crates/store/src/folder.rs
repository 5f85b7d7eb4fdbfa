//! Folders of a mailbox.

use rules::{Fault, id::MailboxId};

use crate::{
    Store, Uids,
    committer::Tx,
    expunge::remove_all,
    row::{Row, free_text, sql},
};

/// A folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct FolderId(pub i64);

/// What a folder is for. RFC 6154 §2
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Special {
    /// Where mail arrives.
    Inbox,
    /// What was sent.
    Sent,
    /// What is being written.
    Drafts,
    /// What is suspected.
    Junk,
    /// What is to go.
    Trash,
    /// What is done with.
    Archive,
}

impl Special {
    /// All.
    pub const ALL: [Self; 6] = [Self::Inbox, Self::Sent, Self::Drafts, Self::Junk, Self::Trash, Self::Archive];
    /// As it is stored: `sent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Drafts => "drafts",
            Self::Junk => "junk",
            Self::Trash => "trash",
            Self::Archive => "archive",
        }
    }
    /// Reads what [`Special::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|special| special.as_str() == text)
    }
    /// What the folder is called at first.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => INBOX,
            Self::Sent => "Sent",
            Self::Drafts => "Drafts",
            Self::Junk => "Junk",
            Self::Trash => "Trash",
            Self::Archive => "Archive",
        }
    }
}

/// The folder that every mailbox has; its name has no case. RFC 9051 §5.1
pub const INBOX: &str = "INBOX";
/// What separates the names of folders that lie in one another.
pub const SEPARATOR: char = '/';
/// Folders of one mailbox.
const MAX_FOLDERS: i64 = 1000;
/// Longest name, in octets.
const MAX_NAME: usize = 1000;

/// A folder's row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Folder {
    /// Id; never used again.
    pub id: FolderId,
    /// Whose.
    pub mailbox: MailboxId,
    /// Name, UTF-8, parents before `/`.
    pub name: String,
    /// What for.
    pub special: Option<Special>,
    /// Whether it is subscribed.
    pub subscribed: bool,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// The next UID.
    pub uid_next: u32,
    /// HIGHESTMODSEQ.
    pub modseq: i64,
    /// What was expunged up to this modseq may be forgotten.
    pub forgotten: i64,
    /// Keywords that were used in it.
    pub keywords: Vec<String>,
}

/// What STATUS counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct FolderCounts {
    /// Mails.
    pub mails: u64,
    /// Of these not seen.
    pub unseen: u64,
    /// Of these to be expunged.
    pub deleted: u64,
    /// Octets.
    pub octets: u64,
}

impl Store {
    /// All folders of a mailbox, by name, INBOX first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn folders(&self, mailbox: &MailboxId) -> Result<Vec<Folder>, Fault> {
        let query = sql("SELECT * FROM folder WHERE mailbox = $1 \
                         ORDER BY CASE WHEN name = 'INBOX' THEN 0 ELSE 1 END, name");
        self.rows("list folders", query.bind(mailbox.0.clone())).await?.iter().map(read).collect()
    }
    /// One by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn folder(&self, mailbox: &MailboxId, name: &str) -> Result<Option<Folder>, Fault> {
        self.row("read a folder", of_name(mailbox, name)).await?.as_ref().map(read).transpose()
    }
    /// One by id.
    ///
    /// # Errors
    /// `store.*`
    pub async fn folder_of_id(&self, id: FolderId) -> Result<Option<Folder>, Fault> {
        self.row("read a folder", of_id(id)).await?.as_ref().map(read).transpose()
    }
    /// How much is in it.
    ///
    /// # Errors
    /// `store.*`
    pub async fn folder_counts(&self, id: FolderId) -> Result<FolderCounts, Fault> {
        // Each of the first three reads an index only.
        let query = sql("SELECT (SELECT COUNT(*) FROM entry WHERE folder = $1) AS mails, \
             (SELECT COUNT(*) FROM entry WHERE folder = $1 AND (flags & 1) = 0) AS unseen, \
             (SELECT COUNT(*) FROM entry WHERE folder = $1 AND (flags & 8) <> 0) AS deleted, \
             (SELECT CAST(COALESCE(SUM(octets), 0) AS BIGINT) FROM entry WHERE folder = $1) AS octets");
        let Some(row) = self.row("count a folder", query.bind(id.0)).await? else { return Ok(FolderCounts::default()) };
        Ok(FolderCounts {
            mails: row.count("mails")?,
            unseen: row.count("unseen")?,
            deleted: row.count("deleted")?,
            octets: row.count("octets")?,
        })
    }
    /// Makes a folder, and those above it.
    ///
    /// # Errors
    /// `folder.exists`, `folder.name`, `folder.too-many`, `store.*`
    pub async fn create_folder(&self, mailbox: &MailboxId, name: &str) -> Result<Folder, Fault> {
        let name = checked_name(name)?;
        let mailbox = mailbox.clone();
        self.write("make a folder", |tx| {
            Box::pin(async move {
                if find(tx, &mailbox, &name).await?.is_some() {
                    return Err(exists(&name));
                }
                make_with_parents(tx, &mailbox, &name).await
            })
        })
        .await
    }
    /// Removes a folder and what lies in it; INBOX stays.
    ///
    /// # Errors
    /// `folder.unknown`, `folder.inbox`, `store.*`
    pub async fn delete_folder(&self, mailbox: &MailboxId, name: &str) -> Result<(), Fault> {
        let folder = self.folder(mailbox, name).await?.ok_or_else(|| unknown(name))?;
        if folder.special == Some(Special::Inbox) {
            return Err(Fault::caller("folder.inbox", "INBOX cannot be deleted"));
        }
        // In pieces, so that a big folder does not keep everybody waiting; whoever looks meanwhile sees it grow empty.
        while remove_all(self, folder.id).await? > 0 {}
        self.write("delete a folder", move |tx| {
            Box::pin(async move {
                tx.run(sql("DELETE FROM expunged WHERE folder = $1").bind(folder.id.0)).await?;
                if tx.row(sql("SELECT uid FROM entry WHERE folder = $1 LIMIT 1").bind(folder.id.0)).await?.is_some() {
                    let what = format!("mail came into {} while it was being deleted: try again", folder.name);
                    return Err(Fault::caller("folder.in-use", what));
                }
                tx.run(sql("DELETE FROM folder WHERE id = $1").bind(folder.id.0)).await?;
                tx.touch(folder.id, crate::FOLDER_GONE);
                Ok(())
            })
        })
        .await
    }
    /// Renames a folder and those that lie in it. What lies in INBOX moves to a new folder; INBOX stays.
    ///
    /// # Errors
    /// `folder.unknown`, `folder.exists`, `folder.name`, `store.*`
    pub async fn rename_folder(&self, mailbox: &MailboxId, from: &str, to: &str) -> Result<(), Fault> {
        let (to, from, mailbox) = (checked_name(to)?, from.to_owned(), mailbox.clone());
        self.write("rename a folder", |tx| {
            Box::pin(async move {
                let folder = find(tx, &mailbox, &from).await?.ok_or_else(|| unknown(&from))?;
                if find(tx, &mailbox, &to).await?.is_some() {
                    return Err(exists(&to));
                }
                if folder.special == Some(Special::Inbox) {
                    let made = make_with_parents(tx, &mailbox, &to).await?;
                    return crate::transfer::move_all(tx, &folder, &made).await;
                }
                if to.starts_with(&format!("{}{SEPARATOR}", folder.name)) {
                    return Err(Fault::caller("folder.name", format!("{from} cannot be put into itself")));
                }
                rename(tx, &folder, &to).await
            })
        })
        .await
    }
    /// Subscribes or unsubscribes.
    ///
    /// # Errors
    /// `folder.unknown`, `store.*`
    pub async fn subscribe_folder(&self, mailbox: &MailboxId, name: &str, subscribed: bool) -> Result<(), Fault> {
        let unknown = unknown(name);
        let update = sql("UPDATE folder SET subscribed = $1 WHERE mailbox = $2 AND name = $3")
            .bind(i64::from(subscribed))
            .bind(mailbox.0.clone())
            .bind(canonical(name));
        self.write("subscribe to a folder", |tx| {
            Box::pin(async move { if tx.run(update).await? == 0 { Err(unknown) } else { Ok(()) } })
        })
        .await
    }
    /// Leaves out UIDs: whoever brings mails from elsewhere keeps their numbers with it. Never goes back.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_next_uid(&self, folder: FolderId, uid: u32) -> Result<(), Fault> {
        let update = sql("UPDATE folder SET uid_next = $1 WHERE id = $2 AND uid_next < $1");
        let update = update.bind(i64::from(uid)).bind(folder.0);
        self.write("leave out UIDs", |tx| Box::pin(async move { tx.run(update).await.map(drop) })).await
    }
    /// The UIDs that are in it now.
    ///
    /// # Errors
    /// `store.*`
    pub async fn uids(&self, folder: FolderId) -> Result<Uids, Fault> {
        // The database finds the ranges: few rows come out, however many mails there are.
        let query = sql("SELECT MIN(uid) AS first_uid, MAX(uid) AS last_uid FROM \
             (SELECT uid, uid - ROW_NUMBER() OVER (ORDER BY uid) AS place FROM entry WHERE folder = $1) AS placed \
             GROUP BY place ORDER BY 1");
        let rows = self.rows("read the UIDs of a folder", query.bind(folder.0)).await?;
        let range = |row: &Row| Ok::<_, Fault>((row.count("first_uid")?, row.count("last_uid")?));
        Ok(Uids::new(rows.iter().map(range).collect::<Result<Vec<_>, _>>()?))
    }
    /// The first mail that was not seen.
    ///
    /// # Errors
    /// `store.*`
    pub async fn first_unseen(&self, folder: FolderId) -> Result<Option<u32>, Fault> {
        let query = sql("SELECT uid FROM entry WHERE folder = $1 AND (flags & 1) = 0 ORDER BY uid LIMIT 1");
        self.row("look for unseen mail", query.bind(folder.0)).await?.map(|row| row.count("uid")).transpose()
    }
}

/// The name under which it is stored: INBOX in any case is INBOX, also above others.
pub(crate) fn canonical(name: &str) -> String {
    match name.split_once(SEPARATOR) {
        None if name.eq_ignore_ascii_case(INBOX) => INBOX.to_owned(),
        Some((top, rest)) if top.eq_ignore_ascii_case(INBOX) => format!("{INBOX}{SEPARATOR}{rest}"),
        _ => free_text(name),
    }
}

/// A name that a new folder may have.
fn checked_name(name: &str) -> Result<String, Fault> {
    // A separator at the end says that folders will be made in it. RFC 9051 §6.3.4
    let name = canonical(name.strip_suffix(SEPARATOR).unwrap_or(name));
    let is_bad =
        |part: &str| part.is_empty() || part.chars().any(|letter| letter.is_control() || "*%".contains(letter));
    if name.len() > MAX_NAME || name.split(SEPARATOR).any(is_bad) {
        let what = format!(
            "a folder's name has at most {MAX_NAME} octets, no empty part between `/`, no control characters, no `*` or `%`"
        );
        return Err(Fault::caller("folder.name", what));
    }
    Ok(name)
}

fn unknown(name: &str) -> Fault {
    Fault::caller("folder.unknown", format!("there is no folder {name}"))
}

fn exists(name: &str) -> Fault {
    Fault::caller("folder.exists", format!("the folder {name} exists already"))
}

fn of_name(mailbox: &MailboxId, name: &str) -> crate::row::Query {
    sql("SELECT * FROM folder WHERE mailbox = $1 AND name = $2").bind(mailbox.0.clone()).bind(canonical(name))
}

fn of_id(id: FolderId) -> crate::row::Query {
    sql("SELECT * FROM folder WHERE id = $1").bind(id.0)
}

/// By name, within a change.
pub(crate) async fn find(tx: &mut Tx, mailbox: &MailboxId, name: &str) -> Result<Option<Folder>, Fault> {
    tx.row(of_name(mailbox, name)).await?.as_ref().map(read).transpose()
}

/// By id, within a change; `folder.unknown` when another session has deleted it.
pub(crate) async fn known(tx: &mut Tx, id: FolderId) -> Result<Folder, Fault> {
    match tx.row(of_id(id)).await? {
        Some(row) => read(&row),
        None => Err(Fault::caller("folder.unknown", "the folder is no more")),
    }
}

/// The folders that every mailbox has from the start.
pub(crate) async fn make_first_folders(tx: &mut Tx, mailbox: &MailboxId) -> Result<(), Fault> {
    for special in Special::ALL {
        make(tx, mailbox, special.name(), Some(special)).await?;
    }
    Ok(())
}

/// By name, made when it is not there.
pub(crate) async fn find_or_make(tx: &mut Tx, mailbox: &MailboxId, name: &str) -> Result<Folder, Fault> {
    match find(tx, mailbox, name).await? {
        Some(folder) => Ok(folder),
        None => make_with_parents(tx, mailbox, &checked_name(name)?).await,
    }
}

async fn make_with_parents(tx: &mut Tx, mailbox: &MailboxId, name: &str) -> Result<Folder, Fault> {
    let count = sql("SELECT COUNT(*) AS folders FROM folder WHERE mailbox = $1").bind(mailbox.0.clone());
    let there = tx.row(count).await?.map_or(Ok(0), |row| row.number("folders"))?;
    let parents: Vec<&str> = name.match_indices(SEPARATOR).filter_map(|(end, _)| name.get(..end)).collect();
    if there + i64::try_from(parents.len()).unwrap_or(MAX_FOLDERS) >= MAX_FOLDERS {
        return Err(Fault::caller("folder.too-many", format!("a mailbox has at most {MAX_FOLDERS} folders")));
    }
    for parent in parents {
        if find(tx, mailbox, parent).await?.is_none() {
            make(tx, mailbox, parent, None).await?;
        }
    }
    make(tx, mailbox, name, None).await
}

async fn make(tx: &mut Tx, mailbox: &MailboxId, name: &str, special: Option<Special>) -> Result<Folder, Fault> {
    let uid_validity = next_validity(tx, mailbox).await?;
    let insert =
        sql("INSERT INTO folder (mailbox, name, special, subscribed, uid_validity, uid_next, modseq, forgotten, \
                      keywords) VALUES ($1, $2, $3, $4, $5, 1, 1, 0, '') RETURNING *")
        .bind(mailbox.0.clone())
        .bind(name.to_owned())
        .bind(special.map(Special::as_str))
        .bind(i64::from(special.is_some()))
        .bind(uid_validity);
    match tx.row(insert).await? {
        Some(row) => read(&row),
        None => Err(unknown(name)),
    }
}

/// Greater than every one before it in this mailbox: a name that comes back is another folder. RFC 9051 §2.3.1.1
pub(crate) async fn next_validity(tx: &mut Tx, mailbox: &MailboxId) -> Result<i64, Fault> {
    let seconds = tx.now.micros() / 1_000_000;
    let update =
        sql("UPDATE mailbox SET uid_validity = CASE WHEN uid_validity < $1 THEN $1 ELSE uid_validity + 1 END \
                      WHERE id = $2 RETURNING uid_validity");
    match tx.row(update.bind(seconds).bind(mailbox.0.clone())).await? {
        Some(row) => row.number("uid_validity"),
        None => Err(Fault::caller("mailbox.unknown", format!("there is no mailbox with the id {mailbox}"))),
    }
}

async fn rename(tx: &mut Tx, folder: &Folder, to: &str) -> Result<(), Fault> {
    let inside = format!("{}{SEPARATOR}", folder.name);
    if let Some((parent, _)) = to.rsplit_once(SEPARATOR)
        && find(tx, &folder.mailbox, parent).await?.is_none()
    {
        make_with_parents(tx, &folder.mailbox, parent).await?;
    }
    let all = sql("SELECT * FROM folder WHERE mailbox = $1").bind(folder.mailbox.0.clone());
    for row in tx.rows(all).await? {
        let other = read(&row)?;
        let name = match other.name.strip_prefix(&inside) {
            Some(rest) => format!("{to}{SEPARATOR}{rest}"),
            None if other.id == folder.id => to.to_owned(),
            None => continue,
        };
        if find(tx, &folder.mailbox, &name).await?.is_some() {
            return Err(exists(&name));
        }
        tx.run(sql("UPDATE folder SET name = $1 WHERE id = $2").bind(name).bind(other.id.0)).await?;
    }
    Ok(())
}

/// A change's modseq: greater than all before it in the folder.
pub(crate) async fn raise_modseq(tx: &mut Tx, folder: FolderId) -> Result<i64, Fault> {
    let raise = sql("UPDATE folder SET modseq = modseq + 1 WHERE id = $1 RETURNING modseq").bind(folder.0);
    let Some(row) = tx.row(raise).await? else { return Err(Fault::caller("folder.unknown", "the folder is no more")) };
    let modseq = row.number("modseq")?;
    tx.touch(folder, modseq);
    Ok(modseq)
}

/// Notes that keywords are in use.
///
/// # Errors
/// `folder.keywords` when there are too many.
pub(crate) async fn add_keywords(tx: &mut Tx, folder: &Folder, used: &[String]) -> Result<(), Fault> {
    let is_known = |word: &String| folder.keywords.iter().any(|known| known.eq_ignore_ascii_case(word));
    let mut keywords = folder.keywords.clone();
    for word in used {
        if !is_known(word) && !keywords.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            keywords.push(word.clone());
        }
    }
    if keywords.len() == folder.keywords.len() {
        return Ok(());
    }
    if keywords.len() > MAX_KEYWORDS {
        return Err(Fault::caller("folder.keywords", format!("a folder has at most {MAX_KEYWORDS} keywords")));
    }
    let update = sql("UPDATE folder SET keywords = $1 WHERE id = $2").bind(keywords.join(" ")).bind(folder.id.0);
    tx.run(update).await.map(drop)
}

/// Keywords of one folder.
const MAX_KEYWORDS: usize = 200;

pub(crate) fn read(row: &Row) -> Result<Folder, Fault> {
    let special = row.text_or_none("special")?;
    Ok(Folder {
        id: FolderId(row.number("id")?),
        mailbox: MailboxId(row.text("mailbox")?),
        name: row.text("name")?,
        special: special.as_deref().and_then(Special::parse),
        subscribed: row.flag("subscribed")?,
        uid_validity: row.count("uid_validity")?,
        uid_next: row.count("uid_next")?,
        modseq: row.number("modseq")?,
        forgotten: row.number("forgotten")?,
        keywords: row.text("keywords")?.split_whitespace().map(String::from).collect(),
    })
}
