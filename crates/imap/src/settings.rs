//! Limits and names.

use std::time::Duration;

use net::Proxies;

/// Limits and names.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name in the greeting.
    pub hostname: String,
    /// Largest message that APPEND takes, in octets.
    pub max_message_octets: usize,
    /// Connections at the same time per listener.
    pub max_connections: usize,
    /// From one IP.
    pub max_connections_per_ip: usize,
    /// Big messages that are held in memory at the same time, over all sessions: times `max_message_octets` it bounds
    /// the memory.
    pub max_messages_in_hand: usize,
    /// Proxies that are configured in front of us: many people come from one of their addresses, or they say who is really there.
    pub proxies: Proxies,
    /// Longest time before login, whatever is said meanwhile. RFC 9051 §5.4 leaves it open.
    pub login_limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            // As at the MX.
            max_message_octets: 25 * 1024 * 1024,
            // A mail program holds several connections open, mostly idle: about 30 KiB each.
            max_connections: 5000,
            // Dovecot `mail_max_userip_connections` is 10 for one user; an office shares an IP, a sequencer has all
            // its mailboxes on one.
            max_connections_per_ip: 2000,
            max_messages_in_hand: 32,
            proxies: Proxies::default(),
            login_limit: Duration::from_secs(60),
        }
    }
}

/// Longest wait for a command, and longest IDLE. RFC 9051 §5.4: at least 30 minutes.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Longest silence that the driver takes: behind [`IDLE_LIMIT`], which says goodbye.
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(31 * 60);

/// Longest silence in the middle of a command.
pub(crate) const BODY_LIMIT: Duration = Duration::from_secs(2 * 60);

/// Longest wait for a client to take what it asked for.
pub(crate) const WRITE_LIMIT: Duration = Duration::from_secs(2 * 60);

/// Longest wait for a place among the big messages in memory.
pub(crate) const ROOM_LIMIT: Duration = Duration::from_secs(30);

/// Longest wait after wrong passwords for one address: its owner, who has the right one, waits too.
pub(crate) const LONGEST_WAIT_OF_ADDRESS: Duration = Duration::from_secs(4);

/// Longest wait after wrong passwords from one IP.
pub(crate) const LONGEST_WAIT_OF_IP: Duration = Duration::from_secs(16);

/// Who would have to wait longer is refused at once.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);
