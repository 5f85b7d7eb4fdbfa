//! Limits and names.

use std::time::Duration;

use net::Proxies;
use rules::proof::Required;

use crate::{Listings, Rspamd};

/// Limits and names.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name in greetings of submission; an MX session greets with the mail host of the domain whose
    /// egress IP it came in on, or with this.
    pub hostname: String,
    /// Largest message in octets.
    pub max_message_octets: usize,
    /// Largest number of recipients of a submission, and of a message to the MX.
    pub max_recipients: usize,
    /// Connections at the same time per listener, and from one IP.
    pub max_connections: usize,
    /// From one IP.
    pub max_connections_per_ip: usize,
    /// Messages whose content is being received or stored at the same time, over all sessions: times
    /// `max_message_octets` it bounds the memory.
    pub max_messages_in_hand: usize,
    /// Proxies that are configured in front of us: many people come from one of their addresses, which is therefore neither
    /// counted among connections nor slowed down for wrong passwords; or they say who is really there.
    pub proxies: Proxies,
    /// Longest that a client is kept waiting before its password is looked at; when more is due it is told to come later.
    pub password_wait: Duration,
    /// How long a submitted message may wait in the queue.
    pub expiry: Duration,
    /// Whether mail that fails DMARC is refused when its domain says `p=reject`. Bounces to a return path of
    /// ours are taken in any case: their token proves what they are about.
    pub reject_dmarc_failures: bool,
    /// Blocklists that are asked about who brings mail; what they say flags it.
    pub listings: Option<Listings>,
    /// A filter that looks at each message; what it says flags it.
    pub rspamd: Option<Rspamd>,
    /// Which pairing proofs a mailbox must have to submit.
    pub proof_required: Required,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            // Gmail, 2026-02: sends and takes 25 MB.
            max_message_octets: 25 * 1024 * 1024,
            // The least a server must take. RFC 5321 §4.5.3.1.8
            max_recipients: 100,
            // Practice: Postfix `default_process_limit` is 100, for processes; a session here is a task.
            max_connections: 500,
            // Postfix `smtpd_client_connection_count_limit` is 50.
            max_connections_per_ip: 50,
            // 64 times 25 MiB is 1.6 GiB at worst.
            max_messages_in_hand: 64,
            proxies: Proxies::default(),
            password_wait: Duration::from_secs(30),
            // "at least 4-5 days". RFC 5321 §4.5.4.1
            expiry: Duration::from_secs(5 * 24 * 60 * 60),
            reject_dmarc_failures: true,
            listings: None,
            rspamd: None,
            proof_required: Required::default(),
        }
    }
}

/// Errors after which a session ends with 421: protocol errors, and refused recipients at the MX.
/// Postfix `smtpd_hard_error_limit`.
pub(crate) const MAX_ERRORS: usize = 20;

/// Failed AUTH attempts after which a session ends. RFC 4954 §4 leaves the number open; three is practice.
pub(crate) const MAX_AUTH_FAILURES: usize = 3;

/// Longest wait after wrong passwords for one address, and from one IP.
pub(crate) const LONGEST_WAIT_OF_ADDRESS: Duration = Duration::from_secs(30);
pub(crate) const LONGEST_WAIT_OF_IP: Duration = Duration::from_secs(60);

/// Longest wait for a command. RFC 5321 §4.5.3.2.7
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Longest wait for a piece of a message. RFC 5321 §4.5.3.2.5
pub(crate) const BODY_LIMIT: Duration = Duration::from_secs(3 * 60);

/// Longest wait for a client to take a reply.
pub(crate) const WRITE_LIMIT: Duration = Duration::from_secs(60);

/// Longest wait for a place among the messages in hand; clients wait 2 minutes for the 354. RFC 5321 §4.5.3.2.4
pub(crate) const SLOT_LIMIT: Duration = Duration::from_secs(30);

/// Longest verification of a message; clients wait 10 minutes for the last 250. RFC 5321 §4.5.3.2.6
pub(crate) const VERIFY_LIMIT: Duration = Duration::from_secs(60);

/// Longest sealing of a message that is passed on; then it goes without a seal.
pub(crate) const SEAL_LIMIT: Duration = Duration::from_secs(30);

/// A message with more Received fields than this goes in circles. RFC 5321 §6.3 asks for at least 100 when
/// counting is all that is done; Postfix `hopcount_limit` is 50.
pub(crate) const MAX_RECEIVED: usize = 50;
