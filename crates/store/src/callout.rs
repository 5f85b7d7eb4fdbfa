//! Callouts that were made, and what became of our own messages to an address.

use std::{net::IpAddr, time::Duration};

use rules::{
    Fault,
    id::CalloutId,
    mailbox_check::{Answer, History, Past},
};
use syntax::{Address, Timestamp};

use crate::{
    Store,
    row::{Row, free_text, sql},
};

/// What the cap and the patience of hosts are counted over.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long callouts are remembered.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Ends of deliveries to one address that are looked through.
const LOOKED_THROUGH: i64 = 50;

/// A callout to be made.
#[derive(Debug, Clone)]
pub struct NewCallout {
    /// About whom.
    pub address: Address,
    /// From which IP.
    pub source_ip: IpAddr,
    /// At which MX host.
    pub mx_host: String,
    /// Most callouts in 24 hours.
    pub daily: u32,
}

/// Whether a callout may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// It may; it counts from now on.
    Granted(CalloutId),
    /// So many were made in the last 24 hours: the cap is reached.
    CapReached(u32),
    /// In the last 24 hours that domain or host answered with a policy.
    LeftAlone(String),
}

/// How a callout ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalloutAnswer {
    /// When it was begun.
    pub at: Timestamp,
    /// Whether the mailbox exists.
    pub exists: Answer,
    /// Whether the domain takes every local part.
    pub catch_all: Answer,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Asks for leave to make a callout, and counts it when granted: of two that ask at the same time for the last place,
    /// one gets it. Callouts of long ago are forgotten.
    ///
    /// # Errors
    /// `store.*`
    pub async fn begin_callout(&self, new: NewCallout) -> Result<Permit, Fault> {
        self.write("begin a callout", move |tx| {
            Box::pin(async move {
                let since = (tx.now - DAY).micros();
                tx.run(sql("DELETE FROM callout WHERE begun_at < $1").bind((tx.now - KEPT).micros())).await?;
                let count = sql("SELECT COUNT(*) AS made FROM callout WHERE begun_at > $1").bind(since);
                let made: u32 = tx.row(count).await?.map_or(Ok(0), |row| row.count("made"))?;
                if made >= new.daily {
                    return Ok(Permit::CapReached(made));
                }
                let refused = sql("SELECT reason FROM callout WHERE policy = 1 AND begun_at > $1 \
                                   AND (to_domain = $2 OR mx_host = $3) ORDER BY begun_at DESC LIMIT 1")
                .bind(since)
                .bind(new.address.domain().to_string())
                .bind(free_text(&new.mx_host));
                if let Some(row) = tx.row(refused).await? {
                    return Ok(Permit::LeftAlone(row.text_or_none("reason")?.unwrap_or_default()));
                }
                let id = CalloutId(tx.id());
                let insert =
                    sql("INSERT INTO callout (id, address_key, to_domain, source_ip, begun_at, mx_host, policy) \
                                  VALUES ($1, $2, $3, $4, $5, $6, 0)")
                    .bind(id.0.clone())
                    .bind(new.address.key())
                    .bind(new.address.domain().to_string())
                    .bind(new.source_ip.to_string())
                    .bind(tx.now.micros())
                    .bind(free_text(&new.mx_host));
                tx.run(insert).await?;
                Ok(Permit::Granted(id))
            })
        })
        .await
    }

    /// Writes how a callout ended; `policy` when the host is to be left alone for a day.
    ///
    /// # Errors
    /// `store.*`
    pub async fn end_callout(&self, id: &CalloutId, answer: &CalloutAnswer, policy: bool) -> Result<(), Fault> {
        let update =
            sql("UPDATE callout SET mailbox_exists = $1, catch_all = $2, reason = $3, policy = $4 WHERE id = $5")
                .bind(answer.exists.as_str())
                .bind(answer.catch_all.as_str())
                .bind(free_text(&answer.reason))
                .bind(i64::from(policy))
                .bind(id.0.clone());
        self.write("end a callout", |tx| Box::pin(async move { tx.run(update).await.map(drop) })).await
    }

    /// The last callout of the last 24 hours that answers for that address: one about itself that came to yes or no, or one
    /// that found its domain to take everybody. Not known is asked again.
    ///
    /// # Errors
    /// `store.*`
    pub async fn recent_callout(&self, address: &Address) -> Result<Option<CalloutAnswer>, Fault> {
        let last = sql("SELECT * FROM callout WHERE ((address_key = $1 AND mailbox_exists IN ('yes', 'no')) \
                 OR (to_domain = $2 AND catch_all = 'yes')) AND begun_at > $3 ORDER BY begun_at DESC LIMIT 1")
        .bind(address.key())
        .bind(address.domain().to_string())
        .bind((self.clock().now() - DAY).micros());
        self.row("look for a callout", last).await?.as_ref().map(read).transpose()
    }

    /// How many callouts were made in the last 24 hours.
    ///
    /// # Errors
    /// `store.*`
    pub async fn callouts_today(&self) -> Result<u32, Fault> {
        let since = (self.clock().now() - DAY).micros();
        let count = sql("SELECT COUNT(*) AS made FROM callout WHERE begun_at > $1").bind(since);
        self.row("count callouts", count).await?.map_or(Ok(0), |row| row.count("made"))
    }

    /// What became of our own messages to that address.
    ///
    /// # Errors
    /// `store.*`
    pub async fn delivery_history(&self, address: &Address) -> Result<History, Fault> {
        let ends =
            sql("SELECT a.verdict, a.begun_at, a.ended_at, a.reply, a.entry, a.class, r.address FROM recipient r \
                        JOIN attempt a ON a.recipient = r.id \
                        WHERE r.to_domain = $1 AND (r.address = $2 OR LOWER(r.address) = $3) \
                        AND a.verdict IN ('delivered', 'bounced') ORDER BY a.id DESC LIMIT $4")
            .bind(address.domain().to_string())
            .bind(address.to_string())
            .bind(address.to_string().to_lowercase())
            .bind(LOOKED_THROUGH);
        let mut history = History::default();
        for row in &self.rows("look what became of messages to an address", ends).await? {
            let place = match row.text("verdict")?.as_str() {
                "delivered" => &mut history.accepted,
                _ => &mut history.refused,
            };
            if place.is_none() {
                *place = Some(read_past(row)?);
            }
        }
        Ok(history)
    }
}

fn read(row: &Row) -> Result<CalloutAnswer, Fault> {
    Ok(CalloutAnswer {
        at: row.moment("begun_at")?,
        exists: row.named("mailbox_exists", Answer::parse)?,
        catch_all: row.named("catch_all", Answer::parse)?,
        reason: row.text("reason")?,
    })
}

fn read_past(row: &Row) -> Result<Past, Fault> {
    Ok(Past {
        at: row.moment_or_none("ended_at")?.map_or_else(|| row.moment("begun_at"), Ok)?,
        reply: row.text_or_none("reply")?,
        entry: row.text_or_none("entry")?,
        class: row.json_or_none("class")?,
    })
}
