//! How much at once, and how fast, for one (egress IP, site).

use std::time::Duration;

use syntax::Timestamp;

/// Limits of one (egress IP, site) pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Messages over one connection.
    pub messages_per_connection: usize,
    /// Least time between two deliveries.
    pub interval: Duration,
}

/// The present pace of a pair. Starts open; a throttling reply closes it for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Not before this moment.
    pub not_before: Timestamp,
    /// Consecutive throttling replies or connection failures.
    pub strikes: u32,
}
