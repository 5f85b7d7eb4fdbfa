//! What the relay does with the queue: look, begin, settle, recover.

use std::net::IpAddr;

use reference::Class;
use rules::{
    Fault,
    event::Event,
    id::{AttemptId, DomainId, MailboxId, MessageId, RecipientId, WorkspaceId},
};
use syntax::{Address, Timestamp};

use crate::{
    NewMail, State, Store,
    attempt::{begin_all, insert_notification, settled_now},
    committer::{Tx, in_few_sizes},
    mail::put_mails,
    row::{Row, sql, sql_made, typed},
};

/// A recipient whose attempt is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// Recipient.
    pub recipient: RecipientId,
    /// Message.
    pub message: MessageId,
    /// Domain.
    pub domain: DomainId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Bounces go there.
    pub mailbox: MailboxId,
    /// From.
    pub from: Address,
    /// Forward path.
    pub address: Address,
    /// Egress IP of the domain, as it is now.
    pub egress_ip: IpAddr,
    /// Attempts begun before.
    pub attempts: u32,
    /// When it is (was) due.
    pub due_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// ENVID.
    pub envid: Option<String>,
    /// ORCPT.
    pub original: Option<String>,
    /// Whether a DSN on failure is wanted.
    pub notify_failure: bool,
    /// What it is sent from.
    pub reverse_path: ReversePath,
}

/// What a message is sent from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReversePath {
    /// Our own, with the token of its attempt; the message is ours, and we sign it.
    Own,
    /// `<>`: a notification that is passed on.
    Null,
    /// That of a message that is passed on.
    Of(Address),
}

/// A sending domain with something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Domain.
    pub domain: DomainId,
    /// When its first recipient is (was) due.
    pub due_at: Timestamp,
}

/// A waiting recipient that is put off until its turn can come: its site is closed, or takes no more than so much at once.
#[derive(Debug, Clone)]
pub struct Park {
    /// Recipient.
    pub recipient: RecipientId,
    /// Attempts begun before: of one that was begun meanwhile nothing is changed.
    pub attempts: u32,
    /// Due then.
    pub until: Timestamp,
}

/// An attempt to be begun. Written before dialling.
#[derive(Debug, Clone)]
pub struct BeginAttempt {
    /// Recipient.
    pub recipient: RecipientId,
    /// Number, from 1: must be `attempts + 1`, else somebody else has begun it.
    pub number: u32,
    /// Source IP.
    pub egress_ip: IpAddr,
    /// When it is tried again should we never hear of this attempt.
    pub next_at: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Attempt.
    pub attempt: AttemptId,
    /// Recipient.
    pub recipient: RecipientId,
    /// Verdict: the recipient's new state.
    pub verdict: Verdict,
    /// MX host.
    pub mx_host: Option<String>,
    /// Its address and port.
    pub peer: Option<String>,
    /// TLS version and cipher.
    pub tls: Option<String>,
    /// `smtp::Stage::as_str`
    pub stage: String,
    /// Reply as one line, `550 5.1.1 …`.
    pub reply: Option<String>,
    /// Enhanced code, `5.1.1`.
    pub enhanced: Option<String>,
    /// Entry id, when refused.
    pub entry: Option<String>,
    /// Class, when refused.
    pub class: Option<Class>,
    /// Transcript.
    pub transcript: String,
    /// A notice (DSN) into the sender's mailbox, in the same transaction.
    pub notice: Option<NewMail>,
    /// Events.
    pub events: Vec<Event>,
}

/// What becomes of the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Delivered.
    Delivered,
    /// Deferred until then.
    Deferred(Timestamp),
    /// In doubt; tried again then.
    InDoubt(Timestamp),
    /// Failed for good.
    Bounced,
}

