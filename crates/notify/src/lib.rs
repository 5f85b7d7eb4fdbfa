//! Metrics, event log and webhooks: renderings of the one list of events.
//!
//! What it is not: a place where anything is decided. Whatever happened stands in the store's event
//! table; this crate tells it to the log, to Prometheus, and to the endpoints that asked for it.

mod log;
mod metrics;
mod table;
mod webhook;

pub use log::{follow, line};
pub use metrics::Metrics;
pub use table::{METRICS, Metric, MetricKind, document};
pub use webhook::{Outcome, Posting, Webhooks};
