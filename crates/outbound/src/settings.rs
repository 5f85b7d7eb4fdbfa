//! What the relay needs to know.

use std::time::Duration;

use rules::{pacing, retry};

/// Settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port of the peers' MX: 25, another in the lab.
    pub mx_port: u16,
    /// Retry schedule and expiry.
    pub schedule: retry::Schedule,
    /// Limits of every (egress IP, site).
    pub limits: pacing::Limits,
    /// Connections at the same time in all.
    pub max_connections: usize,
    /// Longest wait for a connect.
    pub connect_limit: Duration,
    /// Longest wait for a reply.
    pub reply_limit: Duration,
    /// How often the store is looked at when nothing wakes us.
    pub poll: Duration,
    /// `host name of the installation`, reporting MTA of DSNs.
    pub hostname: String,
}

impl Default for Settings {
    fn default() -> Self {
        todo!()
    }
}
