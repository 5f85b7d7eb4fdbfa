//! What is on its way to an endpoint, and what became of it.

use rules::{
    Fault,
    id::{DeliveryId, WebhookId},
};
use syntax::Timestamp;

use crate::{
    Store,
    row::{Row, sql, sql_made},
};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// For an attempt.
    Waiting,
    /// The endpoint took it.
    Delivered,
    /// Given up, or the endpoint was turned off; it can be replayed.
    Failed,
}

impl DeliveryState {
    /// As it is stored and typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::Failed].into_iter().find(|state| state.as_str() == text)
    }
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Delivery {
    /// Id; the `webhook-id` is made of it.
    pub id: DeliveryId,
    /// The endpoint.
    pub webhook: WebhookId,
    /// The event's sequence; `None` for a test.
    pub sequence: Option<i64>,
    /// The event's public name.
    pub name: String,
    /// What is posted.
    pub body: String,
    /// State.
    pub state: DeliveryState,
    /// Attempts begun since it was queued or replayed.
    pub attempts: u32,
    /// When the next is due.
    pub next_at: Option<Timestamp>,
    /// The last attempts, oldest first.
    pub log: Vec<AttemptNote>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was delivered or failed.
    pub ended_at: Option<Timestamp>,
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttemptNote {
    /// When it began.
    pub at: Timestamp,
    /// Milliseconds that it took.
    pub took_ms: u64,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// What was wrong; a code and words.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub answer: String,
}

/// One event for one endpoint.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The endpoint.
    pub webhook: WebhookId,
    /// The event.
    pub sequence: i64,
    /// Its public name.
    pub name: String,
    /// What is posted.
    pub body: String,
}

/// Which deliveries of an endpoint.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only in that state.
    pub state: Option<DeliveryState>,
    /// Only older ones than that: the last of the page before.
    pub after: Option<DeliveryId>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Queues events for endpoints and notes that these have been looked at up to `cursor`. What was queued before is not
    /// queued again.
    ///
    /// # Errors
    /// `store.*`
    pub async fn queue_deliveries(
        &self,
        webhooks: &[WebhookId],
        cursor: i64,
        deliveries: Vec<NewDelivery>,
    ) -> Result<(), Fault> {
        let webhooks = webhooks.to_vec();
        self.write("queue events for webhooks", move |tx| {
            Box::pin(async move {
                for new in deliveries {
                    // An endpoint that was turned off or removed meanwhile gets nothing more.
                    let insert =
                        sql("INSERT INTO webhook_delivery (id, webhook, sequence, name, body, state, attempts, \
                                      next_at, log, created_at) SELECT $1, webhook.id, CAST($3 AS BIGINT), $4, $5, \
                                      'waiting', 0, CAST($6 AS BIGINT), '[]', CAST($6 AS BIGINT) FROM webhook \
                                      WHERE webhook.id = $2 AND disabled_at IS NULL ON CONFLICT DO NOTHING")
                        .bind(tx.id())
                        .bind(new.webhook.0)
                        .bind(new.sequence)
                        .bind(new.name)
                        .bind(new.body)
                        .bind(tx.now.micros());
                    tx.run(insert).await?;
                }
                for webhook in webhooks {
                    let update = sql("UPDATE webhook SET cursor = $2 WHERE id = $1 AND cursor < $2")
                        .bind(webhook.0)
                        .bind(cursor);
                    tx.run(update).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// How many wait for an endpoint, counted up to `most`.
    ///
    /// # Errors
    /// `store.*`
    pub async fn waiting_deliveries(&self, webhook: &WebhookId, most: u32) -> Result<u32, Fault> {
        let query = sql("SELECT COUNT(*) AS waiting FROM (SELECT id FROM webhook_delivery \
                         WHERE webhook = $1 AND next_at IS NOT NULL LIMIT $2) AS waiting_rows")
        .bind(webhook.0.clone())
        .bind(i64::from(most));
        self.row("count what waits for a webhook", query).await?.map_or(Ok(0), |row| row.count("waiting"))
    }

    /// The endpoints for which something is due.
    ///
    /// # Errors
    /// `store.*`
    pub async fn due_webhooks(&self) -> Result<Vec<WebhookId>, Fault> {
        let now = self.clock().now();
        let query = sql("SELECT DISTINCT webhook FROM webhook_delivery WHERE next_at IS NOT NULL AND next_at <= $1")
            .bind(now.micros());
        let rows = self.rows("look for due webhooks", query).await?;
        rows.iter().map(|row| row.text("webhook").map(WebhookId)).collect()
    }

    /// What is due for one endpoint, what has waited longest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn due_deliveries(&self, webhook: &WebhookId, limit: u32) -> Result<Vec<Delivery>, Fault> {
        let query = sql("SELECT * FROM webhook_delivery WHERE webhook = $1 AND next_at IS NOT NULL AND next_at <= $2 \
                         ORDER BY next_at, id LIMIT $3")
        .bind(webhook.0.clone())
        .bind(self.clock().now().micros())
        .bind(i64::from(limit));
        self.rows("look for due webhooks", query).await?.iter().map(read).collect()
    }

    /// One.
    ///
    /// # Errors
    /// `store.*`
    pub async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, Fault> {
        let query = sql("SELECT * FROM webhook_delivery WHERE id = $1").bind(id.0.clone());
        self.row("read a delivery to a webhook", query).await?.as_ref().map(read).transpose()
    }

    /// Deliveries to an endpoint, newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn deliveries(&self, webhook: &WebhookId, filter: &DeliveryFilter) -> Result<Vec<Delivery>, Fault> {
        let mut text = String::from("SELECT * FROM webhook_delivery WHERE webhook = $1");
        let mut values = vec![webhook.0.clone()];
        if let Some(state) = filter.state {
            values.push(state.as_str().to_owned());
            text.push_str(&format!(" AND state = ${}", values.len()));
        }
        if let Some(after) = &filter.after {
            values.push(after.0.clone());
            text.push_str(&format!(" AND id < ${}", values.len()));
        }
        text.push_str(&format!(" ORDER BY id DESC LIMIT ${}", values.len() + 1));
        let query = values.into_iter().fold(sql_made(text), |query, value| query.bind(value));
        let rows = self.rows("list deliveries to a webhook", query.bind(i64::from(filter.limit))).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Delivery, Fault> {
    Ok(Delivery {
        id: DeliveryId(row.text("id")?),
        webhook: WebhookId(row.text("webhook")?),
        sequence: row.number_or_none("sequence")?,
        name: row.text("name")?,
        body: row.text("body")?,
        state: row.named("state", DeliveryState::parse)?,
        attempts: row.count("attempts")?,
        next_at: row.moment_or_none("next_at")?,
        log: row.json_or_none("log")?.unwrap_or_default(),
        created_at: row.moment("created_at")?,
        ended_at: row.moment_or_none("ended_at")?,
    })
}
