//! Metrics and event log: renderings of the one list of events.
//!
//! What it is not: a place where anything is decided. Whatever happened stands in the store's event
//! table; this crate tells it to the log and to Prometheus.

mod log;
mod metrics;

pub use log::{follow, line};
pub use metrics::Metrics;
