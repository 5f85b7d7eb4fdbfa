//! The event log.

use rules::{Fault, event::Event};
use syntax::Timestamp;

use crate::{Store, fault::corrupt, row::sql};

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
    pub async fn record(&self, events: Vec<Event>) -> Result<(), Fault> {
        self.write("record events", |tx| Box::pin(async move { tx.record(&events).await })).await
    }
    /// Events after a sequence, oldest first, at most `limit`. One that commits later has a higher sequence: whoever
    /// goes on from the last one seen misses none.
    ///
    /// # Errors
    /// `store.*`
    pub async fn events_after(&self, sequence: i64, limit: u32) -> Result<Vec<StoredEvent>, Fault> {
        let query = sql("SELECT sequence, at, event FROM event WHERE sequence > $1 ORDER BY sequence LIMIT $2")
            .bind(sequence)
            .bind(i64::from(limit));
        let rows = self.rows("read events", query).await?;
        rows.iter().map(read).collect()
    }
    /// The last sequence; 0 when there is none.
    ///
    /// # Errors
    /// `store.*`
    pub async fn last_event(&self) -> Result<i64, Fault> {
        let query = sql("SELECT COALESCE(MAX(sequence), 0) AS sequence FROM event");
        self.row("read the last event", query).await?.map_or(Ok(0), |row| row.number("sequence"))
    }
}

pub(crate) fn read(row: &crate::row::Row) -> Result<StoredEvent, Fault> {
    let event = row.json_or_none("event")?.ok_or_else(|| corrupt("read events", "an event is NULL"))?;
    Ok(StoredEvent { sequence: row.number("sequence")?, at: row.moment("at")?, event })
}
