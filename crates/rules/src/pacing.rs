//! How much at once, and how fast, for one (egress IP, site).

use std::time::Duration;

use syntax::Timestamp;

/// The first pause after a throttling reply or a failed connect; doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Limits of one (egress IP, site) pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Messages over one connection.
    pub messages_per_connection: usize,
    /// Least time between two deliveries.
    pub interval: Duration,
    /// Longest pause after throttling.
    pub longest_pause: Duration,
    /// Pause after a refusal that asks to stop (a listing, a ban): sending on would make it worse.
    pub halt: Duration,
}

impl Default for Limits {
    /// Careful: a dedicated IP that sends one-to-one mail never needs to hurry.
    fn default() -> Self {
        Self {
            connections: 2,
            messages_per_connection: 20,
            interval: Duration::from_millis(500),
            longest_pause: Duration::from_secs(3600),
            halt: Duration::from_secs(4 * 3600),
        }
    }
}

/// The present pace of a pair. Starts open; a throttling reply closes it for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Not before this moment.
    pub not_before: Timestamp,
    /// Consecutive throttling replies or connection failures.
    pub strikes: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { not_before: Timestamp::from_micros(0), strikes: 0 }
    }
}

impl Pace {
    /// Whether another delivery may begin now, with so many connections open.
    pub fn may_start(&self, now: Timestamp, open_connections: usize, limits: &Limits) -> bool {
        // After a strike one connection feels the way.
        let allowed = if self.strikes > 0 { 1 } else { limits.connections };
        now >= self.not_before && open_connections < allowed
    }

    /// A delivery began.
    #[must_use]
    pub fn after_start(&self, now: Timestamp, limits: &Limits) -> Self {
        Self { not_before: self.not_before.max(now + limits.interval), strikes: self.strikes }
    }

    /// The site took a message.
    #[must_use]
    pub fn after_success(&self) -> Self {
        Self { strikes: 0, ..self.clone() }
    }

    /// The site asked for less, or could not be reached.
    #[must_use]
    pub fn after_strike(&self, now: Timestamp, limits: &Limits) -> Self {
        let factor = 1_u32.checked_shl(self.strikes).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(factor).min(limits.longest_pause);
        Self { not_before: now + pause, strikes: self.strikes.saturating_add(1) }
    }

    /// The site refuses the egress IP or the domain as such: nothing more goes there for a while, then
    /// one message feels the way.
    #[must_use]
    pub fn after_halt(&self, now: Timestamp, limits: &Limits) -> Self {
        Self { not_before: self.not_before.max(now + limits.halt), strikes: self.strikes.saturating_add(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    #[test]
    fn an_open_pair_starts_up_to_its_connections() {
        let (pace, limits) = (Pace::default(), Limits::default());
        assert!(pace.may_start(NOW, 1, &limits));
        assert!(!pace.may_start(NOW, 2, &limits));
    }

    #[test]
    fn a_halt_closes_the_pair_and_then_one_feels_the_way() {
        let limits = Limits::default();
        let pace = Pace::default().after_halt(NOW, &limits);
        assert!(!pace.may_start(NOW + limits.longest_pause, 0, &limits));
        let later = NOW + limits.halt;
        assert!(pace.may_start(later, 0, &limits) && !pace.may_start(later, 1, &limits));
    }

    #[test]
    fn deliveries_keep_their_interval() {
        let limits = Limits::default();
        let pace = Pace::default().after_start(NOW, &limits);
        assert!(!pace.may_start(NOW, 0, &limits));
        assert!(pace.may_start(NOW + limits.interval, 0, &limits));
    }

    #[test]
    fn strikes_double_the_pause_up_to_the_longest_and_a_success_forgives() {
        let limits = Limits::default();
        let mut pace = Pace::default();
        for expected in [1, 2, 4, 8] {
            pace = pace.after_strike(NOW, &limits);
            assert_eq!(pace.not_before.since(NOW), Duration::from_secs(expected));
        }
        for _ in 0..60 {
            pace = pace.after_strike(NOW, &limits);
        }
        assert_eq!(pace.not_before.since(NOW), limits.longest_pause);
        assert!(!pace.may_start(NOW + limits.longest_pause, 1, &limits));
        assert!(pace.after_success().may_start(NOW + limits.longest_pause, 1, &limits));
    }
}
