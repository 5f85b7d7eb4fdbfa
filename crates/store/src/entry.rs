//! Mails as they lie in folders: UIDs, flags, modseqs, and what was expunged. RFC 9051 §2.3, RFC 7162

use std::collections::HashMap;

use rules::{Fault, id::MailId};
use syntax::Timestamp;

use crate::{
    FolderId, Store, Uids,
    committer::Tx,
    folder::{self, Folder},
    row::{Row, sql, sql_for_keys, sql_made},
};

/// Ranges of UIDs named by one statement.
const RANGES_PER_STATEMENT: usize = 500;
/// Ids named by one statement.
pub(crate) const IDS_PER_STATEMENT: usize = 200;

/// The flags of a mail in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flags {
    /// System flags: [`Flags::SEEN`]…
    pub bits: u8,
    /// Keywords, in order.
    pub keywords: Vec<String>,
}

impl Flags {
    /// `\Seen`
    pub const SEEN: u8 = 1;
    /// `\Answered`
    pub const ANSWERED: u8 = 2;
    /// `\Flagged`
    pub const FLAGGED: u8 = 4;
    /// `\Deleted`
    pub const DELETED: u8 = 8;
    /// `\Draft`
    pub const DRAFT: u8 = 16;

    fn write(&self) -> String {
        match self.keywords.is_empty() {
            true => String::new(),
            false => format!(" {} ", self.keywords.join(" ")),
        }
    }
    pub(crate) fn read(row: &Row) -> Result<Self, Fault> {
        let keywords = row.text("keywords")?.split_ascii_whitespace().map(String::from).collect();
        Ok(Self { bits: row.count("flags")?, keywords })
    }
    /// Keywords once each whatever their case, spelled as the folder spells them.
    pub(crate) fn spelled(mut self, folder: &Folder) -> Self {
        let mut words: Vec<String> = Vec::new();
        for word in self.keywords {
            let spelled = folder.keywords.iter().find(|known| known.eq_ignore_ascii_case(&word));
            let word = spelled.cloned().unwrap_or(word);
            if !words.iter().any(|known| known.eq_ignore_ascii_case(&word)) {
                words.push(word);
            }
        }
        words.sort_unstable();
        self.keywords = words;
        self
    }
}

/// How flags are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// These and no others.
    Set,
    /// These too.
    Add,
    /// Not these.
    Remove,
}

/// A mail in a folder.
#[derive(Debug, Clone)]
pub struct Entry {
    /// UID.
    pub uid: u32,
    /// Flags.
    pub flags: Flags,
    /// MODSEQ.
    pub modseq: i64,
    /// INTERNALDATE.
    pub internal_at: Timestamp,
    /// RFC822.SIZE.
    pub octets: u64,
    /// EMAILID.
    pub mail: MailId,
    /// Of its description what was wanted; `None` when there is none yet, or nothing of it was wanted.
    pub kept: Option<EntryKept>,
}

/// What of a mail's description is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What its writer kept; also the thread.
    pub kept: bool,
    /// The header.
    pub header: bool,
}

/// Of a description what was wanted; the rest is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryKept {
    /// THREADID.
    pub thread: Option<String>,
    /// As [`crate::Described::kept`].
    pub kept: String,
    /// As [`crate::Described::header`].
    pub header: Vec<u8>,
}

/// What became of flags to be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagsStored {
    /// Those that somebody had changed meanwhile, and that were left alone.
    pub modified: Uids,
    /// The modseq of the change, when there was one.
    pub modseq: Option<i64>,
}

/// What happened in a folder.
#[derive(Debug, Clone)]
pub struct FolderChanges {
    /// The folder as it is.
    pub folder: Folder,
    /// New mails and such with other flags, by UID.
    pub changed: Vec<(u32, Flags, i64)>,
    /// What was expunged.
    pub expunged: Uids,
    /// Whether all that was expunged since is known.
    pub complete: bool,
}

