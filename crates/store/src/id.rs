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
