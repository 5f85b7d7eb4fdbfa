//! Endpoints that events are posted to. What is on its way to them stands in `delivery`, whom an event concerns in `whose`.

mod delivery;
mod replay;
mod settle;
mod whose;

use std::time::Duration;

use rules::{
    Fault,
    id::{WebhookId, WorkspaceId},
    webhook::{Failing, Filter, Secret},
};
use syntax::Timestamp;

pub use delivery::{AttemptNote, Delivery, DeliveryFilter, DeliveryState, NewDelivery};
pub use settle::SettledDelivery;

use crate::{
    Store,
    committer::Tx,
    fault::corrupt,
    row::{Query, Row, free_text, sql},
};

/// Secrets that hold besides the newest. Who rotates more often loses the oldest.
const OLD_SECRETS: usize = 4;
/// Rows that are removed in one change.
const REMOVED_AT_ONCE: i64 = 1_000;

/// An endpoint.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Webhook {
    /// Id.
    pub id: WebhookId,
    /// Whose events it is told; `None`: those of the whole installation.
    pub workspace: Option<WorkspaceId>,
    /// Where they are posted.
    pub url: String,
    /// What it is for, in its owner's words.
    pub description: String,
    /// Which events.
    pub events: Filter,
    /// Since when it is turned off.
    pub disabled_at: Option<Timestamp>,
    /// Why: `operator`, `gone` (it answered 410), `failing` (it took nothing for days).
    pub disabled_why: Option<String>,
    /// Since when it has taken nothing; `None` when the last delivery went well.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last event that was looked at for it.
    #[serde(skip)]
    pub cursor: i64,
    /// Newest first; the old ones with the end of their time.
    #[serde(skip)]
    secrets: Vec<(Secret, Option<Timestamp>)>,
}

impl Webhook {
    /// The secrets that hold at that moment, newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter(move |(_, until)| until.is_none_or(|until| now < until)).map(|(secret, _)| secret)
    }

    /// Whether events are posted to it.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// As the rules see it.
    pub fn failing(&self) -> Failing {
        Failing { since: self.failing_since }
    }
}

/// An endpoint to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose events; `None`: of the whole installation.
    pub workspace: Option<WorkspaceId>,
    /// Where to.
    pub url: String,
    /// What for.
    pub description: String,
    /// Which events.
    pub events: Filter,
    /// To sign with.
    pub secret: Secret,
}

/// What is to be changed; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where to.
    pub url: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Which events.
    pub events: Option<Filter>,
    /// On or off. Turned on again, it is told what happens from then on.
    pub enabled: Option<bool>,
}

impl Store {
    /// Makes an endpoint; it is told what happens from now on.
    ///
    /// # Errors
    /// `store.*`
    pub async fn add_webhook(&self, new: NewWebhook) -> Result<Webhook, Fault> {
        let events = written("make a webhook", &new.events)?;
        self.write("make a webhook", move |tx| {
            Box::pin(async move {
                let id = WebhookId(tx.id());
                let insert = sql("INSERT INTO webhook (id, workspace, url, description, events, secret, old_secrets, \
                                  cursor, created_at) SELECT $1, $2, $3, $4, $5, $6, '[]', \
                                  COALESCE(MAX(sequence), 0), CAST($7 AS BIGINT) FROM event")
                .bind(id.0.clone())
                .bind(new.workspace.map(|workspace| workspace.0))
                .bind(new.url)
                .bind(free_text(&new.description))
                .bind(events)
                .bind(new.secret.reveal())
                .bind(tx.now.micros());
                tx.run(insert).await?;
                one(tx, &id).await?.ok_or_else(|| corrupt("make a webhook", "it is not there"))
            })
        })
        .await
    }

