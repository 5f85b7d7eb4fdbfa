//! An attempt at an endpoint: begun, ended.

use rules::{
    Fault,
    id::{DeliveryId, WebhookId},
    webhook::{Decision, TEST},
};
use syntax::Timestamp;

use super::{AttemptNote, DeliveryState, disable, written};
use crate::{
    Store,
    committer::Tx,
    row::{free_text, sql},
};

/// Attempts that are kept of one delivery; the oldest go first.
const KEPT: usize = 20;

/// How an attempt ended, and what follows.
#[derive(Debug, Clone)]
pub struct SettledDelivery {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its endpoint.
    pub webhook: WebhookId,
    /// The attempt's number, as it was begun.
    pub number: u32,
    /// What is kept of it.
    pub note: AttemptNote,
    /// What follows.
    pub decision: Decision,
}

impl Store {
    /// Begins the attempt of that `number`, and writes first when the next is due should this one be lost. `false`: another
    /// process has begun it, or it waits no longer.
    ///
    /// # Errors
    /// `store.*`
    pub async fn begin_delivery(&self, id: &DeliveryId, number: u32, next_at: Timestamp) -> Result<bool, Fault> {
        let update = sql("UPDATE webhook_delivery SET attempts = $2, next_at = $3 \
                          WHERE id = $1 AND attempts = $4 AND next_at IS NOT NULL")
        .bind(id.0.clone())
        .bind(i64::from(number))
        .bind(next_at.micros())
        .bind(i64::from(number) - 1);
        self.write("begin a delivery to a webhook", |tx| {
            Box::pin(async move { tx.run(update).await.map(|rows| rows > 0) })
        })
        .await
    }

    /// Writes down how an attempt ended. One that was replayed meanwhile keeps its new life.
    ///
    /// # Errors
    /// `store.*`
    pub async fn settle_delivery(&self, settled: SettledDelivery) -> Result<(), Fault> {
        self.write("write down a delivery to a webhook", move |tx| {
            Box::pin(async move {
                settle(tx, &settled).await?;
                health(tx, &settled).await
            })
        })
        .await
    }

    /// Writes down a test, which was sent already.
    ///
    /// # Errors
    /// `store.*`
    pub async fn record_test(
        &self,
        webhook: &WebhookId,
        id: &DeliveryId,
        body: &str,
        note: AttemptNote,
        taken: bool,
    ) -> Result<(), Fault> {
        let state = if taken { DeliveryState::Delivered } else { DeliveryState::Failed };
        let log = written("write down a test of a webhook", &[cleaned(note)])?;
        let (webhook, id, body) = (webhook.0.clone(), id.0.clone(), body.to_owned());
        self.write("write down a test of a webhook", move |tx| {
            Box::pin(async move {
                let insert =
                    sql("INSERT INTO webhook_delivery (id, webhook, name, body, state, attempts, log, created_at, \
                                  ended_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7)")
                    .bind(id)
                    .bind(webhook)
                    .bind(TEST)
                    .bind(body)
                    .bind(state.as_str())
                    .bind(log)
                    .bind(tx.now.micros());
                tx.run(insert).await.map(drop)
            })
        })
        .await
    }

    /// A new id for a delivery that is made outside of the queue: a test.
    ///
    /// # Errors
    /// `store.*`
    pub async fn delivery_id(&self) -> Result<DeliveryId, Fault> {
        self.write("make an id", |tx| Box::pin(async move { Ok(DeliveryId(tx.id())) })).await
    }

    /// Removes at most `limit` deliveries that ended before that moment. How many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn prune_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, Fault> {
        let delete = sql("DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery \
                          WHERE ended_at IS NOT NULL AND ended_at < $1 LIMIT $2)")
        .bind(before.micros())
        .bind(i64::from(limit));
        self.write("remove old deliveries to webhooks", |tx| Box::pin(async move { tx.run(delete).await })).await
    }
}

async fn settle(tx: &mut Tx, settled: &SettledDelivery) -> Result<(), Fault> {
    let kept = sql("SELECT log FROM webhook_delivery WHERE id = $1").bind(settled.delivery.0.clone());
    let Some(row) = tx.row(kept).await? else { return Ok(()) };
    let mut log: Vec<AttemptNote> = row.json_or_none("log")?.unwrap_or_default();
    log.push(cleaned(settled.note.clone()));
    log.drain(..log.len().saturating_sub(KEPT));
    let log = written("write down a delivery to a webhook", &log)?;
    let note = sql("UPDATE webhook_delivery SET log = $2 WHERE id = $1").bind(settled.delivery.0.clone()).bind(log);
    tx.run(note).await?;
    let (state, next_at) = match settled.decision {
        Decision::Delivered => (DeliveryState::Delivered, None),
        Decision::Again(at) => (DeliveryState::Waiting, Some(at)),
        Decision::GiveUp | Decision::Gone | Decision::TurnOff => (DeliveryState::Failed, None),
    };
    let ended_at = next_at.is_none().then_some(tx.now);
    let update = sql("UPDATE webhook_delivery SET state = $2, next_at = $3, ended_at = $4 \
                      WHERE id = $1 AND attempts = $5 AND next_at IS NOT NULL")
    .bind(settled.delivery.0.clone())
    .bind(state.as_str())
    .bind(next_at.map(Timestamp::micros))
    .bind(ended_at.map(Timestamp::micros))
    .bind(i64::from(settled.number));
    tx.run(update).await.map(drop)
}

/// What the attempt says about the endpoint.
async fn health(tx: &mut Tx, settled: &SettledDelivery) -> Result<(), Fault> {
    let id = &settled.webhook;
    let update = match settled.decision {
        Decision::Delivered => {
            sql("UPDATE webhook SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL")
                .bind(id.0.clone())
        }
        _ => sql("UPDATE webhook SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL")
            .bind(id.0.clone())
            .bind(settled.note.at.micros()),
    };
    tx.run(update).await?;
    let why = match settled.decision {
        Decision::Gone => "gone",
        Decision::TurnOff => "failing",
        Decision::Delivered | Decision::Again(_) | Decision::GiveUp => return Ok(()),
    };
    let on = sql("SELECT id FROM webhook WHERE id = $1 AND disabled_at IS NULL").bind(id.0.clone());
    match tx.row(on).await? {
        Some(_) => disable(tx, id, why).await,
        None => Ok(()),
    }
}

/// What an endpoint answered may hold anything.
fn cleaned(note: AttemptNote) -> AttemptNote {
    AttemptNote { answer: free_text(&note.answer), error: note.error.as_deref().map(free_text), ..note }
}
