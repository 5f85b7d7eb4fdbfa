//! Deliveries under way: a few for each endpoint, a bound for all.

use std::collections::HashMap;

use rules::{
    Chance, Fault,
    id::{DeliveryId, WebhookId},
    webhook::{Decision, decide, slots},
};
use store::{Delivery, SettledDelivery, Webhook};
use tokio::{
    task::{Id, JoinSet},
    time::Instant,
};

use super::Webhooks;

/// Deliveries under way at the same time; to failing endpoints half as many, so that dead ones leave room for the others.
const AT_ONCE: usize = 256;
const AT_ONCE_TO_FAILING: usize = AT_ONCE / 2;
/// How long after its time limit an attempt is lost that has written down no end.
const LOST: std::time::Duration = std::time::Duration::from_secs(60);

/// What is under way.
#[derive(Debug)]
pub(super) struct Flight {
    tasks: JoinSet<()>,
    of_task: HashMap<Id, (WebhookId, DeliveryId)>,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), of_task: HashMap::new() }
    }

    /// Waits until one has ended, or until that moment.
    pub(super) async fn ended_or(&mut self, moment: Instant) {
        let timer = tokio::time::sleep_until(moment);
        tokio::select! {
            Some(ended) = self.tasks.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    // What was cut off is due again later.
                    Err(error) => error.id(),
                };
                self.of_task.remove(&id);
            }
            () = timer => {}
        }
    }

    fn of(&self, webhook: &WebhookId) -> usize {
        self.of_task.values().filter(|(one, _)| one == webhook).count()
    }

    fn has(&self, delivery: &DeliveryId) -> bool {
        self.of_task.values().any(|(_, one)| one == delivery)
    }
}

impl Webhooks {
    /// Starts what is due, as far as there is room.
    pub(super) async fn launch(&self, flight: &mut Flight) -> Result<(), Fault> {
        for id in self.store.due_webhooks().await? {
            let Some(webhook) = self.store.webhook(&id).await?.filter(Webhook::is_enabled) else { continue };
            let (under_way, places) = (flight.of(&id), slots(webhook.failing()));
            if under_way >= places {
                continue;
            }
            let due = self.store.due_deliveries(&id, u32::try_from(places).unwrap_or(1)).await?;
            let bound = if webhook.failing_since.is_some() { AT_ONCE_TO_FAILING } else { AT_ONCE };
            let free = (places - under_way).min(bound.saturating_sub(flight.of_task.len()));
            for delivery in due.into_iter().filter(|one| !flight.has(&one.id)).take(free).collect::<Vec<_>>() {
                let key = (id.clone(), delivery.id.clone());
                let task = flight.tasks.spawn(self.clone().attempt(webhook.clone(), delivery));
                flight.of_task.insert(task.id(), key);
            }
        }
        Ok(())
    }

    async fn attempt(self, webhook: Webhook, delivery: Delivery) {
        if let Err(fault) = self.try_attempt(&webhook, &delivery).await {
            tracing::warn!(code = fault.code, %fault, "a webhook could not be posted or its end not written");
        }
    }

    async fn try_attempt(&self, webhook: &Webhook, delivery: &Delivery) -> Result<(), Fault> {
        let number = delivery.attempts.saturating_add(1);
        let now = self.store.clock().now();
        // Written before dialling: whatever happens to us, it is tried again, and by one process alone.
        if !self.store.begin_delivery(&delivery.id, number, now + self.posting.limit + LOST).await? {
            return Ok(());
        }
        let outcome = self.posting.post(webhook, &delivery.id, &delivery.body, now).await;
        let ended = self.store.clock().now();
        let decision = decide(outcome.answered, number, webhook.failing(), ended, jitter(&delivery.id, number));
        if matches!(decision, Decision::Gone | Decision::TurnOff) {
            tracing::warn!(webhook = %webhook.id, ?decision, "a webhook's endpoint is turned off");
        }
        let settled = SettledDelivery {
            delivery: delivery.id.clone(),
            webhook: webhook.id.clone(),
            number,
            note: outcome.note(now, ended),
            decision,
        };
        self.store.settle_delivery(settled).await
    }
}

/// From 0.0 to 1.0, different for each delivery and attempt.
fn jitter(id: &DeliveryId, number: u32) -> f64 {
    const STEPS: u32 = 1_000;
    let seed = id.as_str().bytes().fold(u64::from(number), |sum, octet| sum.rotate_left(5) ^ u64::from(octet));
    let step = Chance::new(seed).number() % u64::from(STEPS);
    f64::from(u32::try_from(step).unwrap_or(0)) / f64::from(STEPS)
}
