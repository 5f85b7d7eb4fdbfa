//! Greylists: the first sight of (client, sender domain, recipient) is put off. RFC 6647.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use rules::Clock;
use smtp::server::Answer;
use syntax::{Address, Timestamp};
use tokio::sync::Mutex;

use super::{Character, say};
use crate::receiver::Visit;

/// How long a stranger waits. In the wild: 1 to 5 minutes (RFC 6647 §5); the lab has less patience.
const WAIT: Duration = Duration::from_millis(600);

pub(super) struct Greylisting {
    clock: Arc<dyn Clock>,
    first_seen: Mutex<HashMap<String, Timestamp>>,
}

impl Greylisting {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, first_seen: Mutex::default() }
    }
}

#[async_trait]
impl Character for Greylisting {
    async fn rcpt(&self, visit: &Visit, to: &Address) -> Answer {
        // The domain, not the address: VERP changes the local part with every attempt.
        let sender = visit.reverse_path.as_ref().map(|from| from.domain().to_string()).unwrap_or_default();
        let triplet = format!("{} {sender} {}", visit.peer, to.key());
        let now = self.clock.now();
        let first = *self.first_seen.lock().await.entry(triplet).or_insert(now);
        if now.since(first) < WAIT {
            return say(
                451,
                "4.7.1",
                format!("<{to}>: Recipient address rejected: Greylisted, please try again later"),
            );
        }
        say(250, "2.1.5", "Recipient ok, welcome back")
    }
}
