//! Looks at new events, and queues each for the endpoints that want it and may know of it.

use std::collections::BTreeMap;

use rules::{
    Fault,
    id::WebhookId,
    webhook::{Whose, body, name},
};
use store::{NewDelivery, StoredEvent, Webhook};

use super::Webhooks;

/// Events that are looked at in one step.
const PAGE: u32 = 200;
/// Deliveries that may wait for one endpoint. Beyond, events stay in the event log until some are done: its cursor stands.
const WAITING: u32 = 10_000;
/// Pages of one look: a long way behind, posting goes on between looks.
const PAGES: usize = 10;

impl Webhooks {
    /// Queues what is new.
    pub(super) async fn queue_events(&self) -> Result<(), Fault> {
        for _ in 0..PAGES {
            let mut more = false;
            // Endpoints that stand at the same place (nearly always all of them) share the reading.
            for (cursor, webhooks) in self.by_cursor().await? {
                more |= self.queue_page(cursor, &webhooks).await?;
            }
            if !more {
                break;
            }
        }
        Ok(())
    }

    async fn by_cursor(&self) -> Result<BTreeMap<i64, Vec<Webhook>>, Fault> {
        let mut by_cursor: BTreeMap<i64, Vec<Webhook>> = BTreeMap::new();
        let last = self.store.last_event().await?;
        for webhook in self.store.webhooks(None).await? {
            if webhook.is_enabled()
                && webhook.cursor < last
                && self.store.waiting_deliveries(&webhook.id, WAITING).await? < WAITING
            {
                by_cursor.entry(webhook.cursor).or_default().push(webhook);
            }
        }
        Ok(by_cursor)
    }

    /// Queues one page; whether there may be another.
    async fn queue_page(&self, cursor: i64, webhooks: &[Webhook]) -> Result<bool, Fault> {
        let events = self.store.events_after(cursor, PAGE).await?;
        let Some(last) = events.last() else { return Ok(false) };
        let last = last.sequence;
        let mut deliveries = Vec::new();
        for stored in &events {
            deliveries.extend(self.of_event(stored, webhooks).await?);
        }
        let ids: Vec<WebhookId> = webhooks.iter().map(|webhook| webhook.id.clone()).collect();
        self.store.queue_deliveries(&ids, last, deliveries).await?;
        Ok(events.len() >= PAGE as usize)
    }

    async fn of_event(&self, stored: &StoredEvent, webhooks: &[Webhook]) -> Result<Vec<NewDelivery>, Fault> {
        let Some(name) = name(&stored.event) else { return Ok(Vec::new()) };
        let wanting: Vec<&Webhook> = webhooks.iter().filter(|webhook| webhook.events.wants(name)).collect();
        if wanting.is_empty() {
            return Ok(Vec::new());
        }
        let whose = self.store.whose(&stored.event).await?;
        let told: Vec<&Webhook> = wanting.into_iter().filter(|webhook| may_know(webhook, &whose)).collect();
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let body = body(name, stored.at, &stored.event, &whose);
        let delivery = |webhook: &&Webhook| NewDelivery {
            webhook: webhook.id.clone(),
            sequence: stored.sequence,
            name: name.to_owned(),
            body: body.clone(),
        };
        Ok(told.iter().map(delivery).collect())
    }
}

/// An endpoint of a workspace is told its events alone: not those of others, not those that are nobody's.
fn may_know(webhook: &Webhook, whose: &Whose) -> bool {
    webhook.workspace.is_none() || webhook.workspace == whose.workspace
}
