//! Messages accepted for relay, and their recipients.

use std::collections::HashMap;

use rules::{
    Digest, Fault,
    event::Event,
    id::{DomainId, MailboxId, MessageId, RecipientId, WorkspaceId},
};
use syntax::{Address, Timestamp};

use crate::{
    Attempt, Store, attempt,
    committer::Tx,
    fault::corrupt,
    row::{Query, Row, free_text, sql, sql_for_keys, sql_made},
};

/// A message to be accepted.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The sending domain: decides egress IP and keys.
    pub domain: DomainId,
    /// The submitting mailbox; bounces go there.
    pub mailbox: MailboxId,
    /// Header From address.
    pub from: Address,
    /// Subject, for people.
    pub subject: String,
    /// Message-ID, without brackets.
    pub message_id: String,
    /// The message, unsigned, CRLF.
    pub content: Vec<u8>,
    /// At least one.
    pub recipients: Vec<NewRecipient>,
    /// ENVID of the submission.
    pub envid: Option<String>,
    /// When it bounces if still undelivered.
    pub expires_at: Timestamp,
}

/// A recipient.
#[derive(Debug, Clone)]
pub struct NewRecipient {
    /// Forward path.
    pub address: Address,
    /// ORCPT.
    pub original: Option<String>,
    /// NOTIFY: a DSN on failure is wanted (true by default, false for NEVER).
    pub notify_failure: bool,
}

/// The state of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for its first attempt.
    Queued,
    /// Waiting for another attempt.
    Deferred,
    /// An attempt is under way.
    Sending,
    /// Perhaps delivered; another attempt follows after back-off.
    InDoubt,
    /// Delivered.
    Delivered,
    /// Failed for good.
    Bounced,
    /// Dropped by an operator.
    Dropped,
}

impl State {
    /// As it is stored and written: `in_doubt`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Deferred => "deferred",
            Self::Sending => "sending",
            Self::InDoubt => "in_doubt",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Dropped => "dropped",
        }
    }
    /// Reads what [`State::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        const ALL: [State; 7] = [
            State::Queued,
            State::Deferred,
            State::Sending,
            State::InDoubt,
            State::Delivered,
            State::Bounced,
            State::Dropped,
        ];
        ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A message with its recipients.
#[derive(Debug, Clone, serde::Serialize)]
pub struct QueuedMessage {
    /// Id.
    pub id: MessageId,
    /// Domain.
    pub domain: DomainId,
    /// Mailbox.
    pub mailbox: MailboxId,
    /// From.
    pub from: Address,
    /// Subject.
    pub subject: String,
    /// Message-ID.
    pub message_id: String,
    /// Octets of the content.
    pub octets: u64,
    /// ENVID.
    pub envid: Option<String>,
    /// When accepted.
    pub accepted_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Recipients.
    pub recipients: Vec<QueuedRecipient>,
}

/// A recipient's row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct QueuedRecipient {
    /// Id.
    pub id: RecipientId,
    /// Message.
    pub message: MessageId,
    /// Address.
    pub address: Address,
    /// State.
    pub state: State,
    /// Attempts begun.
    pub attempts: u32,
    /// Next attempt; `None` unless it waits for one.
    pub next_at: Option<Timestamp>,
    /// ORCPT.
    pub original: Option<String>,
    /// Whether a DSN on failure is wanted.
    pub notify_failure: bool,
    /// A second copy may have been delivered: an attempt was in doubt.
    pub possible_duplicate: bool,
}

/// Which rows to list: messages with at least one recipient that fits, and of their recipients those that fit.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Only these states (empty: all).
    pub states: Vec<State>,
    /// Only this sending domain.
    pub domain: Option<DomainId>,
    /// Only sending domains of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only recipients at this domain.
    pub to_domain: Option<String>,
    /// At most so many messages (0: 100), newest first.
    pub limit: u32,
    /// Only messages accepted before this one (next page).
    pub before: Option<MessageId>,
}

