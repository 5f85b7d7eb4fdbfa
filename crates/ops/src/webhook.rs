//! Webhooks: add, list, show, update, rotate, remove, test, deliveries, replay.
//!
//! `scope` says who asks: a workspace sees and changes its own endpoints alone, and those of others are unknown to it; `None` is
//! the operator of the installation.

use std::time::Duration;

use auth::generate_secret;
use notify::Posting;
use rules::{
    Fault,
    id::{DeliveryId, WebhookId, WorkspaceId},
    webhook::{Answered, Filter, Secret, test_body},
};
use store::{Delivery, DeliveryFilter, NewWebhook, Webhook, WebhookChange};
use syntax::Timestamp;

use crate::Ops;

/// How long the old secret signs beside the new one.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
/// Endpoints of one workspace, and of the whole installation.
const MOST: usize = 100;
/// Longest description, in octets.
const DESCRIPTION: usize = 500;
/// Most deliveries on one page.
const PAGE: u32 = 500;

/// An endpoint asked for.
#[derive(Debug, Clone, Default)]
pub struct WebhookRequest {
    /// Whose events; `None`: of the whole installation.
    pub workspace: Option<WorkspaceId>,
    /// Where to.
    pub url: String,
    /// What for.
    pub description: String,
    /// Patterns: `*`, `message.*`, `message.delivered`; none is everything.
    pub events: Vec<String>,
}

/// What is to be changed; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct WebhookUpdate {
    /// Where to.
    pub url: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// Patterns; an empty list is everything.
    pub events: Option<Vec<String>>,
    /// On or off.
    pub enabled: Option<bool>,
}

/// An endpoint with its new secret, which is shown this once.
#[derive(Clone, serde::Serialize)]
pub struct WebhookWithSecret {
    /// The endpoint.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_…`
    pub secret: String,
}

impl std::fmt::Debug for WebhookWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookWithSecret").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// How a test went.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WebhookTest {
    /// It stands among the deliveries.
    pub delivery: DeliveryId,
    /// Whether the endpoint took it.
    pub taken: bool,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Milliseconds that it took.
    pub took_ms: u64,
    /// The beginning of the answer.
    pub answer: String,
    /// What went wrong.
    pub error: Option<String>,
}

/// Deliveries, newest first.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DeliveryPage {
    /// These.
    pub deliveries: Vec<Delivery>,
    /// Give it as `after` for the next page; `None`: this is the last.
    pub next: Option<DeliveryId>,
}

impl Ops {
    /// Makes an endpoint; it is told what happens from now on.
    ///
    /// # Errors
    /// `webhook.bad-url`, `webhook.internal-address`, `webhook.unresolved`, `webhook.bad-event`, `webhook.bad-description`,
    /// `webhook.too-many`, `workspace.unknown`, `dns.*`, `store.*`
    pub async fn add_webhook(&self, posting: &Posting, request: WebhookRequest) -> Result<WebhookWithSecret, Fault> {
        let events = Filter::parse(&request.events)?;
        check_description(&request.description)?;
        check_url(posting, &request.url).await?;
        if let Some(id) = &request.workspace
            && !self.store.workspaces().await?.iter().any(|workspace| workspace.id == *id)
        {
            return Err(Fault::caller("workspace.unknown", format!("there is no workspace {id}")));
        }
        let others = self.store.webhooks(None).await?;
        if others.iter().filter(|other| other.workspace == request.workspace).count() >= MOST {
            let what = format!("there are {MOST} webhooks already: remove one, or let one take the events of several");
            return Err(Fault::caller("webhook.too-many", what));
        }
        let secret = Secret::new(generate_secret()?);
        let shown = secret.reveal();
        let WebhookRequest { workspace, url, description, .. } = request;
        let webhook = self.store.add_webhook(NewWebhook { workspace, url, description, events, secret }).await?;
        Ok(WebhookWithSecret { webhook, secret: shown })
    }