impl Verdict {
    /// As it is stored and written: `in_doubt`.
    pub fn as_str(self) -> &'static str {
        self.state().as_str()
    }
    fn state(self) -> State {
        match self {
            Self::Delivered => State::Delivered,
            Self::Deferred(_) => State::Deferred,
            Self::InDoubt(_) => State::InDoubt,
            Self::Bounced => State::Bounced,
        }
    }
    pub(crate) fn next_at(self) -> Option<Timestamp> {
        match self {
            Self::Deferred(at) | Self::InDoubt(at) => Some(at),
            Self::Delivered | Self::Bounced => None,
        }
    }
}

impl Store {
    /// Every sending domain with something that waits, and since when (or from when on) its first is due.
    ///
    /// # Errors
    /// `store.*`
    pub async fn turns(&self) -> Result<Vec<Turn>, Fault> {
        let rows = self.rows("look whose turn it is", sql(TURNS)).await?;
        let read = |row: &Row| Ok(Turn { domain: DomainId(row.text("domain")?), due_at: row.moment("next_at")? });
        rows.iter().map(read).collect()
    }
    /// What is due of one sending domain at or before `until`, oldest first, at most `limit`, after `after` (the last one
    /// of the page before).
    ///
    /// # Errors
    /// `store.*`
    pub async fn due(
        &self,
        domain: &DomainId,
        until: Timestamp,
        after: Option<(Timestamp, RecipientId)>,
        limit: u32,
    ) -> Result<Vec<Due>, Fault> {
        let (last_at, last) = after.map_or((i64::MIN, String::new()), |(at, recipient)| (at.micros(), recipient.0));
        let query = sql(DUE).bind(domain.0.clone()).bind(until.micros()).bind(last_at).bind(last);
        let rows = self.rows("look what is due", query.bind(i64::from(limit))).await?;
        rows.iter().map(read_due).collect()
    }
    /// What became due last of one sending domain at or before `until`, latest first, at most `limit`.
    ///
    /// # Errors
    /// `store.*`
    pub async fn due_last(&self, domain: &DomainId, until: Timestamp, limit: u32) -> Result<Vec<Due>, Fault> {
        let query = sql(DUE_LAST).bind(domain.0.clone()).bind(until.micros()).bind(i64::from(limit));
        self.rows("look what became due", query).await?.iter().map(read_due).collect()
    }
    /// Puts waiting recipients off until their turn can come. Those that were begun or dropped meanwhile are left alone;
    /// nothing waits longer than until it expires.
    ///
    /// # Errors
    /// `store.*`
    pub async fn park(&self, parked: Vec<Park>) -> Result<(), Fault> {
        self.write("put recipients off until their turn", |tx| {
            Box::pin(async move {
                for piece in in_few_sizes(&parked) {
                    let text = format!(
                        "UPDATE recipient SET next_at = v.column3 FROM (VALUES {}) AS v WHERE recipient.id = v.column1 \
                         AND recipient.attempts = v.column2 AND recipient.next_at IS NOT NULL",
                        typed(1, piece.len(), &["TEXT", "BIGINT", "BIGINT"])
                    );
                    let update = piece.iter().fold(sql_made(text), |query, park| {
                        let attempts = i64::from(park.attempts);
                        query.bind(park.recipient.0.clone()).bind(attempts).bind(park.until.micros())
                    });
                    tx.run(update).await?;
                }
                Ok(())
            })
        })
        .await
    }
    /// Returns once something became due through this store (accept, retry): the relay looks again. What happened
    /// since the last return counts; one waits at a time. What other processes made due is found by polling.
    pub async fn wake(&self) {
        self.bell().notified().await;
    }
    /// Begins attempts, each answered in order; `None`: it was begun elsewhere, settled or dropped meanwhile. Writes
    /// AttemptBegun.
    ///
    /// # Errors
    /// `store.*`
    pub async fn begin(&self, attempts: Vec<BeginAttempt>) -> Result<Vec<Option<AttemptId>>, Fault> {
        match <[BeginAttempt; 1]>::try_from(attempts) {
            Ok([one]) => Ok(vec![self.write_together(|places| &places.begin, one).await?]),
            Err(attempts) => {
                self.write("begin attempts", |tx| Box::pin(async move { begin_all(tx, &attempts).await })).await
            }
        }
    }
    /// Writes how attempts ended. An attempt settled before is left alone. Of a recipient that is not being sent to
    /// any more (a late bounce came first), only the attempt is written, without notice and events.
    ///
    /// # Errors
    /// `store.*`
    pub async fn settle(&self, settled: Vec<Settled>) -> Result<(), Fault> {
        let settled = match <[Settled; 1]>::try_from(settled) {
            Ok([one]) if one.notice.is_none() => return self.write_together(|places| &places.settle, one).await,
            Ok([one]) => vec![one],
            Err(settled) => settled,
        };
        let (mut ends, mut notices) = (Vec::with_capacity(settled.len()), Vec::with_capacity(settled.len()));
        for mut one in settled {
            notices.push(self.prepared(one.notice.take().into_iter().collect()).await);
            ends.push(one);
        }
        self.write("settle attempts", |tx| {
            Box::pin(async move {
                let now = settled_now(tx, &ends).await?;
                for (notice, _) in notices.into_iter().zip(now).filter(|(_, is_now)| *is_now) {
                    put_mails(tx, notice, true).await?;
                }
                Ok(())
            })
        })
        .await
    }
    /// After a start, before the first `begin`: attempts without a result become in doubt, with their event. Returns
    /// how many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn recover(&self) -> Result<u32, Fault> {
        self.write("recover attempts", |tx| {
            Box::pin(async move {
                let lost = sql("SELECT a.id AS attempt, a.recipient, a.next_at, r.address FROM attempt a \
                                JOIN recipient r ON r.id = a.recipient WHERE a.verdict IS NULL ORDER BY a.id");
                let lost = tx.rows(lost).await?;
                for row in &lost {
                    doubt(tx, row).await?;
                }
                Ok(u32::try_from(lost.len()).unwrap_or(u32::MAX))
            })
        })
        .await
    }
    /// A DSN or callback said later that a delivered (or waiting) recipient failed: state Bounced, an attempt
    /// row with stage `notification`, the mail of the DSN and the events in one transaction. Of a recipient that
    /// failed before (or is unknown), only the mail is written.
    ///
    /// # Errors
    /// `store.*`
    pub async fn bounce_late(&self, mut settled: Settled) -> Result<(), Fault> {
        let notice = self.prepared(settled.notice.take().into_iter().collect()).await;
        self.write("write a late bounce", |tx| {
            Box::pin(async move {
                let update = sql("UPDATE recipient SET state = 'bounced', next_at = NULL \
                                  WHERE id = $1 AND state NOT IN ('bounced', 'dropped')")
                .bind(settled.recipient.0.clone());
                if tx.run(update).await? > 0 {
                    insert_notification(tx, &settled).await?;
                    tx.record(&settled.events).await?;
                }
                put_mails(tx, notice, true).await.map(drop)
            })
        })
        .await
    }
}

