//! Mails that came elsewhere or earlier: with the folders, flags and moments that they had there.

use std::collections::HashMap;

use rules::{
    Fault,
    id::{MailId, MailboxId},
};
use syntax::Timestamp;

use crate::{
    Flags, INBOX, NewMail, Store,
    committer::Tx,
    describe::Prepared,
    entry::{self, IDS_PER_STATEMENT},
    folder,
    mail::insert_mail,
    quota,
    row::{Row, free_text, sql, sql_made},
};

/// A mail that came elsewhere or earlier.
#[derive(Debug, Clone)]
pub struct PastMail {
    /// The mail.
    pub mail: NewMail,
    /// When it came.
    pub received_at: Timestamp,
    /// What spoke against it, as JSON.
    pub suspicion: Option<String>,
    /// Where it lies; in INBOX without flags when empty.
    pub places: Vec<Place>,
}

/// A mail in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the folder; made when it is missing.
    pub folder: String,
    /// Flags there.
    pub flags: Flags,
    /// INTERNALDATE.
    pub internal_at: Timestamp,
}

/// How far an import came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportMark {
    /// Whose.
    pub mailbox: MailboxId,
    /// From where: `login@host:port`.
    pub source: String,
    /// Name of the folder there.
    pub folder: String,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// Everything up to this UID was looked at.
    pub uid: u32,
}

impl Store {
    /// Stores mails that came elsewhere, all or none, where they lay and with the moment they came. No event tells of them:
    /// nothing arrives now.
    ///
    /// # Errors
    /// `mailbox.full`, `mailbox.too-small`, `folder.name`, `folder.too-many`, `store.*`
    pub async fn put_past_mails(&self, mails: Vec<PastMail>) -> Result<Vec<MailId>, Fault> {
        let told: Vec<_> =
            mails.iter().map(|past| (past.received_at, past.suspicion.clone(), past.places.clone())).collect();
        let mails = self.prepared(mails.into_iter().map(|past| past.mail).collect()).await;
        self.write("store past mail", |tx| {
            Box::pin(async move {
                let mut ids = Vec::with_capacity(mails.len());
                for (new, (received_at, suspicion, places)) in mails.into_iter().zip(told) {
                    let id = MailId(tx.id());
                    put(tx, &id, new, received_at, places).await?;
                    if let Some(suspicion) = suspicion {
                        let update = sql("UPDATE mail SET suspicion = $1 WHERE id = $2");
                        tx.run(update.bind(free_text(&suspicion)).bind(id.0.clone())).await?;
                    }
                    ids.push(id);
                }
                Ok(ids)
            })
        })
        .await
    }

    /// Where each of these mails lies.
    ///
    /// # Errors
    /// `store.*`
    pub async fn places_of(&self, mails: &[MailId]) -> Result<HashMap<MailId, Vec<Place>>, Fault> {
        let mut places: HashMap<MailId, Vec<Place>> = HashMap::new();
        for chunk in mails.chunks(IDS_PER_STATEMENT) {
            let marks: Vec<String> = (1..=chunk.len()).map(|number| format!("${number}")).collect();
            let query = sql_made(format!(
                "SELECT e.mail, f.name, e.flags, e.keywords, e.internal_at FROM entry e JOIN folder f ON f.id = e.folder \
                 WHERE e.mail IN ({}) ORDER BY e.mail, f.name, e.uid",
                marks.join(", ")
            ));
            let query = chunk.iter().fold(query, |query, id| query.bind(id.0.clone()));
            for row in self.rows("read where mails lie", query).await? {
                places.entry(MailId(row.text("mail")?)).or_default().push(place(&row)?);
            }
        }
        Ok(places)
    }

    /// Makes a folder that is not there yet.
    ///
    /// # Errors
    /// `folder.name`, `folder.too-many`, `store.*`
    pub async fn ensure_folder(&self, mailbox: &MailboxId, name: &str) -> Result<(), Fault> {
        let (mailbox, name) = (mailbox.clone(), name.to_owned());
        self.write("make a folder", move |tx| {
            Box::pin(async move { folder::find_or_make(tx, &mailbox, &name).await.map(drop) })
        })
        .await
    }

    /// How far an import of that folder came.
    ///
    /// # Errors
    /// `store.*`
    pub async fn import_mark(
        &self,
        mailbox: &MailboxId,
        source: &str,
        folder: &str,
    ) -> Result<Option<ImportMark>, Fault> {
        let query = sql("SELECT uid_validity, uid FROM import_mark WHERE mailbox = $1 AND source = $2 AND folder = $3")
            .bind(mailbox.0.clone())
            .bind(free_text(source))
            .bind(free_text(folder));
        let Some(row) = self.row("read how far an import came", query).await? else { return Ok(None) };
        Ok(Some(ImportMark {
            mailbox: mailbox.clone(),
            source: source.to_owned(),
            folder: folder.to_owned(),
            uid_validity: row.count("uid_validity")?,
            uid: row.count("uid")?,
        }))
    }

    /// Writes down how far an import came.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_import_mark(&self, mark: ImportMark) -> Result<(), Fault> {
        let query =
            sql("INSERT INTO import_mark (mailbox, source, folder, uid_validity, uid) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (mailbox, source, folder) DO UPDATE SET uid_validity = excluded.uid_validity, \
                         uid = excluded.uid")
            .bind(mark.mailbox.0)
            .bind(free_text(&mark.source))
            .bind(free_text(&mark.folder))
            .bind(i64::from(mark.uid_validity))
            .bind(i64::from(mark.uid));
        self.write("write how far an import came", |tx| Box::pin(async move { tx.run(query).await.map(drop) })).await
    }
}

async fn put(tx: &mut Tx, id: &MailId, new: Prepared, at: Timestamp, mut places: Vec<Place>) -> Result<(), Fault> {
    let (mailbox, octets) = (new.mail.mailbox.clone(), new.mail.content.len());
    quota::take(tx, &mailbox, octets, false).await?;
    insert_mail(tx, id, new.mail, new.described, at).await?;
    if places.is_empty() {
        places.push(Place { folder: INBOX.to_owned(), flags: Flags::default(), internal_at: at });
    }
    for place in places {
        let folder = folder::find_or_make(tx, &mailbox, &place.folder).await?;
        let mut flags = place.flags.spelled(&folder);
        match folder::add_keywords(tx, &folder, &flags.keywords).await {
            // A folder has room for so many; the mail matters more than its labels.
            Err(fault) if fault.code == "folder.keywords" => flags.keywords.clear(),
            other => other?,
        }
        entry::put(tx, &folder, id, &flags, place.internal_at, octets).await?;
    }
    Ok(())
}

fn place(row: &Row) -> Result<Place, Fault> {
    Ok(Place { folder: row.text("name")?, flags: Flags::read(row)?, internal_at: row.moment("internal_at")? })
}
