//! The event log.

use rules::{Fault, event::Event};
use syntax::Timestamp;

use crate::Store;

/// An event's row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StoredEvent {
    /// Rises; gaps are possible.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

impl Store {
    /// Writes events by themselves (most are written with what they tell of).
    ///
    /// # Errors
    /// `store.*`
    pub async fn record(&self, _events: Vec<Event>) -> Result<(), Fault> {
        todo!()
    }
    /// Events after a sequence, oldest first, at most `limit`.
    ///
    /// # Errors
    /// `store.*`
    pub async fn events_after(&self, _sequence: i64, _limit: u32) -> Result<Vec<StoredEvent>, Fault> {
        todo!()
    }
    /// The last sequence; 0 when there is none.
    ///
    /// # Errors
    /// `store.*`
    pub async fn last_event(&self) -> Result<i64, Fault> {
        todo!()
    }
}
