//! When to try again, and when to give up.

use std::time::Duration;

use syntax::Timestamp;

/// The schedule: the n-th failure is followed by the n-th delay, the last one repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Delays, at least one.
    pub delays: Vec<Duration>,
    /// A message that has waited longer than this bounces. RFC 5321 §4.5.4.1: four to five days.
    pub expiry: Duration,
}

/// The moment of the next attempt after `failures` (at least 1) failed ones; `jitter` in 0.0..1.0
/// spreads it by up to a tenth. `None` when that would be after `expires_at`.
pub fn next_attempt(
    _schedule: &Schedule,
    _failures: u32,
    _now: Timestamp,
    _expires_at: Timestamp,
    _jitter: f64,
) -> Option<Timestamp> {
    todo!()
}
