//! Follows the event table: each event becomes a log line and moves its metrics.

use std::time::Duration;

use store::Store;

use crate::Metrics;

/// Follows until the future is dropped, looking every `poll`. Starts at the end of the log.
pub async fn follow(_store: Store, _metrics: Metrics, _poll: Duration) {
    todo!()
}
