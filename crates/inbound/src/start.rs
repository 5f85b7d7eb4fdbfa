//! Starting the listeners.

use std::net::SocketAddr;

use auth::Verifier;
use net::{ServerTls, Stop};
use rules::{Fault, secret::Key};
use store::Store;
use tokio::net::TcpListener;

/// Limits and names.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name in greetings of submission; an MX session greets with the mail host of the domain whose
    /// egress IP it came in on, or with this.
    pub hostname: String,
    /// Largest message in octets.
    pub max_message_octets: usize,
    /// Largest number of recipients of a submission.
    pub max_recipients: usize,
    /// Connections at the same time per listener, and from one IP.
    pub max_connections: usize,
    /// From one IP.
    pub max_connections_per_ip: usize,
    /// How long a submitted message may wait in the queue.
    pub expiry: std::time::Duration,
}

impl Default for Settings {
    fn default() -> Self {
        todo!()
    }
}

/// Bound listeners, by role. Several each: the MX listens on every egress IP.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Port 25.
    pub mx: Vec<TcpListener>,
    /// Port 587, STARTTLS.
    pub submission: Vec<TcpListener>,
    /// Port 465, TLS.
    pub submissions: Vec<TcpListener>,
}

/// The running server. Cheap to clone.
#[derive(Clone)]
pub struct Inbound {}

impl Inbound {
    /// What every listener shares.
    pub fn new(_settings: Settings, _store: Store, _verifier: Verifier, _key: Key, _tls: ServerTls) -> Self {
        todo!()
    }
    /// Serves these listeners until stopped; returns when the last session has ended. May be called
    /// more than once (a new egress IP gets its MX listener while others run).
    pub async fn serve(&self, _listeners: Listeners, _stop: Stop) {
        todo!()
    }
}

/// Binds with a clear error.
///
/// # Errors
/// `listen.bind`, which names the address.
pub async fn bind(_address: SocketAddr) -> Result<TcpListener, Fault> {
    todo!()
}
