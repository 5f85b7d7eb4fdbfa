//! After an attempt: done, again later, given up, or the endpoint is turned off.

use std::time::Duration;

use syntax::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Waits between attempts, in seconds, after the first, the second… Standard Webhooks 1.0, "Deliverability and reliability".
const WAITS: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// Attempts in all.
pub const ATTEMPTS: u32 = 10;
/// Share of a wait by which jitter may lengthen it: an endpoint that comes back is not met by everything at once.
const SPREAD: f64 = 0.2;
/// Longest wait that an endpoint may ask for (`Retry-After`).
const MAX_ASKED: Duration = Duration::from_secs(24 * HOUR);
/// An endpoint that has taken nothing for so long is turned off.
pub const FAILING_LIMIT: Duration = Duration::from_secs(5 * 24 * HOUR);
/// Deliveries to one endpoint at the same time.
const SLOTS: usize = 4;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// HTTP status, with the wait that the endpoint asked for.
    Status(u16, Option<Duration>),
    /// No answer.
    Nothing,
}

/// The endpoint as it was before the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// Since when it has taken nothing; `None` when its last delivery went well.
    pub since: Option<Timestamp>,
}

/// What becomes of the delivery and of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It was taken.
    Delivered,
    /// Again then.
    Again(Timestamp),
    /// Every attempt was made.
    GiveUp,
    /// The endpoint is gone (410): turned off now.
    Gone,
    /// The endpoint has failed for [`FAILING_LIMIT`]: turned off now.
    TurnOff,
}

/// Decides after the attempt of that `number` (from 1); `jitter` in 0.0..1.0.
pub fn decide(answered: Answered, number: u32, failing: Failing, now: Timestamp, jitter: f64) -> Decision {
    match answered {
        Answered::Status(200..300, _) => return Decision::Delivered,
        Answered::Status(410, _) => return Decision::Gone,
        Answered::Status(..) | Answered::Nothing => {}
    }
    if failing.since.is_some_and(|since| now.since(since) >= FAILING_LIMIT) {
        return Decision::TurnOff;
    }
    let asked = match answered {
        Answered::Status(_, asked) => asked.unwrap_or_default().min(MAX_ASKED),
        Answered::Nothing => Duration::ZERO,
    };
    match wait(number, jitter) {
        Some(wait) => Decision::Again(now + wait.max(asked)),
        None => Decision::GiveUp,
    }
}

/// The wait after the attempt of that number, longer by up to a fifth; `None` after the last.
fn wait(number: u32, jitter: f64) -> Option<Duration> {
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    let seconds = WAITS.get(index)?;
    Some(Duration::from_secs(*seconds).mul_f64(1.0 + SPREAD * jitter.clamp(0.0, 1.0)))
}

/// Reads `Retry-After` in seconds; its other form, a date, is left aside. RFC 9110 §10.2.3.
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Deliveries to one endpoint at the same time: one that fails gets a single place, so that many dead ones leave room.
pub fn slots(failing: Failing) -> usize {
    if failing.since.is_some() { 1 } else { SLOTS }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_435_200_000_000);
    const WELL: Failing = Failing { since: None };

    fn check(answered: Answered, number: u32, expect: Decision) {
        assert_eq!(decide(answered, number, WELL, NOW, 0.0), expect, "{answered:?} {number}");
    }

    #[test]
    fn only_an_answer_of_success_counts_as_taken() {
        for status in [200, 202, 204, 299] {
            check(Answered::Status(status, None), 1, Decision::Delivered);
        }
        for status in [100, 199, 300, 301, 308, 400, 404, 429, 500, 503] {
            check(Answered::Status(status, None), 1, Decision::Again(NOW + Duration::from_secs(5)));
        }
        check(Answered::Nothing, 1, Decision::Again(NOW + Duration::from_secs(5)));
        check(Answered::Status(410, None), 1, Decision::Gone);
    }

    #[test]
    fn three_days_of_attempts_pass_in_a_moment() {
        let (mut now, mut number) = (NOW, 1);
        while let Decision::Again(next) = decide(Answered::Nothing, number, WELL, now, 0.0) {
            assert!(next > now);
            now = next;
            number += 1;
        }
        assert_eq!(number, ATTEMPTS);
        // 5 s, 5 min and 30 min, then 75 h.
        assert_eq!(now.since(NOW), Duration::from_secs(75 * HOUR + 35 * MINUTE + 5));
        check(Answered::Nothing, ATTEMPTS, Decision::GiveUp);
        check(Answered::Nothing, u32::MAX, Decision::GiveUp);
    }

    #[test]
    fn jitter_only_lengthens_and_by_a_fifth_at_most() {
        let at = |jitter| match decide(Answered::Nothing, 2, WELL, NOW, jitter) {
            Decision::Again(at) => at.since(NOW).as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!((at(0.0), at(0.5), at(1.0), at(7.0)), (300, 330, 360, 360));
    }

    #[test]
    fn an_endpoint_may_ask_for_a_longer_wait_of_a_day_at_most() {
        let ask = |seconds| Answered::Status(503, Some(Duration::from_secs(seconds)));
        check(ask(1), 1, Decision::Again(NOW + Duration::from_secs(5)));
        check(ask(600), 1, Decision::Again(NOW + Duration::from_secs(600)));
        check(ask(u64::MAX), 1, Decision::Again(NOW + MAX_ASKED));
        assert_eq!(retry_after(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn an_endpoint_that_fails_for_days_is_turned_off_and_gets_less_room_before() {
        let since = |hours: u64| Failing { since: Some(NOW - Duration::from_secs(hours * HOUR)) };
        assert!(matches!(decide(Answered::Nothing, 1, since(119), NOW, 0.0), Decision::Again(_)));
        assert_eq!(decide(Answered::Nothing, 1, since(120), NOW, 0.0), Decision::TurnOff);
        assert_eq!(decide(Answered::Status(200, None), 1, since(500), NOW, 0.0), Decision::Delivered);
        assert_eq!((slots(WELL), slots(since(1))), (4, 1));
    }
}
