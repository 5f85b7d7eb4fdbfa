//! In memory, per (egress IP, site), bounded, refilled from the store by indexed range.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dns::Resolver;
use net::{ClientTls, Stop};
use rules::{Fault, id::RecipientId, secret::Key, transport::Dane};
use store::{Due, Park, Store};
use syntax::{Domain, Timestamp};
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};

use crate::{
    Settings,
    board::{self, Board},
    connection,
    refill::Refill,
    route::{Routes, Way, Ways},
    sender::Senders,
    settle,
};

/// How long attempts under way may take once we are told to stop.
const FAREWELL: Duration = Duration::from_secs(30);
/// Pause after the store failed.
pub(crate) const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Least time between two looks at the store: what comes meanwhile is found by one look.
const BREATH: Duration = Duration::from_millis(5);
/// Least time between two looks when the last one left something behind for want of room.
const BACKLOG_BREATH: Duration = Duration::from_millis(50);

/// What every delivery works with.
pub(crate) struct Shared {
    pub settings: Settings,
    pub store: Store,
    pub resolver: Resolver,
    pub tls: ClientTls,
    pub key: Key,
    pub stop: Stop,
    pub senders: Senders,
    pub routes: Routes,
    /// Holds mail hosts to their certificates.
    pub verified: ClientTls,
    /// Whether the DNS is believed that an answer was validated.
    pub dane: bool,
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
    ways: Ways,
}

impl Relay {
    /// What it works with.
    pub fn new(settings: Settings, store: Store, resolver: Resolver, tls: ClientTls, key: Key) -> Self {
        Self { settings, store, resolver, tls, key, ways: Ways::default() }
    }

    /// The ways that it keeps.
    pub fn ways(&self) -> Ways {
        self.ways.clone()
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
        let Self { settings, store, resolver, tls, key, ways } = self;
        let board = Board::new(settings.limits.clone());
        let (senders, routes) = (Senders::default(), Routes::new(&settings, ways));
        let verified = ClientTls::verified_by(&settings.roots).named("MTA-STS");
        let dane = trusts(settings.dane, &resolver);
        let stopping = stop.clone();
        let shared =
            Arc::new(Shared { settings, store, resolver, tls, key, stop: stopping, senders, routes, verified, dane });
        let refill = Refill::default();
        let tasks = JoinSet::new();
        let (unrouted, look_at) = (HashMap::new(), Instant::now());
        Desk { shared, board, refill, tasks, connections: 0, unrouted, look_at, looked: None }.run(stop).await;
        Ok(())
    }
}

/// What a task came to.
enum Done {
    /// The way to a domain was looked up.
    Routed(Domain, Result<Way, &'static str>),
    /// A recipient was settled without a connection.
    Settled(RecipientId),
    /// A connection of that pair ended, and these recipients are no longer in hand.
    Connected(board::Key, Vec<RecipientId>),
    /// These wait in the store until their turn.
    Parked(Vec<RecipientId>),
}

/// Where everything comes together.
struct Desk {
    shared: Arc<Shared>,
    board: Board,
    refill: Refill,
    tasks: JoinSet<Done>,
    connections: usize,
    /// What waits for the way to its domain, in its order: one look-up a domain.
    unrouted: HashMap<Domain, Vec<Due>>,
    /// When the store is looked at next, should nothing wake us.
    look_at: Instant,
    /// When the last look began, and how long it took.
    looked: Option<(Instant, Duration)>,
}

impl Desk {
    async fn run(mut self, mut stop: Stop) {
        while !stop.is_stopped() {
            let until = self.round().await;
            tokio::select! {
                () = stop.stopped() => {}
                () = self.shared.store.wake() => self.look_soon(),
                Some(done) = self.tasks.join_next() => self.done(done),
                () = tokio::time::sleep_until(until) => {}
            }
            while let Some(done) = self.tasks.try_join_next() {
                self.done(done);
            }
        }
        let farewell = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("attempts that did not end in time are cut off; they will be in doubt");
        }
    }

    /// Looks, starts what may start; when the next round is due at the latest.
    async fn round(&mut self) -> Instant {
        if self.shared.store.latched().is_some() {
            // What cannot be recorded must not be delivered. This opens the latch once the store can be written.
            let _ = self.shared.store.probe().await;
            if self.shared.store.latched().is_some() {
                return Instant::now() + STORE_PAUSE;
            }
        }
        if Instant::now() >= self.look_at {
            self.look().await;
        }
        let now = self.shared.now();
        self.board.wake(now);
        self.start_connections(now);
        self.park(now);
        // What opens now waits for a place among the connections; ended ones start it.
        let alarm = self.board.next_alarm().map(|at| Instant::now() + at.since(now).max(BREATH));
        alarm.map_or(self.look_at, |alarm| alarm.min(self.look_at))
    }

