//! What became of our own messages to an address: better than any callout, because the receiver said it to real mail.

use std::time::Duration;

use reference::{Category, Class, Who};
use syntax::Timestamp;

use super::{Answer, By, Verdict, day};

/// How long an accepted delivery speaks for the mailbox. Practice: people leave, and closed mailboxes are refused after months.
const FRESH: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// An end of one of our deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When.
    pub at: Timestamp,
    /// What the receiver said, as one line.
    pub reply: Option<String>,
    /// The entry that explains it, when refused.
    pub entry: Option<String>,
    /// Its class, when refused.
    pub class: Option<Class>,
}

/// The last delivery that was accepted, and the last permanent refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Accepted, and not returned since, as far as that is later.
    pub accepted: Option<Past>,
    /// Refused for good, at once or by a bounce.
    pub refused: Option<Past>,
}

/// What the history says; `None` when it says nothing about the mailbox itself.
pub fn of_history(history: &History, now: Timestamp) -> Option<Verdict> {
    let refused = history.refused.as_ref().filter(|past| is_about_the_mailbox(past));
    match (&history.accepted, refused) {
        (accepted, Some(refused)) if accepted.as_ref().is_none_or(|accepted| accepted.at < refused.at) => {
            let said = refused.reply.as_deref().map(|reply| format!(": {reply}")).unwrap_or_default();
            let reason = format!("our message of {} was refused because of the address{said}", day(refused.at));
            Some(Verdict::new(Answer::No, By::History, reason))
        }
        (Some(accepted), _) if now - FRESH <= accepted.at => {
            let reason = format!("its host took our message of {}, and no bounce came since", day(accepted.at));
            Some(Verdict::new(Answer::Yes, By::History, reason))
        }
        _ => None,
    }
}

/// A refusal of the address; a full mailbox, a policy or a list says nothing about whether it exists.
fn is_about_the_mailbox(past: &Past) -> bool {
    let category = past.entry.as_deref().and_then(reference::entry).map(|entry| entry.category);
    let class = past.class.is_some_and(|class| class.who == Who::Recipient);
    class && matches!(category, Some(Category::InvalidRecipient | Category::InactiveMailbox))
}

#[cfg(test)]
mod tests {
    use reference::{Action, HowLong, Scope};

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn now() -> Timestamp {
        Timestamp::from_micros(1_795_435_200_000_000)
    }

    fn past(days: u32, entry: Option<&str>, who: Who) -> Option<Past> {
        let class = Class { who, how_long: HowLong::ForGood, action: Action::Suppress, scope: Scope::Recipient };
        Some(Past {
            at: now() - DAY * days,
            reply: Some(String::from("550 5.1.1 unknown")),
            entry: entry.map(String::from),
            class: entry.map(|_| class),
        })
    }

    fn check(accepted: Option<Past>, refused: Option<Past>, expect: Option<Answer>) {
        let found = of_history(&History { accepted, refused }, now());
        assert!(found.iter().all(|verdict| verdict.by == By::History && verdict.catch_all == Answer::Unknown));
        assert_eq!(found.map(|verdict| verdict.exists), expect);
    }

    #[test]
    fn the_later_of_acceptance_and_refusal_counts() {
        let accepted = |days| past(days, None, Who::Recipient);
        let refused = |days| past(days, Some("550-5-1-1"), Who::Recipient);
        check(None, None, None);
        check(accepted(3), None, Some(Answer::Yes));
        check(None, refused(3), Some(Answer::No));
        check(accepted(3), refused(2), Some(Answer::No));
        check(accepted(2), refused(3), Some(Answer::Yes));
    }

    #[test]
    fn an_old_acceptance_and_a_refusal_for_another_reason_say_nothing() {
        check(past(181, None, Who::Recipient), None, None);
        check(None, past(1, Some("554-5-7-1"), Who::Policy), None);
        check(None, past(1, Some("550"), Who::Recipient), None);
        check(past(2, None, Who::Recipient), past(1, Some("554-5-7-1"), Who::Policy), Some(Answer::Yes));
    }
}