impl Store {
    /// Mails of a folder, by UID; with of their descriptions what is wanted; only such as changed after a modseq.
    ///
    /// # Errors
    /// `store.*`
    pub async fn entries(&self, folder: FolderId, uids: &Uids, want: Wanted, since: i64) -> Result<Vec<Entry>, Fault> {
        let (columns, joins) = want.sql();
        let mut entries = Vec::new();
        for values in values_of(uids) {
            let query = format!(
                "SELECT e.uid, e.flags, e.keywords, e.modseq, e.internal_at, e.octets, e.mail{columns} \
                 FROM ({values}) AS r JOIN entry e ON e.folder = {} AND e.uid BETWEEN r.column1 AND r.column2 {joins} \
                 WHERE e.modseq > {since} ORDER BY e.uid",
                folder.0
            );
            for row in self.rows("read a folder", sql_made(query).persistent(false)).await? {
                entries.push(read(&row, want)?);
            }
        }
        Ok(entries)
    }
    /// The contents of mails, those that are there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_contents(&self, mails: &[MailId]) -> Result<HashMap<MailId, Vec<u8>>, Fault> {
        let mut found = HashMap::new();
        for chunk in mails.chunks(IDS_PER_STATEMENT) {
            let query = sql_for_keys("SELECT mail, content FROM mail_body WHERE mail", chunk, "");
            for row in self.rows("read contents", query).await? {
                found.insert(MailId(row.text("mail")?), row.octets("content")?);
            }
        }
        Ok(found)
    }
    /// The greatest modseq of these.
    ///
    /// # Errors
    /// `store.*`
    pub async fn highest_modseq(&self, folder: FolderId, uids: &Uids) -> Result<i64, Fault> {
        let mut highest = 0;
        for values in values_of(uids) {
            let query = format!(
                "SELECT COALESCE(MAX(e.modseq), 0) AS highest FROM ({values}) AS r JOIN entry e ON e.folder = {} \
                 AND e.uid BETWEEN r.column1 AND r.column2",
                folder.0
            );
            if let Some(row) = self.row("read modseqs", sql_made(query).persistent(false)).await? {
                highest = highest.max(row.number("highest")?);
            }
        }
        Ok(highest)
    }
    /// What happened in a folder after a modseq; `None` when it is no more.
    ///
    /// # Errors
    /// `store.*`
    pub async fn folder_changes(&self, id: FolderId, since: i64) -> Result<Option<FolderChanges>, Fault> {
        // The folder first: what happens between the questions is told again next time, and never left out.
        let Some(folder) = self.folder_of_id(id).await? else { return Ok(None) };
        if folder.modseq <= since {
            return Ok(Some(FolderChanges { folder, changed: Vec::new(), expunged: Uids::default(), complete: true }));
        }
        let query =
            sql("SELECT uid, flags, keywords, modseq FROM entry WHERE folder = $1 AND modseq > $2 ORDER BY uid");
        let rows = self.rows("read changes of a folder", query.bind(id.0).bind(since)).await?;
        let row = |row: &Row| Ok::<_, Fault>((row.count("uid")?, Flags::read(row)?, row.number("modseq")?));
        let changed = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let gone = sql("SELECT first_uid, last_uid FROM expunged WHERE folder = $1 AND modseq > $2");
        let rows = self.rows("read what was expunged", gone.bind(id.0).bind(since)).await?;
        let range = |row: &Row| Ok::<_, Fault>((row.count("first_uid")?, row.count("last_uid")?));
        let expunged = Uids::new(rows.iter().map(range).collect::<Result<Vec<_>, _>>()?);
        let complete = since >= folder.forgotten;
        Ok(Some(FolderChanges { folder, changed, expunged, complete }))
    }
    /// Changes flags; mails with a greater modseq than `unchanged_since` are left alone.
    ///
    /// # Errors
    /// `folder.unknown`, `folder.keywords`, `store.*`
    pub async fn store_flags(
        &self,
        folder: FolderId,
        uids: &Uids,
        change: FlagChange,
        flags: Flags,
        unchanged_since: Option<i64>,
    ) -> Result<FlagsStored, Fault> {
        let uids = uids.clone();
        self.write("change flags", move |tx| {
            Box::pin(async move {
                let folder = folder::known(tx, folder).await?;
                let flags = flags.spelled(&folder);
                if change != FlagChange::Remove {
                    folder::add_keywords(tx, &folder, &flags.keywords).await?;
                }
                change_flags(tx, &folder, &uids, change, &flags, unchanged_since).await
            })
        })
        .await
    }
}

