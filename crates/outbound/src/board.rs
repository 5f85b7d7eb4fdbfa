//! All pairs: which of them may start a connection now, in turn of workspace, egress IP and site, and when the next one may.
//! Nothing here looks at every pair: a pair is looked at when something came for it, when a connection of it ended, and when
//! its time has come.

#[cfg(test)]
mod day;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use rules::{
    id::{DomainId, RecipientId, WorkspaceId},
    pacing::Limits,
    route::site,
};
use store::{Due, Park};
use syntax::Timestamp;

use crate::{
    pair::{Pair, Standing, Waiting},
    route::Way,
    turns::{Queue as _, Turns},
};

/// How often pairs that can be forgotten are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// A pair's name: workspace, egress IP, site.
pub(crate) type Key = (WorkspaceId, IpAddr, Arc<str>);

type Ring = Turns<WorkspaceId, Turns<IpAddr, VecDeque<Arc<str>>>>;

/// All pairs.
pub(crate) struct Board {
    limits: Limits,
    pairs: HashMap<Key, Seat>,
    ring: Ring,
    alarms: BinaryHeap<Reverse<(Timestamp, Key)>>,
    /// Pairs that may hold more than they can hand over soon.
    full: HashSet<Key>,
    swept: Timestamp,
    /// Recipients in memory, by sending domain, so that the store does not give them again.
    in_hand: HashMap<RecipientId, DomainId>,
    held: HashMap<DomainId, usize>,
}

struct Seat {
    pair: Arc<Pair>,
    /// It stands in the ring or among the alarms.
    is_listed: bool,
}

impl Board {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            pairs: HashMap::new(),
            ring: Ring::default(),
            alarms: BinaryHeap::new(),
            full: HashSet::new(),
            swept: Timestamp::from_micros(0),
            in_hand: HashMap::new(),
            held: HashMap::new(),
        }
    }

    /// Takes a recipient in hand; false when it is already.
    pub fn take_in_hand(&mut self, due: &Due) -> bool {
        if self.in_hand.contains_key(&due.recipient) {
            return false;
        }
        self.in_hand.insert(due.recipient.clone(), due.domain.clone());
        *self.held.entry(due.domain.clone()).or_default() += 1;
        true
    }

    /// It is settled, or the store has it again.
    pub fn let_go(&mut self, recipient: &RecipientId) {
        let Some(domain) = self.in_hand.remove(recipient) else { return };
        if let Some(count) = self.held.get_mut(&domain) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&domain);
            }
        }
    }

    /// Recipients in hand in all.
    pub fn in_hand(&self) -> usize {
        self.in_hand.len()
    }

    /// Recipients in hand of one sending domain.
    pub fn held(&self, domain: &DomainId) -> usize {
        self.held.get(domain).copied().unwrap_or(0)
    }

    /// Queues a recipient for its pair.
    pub fn queue(&mut self, due: Due, Way { hosts, terms }: Way, now: Timestamp) {
        let key: Key = (due.workspace.clone(), due.egress_ip, site(&hosts).into());
        let seat = self
            .pairs
            .entry(key.clone())
            .or_insert_with(|| Seat { pair: Arc::new(Pair::new(due.egress_ip, hosts)), is_listed: false });
        seat.pair.push(due, terms);
        self.full.insert(key.clone());
        self.consider(&key, now);
    }

    /// A connection of the pair ended.
    pub fn ended(&mut self, key: &Key, now: Timestamp) {
        self.full.insert(key.clone());
        self.consider(key, now);
    }

    /// The next recipient for a new connection, and the pair it is of.
    pub fn next(&mut self, now: Timestamp) -> Option<(Key, Arc<Pair>, Waiting)> {
        while let Some((workspace, (ip, site))) = self.ring.take() {
            let key: Key = (workspace, ip, site);
            let Some(seat) = self.pairs.get_mut(&key) else { continue };
            seat.is_listed = false;
            let pair = seat.pair.clone();
            let started = pair.start(now, &self.limits);
            self.consider(&key, now);
            if let Some(first) = started {
                return Some((key, pair, first));
            }
        }
        None
    }

    /// Looks at the pairs whose time has come.
    pub fn wake(&mut self, now: Timestamp) {
        while let Some(Reverse((at, _))) = self.alarms.peek()
            && *at <= now
        {
            let Some(Reverse((_, key))) = self.alarms.pop() else { return };
            if let Some(seat) = self.pairs.get_mut(&key) {
                seat.is_listed = false;
            }
            self.consider(&key, now);
        }
        if now >= self.swept + SWEEP {
            self.swept = now;
            let limits = &self.limits;
            self.pairs.retain(|_, seat| seat.is_listed || !seat.pair.is_idle(now, limits));
        }
    }

    /// When the next pair may start.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        self.alarms.peek().map(|Reverse((at, _))| *at)
    }

    /// What is more than its pair can hand over soon.
    pub fn surplus(&mut self, now: Timestamp) -> Vec<Park> {
        let full = std::mem::take(&mut self.full);
        let pairs = full.iter().filter_map(|key| self.pairs.get(key));
        pairs.flat_map(|seat| seat.pair.surplus(now, &self.limits)).collect()
    }

    fn consider(&mut self, key: &Key, now: Timestamp) {
        let Some(seat) = self.pairs.get_mut(key).filter(|seat| !seat.is_listed) else { return };
        match seat.pair.standing(now, &self.limits) {
            Standing::Ready => {
                let (workspace, ip, site) = key.clone();
                self.ring.put((workspace, (ip, site)));
                seat.is_listed = true;
            }
            Standing::Opens(at) => {
                self.alarms.push(Reverse((at, key.clone())));
                seat.is_listed = true;
            }
            Standing::Busy => {}
        }
    }
}
