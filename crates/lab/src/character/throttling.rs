//! Takes only so much from one address in a while.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use rules::Clock;
use smtp::server::{Answer, Transaction};
use syntax::Timestamp;
use tokio::sync::Mutex;

use super::{Character, say};
use crate::receiver::Visit;

/// Messages that one address may bring within [`WINDOW`].
const RATE: usize = 2;
/// Longer than the story, so that it ends with mail held back.
const WINDOW: Duration = Duration::from_secs(90);

pub(super) struct Throttling {
    clock: Arc<dyn Clock>,
    taken: Mutex<HashMap<IpAddr, Vec<Timestamp>>>,
}

impl Throttling {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, taken: Mutex::default() }
    }

    async fn is_over(&self, peer: IpAddr) -> bool {
        let now = self.clock.now();
        let mut taken = self.taken.lock().await;
        let times = taken.entry(peer).or_default();
        times.retain(|at| now.since(*at) < WINDOW);
        times.len() >= RATE
    }
}

#[async_trait]
impl Character for Throttling {
    async fn mail(&self, visit: &Visit) -> Answer {
        if self.is_over(visit.peer).await {
            let text = format!(
                "[{}] Our system has detected an unusual rate of mail originating from your IP address. To protect our \
                 users, mail from your IP address has been temporarily rate limited.",
                visit.peer
            );
            return say(421, "4.7.28", text);
        }
        say(250, "2.1.0", "Sender ok")
    }

    async fn message(&self, visit: &Visit, _transaction: &Transaction, _content: &[u8]) -> Answer {
        self.taken.lock().await.entry(visit.peer).or_default().push(self.clock.now());
        say(250, "2.0.0", "Ok")
    }
}
