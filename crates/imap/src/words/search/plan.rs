//! A key made ready, and what it costs.

use std::time::Duration;

use super::{Context, Need};
use crate::words::{
    command::SearchKey,
    date::Day,
    flag::Flag,
    set::{Ranges, SequenceSet},
};
use syntax::Timestamp;

/// A condition. Texts are lower-case.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// All of them; the cheapest first. None is true.
    All(Vec<Test>),
    /// One of them; the cheapest first. None is false.
    Any(Vec<Test>),
    /// Not this.
    Not(Box<Test>),
    /// To be said from the row.
    Known(Known),
    /// The Date field lies from this day, and before that one.
    Sent(Option<Day>, Option<Day>),
    /// A field that the envelope holds.
    Field(String, String),
    /// Another field.
    Header(String, String),
    /// In the body.
    Body(String),
    /// In header or body.
    Text(String),
}

/// What a row can say.
#[derive(Debug, Clone)]
pub(super) enum Known {
    Always,
    Has(Flag),
    Recent,
    Number(Ranges),
    Uid(Ranges),
    Larger(u64),
    Smaller(u64),
    /// From this day, and before that one.
    Internal(Option<Day>, Option<Day>),
    /// Not after this moment.
    Until(Timestamp),
    /// Not before this moment.
    From(Timestamp),
    ModSeq(u64),
    EmailId(String),
    ThreadId(String),
}

/// Fields of which the envelope holds what a header search looks at. Sender and Reply-To are not among them: they are
/// not kept when they are as From.
const IN_ENVELOPE: [&str; 8] = ["from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to"];

impl Test {
    pub(super) fn new(key: &SearchKey, context: &Context<'_>) -> Self {
        let inner = |key: &SearchKey| Self::new(key, context);
        match key {
            SearchKey::Not(key) => inner(key).negated(),
            SearchKey::And(keys) => Self::All(cheapest_first(keys.iter().map(inner).collect())),
            SearchKey::Or(left, right) => Self::Any(cheapest_first(vec![inner(left), inner(right)])),
            SearchKey::HasNot(flag) => Self::Known(Known::Has(flag.clone())).negated(),
            SearchKey::Old => Self::Known(Known::Recent).negated(),
            SearchKey::SentBefore(day) => Self::Sent(None, Some(*day)),
            SearchKey::SentOn(day) => Self::Sent(Some(*day), Some(next(*day))),
            SearchKey::SentSince(day) => Self::Sent(Some(*day), None),
            SearchKey::Header(name, needle) if IN_ENVELOPE.contains(&name.as_str()) => {
                Self::Field(name.clone(), needle.to_lowercase())
            }
            SearchKey::Header(name, needle) => Self::Header(name.to_ascii_lowercase(), needle.to_lowercase()),
            SearchKey::Body(needle) => Self::Body(needle.to_lowercase()),
            SearchKey::Text(needle) => Self::Text(needle.to_lowercase()),
            key => Self::Known(Known::new(key, context)),
        }
    }

    fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    pub(super) fn need(&self) -> Need {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().map(Self::need).max().unwrap_or(Need::Facts),
            Self::Not(test) => test.need(),
            Self::Known(_) => Need::Facts,
            Self::Sent(..) | Self::Field(..) => Need::Kept,
            Self::Header(..) => Need::Header,
            Self::Body(_) | Self::Text(_) => Need::Message,
        }
    }
}

impl Known {
    fn new(key: &SearchKey, context: &Context<'_>) -> Self {
        let ago = |seconds: &u32| context.now - Duration::from_secs(u64::from(*seconds));
        match key {
            SearchKey::Has(flag) => Self::Has(flag.clone()),
            SearchKey::Recent => Self::Recent,
            // `$` always holds UIDs: numbers may have changed since.
            SearchKey::Sequence(SequenceSet::Saved) => Self::Uid(context.saved.clone()),
            SearchKey::Sequence(set) => Self::Number(set.resolve(context.last_number, context.saved)),
            SearchKey::Uid(set) => Self::Uid(set.resolve(context.last_uid, context.saved)),
            SearchKey::Larger(octets) => Self::Larger(*octets),
            SearchKey::Smaller(octets) => Self::Smaller(*octets),
            SearchKey::Before(day) => Self::Internal(None, Some(*day)),
            SearchKey::On(day) => Self::Internal(Some(*day), Some(next(*day))),
            SearchKey::Since(day) => Self::Internal(Some(*day), None),
            SearchKey::Older(seconds) => Self::Until(ago(seconds)),
            SearchKey::Younger(seconds) => Self::From(ago(seconds)),
            SearchKey::ModSeq(value) => Self::ModSeq(*value),
            SearchKey::EmailId(id) => Self::EmailId(id.clone()),
            SearchKey::ThreadId(id) => Self::ThreadId(id.clone()),
            _ => Self::Always,
        }
    }
}

fn cheapest_first(mut tests: Vec<Test>) -> Vec<Test> {
    tests.sort_by_key(Test::need);
    tests
}

fn next(day: Day) -> Day {
    Day(day.0.saturating_add(1))
}
