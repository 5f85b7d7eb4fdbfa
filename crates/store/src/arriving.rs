//! A message that arrived, with everything that it brings about, in one transaction: mail in mailboxes, reports,
//! suppressions, copies that are passed on.

use rules::{
    Fault,
    event::Event,
    id::{MailId, MailboxId, MessageId, RecipientId},
};
use syntax::Address;

use crate::{
    NewMail, NewMessage, NewReport, QueuedMessage, ReportState, Store,
    committer::Tx,
    describe::Prepared,
    mail::put_mails,
    message::put_message,
    report::put_report,
    row::{free_text, sql, sql_made},
    suppression::put_suppression,
};

/// Everything that one message brings about.
#[derive(Debug, Clone, Default)]
pub struct Arriving {
    /// Mails to be stored.
    pub mails: Vec<ArrivingMail>,
    /// The report that it carries.
    pub report: Option<ArrivingReport>,
    /// Copies that are passed on.
    pub forwards: Vec<Forward>,
    /// Further events.
    pub events: Vec<Event>,
}

/// A mail and what is known of it.
#[derive(Debug, Clone)]
pub struct ArrivingMail {
    /// The mail.
    pub mail: NewMail,
    /// The message of ours that it answers.
    pub answers: Option<MessageId>,
    /// What speaks against it, as JSON.
    pub suspicion: Option<String>,
    /// Who asks in it to be left alone, and in which words.
    pub opts_out: Vec<(Address, String)>,
}

/// A report, and the complaint that it is.
#[derive(Debug, Clone)]
pub struct ArrivingReport {
    /// The report.
    pub report: NewReport,
    /// What it complains about.
    pub complaint: Option<Complaint>,
}

/// A complaint.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// Who complained, as far as it is proved, and whether they are to be left alone.
    pub of: Option<(Address, bool)>,
    /// The recipient row.
    pub recipient: Option<RecipientId>,
    /// It is proved that the message was ours.
    pub proven: bool,
    /// What proves it, or why nothing does.
    pub why: String,
}

/// A message that is passed on, unsigned and under another's name.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The message, sealed.
    pub message: NewMessage,
    /// Its reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
}

impl Store {
    /// Writes all of it or nothing; durable on return. Writes MailReceived, ReplyReceived, RecipientOptedOut,
    /// Suppressed, ReportReceived, ComplaintReceived and MessageAccepted besides the events given.
    ///
    /// # Errors
    /// `store.*`: the caller answers 451.
    pub async fn arrive(&self, arriving: Arriving) -> Result<Vec<MailId>, Fault> {
        let prepared = self.prepared(arriving.mails.iter().map(|arriving| arriving.mail.clone()).collect()).await;
        self.write("store what arrived", |tx| {
            Box::pin(async move {
                let mut ids = Vec::with_capacity(arriving.mails.len());
                for (mail, prepared) in arriving.mails.into_iter().zip(prepared) {
                    ids.push(put_arriving(tx, mail, prepared).await?);
                }
                if let Some(report) = arriving.report {
                    put_arriving_report(tx, report).await?;
                }
                for forward in arriving.forwards {
                    put_forward(tx, forward).await?;
                }
                tx.record(&arriving.events).await?;
                Ok(ids)
            })
        })
        .await
    }

