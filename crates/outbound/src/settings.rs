//! What the relay needs to know.

use std::time::Duration;

use rules::{pacing, reach::Reach, retry, transport::Dane};

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
    /// How long the hosts and the terms of a domain are good for once they were looked up: one look-up serves mail that comes at
    /// about the same time, and a changed record is seen soon.
    pub ways_kept: Duration,
    /// How often the store is looked at when nothing wakes us.
    pub poll: Duration,
    /// Host name of the installation: reporting MTA of DSNs.
    pub hostname: String,
    /// Which addresses mail hosts and policy hosts may have: with `Public`, nobody's DNS sends mail into our own network.
    pub reach: Reach,
    /// Hold to the MTA-STS policies of domains. RFC 8461
    pub mta_sts: bool,
    /// When to hold to TLSA records. RFC 7672
    pub dane: Dane,
    /// Port of policy hosts: 443, another in tests.
    pub https_port: u16,
    /// Longest wait for a policy. RFC 8461 §3.3 suggests a minute; mail waits for it.
    pub policy_limit: Duration,
    /// Certificates that are trusted beside the public roots, DER.
    pub roots: Vec<Vec<u8>>,
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
            ways_kept: Duration::from_secs(10),
            poll: Duration::from_secs(2),
            hostname: String::from("localhost"),
            reach: Reach::Public,
            mta_sts: true,
            dane: Dane::Local,
            https_port: 443,
            policy_limit: Duration::from_secs(20),
            roots: Vec::new(),
        }
    }
}