/// `VALUES (1, 5), (7, 9)`: ranges as a table, whose columns both databases call column1 and column2.
pub(crate) fn values_of(uids: &Uids) -> Vec<String> {
    let ranges: Vec<String> = uids.ranges().map(|(first, last)| format!("({first}, {last})")).collect();
    ranges.chunks(RANGES_PER_STATEMENT).map(|chunk| format!("VALUES {}", chunk.join(", "))).collect()
}

impl Wanted {
    fn sql(self) -> (&'static str, &'static str) {
        const JOINS: &str = "JOIN mail m ON m.id = e.mail LEFT JOIN mail_kept k ON k.mail = e.mail";
        match (self.kept, self.header) {
            (false, false) => ("", ""),
            (true, false) => (", m.thread, k.mail AS described, k.kept", JOINS),
            (false, true) => (", m.thread, k.mail AS described, k.header", JOINS),
            (true, true) => (", m.thread, k.mail AS described, k.kept, k.header", JOINS),
        }
    }
}

fn read(row: &Row, want: Wanted) -> Result<Entry, Fault> {
    let described = (want.kept || want.header) && row.text_or_none("described")?.is_some();
    let kept = match described {
        true => Some(EntryKept {
            thread: row.text_or_none("thread")?,
            kept: if want.kept { row.text("kept")? } else { String::new() },
            header: if want.header { row.octets("header")? } else { Vec::new() },
        }),
        false => None,
    };
    Ok(Entry {
        uid: row.count("uid")?,
        flags: Flags::read(row)?,
        modseq: row.number("modseq")?,
        internal_at: row.moment("internal_at")?,
        octets: row.count("octets")?,
        mail: MailId(row.text("mail")?),
        kept,
    })
}

