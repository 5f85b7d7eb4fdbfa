//! Mails that leave folders, and what is remembered of them. RFC 9051 §6.4.3, RFC 7162 §3.2

use rules::{
    Fault,
    id::{MailId, MailboxId},
};

use crate::{
    FolderId, Store, Uids,
    committer::Tx,
    entry::{IDS_PER_STATEMENT, values_of},
    folder, quota,
    row::{Query, Row, sql, sql_made},
};

/// Mails removed by one change, so that others get their turn.
const MAILS_PER_REMOVAL: i64 = 2000;
/// Ranges of expunged UIDs that are remembered of a folder.
const TOMBSTONES: i64 = 5000;

impl Store {
    /// Removes mails flagged `\Deleted`, of these when given, for good. Returns those removed, and the folder's modseq.
    ///
    /// # Errors
    /// `folder.unknown`, `store.*`
    pub async fn expunge(&self, folder: FolderId, of: Option<&Uids>) -> Result<(Uids, Option<i64>), Fault> {
        let (mut gone, mut modseq) = (Uids::default(), None);
        loop {
            let of = of.cloned();
            let (some, raised) = self
                .write("expunge", move |tx| Box::pin(async move { expunge_some(tx, folder, of.as_ref()).await }))
                .await?;
            if some.is_empty() {
                return Ok((gone, modseq));
            }
            gone = gone.or(&some);
            modseq = raised;
        }
    }
}

async fn expunge_some(tx: &mut Tx, id: FolderId, of: Option<&Uids>) -> Result<(Uids, Option<i64>), Fault> {
    let mut found: Vec<(u32, MailId)> = Vec::new();
    let queries: Vec<Query> = match of {
        None => vec![
            sql("SELECT uid, mail FROM entry WHERE folder = $1 AND (flags & 8) <> 0 ORDER BY uid LIMIT $2")
                .bind(id.0)
                .bind(MAILS_PER_REMOVAL),
        ],
        Some(uids) => values_of(uids)
            .into_iter()
            .map(|values| {
                let query = format!(
                    "SELECT e.uid, e.mail FROM ({values}) AS r JOIN entry e ON e.folder = {} \
                     AND e.uid BETWEEN r.column1 AND r.column2 WHERE (e.flags & 8) <> 0 ORDER BY e.uid \
                     LIMIT {MAILS_PER_REMOVAL}",
                    id.0
                );
                sql_made(query).persistent(false)
            })
            .collect(),
    };
    for query in queries {
        for row in tx.rows(query).await? {
            found.push((row.count("uid")?, MailId(row.text("mail")?)));
        }
        if !found.is_empty() {
            break;
        }
    }
    if found.is_empty() {
        return Ok((Uids::default(), None));
    }
    let folder = folder::known(tx, id).await?;
    let uids: Uids = found.iter().map(|(uid, _)| *uid).collect();
    let modseq = bury(tx, id, &uids).await?;
    drop_unused(tx, &folder.mailbox, &found.into_iter().map(|(_, mail)| mail).collect::<Vec<_>>()).await?;
    Ok((uids, Some(modseq)))
}

/// Removes some of whatever is in a folder; how many.
pub(crate) async fn remove_all(store: &Store, id: FolderId) -> Result<usize, Fault> {
    store
        .write("empty a folder", move |tx| {
            Box::pin(async move {
                let query = sql("SELECT uid, mail FROM entry WHERE folder = $1 ORDER BY uid LIMIT $2");
                let rows = tx.rows(query.bind(id.0).bind(MAILS_PER_REMOVAL)).await?;
                if rows.is_empty() {
                    return Ok(0);
                }
                let folder = folder::known(tx, id).await?;
                let uid = |row: &Row| row.count("uid");
                let uids: Uids = rows.iter().map(uid).collect::<Result<Vec<u32>, _>>()?.into_iter().collect();
                let mail = |row: &Row| row.text("mail").map(MailId);
                let mails = rows.iter().map(mail).collect::<Result<Vec<_>, _>>()?;
                bury(tx, id, &uids).await?;
                drop_unused(tx, &folder.mailbox, &mails).await?;
                Ok(mails.len())
            })
        })
        .await
}

/// Takes entries out of a folder and remembers that they were there; the modseq.
pub(crate) async fn bury(tx: &mut Tx, folder: FolderId, uids: &Uids) -> Result<i64, Fault> {
    let modseq = folder::raise_modseq(tx, folder).await?;
    let ranges: Vec<(u32, u32)> = uids.ranges().collect();
    for (first, last) in &ranges {
        let delete = sql("DELETE FROM entry WHERE folder = $1 AND uid BETWEEN $2 AND $3");
        tx.run(delete.bind(folder.0).bind(i64::from(*first)).bind(i64::from(*last))).await?;
    }
    tx.insert("expunged (folder, modseq, first_uid, last_uid)", 4, &ranges, |query, (first, last)| {
        query.bind(folder.0).bind(modseq).bind(i64::from(*first)).bind(i64::from(*last))
    })
    .await?;
    forget(tx, folder).await?;
    Ok(modseq)
}

/// Forgets the oldest tombstones beyond the bound.
async fn forget(tx: &mut Tx, folder: FolderId) -> Result<(), Fault> {
    let oldest = sql("SELECT modseq FROM expunged WHERE folder = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2");
    let Some(row) = tx.row(oldest.bind(folder.0).bind(TOMBSTONES)).await? else { return Ok(()) };
    let modseq = row.number("modseq")?;
    tx.run(sql("DELETE FROM expunged WHERE folder = $1 AND modseq <= $2").bind(folder.0).bind(modseq)).await?;
    let note = sql("UPDATE folder SET forgotten = $1 WHERE id = $2 AND forgotten < $1");
    tx.run(note.bind(modseq).bind(folder.0)).await.map(drop)
}

/// Deletes mails that lie in no folder any more, with their content.
async fn drop_unused(tx: &mut Tx, mailbox: &MailboxId, mails: &[MailId]) -> Result<(), Fault> {
    for chunk in mails.chunks(IDS_PER_STATEMENT) {
        let named = |statement: &str, ids: &[MailId]| {
            let marks: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
            let query = sql_made(statement.replace('?', &marks.join(", ")));
            ids.iter().fold(query, |query, id| query.bind(id.0.clone()))
        };
        let unused = named(
            "SELECT id, octets, thread FROM mail WHERE id IN (?) \
             AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.mail = mail.id)",
            chunk,
        );
        let (mut ids, mut octets, mut threads) = (Vec::new(), 0, Vec::new());
        for row in tx.rows(unused).await? {
            ids.push(MailId(row.text("id")?));
            octets += row.number("octets")?;
            threads.extend(row.text_or_none("thread")?);
        }
        if ids.is_empty() {
            continue;
        }
        for statement in [
            "DELETE FROM mail_body WHERE mail IN (?)",
            "DELETE FROM mail_kept WHERE mail IN (?)",
            "DELETE FROM mail_text WHERE mail IN (?)",
            "DELETE FROM mail WHERE id IN (?)",
        ] {
            tx.run(named(statement, &ids)).await?;
        }
        quota::change(tx, mailbox, -octets, -i64::try_from(ids.len()).unwrap_or_default()).await?;
        threads.sort_unstable();
        threads.dedup();
        for thread in threads {
            let delete = sql("DELETE FROM thread_name WHERE mailbox = $1 AND thread = $2 AND NOT EXISTS \
                              (SELECT 1 FROM mail m WHERE m.mailbox = $1 AND m.thread = $2)");
            tx.run(delete.bind(mailbox.0.clone()).bind(thread)).await?;
        }
    }
    Ok(())
}