    /// Every endpoint, or those of a workspace, oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn webhooks(&self, workspace: Option<&WorkspaceId>) -> Result<Vec<Webhook>, Fault> {
        let query = match workspace {
            Some(workspace) => sql("SELECT * FROM webhook WHERE workspace = $1 ORDER BY id").bind(workspace.0.clone()),
            None => sql("SELECT * FROM webhook ORDER BY id"),
        };
        self.rows("list webhooks", query).await?.iter().map(read).collect()
    }

    /// One.
    ///
    /// # Errors
    /// `store.*`
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>, Fault> {
        self.row("read a webhook", of_id(id)).await?.as_ref().map(read).transpose()
    }

    /// Changes it; `None` when it is not there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn change_webhook(&self, id: &WebhookId, change: WebhookChange) -> Result<Option<Webhook>, Fault> {
        let id = id.clone();
        self.write("change a webhook", move |tx| {
            Box::pin(async move {
                let Some(before) = one(tx, &id).await? else { return Ok(None) };
                let events = written("change a webhook", &change.events.unwrap_or(before.events))?;
                let update = sql("UPDATE webhook SET url = $2, description = $3, events = $4 WHERE id = $1")
                    .bind(id.0.clone())
                    .bind(change.url.unwrap_or(before.url))
                    .bind(free_text(&change.description.unwrap_or(before.description)))
                    .bind(events);
                tx.run(update).await?;
                match change.enabled {
                    Some(true) if before.disabled_at.is_some() => enable(tx, &id).await?,
                    Some(false) if before.disabled_at.is_none() => disable(tx, &id, "operator").await?,
                    _ => {}
                }
                one(tx, &id).await
            })
        })
        .await
    }

    /// Gives it a new secret; the present one holds for `overlap` yet. `None` when it is not there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn rotate_webhook(
        &self,
        id: &WebhookId,
        secret: Secret,
        overlap: Duration,
    ) -> Result<Option<Webhook>, Fault> {
        let id = id.clone();
        self.write("give a webhook a new secret", move |tx| {
            Box::pin(async move {
                let Some(before) = one(tx, &id).await? else { return Ok(None) };
                let until = tx.now + overlap;
                let old = before.secrets.iter().map(|(secret, end)| (secret.reveal(), end.unwrap_or(until)));
                let old: Vec<(String, Timestamp)> = old.filter(|(_, end)| tx.now < *end).take(OLD_SECRETS).collect();
                let update = sql("UPDATE webhook SET secret = $2, old_secrets = $3 WHERE id = $1")
                    .bind(id.0.clone())
                    .bind(secret.reveal())
                    .bind(written("give a webhook a new secret", &old)?);
                tx.run(update).await?;
                one(tx, &id).await
            })
        })
        .await
    }

    /// Removes it with everything that waits for it. Whether it was there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn remove_webhook(&self, id: &WebhookId) -> Result<bool, Fault> {
        // Off first, so that nothing is added while its many rows go.
        let off = WebhookChange { enabled: Some(false), ..WebhookChange::default() };
        if self.change_webhook(id, off).await?.is_none() {
            return Ok(false);
        }
        while self.remove_some(id).await? {}
        Ok(true)
    }

    /// Removes some of its rows, and the endpoint with the last of them. Whether there are more.
    async fn remove_some(&self, id: &WebhookId) -> Result<bool, Fault> {
        let id = id.0.clone();
        self.write("remove a webhook", |tx| {
            Box::pin(async move {
                let delete = sql("DELETE FROM webhook_delivery WHERE id IN \
                                  (SELECT id FROM webhook_delivery WHERE webhook = $1 LIMIT $2)")
                .bind(id.clone())
                .bind(REMOVED_AT_ONCE);
                if tx.run(delete).await? > 0 {
                    return Ok(true);
                }
                tx.run(sql("DELETE FROM webhook WHERE id = $1").bind(id)).await?;
                Ok(false)
            })
        })
        .await
    }
}

fn of_id(id: &WebhookId) -> Query {
    sql("SELECT * FROM webhook WHERE id = $1").bind(id.0.clone())
}

async fn one(tx: &mut Tx, id: &WebhookId) -> Result<Option<Webhook>, Fault> {
    tx.row(of_id(id)).await?.as_ref().map(read).transpose()
}

async fn enable(tx: &mut Tx, id: &WebhookId) -> Result<(), Fault> {
    let update = sql("UPDATE webhook SET disabled_at = NULL, disabled_why = NULL, failing_since = NULL, \
                      cursor = (SELECT COALESCE(MAX(sequence), 0) FROM event) WHERE id = $1")
    .bind(id.0.clone());
    tx.run(update).await.map(drop)
}

/// Turns it off; what waits for it fails, and can be replayed.
async fn disable(tx: &mut Tx, id: &WebhookId, why: &'static str) -> Result<(), Fault> {
    let now = tx.now.micros();
    let update = sql("UPDATE webhook SET disabled_at = $2, disabled_why = $3 WHERE id = $1")
        .bind(id.0.clone())
        .bind(now)
        .bind(why);
    tx.run(update).await?;
    let fail = sql("UPDATE webhook_delivery SET state = $3, next_at = NULL, ended_at = $2 \
                    WHERE webhook = $1 AND next_at IS NOT NULL")
    .bind(id.0.clone())
    .bind(now)
    .bind(DeliveryState::Failed.as_str());
    tx.run(fail).await.map(drop)
}

fn written(doing: &str, value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| corrupt(doing, error))
}

fn read(row: &Row) -> Result<Webhook, Fault> {
    let old: Vec<(String, Timestamp)> = row.json_or_none("old_secrets")?.unwrap_or_default();
    let mut secrets = vec![(Secret::parse(&row.text("secret")?)?, None)];
    for (secret, until) in old {
        secrets.push((Secret::parse(&secret)?, Some(until)));
    }
    Ok(Webhook {
        id: WebhookId(row.text("id")?),
        workspace: row.text_or_none("workspace")?.map(WorkspaceId),
        url: row.text("url")?,
        description: row.text("description")?,
        events: row.json_or_none("events")?.unwrap_or_else(Filter::all),
        disabled_at: row.moment_or_none("disabled_at")?,
        disabled_why: row.text_or_none("disabled_why")?,
        failing_since: row.moment_or_none("failing_since")?,
        created_at: row.moment("created_at")?,
        cursor: row.number("cursor")?,
        secrets,
    })
}