impl Store {
    /// Accepts. Durable on return; due at once. Writes MessageAccepted (one among `events` is ignored: only the store
    /// knows the id), then `events`.
    ///
    /// # Errors
    /// `store.*`: the caller answers 451.
    pub async fn accept(&self, new: NewMessage, mut events: Vec<Event>) -> Result<MessageId, Fault> {
        events.retain(|event| !matches!(event, Event::MessageAccepted { .. }));
        self.write_together(|places| &places.accept, (new, events)).await
    }
    /// One message.
    ///
    /// # Errors
    /// `store.*`
    pub async fn message(&self, id: &MessageId) -> Result<Option<QueuedMessage>, Fault> {
        let of_id = sql("SELECT * FROM message WHERE id = $1").bind(id.0.clone());
        let Some(row) = self.row("read a message", of_id).await? else { return Ok(None) };
        let of_message = sql("SELECT * FROM recipient WHERE message = $1 ORDER BY id").bind(id.0.clone());
        let recipients = self.rows("read recipients", of_message).await?;
        let recipients = recipients.iter().map(read_recipient).collect::<Result<_, _>>()?;
        Ok(Some(QueuedMessage { recipients, ..read(&row)? }))
    }
    /// Its content.
    ///
    /// # Errors
    /// `store.*`
    pub async fn content(&self, id: &MessageId) -> Result<Option<Vec<u8>>, Fault> {
        self.ask(|places| &places.content, id.clone()).await
    }
    /// A recipient and its message.
    ///
    /// # Errors
    /// `store.*`
    pub async fn recipient(&self, id: &RecipientId) -> Result<Option<(QueuedRecipient, QueuedMessage)>, Fault> {
        let of_id = sql("SELECT * FROM recipient WHERE id = $1").bind(id.0.clone());
        let Some(row) = self.row("read a recipient", of_id).await? else { return Ok(None) };
        let recipient = read_recipient(&row)?;
        let message = self.message(&recipient.message).await?;
        Ok(message.map(|message| (recipient, message)))
    }
    /// The queue.
    ///
    /// # Errors
    /// `store.*`
    pub async fn queue(&self, filter: &QueueFilter) -> Result<Vec<QueuedMessage>, Fault> {
        let rows = self.rows("list the queue", messages_that_fit(filter)).await?;
        let mut messages = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for chunk in messages.chunks_mut(MESSAGES_PER_SELECT) {
            let rows = self.rows("list the queue", recipients_that_fit(filter, chunk)).await?;
            let recipients = rows.iter().map(read_recipient).collect::<Result<Vec<_>, _>>()?;
            for message in chunk {
                message.recipients = recipients.iter().filter(|row| row.message == message.id).cloned().collect();
            }
        }
        Ok(messages)
    }
    /// Attempts for a recipient, oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn attempts(&self, recipient: &RecipientId) -> Result<Vec<Attempt>, Fault> {
        let of_recipient = sql("SELECT * FROM attempt WHERE recipient = $1 ORDER BY number").bind(recipient.0.clone());
        self.rows("read attempts", of_recipient).await?.iter().map(attempt::read).collect()
    }
    /// Makes waiting recipients (deferred, in doubt, queued) due now. Returns how many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn retry_now(&self, recipients: &[RecipientId]) -> Result<u32, Fault> {
        let recipients = recipients.to_vec();
        self.write("make recipients due", |tx| {
            Box::pin(async move {
                let mut due = 0;
                for recipient in recipients {
                    let update = sql("UPDATE recipient SET next_at = $1 WHERE id = $2 AND next_at IS NOT NULL")
                        .bind(tx.now.micros())
                        .bind(recipient.0);
                    if tx.run(update).await? > 0 {
                        tx.due();
                        due += 1;
                    }
                }
                Ok(due)
            })
        })
        .await
    }
    /// Takes waiting recipients out of the queue for good, and writes Dropped. Returns those that were dropped.
    ///
    /// # Errors
    /// `store.*`
    pub async fn drop_recipients(&self, recipients: &[RecipientId]) -> Result<Vec<RecipientId>, Fault> {
        let recipients = recipients.to_vec();
        self.write("drop recipients", |tx| {
            Box::pin(async move {
                let mut dropped = Vec::new();
                for recipient in recipients {
                    let update = sql("UPDATE recipient SET state = 'dropped', next_at = NULL \
                                      WHERE id = $1 AND next_at IS NOT NULL RETURNING address")
                    .bind(recipient.0.clone());
                    if let Some(row) = tx.row(update).await? {
                        let to = row.parsed("address")?;
                        tx.record(&[Event::Dropped { recipient: recipient.clone(), to }]).await?;
                        dropped.push(recipient);
                    }
                }
                Ok(dropped)
            })
        })
        .await
    }
}

