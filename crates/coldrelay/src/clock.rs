//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use syntax::Timestamp;

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock;

impl rules::Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
