//! When a certificate is ordered from a CA: at once, again at two thirds of its life, and again after an order failed, within
//! what CAs allow.

use std::time::Duration;

use syntax::Timestamp;

const FIRST_WAIT: Duration = minutes(10);
/// Waits after the first, second… failed order of a name; the last repeats.
// Let's Encrypt, 2026-11: five failed validations of a name an hour, so that the first three waits stay below it.
const WAITS: [Duration; 5] = [FIRST_WAIT, minutes(30), minutes(120), minutes(8 * 60), minutes(24 * 60)];
/// A CA may ask for a longer wait than ours, but not for ever: RFC 9110 §10.2.3 sets no bound to Retry-After.
const LONGEST_TOLD: Duration = minutes(7 * 24 * 60);
/// After an order is begun the name is not due again before this, whatever becomes of the process.
pub const IN_HAND: Duration = minutes(60);
/// Least time between two orders of a name that somebody asks for.
pub const BREATH: Duration = Duration::from_secs(60);
/// What orders are counted over.
pub const SPAN: Duration = minutes(3 * 60);
/// Most orders in [`SPAN`]: half of what Let's Encrypt gives an account (300, 2026-11).
pub const MOST: u32 = 150;

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// Why an order failed, as far as it bears on when the next may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Of this name alone: a challenge was not met, the CA does not give it.
    OfName,
    /// Of every name: the CA is not reached, is broken, or limits the account.
    OfCa,
}

/// When to try again after `failures` failed orders in a row; `told` is the Retry-After of the CA.
pub fn next_try(now: Timestamp, failures: u32, told: Option<Duration>) -> Timestamp {
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let ours = WAITS.get(index).or(WAITS.last()).copied().unwrap_or(FIRST_WAIT);
    now + told.unwrap_or_default().min(LONGEST_TOLD).max(ours)
}

/// When the CA may be asked anything again after a failure of its own. A limit may be of one name alone, so that the others
/// are tried after an hour at the latest; the name itself waits as it was told.
pub fn pause(now: Timestamp, told: Option<Duration>) -> Timestamp {
    now + told.unwrap_or_default().clamp(FIRST_WAIT, IN_HAND)
}

/// When a certificate is renewed: two thirds into its life, so that a third is left for failures.
pub fn renew_at(not_before: Timestamp, not_after: Timestamp) -> Timestamp {
    not_before + not_after.since(not_before) * 2 / 3
}

/// Reads a Retry-After. RFC 9110 §10.2.3: seconds, or a date.
pub fn read_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // `Fri, 31 Dec 1999 23:59:59 GMT` is a date of RFC 5322 too.
        Err(_) => Some(Timestamp::parse_rfc5322(text).ok()?.since(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
    const DAY: Duration = minutes(24 * 60);

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
        assert_eq!(renew_at(NOW, NOW + DAY * 90), NOW + DAY * 60);
        assert_eq!(renew_at(NOW, NOW), NOW);
    }

    #[test]
    fn waits_grow_with_each_failure_and_end_at_a_day() {
        let waits: Vec<Duration> = (1..8).map(|failures| next_try(NOW, failures, None).since(NOW)).collect();
        assert!(waits.is_sorted(), "{waits:?}");
        assert_eq!((waits[0], waits[6]), (minutes(10), DAY));
    }

    #[test]
    fn five_orders_of_a_name_never_fall_into_an_hour() {
        let (mut at, mut tries) = (NOW, vec![NOW]);
        for failures in 1..20 {
            at = next_try(at, failures, None);
            tries.push(at);
        }
        for window in tries.windows(5) {
            assert!(window[4].since(window[0]) > minutes(60), "{window:?}");
        }
    }

    #[test]
    fn the_word_of_the_ca_makes_a_wait_longer_never_shorter_and_never_endless() {
        assert_eq!(next_try(NOW, 1, Some(DAY)), NOW + DAY);
        assert_eq!(next_try(NOW, 5, Some(minutes(1))), NOW + DAY);
        assert_eq!(next_try(NOW, 1, Some(Duration::MAX)), NOW + LONGEST_TOLD);
        assert_eq!(pause(NOW, Some(DAY)), NOW + IN_HAND);
        assert_eq!(pause(NOW, None), NOW + FIRST_WAIT);
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        assert_eq!(read_retry_after(" 120 ", NOW), Some(Duration::from_secs(120)));
        assert_eq!(read_retry_after("Mon, 23 Nov 2026 12:05:00 GMT", NOW), Some(Duration::from_secs(300)));
        assert_eq!(read_retry_after("Mon, 23 Nov 2026 11:00:00 GMT", NOW), Some(Duration::ZERO));
        for wrong in ["", "soon", "-1"] {
            assert_eq!(read_retry_after(wrong, NOW), None, "{wrong}");
        }
    }
}