/// Puts a mail into a folder, as its last; the UID.
pub(crate) async fn put(
    tx: &mut Tx,
    folder: &Folder,
    mail: &MailId,
    flags: &Flags,
    internal_at: Timestamp,
    octets: usize,
) -> Result<u32, Fault> {
    let (uid, modseq) = take_uids(tx, folder.id, 1).await?;
    let insert = sql("INSERT INTO entry (folder, uid, mail, flags, keywords, modseq, internal_at, octets) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(folder.id.0)
    .bind(i64::from(uid))
    .bind(mail.0.clone())
    .bind(i64::from(flags.bits))
    .bind(flags.write())
    .bind(modseq)
    .bind(internal_at.micros())
    .bind(i64::try_from(octets).unwrap_or(i64::MAX));
    tx.run(insert).await?;
    Ok(uid)
}

/// The first of so many UIDs in a row, and a modseq. A folder that has used all its UIDs numbers its mails anew.
pub(crate) async fn take_uids(tx: &mut Tx, folder: FolderId, count: u32) -> Result<(u32, i64), Fault> {
    let there = folder::known(tx, folder).await?;
    if there.uid_next.checked_add(count).is_none_or(|next| next == u32::MAX) {
        number_anew(tx, &there).await?;
    }
    let update = sql("UPDATE folder SET uid_next = uid_next + $1, modseq = modseq + 1 WHERE id = $2 \
                      RETURNING uid_next - $1 AS first_uid, modseq");
    let row = tx.row(update.bind(i64::from(count)).bind(folder.0)).await?;
    let Some(row) = row else { return Err(Fault::caller("folder.unknown", "the folder is no more")) };
    let modseq = row.number("modseq")?;
    tx.touch(folder, modseq);
    Ok((row.count("first_uid")?, modseq))
}

/// New UIDs from 1 under a new UIDVALIDITY. RFC 9051 §2.3.1.1
async fn number_anew(tx: &mut Tx, folder: &Folder) -> Result<(), Fault> {
    let validity = folder::next_validity(tx, &folder.mailbox).await?;
    let modseq = folder::raise_modseq(tx, folder.id).await?;
    // By way of negative numbers: no step meets a number that is still taken.
    let statements = [
        format!(
            "INSERT INTO entry (folder, uid, mail, flags, keywords, modseq, internal_at, octets) \
             SELECT folder, -ROW_NUMBER() OVER (ORDER BY uid), mail, flags, keywords, {modseq}, internal_at, octets \
             FROM entry WHERE folder = {}",
            folder.id.0
        ),
        format!("DELETE FROM entry WHERE folder = {} AND uid > 0", folder.id.0),
        format!("UPDATE entry SET uid = -uid WHERE folder = {}", folder.id.0),
        format!("DELETE FROM expunged WHERE folder = {}", folder.id.0),
        format!(
            "UPDATE folder SET uid_validity = {validity}, forgotten = {modseq}, \
             uid_next = 1 + (SELECT COUNT(*) FROM entry e WHERE e.folder = folder.id) WHERE id = {}",
            folder.id.0
        ),
    ];
    for statement in statements {
        tx.run(sql_made(statement).persistent(false)).await?;
    }
    Ok(())
}

async fn change_flags(
    tx: &mut Tx,
    folder: &Folder,
    uids: &Uids,
    change: FlagChange,
    given: &Flags,
    unchanged_since: Option<i64>,
) -> Result<FlagsStored, Fault> {
    let mut groups: std::collections::BTreeMap<Flags, Uids> = std::collections::BTreeMap::new();
    let mut modified = Uids::default();
    for values in values_of(uids) {
        let query = format!(
            "SELECT e.uid, e.flags, e.keywords, e.modseq FROM ({values}) AS r \
             JOIN entry e ON e.folder = {} AND e.uid BETWEEN r.column1 AND r.column2 ORDER BY e.uid",
            folder.id.0
        );
        for row in tx.rows(sql_made(query).persistent(false)).await? {
            let (uid, is) = (row.count("uid")?, Flags::read(&row)?);
            if unchanged_since.is_some_and(|since| row.number("modseq").is_ok_and(|modseq| modseq > since)) {
                modified.push(uid);
                continue;
            }
            let wanted = changed(&is, change, given).spelled(folder);
            if wanted != is {
                groups.entry(wanted).or_default().push(uid);
            }
        }
    }
    if groups.is_empty() {
        return Ok(FlagsStored { modified, modseq: None });
    }
    let modseq = folder::raise_modseq(tx, folder.id).await?;
    for (flags, uids) in groups {
        for (first, last) in uids.ranges() {
            let update = sql("UPDATE entry SET flags = $1, keywords = $2, modseq = $3 \
                              WHERE folder = $4 AND uid BETWEEN $5 AND $6")
            .bind(i64::from(flags.bits))
            .bind(flags.write())
            .bind(modseq)
            .bind(folder.id.0)
            .bind(i64::from(first))
            .bind(i64::from(last));
            tx.run(update).await?;
        }
    }
    Ok(FlagsStored { modified, modseq: Some(modseq) })
}

fn changed(is: &Flags, change: FlagChange, given: &Flags) -> Flags {
    let is_given = |word: &String| given.keywords.iter().any(|other| other.eq_ignore_ascii_case(word));
    match change {
        FlagChange::Set => given.clone(),
        FlagChange::Add => {
            Flags { bits: is.bits | given.bits, keywords: is.keywords.iter().chain(&given.keywords).cloned().collect() }
        }
        FlagChange::Remove => Flags {
            bits: is.bits & !given.bits,
            keywords: is.keywords.iter().filter(|word| !is_given(word)).cloned().collect(),
        },
    }
}
