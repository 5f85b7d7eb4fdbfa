//! Once more: one delivery, or all that failed.

use rules::{
    Fault,
    id::{DeliveryId, WebhookId},
};
use syntax::Timestamp;

use crate::{Store, row::sql};

/// Rows that are replayed in one change.
const AT_ONCE: i64 = 1_000;

impl Store {
    /// Makes a delivery due now, with all its attempts before it, whatever became of it. Whether it is there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn replay_delivery(&self, id: &DeliveryId) -> Result<bool, Fault> {
        let id = id.0.clone();
        self.write("replay a delivery to a webhook", |tx| {
            Box::pin(async move {
                let update = sql("UPDATE webhook_delivery SET state = 'waiting', attempts = 0, next_at = $2, \
                                  ended_at = NULL WHERE id = $1")
                .bind(id)
                .bind(tx.now.micros());
                tx.run(update).await.map(|rows| rows > 0)
            })
        })
        .await
    }

    /// Makes everything due now that failed and was queued at or after `since`. How many.
    ///
    /// # Errors
    /// `store.*`
    pub async fn replay_failed(&self, webhook: &WebhookId, since: Timestamp) -> Result<u64, Fault> {
        let mut replayed = 0;
        loop {
            let id = webhook.0.clone();
            let some = self
                .write("replay deliveries to a webhook", move |tx| {
                    Box::pin(async move {
                        let update = sql("UPDATE webhook_delivery SET state = 'waiting', attempts = 0, next_at = $3, \
                                          ended_at = NULL WHERE id IN (SELECT id FROM webhook_delivery \
                                          WHERE webhook = $1 AND state = 'failed' AND created_at >= $2 LIMIT $4)")
                        .bind(id)
                        .bind(since.micros())
                        .bind(tx.now.micros())
                        .bind(AT_ONCE);
                        tx.run(update).await
                    })
                })
                .await?;
            replayed += some;
            if some == 0 {
                return Ok(replayed);
            }
        }
    }
}
