//! Mail that lies in mailboxes.

use rules::{
    Digest, Fault,
    event::Event,
    id::{MailId, MailboxId, MessageId, RecipientId},
};
use syntax::{Address, Timestamp};

use crate::{
    Described, Flags, INBOX, Store,
    committer::Tx,
    describe::{Prepared, put_description, thread_of},
    entry, folder, quota,
    row::{Row, free_text, sql, stored},
};

/// What a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Written by somebody; an answer when it names a message of ours.
    Message,
    /// An answer: In-Reply-To or References names a message of ours.
    Reply,
    /// A delivery status notification (received, or written by us).
    Bounce,
    /// Written by a machine (Auto-Submitted): out of office…
    Auto,
    /// A report of a receiver: DMARC, TLS, a complaint.
    Report,
}

impl MailKind {
    /// As it is stored and written: `bounce`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Reply => "reply",
            Self::Bounce => "bounce",
            Self::Auto => "auto",
            Self::Report => "report",
        }
    }
    /// Reads what [`MailKind::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Message, Self::Reply, Self::Bounce, Self::Auto, Self::Report]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A mail to be stored.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Where.
    pub mailbox: MailboxId,
    /// What.
    pub kind: MailKind,
    /// Reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
    /// Forward path it came for (the catch-all keeps the original here).
    pub forward_path: Address,
    /// From header's address, when readable.
    pub from: Option<Address>,
    /// Subject.
    pub subject: String,
    /// The recipient row it is about (by return-path token).
    pub about: Option<RecipientId>,
    /// The verdicts on SPF, DKIM, DMARC as JSON.
    pub verdicts: Option<String>,
    /// The message with its trace fields.
    pub content: Vec<u8>,
}

/// A mail's row, without content.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Mail {
    /// Id.
    pub id: MailId,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// Kind.
    pub kind: MailKind,
    /// Reverse-path.
    pub reverse_path: Option<Address>,
    /// Forward path.
    pub forward_path: Address,
    /// From.
    pub from: Option<Address>,
    /// Subject.
    pub subject: String,
    /// About.
    pub about: Option<RecipientId>,
    /// Verdicts as JSON.
    pub verdicts: Option<String>,
    /// The message of ours that it answers.
    pub answers: Option<MessageId>,
    /// What speaks against it, as JSON.
    pub suspicion: Option<String>,
    /// Octets.
    pub octets: u64,
    /// When it came.
    pub received_at: Timestamp,
}

impl Store {
    /// Mails of a mailbox behind one, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mails_behind(&self, mailbox: &MailboxId, after: &str, limit: u32) -> Result<Vec<Mail>, Fault> {
        let query = sql("SELECT * FROM mail WHERE mailbox = $1 AND id > $2 ORDER BY id LIMIT $3")
            .bind(mailbox.0.clone())
            .bind(after.to_owned())
            .bind(i64::from(limit));
        self.rows("list mail from the oldest on", query).await?.iter().map(read).collect()
    }
    /// Ids and octets of everything in a mailbox.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_sizes(&self, mailbox: &MailboxId) -> Result<Vec<(MailId, u64)>, Fault> {
        let query = sql("SELECT id, octets FROM mail WHERE mailbox = $1 ORDER BY id").bind(mailbox.0.clone());
        let rows = self.rows("measure a mailbox", query).await?;
        rows.iter().map(|row| Ok((MailId(row.text("id")?), row.count("octets")?))).collect()
    }
    /// Stores mails, all or none; durable on return. Each gets a MailReceived event, besides `events`.
    ///
    /// # Errors
    /// `store.*`: the caller answers 451.
    pub async fn deliver(&self, mails: Vec<NewMail>, events: Vec<Event>) -> Result<Vec<MailId>, Fault> {
        let mails = self.prepared(mails).await;
        self.write("store mail", |tx| {
            Box::pin(async move {
                let ids = put_mails(tx, mails, false).await?;
                tx.record(&events).await?;
                Ok(ids)
            })
        })
        .await
    }
    /// Mails, newest first; of one mailbox when given; at most `limit` (0: 100).
    ///
    /// # Errors
    /// `store.*`
    pub async fn mails(&self, mailbox: Option<&MailboxId>, limit: u32) -> Result<Vec<Mail>, Fault> {
        let limit = i64::from(if limit == 0 { 100 } else { limit });
        let query = match mailbox {
            Some(mailbox) => sql("SELECT * FROM mail WHERE mailbox = $1 ORDER BY id DESC LIMIT $2")
                .bind(mailbox.0.clone())
                .bind(limit),
            None => sql("SELECT * FROM mail ORDER BY id DESC LIMIT $1").bind(limit),
        };
        self.rows("list mail", query).await?.iter().map(read).collect()
    }
    /// The content of one.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mail_content(&self, id: &MailId) -> Result<Option<Vec<u8>>, Fault> {
        let of_mail = sql("SELECT content FROM mail_body WHERE mail = $1").bind(id.0.clone());
        self.row("read a mail's content", of_mail).await?.map(|row| row.octets("content")).transpose()
    }
}

