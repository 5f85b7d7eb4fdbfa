//! Webhooks: events are queued for the endpoints that want them, and posted until they are taken or given up.
//!
//! At least once, in no promised order. An endpoint that is slow or dead holds back itself alone: each has a few places, all
//! together have a bound, and each attempt has a time limit.

mod flight;
mod post;
mod queue;

use std::time::Duration;

use net::Stop;
use rules::Fault;
use store::Store;
use syntax::Timestamp;
use tokio::time::Instant;

use flight::Flight;

pub use post::{Outcome, Posting};

/// How long ended deliveries are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Time between two looks for deliveries that are too old.
const PRUNE: Duration = Duration::from_secs(60 * 60);
/// Deliveries that are removed at one look.
const PRUNED_AT_ONCE: u32 = 10_000;

/// The work.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Events, endpoints, deliveries.
    pub store: Store,
    /// How endpoints are reached.
    pub posting: Posting,
    /// How often the store is looked at.
    pub poll: Duration,
}

impl Webhooks {
    /// Works until it is stopped. Attempts under way are cut off then; the store has their next time already.
    pub async fn run(self, mut stop: Stop) {
        let mut flight = Flight::new();
        let mut next_look = Instant::now();
        let mut next_prune = Instant::now();
        loop {
            let step = async {
                if Instant::now() >= next_look {
                    told(self.queue_events().await);
                    next_look = Instant::now() + self.poll;
                }
                if Instant::now() >= next_prune {
                    told(self.prune(self.store.clock().now()).await);
                    next_prune = Instant::now() + PRUNE;
                }
                told(self.launch(&mut flight).await);
                flight.ended_or(next_look).await;
            };
            tokio::select! {
                () = stop.stopped() => return,
                () = step => {}
            }
        }
    }

    async fn prune(&self, now: Timestamp) -> Result<(), Fault> {
        self.store.prune_deliveries(now - KEPT, PRUNED_AT_ONCE).await.map(drop)
    }
}

/// What cannot be done now is tried at the next look.
fn told(done: Result<(), Fault>) {
    if let Err(fault) = done {
        tracing::warn!(code = fault.code, %fault, "webhooks cannot go on now");
    }
}
