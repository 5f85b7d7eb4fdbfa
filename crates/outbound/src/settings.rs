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
    /// Recipients held in memory.
    pub max_in_hand: usize,
    /// Longest wait for a connect.
    pub connect_limit: Duration,
    /// Longest wait for a reply. RFC 5321 §4.5.3.2: 5 to 10 minutes.
    pub reply_limit: Duration,
    /// How often the store is looked at when nothing wakes us.
    pub poll: Duration,
    /// Host name of the installation: reporting MTA of DSNs.
    pub hostname: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mx_port: 25,
            schedule: retry::Schedule::default(),
            limits: pacing::Limits::default(),
            max_connections: 200,
            max_in_hand: 5000,
            connect_limit: Duration::from_secs(30),
            reply_limit: Duration::from_secs(300),
            poll: Duration::from_secs(2),
            hostname: String::from("localhost"),
        }
    }
}