/// The contents of these messages, in their order.
pub(crate) async fn contents(store: &Store, messages: &[MessageId]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
    let of_messages = sql_for_keys("SELECT message, content FROM body WHERE message", messages, "");
    let mut found = HashMap::new();
    for row in store.rows("read a message's content", of_messages).await? {
        found.insert(MessageId(row.text("message")?), row.octets("content")?);
    }
    // Two recipients of one message may be sent to at the same moment.
    let asked_again = |at: usize, id: &MessageId| messages.iter().skip(at + 1).any(|later| later == id);
    let give = |(at, id): (usize, &MessageId)| match asked_again(at, id) {
        true => found.get(id).cloned(),
        false => found.remove(id),
    };
    Ok(messages.iter().enumerate().map(give).collect())
}

/// Messages whose recipients are read with one statement.
const MESSAGES_PER_SELECT: usize = 100;
/// Messages listed when the filter names no number.
const LISTED_BY_DEFAULT: u32 = 100;

/// Accepts within a transaction, with its event; due at once.
pub(crate) async fn put_message(tx: &mut Tx, new: NewMessage) -> Result<MessageId, Fault> {
    let made = put_messages(tx, &[(new, Vec::new())]).await?;
    made.into_iter().next().ok_or_else(|| corrupt("accept a message", "no message was made"))
}

/// Accepts messages, each with its MessageAccepted and the events that come with it.
pub(crate) async fn put_messages(tx: &mut Tx, new: &[(NewMessage, Vec<Event>)]) -> Result<Vec<MessageId>, Fault> {
    let rows: Vec<(MessageId, &NewMessage)> = new.iter().map(|(new, _)| (MessageId(tx.id()), new)).collect();
    insert_messages(tx, &rows).await?;
    for ((id, message), (_, events)) in rows.iter().zip(new) {
        let accepted = Event::MessageAccepted {
            message: id.clone(),
            from: message.from.clone(),
            recipients: message.recipients.len(),
            octets: message.content.len(),
        };
        tx.record(&[accepted]).await?;
        tx.record(events).await?;
    }
    tx.due();
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

pub(crate) async fn insert_message(tx: &mut Tx, id: &MessageId, new: NewMessage) -> Result<(), Fault> {
    insert_messages(tx, &[(id.clone(), &new)]).await
}

async fn insert_messages(tx: &mut Tx, rows: &[(MessageId, &NewMessage)]) -> Result<(), Fault> {
    let now = tx.now.micros();
    let into =
        "message (id, domain, mailbox, from_address, subject, message_id, octets, envid, accepted_at, expires_at)";
    tx.insert(into, 10, rows, |query, (id, new)| {
        query
            .bind(id.0.clone())
            .bind(new.domain.0.clone())
            .bind(new.mailbox.0.clone())
            .bind(new.from.to_string())
            .bind(free_text(&new.subject))
            .bind(free_text(&new.message_id))
            .bind(i64::try_from(new.content.len()).unwrap_or(i64::MAX))
            .bind(new.envid.as_deref().map(free_text))
            .bind(now)
            .bind(new.expires_at.micros())
    })
    .await?;
    for (_, new) in rows {
        tx.weigh(new.content.len());
    }
    tx.insert("body (message, digest, content)", 3, rows, |query, (id, new)| {
        query.bind(id.0.clone()).bind(Digest::of(&new.content)).bind(new.content.clone())
    })
    .await?;
    let mut recipients = Vec::new();
    for (id, new) in rows {
        recipients.extend(new.recipients.iter().map(|recipient| (tx.id(), id, *new, recipient)));
    }
    let into = "recipient (id, message, domain, address, to_domain, original, notify_failure, next_at, state, attempts, \
                possible_duplicate)";
    tx.insert(into, 11, &recipients, |query, (recipient, message, of, new)| {
        query
            .bind(recipient.clone())
            .bind(message.0.clone())
            .bind(of.domain.0.clone())
            .bind(new.address.to_string())
            .bind(new.address.domain().to_string())
            .bind(new.original.as_deref().map(free_text))
            .bind(i64::from(new.notify_failure))
            .bind(now)
            .bind(State::Queued.as_str())
            .bind(0_i64)
            .bind(0_i64)
    })
    .await
}

/// Conditions joined by AND, and their values in the order of their numbers.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<String>,
}

