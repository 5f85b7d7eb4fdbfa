//! Wrong passwords: how long whoever tried one has to wait. Nobody is locked out, guessing becomes slow.

use std::{collections::HashMap, time::Duration};

use syntax::Timestamp;

/// Wrong passwords that cost nothing: people mistype.
const FREE: u32 = 3;
/// After so long without a wrong password the count begins anew.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// Names that are remembered; when there are more, the oldest go.
const MAX_NAMES: usize = 10_000;

/// Wrong passwords by whatever is counted: an address that was tried, an IP that tried.
#[derive(Debug)]
pub struct Throttle {
    longest: Duration,
    tries: HashMap<String, Tries>,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Timestamp,
    /// When the next one may be checked.
    next: Timestamp,
}

impl Throttle {
    /// Waits rise to `longest`.
    pub fn new(longest: Duration) -> Self {
        Self { longest, tries: HashMap::new() }
    }

    /// How long to wait before the next password is looked at. Those that come together wait one behind the other.
    pub fn wait(&mut self, name: &str, now: Timestamp) -> Duration {
        let longest = self.longest;
        let Some(tries) = self.tries.get_mut(name).filter(|tries| now.since(tries.last) < FORGOTTEN) else {
            return Duration::ZERO;
        };
        let Some(step) = step(tries.wrong, longest) else { return Duration::ZERO };
        let at = tries.next.max(now + step);
        tries.next = at + step;
        at.since(now)
    }

    /// A password was wrong.
    pub fn wrong(&mut self, name: &str, now: Timestamp) {
        if self.tries.len() >= MAX_NAMES {
            self.make_room(now);
        }
        let fresh = Tries { wrong: 0, last: now, next: now };
        let tries = self.tries.entry(name.to_owned()).or_insert(fresh);
        if now.since(tries.last) >= FORGOTTEN {
            *tries = fresh;
        }
        tries.wrong = tries.wrong.saturating_add(1);
        tries.last = now;
    }

    /// A password was right: the count begins anew.
    pub fn right(&mut self, name: &str) {
        self.tries.remove(name);
    }

    fn make_room(&mut self, now: Timestamp) {
        self.tries.retain(|_, tries| now.since(tries.last) < FORGOTTEN);
        let mut ages: Vec<Timestamp> = self.tries.values().map(|tries| tries.last).collect();
        ages.sort_unstable();
        if self.tries.len() >= MAX_NAMES
            && let Some(middle) = ages.get(MAX_NAMES / 2)
        {
            self.tries.retain(|_, tries| tries.last > *middle);
        }
    }
}

/// Doubles with each.
fn step(wrong: u32, longest: Duration) -> Option<Duration> {
    let beyond = wrong.checked_sub(FREE)?;
    Some(Duration::from_millis(500).saturating_mul(1 << beyond.min(16)).min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);

    fn waits_after(wrong: u32) -> Duration {
        let mut throttle = Throttle::new(Duration::from_secs(30));
        (0..wrong).for_each(|_| throttle.wrong("ann", NOON));
        throttle.wait("ann", NOON)
    }

    #[test]
    fn waits_double_up_to_a_limit() {
        let millis = [0, 2, 3, 4, 5, 8, 9, 10, 100].map(|wrong| waits_after(wrong).as_millis());
        assert_eq!(millis, [0, 0, 500, 1000, 2000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn those_that_come_together_wait_one_behind_the_other() {
        let mut throttle = Throttle::new(Duration::from_secs(30));
        (0..4).for_each(|_| throttle.wrong("ann", NOON));
        let waits = [0; 3].map(|_| throttle.wait("ann", NOON).as_secs());
        assert_eq!(waits, [1, 2, 3]);
        assert_eq!(throttle.wait("bob", NOON), Duration::ZERO);
    }

    #[test]
    fn a_right_password_and_time_make_it_forget() {
        let mut throttle = Throttle::new(Duration::from_secs(30));
        (0..9).for_each(|_| throttle.wrong("ann", NOON));
        assert_eq!(throttle.wait("ann", NOON + FORGOTTEN), Duration::ZERO);
        throttle.right("ann");
        assert_eq!(throttle.wait("ann", NOON), Duration::ZERO);
    }

    #[test]
    fn names_are_bounded() {
        let mut throttle = Throttle::new(Duration::from_secs(30));
        for number in 0..25_000_u32 {
            throttle.wrong(&number.to_string(), NOON + Duration::from_millis(number.into()));
        }
        assert!(throttle.tries.len() <= MAX_NAMES);
        assert!(throttle.tries.contains_key("24999"));
    }
}
