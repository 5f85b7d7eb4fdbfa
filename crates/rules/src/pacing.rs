//! How much at once, and how fast, for one (egress IP, site).

use std::time::Duration;

use syntax::Timestamp;

/// The first pause after a throttling reply or a failed connect; doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// A pair holds in memory what it can hand over in this time; the rest waits in the store until its turn can come.
pub const WINDOW: Duration = Duration::from_secs(30);
/// Turns are spread over this time at most.
const LONGEST_PARK: Duration = Duration::from_secs(3600);
/// Successes after which a pair that was slowed down has one step of its pace back.
const STEP: u32 = 4;

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

/// The present pace of a pair. Starts open; a throttling reply closes it for a while and slows it down, and it recovers
/// step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Not before this moment.
    pub not_before: Timestamp,
    /// Consecutive throttling replies or connection failures.
    pub strikes: u32,
    /// How often the interval is doubled: one more with every throttling reply, one less after some successes.
    pub slowness: u32,
    /// Successes since the last change.
    pub successes: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { not_before: Timestamp::from_micros(0), strikes: 0, slowness: 0, successes: 0 }
    }
}

/// Doublings of the interval at most: 64 times slower.
const SLOWEST: u32 = 6;
/// What the interval is taken for when a pair without one was slowed down.
const LEAST_INTERVAL: Duration = Duration::from_millis(50);

impl Pace {
    /// Whether another delivery may begin now, with so many connections open.
    pub fn may_start(&self, now: Timestamp, open_connections: usize, limits: &Limits) -> bool {
        now >= self.not_before && open_connections < self.connections(limits)
    }

    /// Connections at the same time: after a strike one feels the way, and half of them while the pair is slow.
    pub fn connections(&self, limits: &Limits) -> usize {
        match (self.strikes, self.slowness) {
            (0, 0) => limits.connections,
            (0, _) => (limits.connections / 2).max(1),
            _ => 1,
        }
    }

    /// Least time between two deliveries at the present pace.
    pub fn interval(&self, limits: &Limits) -> Duration {
        match self.slowness {
            0 => limits.interval,
            slowness => limits.interval.max(LEAST_INTERVAL).saturating_mul(1 << slowness.min(SLOWEST)),
        }
    }

    /// How many may wait in memory: what can be handed over within [`WINDOW`], at least one that feels the way.
    pub fn room(&self, now: Timestamp, limits: &Limits) -> usize {
        if self.not_before.since(now) > WINDOW {
            return 1;
        }
        match self.interval(limits).as_millis() {
            0 => usize::MAX,
            interval => usize::try_from(WINDOW.as_millis() / interval).unwrap_or(usize::MAX).max(1),
        }
    }

    /// When the turn can come of something that does not fit into [`WINDOW`], after the one before it, whose turn is
    /// `last`. What would come too late starts over: by then the pace may be another.
    pub fn turn(&self, now: Timestamp, last: Timestamp, limits: &Limits) -> Timestamp {
        let first = self.not_before.max(now + WINDOW);
        let next = last + self.interval(limits).max(Duration::from_millis(1));
        if next < first || next > first + LONGEST_PARK { first } else { next }
    }

    /// A delivery began.
    #[must_use]
    pub fn after_start(&self, now: Timestamp, limits: &Limits) -> Self {
        Self { not_before: self.not_before.max(now + self.interval(limits)), ..self.clone() }
    }

    /// The site took a message.
    #[must_use]
    pub fn after_success(&self) -> Self {
        match self.successes + 1 {
            successes if self.slowness > 0 && successes >= STEP => {
                Self { strikes: 0, slowness: self.slowness - 1, successes: 0, ..self.clone() }
            }
            successes => Self { strikes: 0, successes: successes.min(STEP), ..self.clone() },
        }
    }

    /// The site could not be reached.
    #[must_use]
    pub fn after_strike(&self, now: Timestamp, limits: &Limits) -> Self {
        let factor = 1_u32.checked_shl(self.strikes).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(factor).min(limits.longest_pause);
        Self { not_before: now + pause, strikes: self.strikes.saturating_add(1), successes: 0, ..self.clone() }
    }

    /// The site asked for less (421, 4.7.x): as a strike, and the pace after it is slower.
    #[must_use]
    pub fn after_throttle(&self, now: Timestamp, limits: &Limits) -> Self {
        let struck = self.after_strike(now, limits);
        Self { slowness: (self.slowness + 1).min(SLOWEST), ..struck }
    }

    /// The site refuses the egress IP or the domain as such: nothing more goes there for a while, then
    /// one message feels the way.
    #[must_use]
    pub fn after_halt(&self, now: Timestamp, limits: &Limits) -> Self {
        let not_before = self.not_before.max(now + limits.halt);
        Self { not_before, strikes: self.strikes.saturating_add(1), successes: 0, ..self.clone() }
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
    fn a_throttled_pair_gets_slower_and_recovers_step_by_step() {
        let limits = Limits::default();
        let mut pace = Pace::default().after_throttle(NOW, &limits).after_throttle(NOW, &limits);
        assert_eq!((pace.interval(&limits), pace.connections(&limits)), (limits.interval * 4, 1));
        let mut intervals = Vec::new();
        for _ in 0..8 {
            pace = pace.after_success();
            intervals.push(pace.interval(&limits).as_millis() / limits.interval.as_millis());
        }
        assert_eq!(intervals, [4, 4, 4, 2, 2, 2, 2, 1]);
        assert_eq!(pace.connections(&limits), limits.connections);
        for _ in 0..20 {
            pace = pace.after_throttle(NOW, &limits);
        }
        assert_eq!(pace.interval(&limits), limits.interval * 64);
    }

    #[test]
    fn a_pair_without_an_interval_is_slowed_down_all_the_same() {
        let limits = Limits { interval: Duration::ZERO, ..Limits::default() };
        assert_eq!(Pace::default().interval(&limits), Duration::ZERO);
        assert_eq!(Pace::default().after_throttle(NOW, &limits).interval(&limits), Duration::from_millis(100));
    }

    #[test]
    fn what_cannot_be_handed_over_soon_is_put_off_until_its_turn() {
        let limits = Limits::default();
        let pace = Pace::default();
        assert_eq!(pace.room(NOW, &limits), 60);
        let first = pace.turn(NOW, NOW, &limits);
        assert_eq!(first, NOW + WINDOW);
        assert_eq!(pace.turn(NOW, first, &limits), first + limits.interval);
        assert_eq!(pace.turn(NOW, first + LONGEST_PARK, &limits), first, "not longer than an hour");
        let halted = pace.after_halt(NOW, &limits);
        assert_eq!(halted.room(NOW, &limits), 1, "one stays to feel the way");
        assert_eq!(halted.turn(NOW, first, &limits), NOW + limits.halt);
        let free = Limits { interval: Duration::ZERO, ..limits };
        assert_eq!(pace.room(NOW, &free), usize::MAX);
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
