//! What is written beside a mail when it is stored, so that nobody has to take it apart again to read or find it.

use std::sync::Arc;

use rules::{Fault, id::MailId, id::MailboxId};
use syntax::Timestamp;

use crate::{
    NewMail, Store,
    committer::Tx,
    row::{free_text, sql, sql_made},
};

/// Mails of which a description is missing that are described by one change.
const MAILS_PER_CHANGE: i64 = 50;
/// Content that is taken apart by a thread of its own, in octets: it would keep others waiting.
const LONG: usize = 64 * 1024;
/// Message-IDs of one mail that are looked at for its thread.
const MAX_NAMES: usize = 20;

/// Takes a message apart. The store calls it before it writes, and keeps what it says.
pub trait Describe: Send + Sync + 'static {
    /// Never fails: a message that cannot be read is described as what it is.
    fn describe(&self, content: &[u8]) -> Described;
}

/// What a message says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// For FETCH; the store does not read it.
    pub kept: String,
    /// The header with its empty line, as it stands.
    pub header: Vec<u8>,
    /// The day of the Date header as it is written there, at midnight UTC.
    pub sent_at: Option<Timestamp>,
    /// Its Message-ID, then those that it names, the nearest first; without brackets.
    pub names: Vec<String>,
    /// What SEARCH looks in.
    pub text: Searched,
}

/// The words of a message, decoded; the store folds their case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Searched {
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Cc.
    pub cc: String,
    /// Bcc.
    pub bcc: String,
    /// Subject.
    pub subject: String,
    /// The whole header, one unfolded `name: value` a line, LF.
    pub header: String,
    /// The text parts.
    pub body: String,
}

/// A mail with its description, ready to be written.
pub(crate) struct Prepared {
    pub(crate) mail: NewMail,
    pub(crate) described: Option<Described>,
}

impl Store {
    /// Says who takes messages apart; the first word counts. Without one, mails are described when they are first read.
    pub fn describe_with(&self, describe: Arc<dyn Describe>) {
        self.set_describe(describe);
    }
    /// Describes mails that are not yet, of one mailbox when given: those that were there before, or that another
    /// program stored. How many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn describe_missing(&self, mailbox: Option<&MailboxId>) -> Result<u64, Fault> {
        let mut done = 0;
        loop {
            let some = self.describe_some(mailbox).await?;
            done += some;
            if some == 0 {
                return Ok(done);
            }
        }
    }

    async fn describe_some(&self, mailbox: Option<&MailboxId>) -> Result<u64, Fault> {
        let query = match mailbox {
            Some(mailbox) => sql("SELECT m.id, m.mailbox, b.content FROM mail m JOIN mail_body b ON b.mail = m.id \
                                  WHERE m.described = 0 AND m.mailbox = $1 ORDER BY m.id LIMIT $2")
            .bind(mailbox.0.clone()),
            None => sql("SELECT m.id, m.mailbox, b.content FROM mail m JOIN mail_body b ON b.mail = m.id \
                         WHERE m.described = 0 ORDER BY m.id LIMIT $1"),
        };
        let mut found = Vec::new();
        for row in self.rows("find mails to be described", query.bind(MAILS_PER_CHANGE)).await? {
            let Some(described) = self.describe(&row.octets("content")?).await else { return Ok(0) };
            found.push((MailId(row.text("id")?), MailboxId(row.text("mailbox")?), described));
        }
        if found.is_empty() {
            return Ok(0);
        }
        let count = found.len() as u64;
        self.write("describe mails", |tx| {
            Box::pin(async move {
                for (mail, mailbox, described) in found {
                    let take = sql("UPDATE mail SET described = 1 WHERE id = $1 AND described = 0");
                    if tx.run(take.bind(mail.0.clone())).await? > 0 {
                        let thread = thread_of(tx, &mailbox, &mail, &described.names).await?;
                        let set = sql("UPDATE mail SET thread = $1 WHERE id = $2 AND thread IS NULL");
                        tx.run(set.bind(thread).bind(mail.0.clone())).await?;
                        put_description(tx, &mail, described).await?;
                    }
                }
                Ok(())
            })
        })
        .await?;
        Ok(count)
    }

    /// Takes content apart; `None` when nobody was named for it.
    pub(crate) async fn describe(&self, content: &[u8]) -> Option<Described> {
        let describe = self.describer()?;
        if content.len() < LONG {
            return Some(describe.describe(content));
        }
        let content = content.to_vec();
        tokio::task::spawn_blocking(move || describe.describe(&content)).await.ok()
    }
    /// Mails with their descriptions.
    pub(crate) async fn prepared(&self, mails: Vec<NewMail>) -> Vec<Prepared> {
        let mut prepared: Vec<Prepared> = Vec::new();
        for mail in mails {
            // The same message to several mailboxes is taken apart once.
            let same = prepared.last().filter(|last| last.mail.content == mail.content);
            let described = match same {
                Some(last) => last.described.clone(),
                None => self.describe(&mail.content).await,
            };
            prepared.push(Prepared { mail, described });
        }
        prepared
    }
}

/// Writes what FETCH and SEARCH read.
pub(crate) async fn put_description(tx: &mut Tx, mail: &MailId, described: Described) -> Result<(), Fault> {
    let kept = sql("INSERT INTO mail_kept (mail, sent_at, header, kept) VALUES ($1, $2, $3, $4)")
        .bind(mail.0.clone())
        .bind(described.sent_at.map(Timestamp::micros))
        .bind(described.header)
        .bind(free_text(&described.kept));
    tx.run(kept).await?;
    let text = described.text;
    let insert = sql("INSERT INTO mail_text (mail, sender, recipient, cc, bcc, subject, header, body) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(mail.0.clone())
    .bind(folded(&text.from))
    .bind(folded(&text.to))
    .bind(folded(&text.cc))
    .bind(folded(&text.bcc))
    .bind(folded(&text.subject))
    .bind(folded(&text.header))
    .bind(folded(&text.body));
    tx.run(insert).await.map(drop)
}

/// As words are compared: without case.
pub(crate) fn folded(text: &str) -> String {
    free_text(&text.to_lowercase())
}

/// The thread of the mails that it names, or a new one, which has the mail's id.
pub(crate) async fn thread_of(
    tx: &mut Tx,
    mailbox: &MailboxId,
    mail: &MailId,
    names: &[String],
) -> Result<String, Fault> {
    let names: Vec<String> = names.iter().take(MAX_NAMES).map(|name| free_text(name)).collect();
    if names.is_empty() {
        return Ok(mail.0.clone());
    }
    let marks: Vec<String> = (2..names.len() + 2).map(|number| format!("${number}")).collect();
    let known = format!(
        "SELECT thread FROM thread_name WHERE mailbox = $1 AND name IN ({}) ORDER BY thread LIMIT 1",
        marks.join(", ")
    );
    let known = names.iter().fold(sql_made(known).bind(mailbox.0.clone()), |query, name| query.bind(name.clone()));
    let thread = match tx.row(known).await? {
        Some(row) => row.text("thread")?,
        None => mail.0.clone(),
    };
    for name in names {
        let put = sql("INSERT INTO thread_name (mailbox, name, thread) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
        tx.run(put.bind(mailbox.0.clone()).bind(name).bind(thread.clone())).await?;
    }
    Ok(thread)
}
