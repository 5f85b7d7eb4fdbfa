//! How far new mailboxes have come to their daily caps.

use std::{collections::HashMap, time::Duration};

use rules::{
    Fault,
    id::{DomainId, MailboxId},
    ramp::{Feedback, Turn},
};
use syntax::Timestamp;

use crate::{
    Mailbox, Store,
    mailbox::sql_select,
    row::{Query, Row, sql, sql_made},
};

/// Longest time between a message and its last result: nobody tries for longer.
const LONGEST: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// The present day of a mailbox's ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct RampDay {
    /// Number, from 1.
    pub day: u32,
    /// Messages that it may submit in 24 hours.
    pub allowance: u32,
    /// When it began.
    pub since: Timestamp,
    /// What the day before led to.
    pub turn: Turn,
}

/// What the mailboxes of a domain may submit in 24 hours, suspended ones left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Allowances {
    /// Mailboxes that have not come to their cap.
    pub ramping: u32,
    /// Messages, now.
    pub allowed: u64,
    /// Messages, once all have come to their caps.
    pub caps: u64,
}

impl Store {
    /// Mailboxes whose ramp day began before that moment, the longest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn ramps_due(&self, before: Timestamp, limit: u32) -> Result<Vec<Mailbox>, Fault> {
        let due = sql_select("WHERE b.ramp_at IS NOT NULL AND b.ramp_at <= $1 ORDER BY b.ramp_at, b.id LIMIT $2")
            .bind(before.micros())
            .bind(i64::from(limit));
        self.rows("find mailboxes whose ramp goes on", due).await?.iter().map(crate::mailbox::read).collect()
    }

    /// What receivers answered since then to what a mailbox sent.
    ///
    /// # Errors
    /// `store.*`
    pub async fn ramp_feedback(&self, mailbox: &MailboxId, since: Timestamp) -> Result<Feedback, Fault> {
        let mut feedback = Feedback::default();
        let results = sql("SELECT a.verdict AS what, COUNT(*) AS counted FROM message m \
                           JOIN recipient r ON r.message = m.id JOIN attempt a ON a.recipient = r.id \
                           WHERE m.mailbox = $1 AND m.accepted_at >= $2 AND m.reverse_path IS NULL \
                           AND a.verdict IN ('delivered', 'bounced') AND a.ended_at >= $3 GROUP BY a.verdict")
        .bind(mailbox.0.clone())
        .bind((since - LONGEST).micros())
        .bind(since.micros());
        for row in self.rows("count results of a mailbox", results).await? {
            match row.text("what")?.as_str() {
                "delivered" => feedback.delivered = row.count("counted")?,
                _ => feedback.bounced = row.count("counted")?,
            }
        }
        let complaints = sql("SELECT COUNT(*) AS counted FROM mailbox b JOIN domain d ON d.id = b.domain \
                              JOIN report p ON p.domain = d.name AND p.kind = 'complaint' \
                              JOIN recipient r ON r.id = p.recipient JOIN message m ON m.id = r.message \
                              WHERE b.id = $1 AND m.mailbox = b.id AND p.state = 'counted' AND p.received_at >= $2")
        .bind(mailbox.0.clone())
        .bind(since.micros());
        if let Some(row) = self.row("count complaints about a mailbox", complaints).await? {
            feedback.complaints = row.count("counted")?;
        }
        Ok(feedback)
    }

    /// What these domains may submit in 24 hours, all mailboxes together.
    ///
    /// # Errors
    /// `store.*`
    pub async fn domain_allowances(&self, domains: &[DomainId]) -> Result<HashMap<DomainId, Allowances>, Fault> {
        if domains.is_empty() {
            return Ok(HashMap::new());
        }
        let marks: Vec<String> = (1..=domains.len()).map(|number| format!("${number}")).collect();
        let text = format!(
            "SELECT domain, COUNT(ramp_at) AS ramping, CAST(SUM(daily_cap) AS BIGINT) AS caps, \
             CAST(SUM(CASE WHEN ramp_allowance < daily_cap THEN ramp_allowance ELSE daily_cap END) AS BIGINT) AS allowed \
             FROM mailbox WHERE suspended_at IS NULL AND domain IN ({}) GROUP BY domain",
            marks.join(", ")
        );
        let sums = domains.iter().fold(sql_made(text), |query, domain| query.bind(domain.0.clone()));
        let read = |row: &Row| {
            let sums =
                Allowances { ramping: row.count("ramping")?, allowed: row.count("allowed")?, caps: row.count("caps")? };
            Ok((DomainId(row.text("domain")?), sums))
        };
        self.rows("sum up what domains may submit", sums).await?.iter().map(read).collect()
    }

    /// Begins the next day of a mailbox's ramp, if that day is still the one that `of` knows. Whether it was.
    ///
    /// # Errors
    /// `store.*`
    pub async fn step_ramp(&self, of: &Mailbox, allowance: u32, turn: Turn) -> Result<bool, Fault> {
        let Some(before) = of.ramp else { return Ok(false) };
        let (id, cap) = (of.id.clone(), of.daily_cap);
        self.write("begin the next day of a ramp", move |tx| {
            Box::pin(async move {
                let set = match allowance >= cap {
                    true => ended(&id).bind(before.since.micros()),
                    false => {
                        sql("UPDATE mailbox SET ramp_allowance = $1, ramp_day = $2, ramp_at = $3, ramp_turn = $4 \
                                  WHERE id = $5 AND ramp_at = $6")
                        .bind(i64::from(allowance))
                        .bind(i64::from(before.day.saturating_add(1)))
                        .bind(tx.now.micros())
                        .bind(turn.as_str())
                        .bind(id.0)
                        .bind(before.since.micros())
                    }
                };
                tx.run(set).await.map(|rows| rows > 0)
            })
        })
        .await
    }

    /// Gives a mailbox its whole cap. Whether it was ramping.
    ///
    /// # Errors
    /// `store.*`
    pub async fn end_ramp(&self, of: &Mailbox) -> Result<bool, Fault> {
        let Some(before) = of.ramp else { return Ok(false) };
        let end = ended(&of.id).bind(before.since.micros());
        self.write("end a ramp", move |tx| Box::pin(async move { tx.run(end).await.map(|rows| rows > 0) })).await
    }
}

fn ended(mailbox: &MailboxId) -> Query {
    sql("UPDATE mailbox SET ramp_allowance = NULL, ramp_day = NULL, ramp_at = NULL, ramp_turn = NULL \
         WHERE id = $1 AND ramp_at = $2")
    .bind(mailbox.0.clone())
}

/// The ramp of a mailbox's row.
pub(crate) fn read(row: &Row) -> Result<Option<RampDay>, Fault> {
    let Some(since) = row.moment_or_none("ramp_at")? else { return Ok(None) };
    Ok(Some(RampDay {
        day: row.count("ramp_day")?,
        allowance: row.count("ramp_allowance")?,
        since,
        turn: row.named("ramp_turn", Turn::parse)?,
    }))
}