/// Stores mails within a transaction, and writes MailReceived for each.
///
/// # Errors
/// `mailbox.full`, `mailbox.too-small`, unless the mails are `ours`: notices that must not be lost.
pub(crate) async fn put_mails(tx: &mut Tx, mails: Vec<Prepared>, ours: bool) -> Result<Vec<MailId>, Fault> {
    let mut ids = Vec::with_capacity(mails.len());
    for Prepared { mail, described } in mails {
        let id = MailId(tx.id());
        let (mailbox, mail_kind) = (mail.mailbox.clone(), mail.kind.as_str().to_owned());
        let now = tx.now;
        // What is about mail of ours must not be lost.
        let ours = ours || mail.about.is_some();
        put_mail(tx, &id, Prepared { mail, described }, now, ours).await?;
        tx.record(&[Event::MailReceived { mail: id.clone(), mailbox, mail_kind }]).await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Puts a mail into INBOX.
///
/// # Errors
/// `mailbox.full`, `mailbox.too-small`, unless it is one of `ours`
async fn put_mail(tx: &mut Tx, id: &MailId, new: Prepared, received_at: Timestamp, ours: bool) -> Result<(), Fault> {
    let (mailbox, octets) = (new.mail.mailbox.clone(), new.mail.content.len());
    quota::take(tx, &mailbox, octets, ours).await?;
    insert_mail(tx, id, new.mail, new.described, received_at).await?;
    if let Some(inbox) = folder::find(tx, &mailbox, INBOX).await? {
        entry::put(tx, &inbox, id, &Flags::default(), received_at, octets).await?;
    }
    Ok(())
}

/// Writes a mail and its description; it lies in no folder yet.
pub(crate) async fn insert_mail(
    tx: &mut Tx,
    id: &MailId,
    mail: NewMail,
    described: Option<Described>,
    at: Timestamp,
) -> Result<(), Fault> {
    let thread = match &described {
        Some(described) => Some(thread_of(tx, &mail.mailbox, id, &described.names).await?),
        None => None,
    };
    let insert = sql("INSERT INTO mail (id, mailbox, kind, reverse_path, forward_path, from_address, subject, about, \
                      verdicts, octets, received_at, thread, described) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
    .bind(id.0.clone())
    .bind(mail.mailbox.0)
    .bind(mail.kind.as_str())
    .bind(stored(&mail.reverse_path))
    .bind(mail.forward_path.to_string())
    .bind(stored(&mail.from))
    .bind(free_text(&mail.subject))
    .bind(mail.about.map(|about| about.0))
    .bind(mail.verdicts.as_deref().map(free_text))
    .bind(i64::try_from(mail.content.len()).unwrap_or(i64::MAX))
    .bind(at.micros())
    .bind(thread)
    .bind(i64::from(described.is_some()));
    tx.run(insert).await?;
    tx.weigh(mail.content.len());
    let digest = Digest::of(&mail.content);
    let body = sql("INSERT INTO mail_body (mail, digest, content) VALUES ($1, $2, $3)").bind(id.0.clone()).bind(digest);
    let body = body.bind(mail.content);
    tx.run(body).await?;
    match described {
        Some(described) => put_description(tx, id, described).await,
        None => Ok(()),
    }
}

pub(crate) fn read(row: &Row) -> Result<Mail, Fault> {
    Ok(Mail {
        id: MailId(row.text("id")?),
        mailbox: MailboxId(row.text("mailbox")?),
        kind: row.named("kind", MailKind::parse)?,
        reverse_path: row.parsed_or_none("reverse_path")?,
        forward_path: row.parsed("forward_path")?,
        from: row.parsed_or_none("from_address")?,
        subject: row.text("subject")?,
        about: row.text_or_none("about")?.map(RecipientId),
        verdicts: row.text_or_none("verdicts")?,
        answers: row.text_or_none("answers")?.map(MessageId),
        suspicion: row.text_or_none("suspicion")?,
        octets: row.count("octets")?,
        received_at: row.moment("received_at")?,
    })
}