impl Conditions {
    fn is_one_of(&mut self, column: &str, values: impl IntoIterator<Item = String>) {
        let first = self.values.len() + 1;
        self.values.extend(values);
        let marks: Vec<String> = (first..=self.values.len()).map(|number| format!("${number}")).collect();
        self.texts.push(format!("{column} IN ({})", marks.join(", ")));
    }
    fn of_recipients(&mut self, filter: &QueueFilter) {
        if !filter.states.is_empty() {
            self.is_one_of("state", filter.states.iter().map(|state| state.as_str().to_owned()));
        }
        if let Some(to_domain) = &filter.to_domain {
            self.is_one_of("to_domain", [to_domain.to_ascii_lowercase()]);
        }
    }
    fn query(self, before: &str, after: &str) -> Query {
        let joined = match self.texts.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.texts.join(" AND ")),
        };
        let query = sql_made(format!("{before} {joined} {after}"));
        self.values.into_iter().fold(query, |query, value| query.bind(free_text(&value)))
    }
}

fn messages_that_fit(filter: &QueueFilter) -> Query {
    let mut conditions = Conditions::default();
    conditions.of_recipients(filter);
    if !conditions.texts.is_empty() {
        let mut inner = conditions.texts.join(" AND ");
        // When nothing else is asked for, the page is found along the index of states.
        if filter.domain.is_none() && filter.workspace.is_none() && filter.to_domain.is_none() {
            if let Some(before) = &filter.before {
                conditions.values.push(before.0.clone());
                inner = format!("{inner} AND message < ${}", conditions.values.len());
            }
            let limit = if filter.limit == 0 { LISTED_BY_DEFAULT } else { filter.limit };
            inner = format!("{inner} ORDER BY message DESC LIMIT {limit}");
        }
        conditions.texts = vec![format!("id IN (SELECT DISTINCT message FROM recipient WHERE {inner})")];
    }
    if let Some(domain) = &filter.domain {
        conditions.is_one_of("domain", [domain.0.clone()]);
    }
    if let Some(workspace) = &filter.workspace {
        conditions.values.push(workspace.0.clone());
        let number = conditions.values.len();
        conditions.texts.push(format!("domain IN (SELECT id FROM domain WHERE workspace = ${number})"));
    }
    if let Some(before) = &filter.before {
        conditions.values.push(before.0.clone());
        conditions.texts.push(format!("id < ${}", conditions.values.len()));
    }
    let limit = if filter.limit == 0 { LISTED_BY_DEFAULT } else { filter.limit };
    conditions.query("SELECT * FROM message", &format!("ORDER BY id DESC LIMIT {limit}"))
}

fn recipients_that_fit(filter: &QueueFilter, messages: &[QueuedMessage]) -> Query {
    let mut conditions = Conditions::default();
    conditions.of_recipients(filter);
    conditions.is_one_of("message", messages.iter().map(|message| message.id.0.clone()));
    conditions.query("SELECT * FROM recipient", "ORDER BY id")
}

/// A message, without its recipients.
fn read(row: &Row) -> Result<QueuedMessage, Fault> {
    Ok(QueuedMessage {
        id: MessageId(row.text("id")?),
        domain: DomainId(row.text("domain")?),
        mailbox: MailboxId(row.text("mailbox")?),
        from: row.parsed("from_address")?,
        subject: row.text("subject")?,
        message_id: row.text("message_id")?,
        octets: row.count("octets")?,
        envid: row.text_or_none("envid")?,
        accepted_at: row.moment("accepted_at")?,
        expires_at: row.moment("expires_at")?,
        recipients: Vec::new(),
    })
}

fn read_recipient(row: &Row) -> Result<QueuedRecipient, Fault> {
    Ok(QueuedRecipient {
        id: RecipientId(row.text("id")?),
        message: MessageId(row.text("message")?),
        address: row.parsed("address")?,
        state: row.named("state", State::parse)?,
        attempts: row.count("attempts")?,
        next_at: row.moment_or_none("next_at")?,
        original: row.text_or_none("original")?,
        notify_failure: row.flag("notify_failure")?,
        possible_duplicate: row.flag("possible_duplicate")?,
    })
}