    /// The message of ours with one of these Message-IDs (without brackets): one that this mailbox sent, else one of its
    /// domain; of several the first named. What was only passed on is none of ours.
    ///
    /// # Errors
    /// `store.*`
    pub async fn answered(&self, mailbox: &MailboxId, ids: &[String]) -> Result<Option<QueuedMessage>, Fault> {
        for chunk in ids.chunks(IDS_PER_SELECT) {
            let marks: Vec<String> = (2..chunk.len() + 2).map(|number| format!("${number}")).collect();
            let text = format!(
                "SELECT m.id, m.message_id, CASE WHEN m.mailbox = $1 THEN 0 ELSE 1 END AS other FROM message m \
                 WHERE m.message_id IN ({}) AND m.reverse_path IS NULL \
                 AND m.domain = (SELECT b.domain FROM mailbox b WHERE b.id = $1) ORDER BY other, m.id LIMIT 100",
                marks.join(", ")
            );
            let query =
                chunk.iter().fold(sql_made(text).bind(mailbox.0.clone()), |query, id| query.bind(free_text(id)));
            let rows = self.rows("look for the message that is answered", query).await?;
            let mut best: Option<(i64, usize, String)> = None;
            for row in &rows {
                let id = row.text("message_id")?;
                let rank = ids.iter().position(|named| *named == id).unwrap_or(usize::MAX);
                let found = (row.number("other")?, rank, row.text("id")?);
                best = Some(best.map_or(found.clone(), |best| best.min(found)));
            }
            if let Some((_, _, id)) = best {
                return self.message(&MessageId(id)).await;
            }
        }
        Ok(None)
    }

    /// Messages of ours with that Message-ID (without brackets), of any domain, at most a few. A Message-ID can be
    /// given by a client, so that several messages may have the same.
    ///
    /// # Errors
    /// `store.*`
    pub async fn messages_named(&self, message_id: &str) -> Result<Vec<QueuedMessage>, Fault> {
        let query =
            sql("SELECT id FROM message WHERE message_id = $1 AND reverse_path IS NULL ORDER BY id DESC LIMIT 5")
                .bind(free_text(message_id));
        let mut messages = Vec::new();
        for row in self.rows("look for a message", query).await? {
            messages.extend(self.message(&MessageId(row.text("id")?)).await?);
        }
        Ok(messages)
    }
}

const IDS_PER_SELECT: usize = 100;

async fn put_arriving(tx: &mut Tx, arriving: ArrivingMail, prepared: Prepared) -> Result<MailId, Fault> {
    let ArrivingMail { mail, answers, suspicion, opts_out } = arriving;
    let (mailbox, from) = (mail.mailbox.clone(), mail.from.clone());
    let id = put_mails(tx, vec![prepared], false).await?.pop().unwrap_or_else(|| MailId(String::new()));
    if answers.is_some() || suspicion.is_some() {
        let update = sql("UPDATE mail SET answers = $2, suspicion = $3 WHERE id = $1")
            .bind(id.0.clone())
            .bind(answers.as_ref().map(|message| message.0.clone()))
            .bind(suspicion.as_deref().map(free_text));
        tx.run(update).await?;
    }
    if let Some(message) = answers {
        tx.record(&[Event::ReplyReceived { mail: id.clone(), mailbox, message, from }]).await?;
    }
    for (address, why) in opts_out {
        let opted_out = Event::RecipientOptedOut { address: address.clone(), mail: id.clone(), why: why.clone() };
        tx.record(&[opted_out]).await?;
        put_suppression(tx, &address, "opt-out", Some(&format!("{why}, in mail {id}"))).await?;
    }
    Ok(id)
}

async fn put_arriving_report(tx: &mut Tx, arriving: ArrivingReport) -> Result<(), Fault> {
    let (id, state) = put_report(tx, arriving.report).await?;
    let Some(complaint) = arriving.complaint.filter(|_| state != ReportState::Duplicate) else { return Ok(()) };
    let Complaint { of, recipient, proven, why } = complaint;
    let address = of.as_ref().map(|(address, _)| address.clone());
    let received = Event::ComplaintReceived { report: id.clone(), address, recipient, proven, why: why.clone() };
    tx.record(&[received]).await?;
    match of {
        Some((address, true)) if proven => {
            put_suppression(tx, &address, "complaint", Some(&format!("report {id}: {why}"))).await
        }
        _ => Ok(()),
    }
}

async fn put_forward(tx: &mut Tx, forward: Forward) -> Result<(), Fault> {
    let id = put_message(tx, forward.message).await?;
    let reverse_path = forward.reverse_path.map_or_else(|| "<>".to_owned(), |address| address.to_string());
    let update = sql("UPDATE message SET reverse_path = $2 WHERE id = $1").bind(id.0).bind(reverse_path);
    tx.run(update).await.map(drop)
}