/// From one sending domain to the next along the index: as many steps as there are domains, however much waits.
const TURNS: &str = "WITH RECURSIVE turn (domain) AS ( \
                     SELECT MIN(domain) FROM recipient WHERE next_at IS NOT NULL UNION ALL \
                     SELECT (SELECT MIN(r.domain) FROM recipient r WHERE r.next_at IS NOT NULL AND r.domain > turn.domain) \
                     FROM turn WHERE turn.domain IS NOT NULL) \
                     SELECT domain, (SELECT MIN(r.next_at) FROM recipient r \
                     WHERE r.domain = turn.domain AND r.next_at IS NOT NULL) AS next_at FROM turn WHERE domain IS NOT NULL";

macro_rules! due {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, r.message, r.address, r.attempts, r.next_at, r.original, r.notify_failure, ",
            "m.domain, m.mailbox, m.from_address, m.expires_at, m.envid, m.reverse_path, d.egress_ip, d.workspace FROM recipient r ",
            "JOIN message m ON m.id = r.message JOIN domain d ON d.id = m.domain ",
            "WHERE r.domain = $1 AND r.next_at <= $2 AND r.next_at IS NOT NULL ",
            $condition
        )
    };
}

const DUE: &str = due!("AND (r.next_at, r.id) > ($3, $4) ORDER BY r.next_at, r.id LIMIT $5");
const DUE_LAST: &str = due!("ORDER BY r.next_at DESC, r.id DESC LIMIT $3");

