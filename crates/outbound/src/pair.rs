//! One egress IP and one site: what waits for it, and its pace.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rules::pacing::{Limits, Pace};
use store::Due;
use syntax::{Domain, Timestamp};

/// What connections of a pair share.
pub(crate) struct Pair {
    /// Where its connections come from.
    pub egress_ip: IpAddr,
    /// Where they go, best first.
    pub hosts: Vec<Domain>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Due>,
    pace: Pace,
    open: usize,
}

impl Pair {
    pub fn new(egress_ip: IpAddr, hosts: Vec<Domain>) -> Self {
        Self { egress_ip, hosts, state: Mutex::default() }
    }

    pub fn push(&self, due: Due) {
        self.with(|state| state.waiting.push_back(due));
    }

    /// The next recipient for a new connection, when the pace allows one.
    pub fn start(&self, now: Timestamp, limits: &Limits) -> Option<Due> {
        self.with(|state| {
            if !state.pace.may_start(now, state.open, limits) {
                return None;
            }
            let due = state.waiting.pop_front()?;
            state.open += 1;
            state.pace = state.pace.after_start(now, limits);
            Some(due)
        })
    }

    /// The next recipient for a connection that is open, and how long it should wait before.
    pub fn next(&self, now: Timestamp, limits: &Limits) -> Option<(Due, Duration)> {
        self.with(|state| {
            // After a strike the connection is given up; the next one feels the way.
            if state.pace.strikes > 0 {
                return None;
            }
            let due = state.waiting.pop_front()?;
            let wait = state.pace.not_before.since(now);
            state.pace = state.pace.after_start(now + wait, limits);
            Some((due, wait))
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

    pub fn halt(&self, now: Timestamp, limits: &Limits) {
        self.with(|state| state.pace = state.pace.after_halt(now, limits));
    }

    /// Whether it can be forgotten: nothing waits, nothing runs, and its pace has no memory.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.with(|state| {
            state.waiting.is_empty() && state.open == 0 && state.pace.not_before <= now && state.pace.strikes == 0
        })
    }

    /// When something that waits may start.
    pub fn opens_at(&self) -> Option<Timestamp> {
        self.with(|state| (!state.waiting.is_empty()).then_some(state.pace.not_before))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
