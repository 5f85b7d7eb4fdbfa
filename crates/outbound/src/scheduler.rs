//! In memory, per (egress IP, site), bounded, refilled from the store by indexed range.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use dns::Resolver;
use net::{ClientTls, Stop};
use rules::{Fault, id::RecipientId, route::site, secret::Key};
use store::{Due, Store};
use syntax::{Domain, Timestamp};
use tokio::task::JoinSet;

use crate::{
    Settings, connection,
    pair::Pair,
    route::{Way, way},
    settle,
};

/// How long attempts under way may take once we are told to stop.
const FAREWELL: Duration = Duration::from_secs(30);
/// Recipients read from the store at once.
const REFILL: usize = 500;
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What every delivery works with.
pub(crate) struct Shared {
    pub settings: Settings,
    pub store: Store,
    pub resolver: Resolver,
    pub tls: ClientTls,
    pub key: Key,
    pub stop: Stop,
}

impl Shared {
    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }
}

/// The relay.
pub struct Relay {
    settings: Settings,
    store: Store,
    resolver: Resolver,
    tls: ClientTls,
    key: Key,
}

impl Relay {
    /// What it works with.
    pub fn new(settings: Settings, store: Store, resolver: Resolver, tls: ClientTls, key: Key) -> Self {
        Self { settings, store, resolver, tls, key }
    }

    /// Recovers, then runs until stopped; attempts under way are finished first (at most 30 s).
    ///
    /// # Errors
    /// `store.*` when the store cannot be read at the start.
    pub async fn run(self, stop: Stop) -> Result<(), Fault> {
        let in_doubt = self.store.recover().await?;
        if in_doubt > 0 {
            tracing::warn!(in_doubt, "attempts were under way when the relay ended: they are in doubt");
        }
        let Self { settings, store, resolver, tls, key } = self;
        let shared = Arc::new(Shared { settings, store, resolver, tls, key, stop: stop.clone() });
        let mut board =
            Board { shared, pairs: HashMap::new(), in_hand: HashSet::new(), tasks: JoinSet::new(), connections: 0 };
        board.run(stop).await;
        Ok(())
    }
}

/// What a task came to.
enum Done {
    /// The way of a recipient was looked up.
    Routed(Box<Due>, Way),
    /// A recipient was settled without a connection.
    Settled(RecipientId),
    /// A connection ended, and these recipients are no longer in hand.
    Connected(Vec<RecipientId>),
}

type PairKey = (IpAddr, String);

struct Board {
    shared: Arc<Shared>,
    pairs: HashMap<PairKey, Arc<Pair>>,
    /// Recipients in memory, so that the store does not give them again.
    in_hand: HashSet<RecipientId>,
    tasks: JoinSet<Done>,
    connections: usize,
}

impl Board {
    async fn run(&mut self, mut stop: Stop) {
        while !stop.is_stopped() {
            let mut pause = self.shared.settings.poll;
            if let Err(fault) = self.refill().await {
                tracing::error!(%fault, "the queue cannot be read");
                pause = STORE_PAUSE;
            }
            self.start_connections();
            let pause = self.pause(pause).await;
            tokio::select! {
                () = stop.stopped() => {}
                () = self.shared.store.wake() => {}
                Some(done) = self.tasks.join_next() => self.done(done),
                () = tokio::time::sleep(pause) => {}
            }
        }
        let farewell = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("attempts that did not end in time are cut off; they will be in doubt");
        }
    }

    /// Takes what is due into memory.
    async fn refill(&mut self) -> Result<(), Fault> {
        let room = self.shared.settings.max_in_hand.saturating_sub(self.in_hand.len()).min(REFILL);
        if room == 0 {
            return Ok(());
        }
        let skip: Vec<RecipientId> = self.in_hand.iter().cloned().collect();
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let now = self.shared.now();
        for due in self.shared.store.due(now, limit, &skip).await? {
            self.in_hand.insert(due.recipient.clone());
            let shared = self.shared.clone();
            if now >= due.expires_at {
                self.tasks.spawn(async move {
                    Done::Settled(settle::without_connection(&shared, due, "queue.expired").await)
                });
            } else {
                self.tasks.spawn(look_up(shared, due));
            }
        }
        Ok(())
    }

    fn done(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Routed(due, Ok(hosts))) => self.queue(*due, hosts),
            Ok(Done::Routed(due, Err(code))) => {
                let shared = self.shared.clone();
                self.tasks.spawn(async move { Done::Settled(settle::without_connection(&shared, *due, code).await) });
            }
            Ok(Done::Settled(recipient)) => {
                self.in_hand.remove(&recipient);
            }
            Ok(Done::Connected(recipients)) => {
                self.connections -= 1;
                recipients.iter().for_each(|recipient| {
                    self.in_hand.remove(recipient);
                });
            }
            // A task that panicked leaves its recipients in hand until the next start; the store has their next attempt.
            Err(error) => {
                tracing::error!(%error, "a delivery task failed");
                self.connections = self.connections.saturating_sub(1);
            }
        }
    }

    fn queue(&mut self, due: Due, hosts: Vec<Domain>) {
        let key = (due.egress_ip, site(&hosts));
        let pair = self.pairs.entry(key).or_insert_with(|| Arc::new(Pair::new(due.egress_ip, hosts)));
        pair.push(due);
    }

    /// One connection a pair and round, so that none starves.
    fn start_connections(&mut self) {
        let now = self.shared.now();
        let limits = self.shared.settings.limits.clone();
        self.pairs.retain(|_, pair| !pair.is_idle(now));
        let mut started = true;
        while started {
            started = false;
            for pair in self.pairs.values() {
                if self.connections >= self.shared.settings.max_connections {
                    return;
                }
                if let Some(due) = pair.start(now, &limits) {
                    started = true;
                    self.connections += 1;
                    let (shared, pair) = (self.shared.clone(), pair.clone());
                    self.tasks.spawn(async move { Done::Connected(connection::run(&shared, &pair, due).await) });
                }
            }
        }
    }

    /// Until the next thing is due or the next pair opens, at most `longest`.
    async fn pause(&self, longest: Duration) -> Duration {
        let now = self.shared.now();
        let opens = self.pairs.values().filter_map(|pair| pair.opens_at()).map(|at| at.since(now)).min();
        let due = self.shared.store.next_due().await.ok().flatten().map(|at| at.since(now));
        // What is due now and in hand already must not make us spin.
        let due = due.filter(|wait| !wait.is_zero());
        let least = Duration::from_millis(10);
        [Some(longest), opens.map(|wait| wait.max(least)), due].into_iter().flatten().min().unwrap_or(longest)
    }
}

async fn look_up(shared: Arc<Shared>, due: Due) -> Done {
    let spin = due.recipient.as_str().bytes().fold(0_u64, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into()));
    let way = way(&shared.resolver, due.address.domain(), spin).await;
    Done::Routed(Box::new(due), way)
}
