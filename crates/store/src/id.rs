//! Ids: UUIDv7, whose text sorts by the time of making. RFC 9562 §5.7.

use std::sync::Mutex;

use syntax::Timestamp;
use uuid::{ContextV7, Uuid};

/// Makes ids; within one store each is greater than those before, also within a millisecond.
#[derive(Default)]
pub(crate) struct Ids(Mutex<Context>);

struct Context(ContextV7);

impl Default for Context {
    fn default() -> Self {
        Self(ContextV7::new())
    }
}

impl Ids {
    /// A new id.
    pub(crate) fn next(&self, now: Timestamp) -> String {
        let micros = u64::try_from(now.micros()).unwrap_or_default();
        let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or_default();
        let context = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&context.0, micros / 1_000_000, nanos)).to_string()
    }
}

/// Less than every id that is made at that moment or later, and greater than those of earlier milliseconds.
pub(crate) fn before_all_since(at: Timestamp) -> String {
    let millis = u64::try_from(at.micros()).unwrap_or_default() / 1_000;
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_all_ids_since_a_moment_is_behind_those_before() {
        let made = |at| Ids::default().next(Timestamp::from_micros(at));
        let check = |at: i64, earlier: i64| {
            let before = before_all_since(Timestamp::from_micros(at));
            assert!(made(earlier) < before, "{earlier} is before {at}");
            assert!(before < made(at), "{at}");
        };
        check(1_795_392_000_000_000, 1_795_391_999_999_999);
        check(1_795_392_000_065_536, 1_795_392_000_064_999);
        check(1_000, 0);
    }
}