fn read_due(row: &Row) -> Result<Due, Fault> {
    Ok(Due {
        recipient: RecipientId(row.text("id")?),
        message: MessageId(row.text("message")?),
        domain: DomainId(row.text("domain")?),
        workspace: WorkspaceId(row.text("workspace")?),
        mailbox: MailboxId(row.text("mailbox")?),
        from: row.parsed("from_address")?,
        address: row.parsed("address")?,
        egress_ip: row.parsed("egress_ip")?,
        attempts: row.count("attempts")?,
        due_at: row.moment("next_at")?,
        expires_at: row.moment("expires_at")?,
        envid: row.text_or_none("envid")?,
        original: row.text_or_none("original")?,
        notify_failure: row.flag("notify_failure")?,
        reverse_path: match row.text_or_none("reverse_path")?.as_deref() {
            None => ReversePath::Own,
            Some("<>") => ReversePath::Null,
            Some(_) => ReversePath::Of(row.parsed("reverse_path")?),
        },
    })
}

/// The attempt keeps no end: nobody knows it. It is tried again when `begin` said.
async fn doubt(tx: &mut Tx, row: &Row) -> Result<(), Fault> {
    let (attempt, recipient) = (AttemptId(row.text("attempt")?), RecipientId(row.text("recipient")?));
    let next_at = row.moment_or_none("next_at")?.unwrap_or(tx.now);
    tx.run(sql("UPDATE attempt SET verdict = 'in_doubt' WHERE id = $1").bind(attempt.0.clone())).await?;
    let update = sql("UPDATE recipient SET state = 'in_doubt', next_at = $1, possible_duplicate = 1 \
                      WHERE id = $2 AND state = 'sending'")
    .bind(next_at.micros())
    .bind(recipient.0.clone());
    if tx.run(update).await? > 0 {
        tx.record(&[Event::InDoubt { recipient, attempt, to: row.parsed("address")? }]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::{Connection as _, Row as _};

    use super::{DUE, DUE_LAST, TURNS};

    #[derive(Debug)]
    struct Still;

    impl rules::Clock for Still {
        fn now(&self) -> syntax::Timestamp {
            syntax::Timestamp::from_micros(1)
        }
    }

    /// What SQLite plans to do, a step a line.
    async fn plan(statement: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/store.db", folder.path().display());
        crate::Store::open(&url, Arc::new(Still)).await.unwrap().close().await;
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        let explain = crate::row::sql_made(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps = explain.fetch_all(&mut connection).await.unwrap();
        steps.iter().map(|step| step.get::<String, _>("detail")).collect()
    }

    #[tokio::test]
    async fn what_is_due_is_found_along_the_index_and_nothing_is_sorted() {
        for statement in [DUE, DUE_LAST] {
            let steps = plan(statement).await;
            assert!(
                steps.iter().any(|step| step.contains("r USING INDEX recipient_turn (domain=? AND ")),
                "{steps:#?}"
            );
            assert!(!steps.iter().any(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")), "{steps:#?}");
        }
    }

    #[tokio::test]
    async fn whose_turn_it_is_takes_one_step_a_domain() {
        let steps = plan(TURNS).await;
        let scans: Vec<&String> = steps.iter().filter(|step| step.starts_with("SCAN")).collect();
        assert!(scans.iter().all(|step| *step == "SCAN turn" || *step == "SCAN CONSTANT ROW"), "{steps:#?}");
        assert!(steps.iter().filter(|step| step.contains("recipient_turn")).count() >= 3, "{steps:#?}");
    }
}
