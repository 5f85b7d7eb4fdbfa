//! When to try again, and when to give up. RFC 5321 §4.5.4.1.

use std::time::Duration;

use syntax::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Share of a delay by which jitter may lengthen or shorten it.
const SPREAD: f64 = 0.1;

/// The schedule: the n-th failure is followed by the n-th delay, the last one repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Delays, at least one.
    pub delays: Vec<Duration>,
    /// A message that has waited longer than this bounces. RFC 5321 §4.5.4.1: four to five days.
    pub expiry: Duration,
}

impl Default for Schedule {
    /// Quick at first, since greylisting opens after minutes (RFC 6647 §5), then as RFC 5321 §4.5.4.1 asks:
    /// two tries in the first hour, then every two or three hours.
    fn default() -> Self {
        let delays = [5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR];
        Self { delays: delays.map(Duration::from_secs).to_vec(), expiry: Duration::from_secs(5 * 24 * HOUR) }
    }
}

impl Schedule {
    /// The delay after so many (at least 1) failures, before jitter.
    pub fn delay(&self, failures: u32) -> Duration {
        let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        self.delays.get(index).or(self.delays.last()).copied().unwrap_or(Duration::from_secs(5 * MINUTE))
    }
}

/// The moment of the next attempt after `failures` (at least 1) failed ones; `jitter` in 0.0..1.0
/// spreads it by up to a tenth either way. `None` when that would be after `expires_at`.
pub fn next_attempt(
    schedule: &Schedule,
    failures: u32,
    now: Timestamp,
    expires_at: Timestamp,
    jitter: f64,
) -> Option<Timestamp> {
    let factor = 1.0 + SPREAD * (2.0 * jitter.clamp(0.0, 1.0) - 1.0);
    let at = now + schedule.delay(failures).mul_f64(factor);
    (at <= expires_at).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    #[test]
    fn five_days_of_retries_pass_in_a_moment() {
        let schedule = Schedule::default();
        let expires_at = START + schedule.expiry;
        let (mut now, mut failures) = (START, 0);
        while let Some(next) = next_attempt(&schedule, failures + 1, now, expires_at, 0.5) {
            assert!(next > now);
            now = next;
            failures += 1;
        }
        // 4 h 15 min for the first six, then one every three hours.
        assert_eq!(failures, 44);
        assert!(expires_at.since(now) <= Duration::from_secs(3 * HOUR));
    }

    #[test]
    fn the_first_hour_holds_at_least_two_tries() {
        let schedule = Schedule::default();
        assert!(schedule.delay(1) + schedule.delay(2) < Duration::from_secs(HOUR));
    }

    #[test]
    fn jitter_spreads_by_a_tenth() {
        let schedule = Schedule { delays: vec![Duration::from_secs(100)], expiry: Duration::from_secs(1000) };
        let at =
            |jitter| next_attempt(&schedule, 1, START, START + schedule.expiry, jitter).unwrap().since(START).as_secs();
        assert_eq!((at(0.0), at(0.5), at(1.0)), (90, 100, 110));
    }
}
