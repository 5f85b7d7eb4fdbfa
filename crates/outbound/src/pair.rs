//! One egress IP and one site: what waits for it, and its pace.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rules::{
    pacing::{Limits, Pace},
    transport::Terms,
};
use store::{Due, Park};
use syntax::{Domain, Timestamp};

/// A connection that would wait longer than this for its next message is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// What connections of a pair share.
pub(crate) struct Pair {
    /// Where its connections come from.
    pub egress_ip: IpAddr,
    /// Where they go, best first.
    pub hosts: Vec<Domain>,
    state: Mutex<State>,
}

/// A recipient, and the terms under which mail goes to its domain.
pub(crate) type Waiting = (Due, Arc<Terms>);

struct State {
    waiting: VecDeque<Waiting>,
    pace: Pace,
    open: usize,
    /// The turn of the one that was put off last.
    last_turn: Timestamp,
}

/// What a pair can do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Start a connection.
    Ready,
    /// Start one then.
    Opens(Timestamp),
    /// Nothing waits, or all its connections are open.
    Busy,
}

impl Pair {
    pub fn new(egress_ip: IpAddr, hosts: Vec<Domain>) -> Self {
        let last_turn = Timestamp::from_micros(0);
        let state = State { waiting: VecDeque::new(), pace: Pace::default(), open: 0, last_turn };
        Self { egress_ip, hosts, state: Mutex::new(state) }
    }

    pub fn push(&self, due: Due, terms: Arc<Terms>) {
        self.with(|state| state.waiting.push_back((due, terms)));
    }

    pub fn standing(&self, now: Timestamp, limits: &Limits) -> Standing {
        self.with(|state| {
            if state.waiting.is_empty() || state.open >= state.pace.connections(limits) {
                Standing::Busy
            } else if state.pace.not_before > now {
                Standing::Opens(state.pace.not_before)
            } else {
                Standing::Ready
            }
        })
    }

    /// The next recipient for a new connection, when the pace allows one.
    pub fn start(&self, now: Timestamp, limits: &Limits) -> Option<Waiting> {
        self.with(|state| {
            if !state.pace.may_start(now, state.open, limits) {
                return None;
            }
            let first = state.waiting.pop_front()?;
            state.open += 1;
            state.pace = state.pace.after_start(now, limits);
            Some(first)
        })
    }

    /// The next recipient for a connection that is open, and how long it should wait before. `serves` says whether the connection
    /// will do for its terms; one for which it will not do has a connection of its own.
    pub fn next(&self, now: Timestamp, limits: &Limits, serves: impl Fn(&Terms) -> bool) -> Option<(Due, Duration)> {
        self.with(|state| {
            // After a strike the connection is given up; the next one feels the way.
            if state.pace.strikes > 0 {
                return None;
            }
            let wait = state.pace.not_before.since(now);
            if wait > PATIENCE {
                return None;
            }
            let (due, _) = state.waiting.pop_front_if(|(_, terms)| serves(terms))?;
            state.pace = state.pace.after_start(now + wait, limits);
            Some((due, wait))
        })
    }

    /// Takes out what cannot be handed over soon, each with the time of its turn.
    pub fn surplus(&self, now: Timestamp, limits: &Limits) -> Vec<Park> {
        self.with(|state| {
            let room = state.pace.room(now, limits);
            if state.waiting.len() <= room {
                return Vec::new();
            }
            let surplus = state.waiting.split_off(room);
            let mut parked = Vec::with_capacity(surplus.len());
            for (due, _) in surplus {
                state.last_turn = state.pace.turn(now, state.last_turn, limits);
                let until = state.last_turn.min(due.expires_at);
                parked.push(Park { recipient: due.recipient, attempts: due.attempts, until });
            }
            parked
        })
    }

    pub fn finish(&self) {
        self.with(|state| state.open = state.open.saturating_sub(1));
    }

    pub fn success(&self) {
        self.with(|state| state.pace = state.pace.after_success());
    }

    pub fn strike(&self, now: Timestamp, limits: &Limits) {
        self.with(|state| state.pace = state.pace.after_strike(now, limits));
    }

    pub fn throttle(&self, now: Timestamp, limits: &Limits) {
        self.with(|state| state.pace = state.pace.after_throttle(now, limits));
    }

    pub fn halt(&self, now: Timestamp, limits: &Limits) {
        self.with(|state| state.pace = state.pace.after_halt(now, limits));
    }

    /// Whether it can be forgotten: nothing waits, nothing runs, and its pace has no memory or is long past.
    pub fn is_idle(&self, now: Timestamp, limits: &Limits) -> bool {
        self.with(|state| {
            let pace = &state.pace;
            let is_fresh = pace.strikes == 0 && pace.slowness == 0 && pace.not_before <= now;
            state.waiting.is_empty() && state.open == 0 && (is_fresh || now >= pace.not_before + limits.longest_pause)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
