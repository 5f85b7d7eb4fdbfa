//! What becomes of a recipient after an attempt.

use reference::{Action, Class, Scope};
use syntax::Timestamp;

use crate::retry::{self, Schedule};

/// How an attempt ended, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The host took responsibility.
    Accepted,
    /// The host refused for good (5yz), or there is no host that could take it (null MX, no such domain).
    Permanent,
    /// The host refused for now (4yz), or nobody answered.
    Transient,
    /// The connection ended after the final dot and before its reply.
    InDoubt,
}

/// What to do with the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Deliver,
    /// Try again then.
    RetryAt(Timestamp),
    /// Try again then, and tell that a second copy may arrive.
    InDoubtRetryAt(Timestamp),
    /// Give up.
    Bounce {
        /// Because it has waited too long.
        expired: bool,
    },
}

/// When, and how often before.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Attempts made, this one included.
    pub attempts: u32,
    /// Now.
    pub now: Timestamp,
    /// When the message expires.
    pub expires_at: Timestamp,
    /// In 0.0..1.0.
    pub jitter: f64,
}

/// Decides. The reply's own word on permanence counts, not our reading of its text: a 4yz is retried until the
/// message expires even where its cause is for good, since the receiver asked for that (RFC 5321 §4.2.1).
pub fn decide(ended: Ended, schedule: &Schedule, moment: &Moment) -> Verdict {
    let next = retry::next_attempt(schedule, moment.attempts, moment.now, moment.expires_at, moment.jitter);
    match (ended, next) {
        (Ended::Accepted, _) => Verdict::Deliver,
        (Ended::Permanent, _) => Verdict::Bounce { expired: false },
        (Ended::Transient, Some(at)) => Verdict::RetryAt(at),
        (Ended::InDoubt, Some(at)) => Verdict::InDoubtRetryAt(at),
        (_, None) => Verdict::Bounce { expired: true },
    }
}

/// Whether an outcome asks for a slower pace towards its site.
pub fn is_throttle(class: &Class) -> bool {
    class.action == Action::SlowDown
}

/// Whether an outcome asks to stop sending towards its site: the egress IP, the domain or the site as
/// such is refused. A stop that is about one recipient or one message stops nothing else.
pub fn is_halt(class: &Class) -> bool {
    class.action == Action::Stop && matches!(class.scope, Scope::EgressIp | Scope::Domain | Scope::Site)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn check(ended: Ended, until_expiry: u64, expect: Verdict) {
        let schedule = Schedule { delays: vec![Duration::from_secs(60)], expiry: Duration::from_secs(600) };
        let expires_at = NOW + Duration::from_secs(until_expiry);
        let moment = Moment { attempts: 1, now: NOW, expires_at, jitter: 0.5 };
        assert_eq!(decide(ended, &schedule, &moment), expect);
    }

    #[test]
    fn only_a_refusal_of_the_sender_as_such_halts() {
        use reference::{HowLong, Who};
        let class = |action, scope| Class { who: Who::SenderReputation, how_long: HowLong::ForGood, action, scope };
        assert!(is_halt(&class(Action::Stop, Scope::EgressIp)));
        assert!(!is_halt(&class(Action::Stop, Scope::Recipient)));
        assert!(!is_halt(&class(Action::Fix, Scope::EgressIp)));
    }

    #[test]
    fn each_ending_has_its_verdict() {
        let later = NOW + Duration::from_secs(60);
        check(Ended::Accepted, 1, Verdict::Deliver);
        check(Ended::Permanent, 600, Verdict::Bounce { expired: false });
        check(Ended::Transient, 600, Verdict::RetryAt(later));
        check(Ended::InDoubt, 600, Verdict::InDoubtRetryAt(later));
        check(Ended::Transient, 59, Verdict::Bounce { expired: true });
        check(Ended::InDoubt, 59, Verdict::Bounce { expired: true });
    }
}