    /// The endpoints, oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn webhooks(&self, scope: Option<&WorkspaceId>) -> Result<Vec<Webhook>, Fault> {
        self.store.webhooks(scope).await
    }

    /// One endpoint.
    ///
    /// # Errors
    /// `webhook.unknown`, `store.*`
    pub async fn webhook(&self, scope: Option<&WorkspaceId>, id: &WebhookId) -> Result<Webhook, Fault> {
        let found = self.store.webhook(id).await?;
        found.filter(|one| scope.is_none() || one.workspace.as_ref() == scope).ok_or_else(|| unknown(id))
    }

    /// Changes it. Turned on again, it is told what happens from then on.
    ///
    /// # Errors
    /// `webhook.*`, `dns.*`, `store.*`
    pub async fn update_webhook(
        &self,
        posting: &Posting,
        scope: Option<&WorkspaceId>,
        id: &WebhookId,
        update: WebhookUpdate,
    ) -> Result<Webhook, Fault> {
        self.webhook(scope, id).await?;
        let events = update.events.map(|events| Filter::parse(&events)).transpose()?;
        if let Some(description) = &update.description {
            check_description(description)?;
        }
        if let Some(url) = &update.url {
            check_url(posting, url).await?;
        }
        let WebhookUpdate { url, description, enabled, .. } = update;
        let change = WebhookChange { url, description, events, enabled };
        self.store.change_webhook(id, change).await?.ok_or_else(|| unknown(id))
    }

    /// Gives it a new secret; the old one signs beside it for 24 hours.
    ///
    /// # Errors
    /// `webhook.unknown`, `store.*`
    pub async fn rotate_webhook(
        &self,
        scope: Option<&WorkspaceId>,
        id: &WebhookId,
    ) -> Result<WebhookWithSecret, Fault> {
        self.webhook(scope, id).await?;
        let secret = Secret::new(generate_secret()?);
        let shown = secret.reveal();
        let webhook = self.store.rotate_webhook(id, secret, OVERLAP).await?.ok_or_else(|| unknown(id))?;
        Ok(WebhookWithSecret { webhook, secret: shown })
    }

    /// Removes it, with what waits for it and what was delivered.
    ///
    /// # Errors
    /// `webhook.unknown`, `store.*`
    pub async fn remove_webhook(&self, scope: Option<&WorkspaceId>, id: &WebhookId) -> Result<(), Fault> {
        self.webhook(scope, id).await?;
        if self.store.remove_webhook(id).await? { Ok(()) } else { Err(unknown(id)) }
    }

    /// Posts a `webhook.test` now, whether the endpoint is on or off. An endpoint that does not take it is an answer, no fault.
    ///
    /// # Errors
    /// `webhook.unknown`, `store.*`
    pub async fn test_webhook(
        &self,
        posting: &Posting,
        scope: Option<&WorkspaceId>,
        id: &WebhookId,
    ) -> Result<WebhookTest, Fault> {
        let webhook = self.webhook(scope, id).await?;
        let delivery = self.store.delivery_id().await?;
        let clock = self.store.clock();
        let began = clock.now();
        let body = test_body(id, began);
        let outcome = posting.post(&webhook, &delivery, &body, began).await;
        let note = outcome.note(began, clock.now());
        let taken = matches!(outcome.answered, Answered::Status(200..300, _));
        self.store.record_test(id, &delivery, &body, note.clone(), taken).await?;
        let (status, took_ms, answer, error) = (note.status, note.took_ms, note.answer, note.error);
        Ok(WebhookTest { delivery, taken, status, took_ms, answer, error })
    }

    /// Deliveries to an endpoint, newest first; `filter.limit` is at most 500. Those that ended are kept for 30 days.
    ///
    /// # Errors
    /// `webhook.unknown`, `store.*`
    pub async fn webhook_deliveries(
        &self,
        scope: Option<&WorkspaceId>,
        id: &WebhookId,
        filter: &DeliveryFilter,
    ) -> Result<DeliveryPage, Fault> {
        self.webhook(scope, id).await?;
        let limit = filter.limit.clamp(1, PAGE);
        let one_more = DeliveryFilter { limit: limit + 1, ..filter.clone() };
        let mut deliveries = self.store.deliveries(id, &one_more).await?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = deliveries.len() <= wanted;
        deliveries.truncate(wanted);
        let next = deliveries.last().filter(|_| !is_last).map(|last| last.id.clone());
        Ok(DeliveryPage { deliveries, next })
    }

    /// Posts one delivery again, with all its attempts before it and under the same `webhook-id`.
    ///
    /// # Errors
    /// `webhook.unknown`, `delivery.unknown`, `webhook.disabled`, `store.*`
    pub async fn replay_delivery(
        &self,
        scope: Option<&WorkspaceId>,
        id: &WebhookId,
        delivery: &DeliveryId,
    ) -> Result<(), Fault> {
        self.enabled(scope, id).await?;
        let found = self.store.delivery(delivery).await?.filter(|one| one.webhook == *id);
        if found.is_some() && self.store.replay_delivery(delivery).await? {
            return Ok(());
        }
        let what = format!("webhook {id} has no delivery {delivery}: they are kept for 30 days");
        Err(Fault::caller("delivery.unknown", what))
    }

    /// Posts everything again that was queued at or after `since` and failed. How many.
    ///
    /// # Errors
    /// `webhook.unknown`, `webhook.disabled`, `store.*`
    pub async fn replay_failed(
        &self,
        scope: Option<&WorkspaceId>,
        id: &WebhookId,
        since: Timestamp,
    ) -> Result<u64, Fault> {
        self.enabled(scope, id).await?;
        self.store.replay_failed(id, since).await
    }

    async fn enabled(&self, scope: Option<&WorkspaceId>, id: &WebhookId) -> Result<(), Fault> {
        if self.webhook(scope, id).await?.is_enabled() {
            return Ok(());
        }
        let what = format!("webhook {id} is turned off, so nothing would be posted: turn it on first");
        Err(Fault::caller("webhook.disabled", what))
    }
}

/// Whether it can be posted to: by its text, then by what the DNS says now. Each attempt looks again.
async fn check_url(posting: &Posting, url: &str) -> Result<(), Fault> {
    let target = posting.target(url)?;
    posting.addresses(&target).await.map(drop)
}

fn check_description(text: &str) -> Result<(), Fault> {
    if text.len() <= DESCRIPTION && !text.contains(char::is_control) {
        return Ok(());
    }
    let what = format!("a description is one line of at most {DESCRIPTION} octets");
    Err(Fault::caller("webhook.bad-description", what))
}

fn unknown(id: &WebhookId) -> Fault {
    Fault::caller("webhook.unknown", format!("there is no webhook {id}: `coldrelay webhook list` shows the ids"))
}