    /// What is in hand is read again with each look, so a look that takes long comes seldom: it has a fifth of the time at most.
    fn look_soon(&mut self) {
        let soon = self.looked.map_or_else(Instant::now, |(looked, took)| looked + BREATH.max(took * 4));
        self.look_at = self.look_at.min(soon);
    }

    /// Takes what is due into memory.
    async fn look(&mut self) {
        let now = self.shared.now();
        let begun = Instant::now();
        let (longest, least) = (self.shared.settings.poll, BREATH);
        let taken = self.refill.take(&self.shared, &mut self.board, now).await;
        self.looked = Some((begun, begun.elapsed()));
        match taken {
            Ok(taken) => {
                let next = taken.next_due.map_or(longest, |at| at.since(now)).clamp(least, longest);
                self.look_at = begun + if taken.is_more { BACKLOG_BREATH.min(longest) } else { next };
                taken.due.into_iter().for_each(|due| self.begin(due, now));
            }
            Err(fault) => {
                tracing::error!(%fault, "the queue cannot be read");
                self.look_at = begun + STORE_PAUSE;
            }
        }
    }

    fn begin(&mut self, due: Due, now: Timestamp) {
        let shared = self.shared.clone();
        if now >= due.expires_at {
            self.tasks
                .spawn(async move { Done::Settled(settle::without_connection(&shared, due, "queue.expired").await) });
            return;
        }
        let domain = due.address.domain().clone();
        if let Some(waiting) = self.unrouted.get_mut(&domain) {
            waiting.push(due);
        } else if let Some(way) = shared.routes.known(&domain) {
            self.board.queue(due, way, now);
        } else {
            let spin = spin(&due);
            self.unrouted.insert(domain.clone(), vec![due]);
            self.tasks.spawn(look_up(shared, domain, spin));
        }
    }

    fn routed(&mut self, domain: &Domain, way: &Result<Way, &'static str>, now: Timestamp) {
        for due in self.unrouted.remove(domain).unwrap_or_default() {
            match way {
                Ok(way) => self.board.queue(due, way.clone(), now),
                Err(code) => {
                    let (shared, code) = (self.shared.clone(), *code);
                    self.tasks
                        .spawn(async move { Done::Settled(settle::without_connection(&shared, due, code).await) });
                }
            }
        }
    }

    fn done(&mut self, done: Result<Done, JoinError>) {
        let now = self.shared.now();
        match done {
            Ok(Done::Routed(domain, way)) => self.routed(&domain, &way, now),
            Ok(Done::Settled(recipient)) => self.board.let_go(&recipient),
            Ok(Done::Connected(key, recipients)) => {
                self.connections -= 1;
                recipients.iter().for_each(|recipient| self.board.let_go(recipient));
                self.board.ended(&key, now);
            }
            Ok(Done::Parked(recipients)) => recipients.iter().for_each(|recipient| self.board.let_go(recipient)),
            // A task that panicked leaves its recipients in hand until the next start; the store has their next attempt.
            Err(error) => {
                tracing::error!(%error, "a delivery task failed");
                self.connections = self.connections.saturating_sub(1);
            }
        }
    }

    /// In turn of workspace, egress IP and site, so that none starves.
    fn start_connections(&mut self, now: Timestamp) {
        while self.connections < self.shared.settings.max_connections
            && let Some((key, pair, first)) = self.board.next(now)
        {
            self.connections += 1;
            let shared = self.shared.clone();
            self.tasks.spawn(async move { Done::Connected(key, connection::run(&shared, &pair, first).await) });
        }
    }

    /// Gives back to the store what cannot be handed over soon, so that it keeps nothing else from being taken up.
    fn park(&mut self, now: Timestamp) {
        let parked = self.board.surplus(now);
        if !parked.is_empty() {
            self.tasks.spawn(put_off(self.shared.clone(), parked));
        }
    }
}

/// Whether that resolver's word is believed that an answer was validated (AD). RFC 7672 §2.2: only over a way that is safe.
fn trusts(dane: Dane, resolver: &Resolver) -> bool {
    match dane {
        Dane::Local => resolver.servers().iter().all(|server| server.ip().is_loopback()),
        Dane::Always => true,
        Dane::Never => false,
    }
}

/// Turns hosts of equal preference, another way for another message.
fn spin(due: &Due) -> u64 {
    due.recipient.as_str().bytes().fold(0_u64, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into()))
}

async fn look_up(shared: Arc<Shared>, domain: Domain, spin: u64) -> Done {
    let way = shared.routes.way(&shared, &domain, spin).await;
    Done::Routed(domain, way)
}

async fn put_off(shared: Arc<Shared>, parked: Vec<Park>) -> Done {
    let recipients = parked.iter().map(|park| park.recipient.clone()).collect();
    if let Err(fault) = shared.store.park(parked).await {
        // They are due in the store as before, and taken up again.
        tracing::error!(%fault, "recipients could not be put off");
    }
    Done::Parked(recipients)
}
