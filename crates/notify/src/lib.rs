//! Metrics and event log: renderings of the one list of events.

mod log;
mod metrics;

pub use log::follow;
pub use metrics::Metrics;
