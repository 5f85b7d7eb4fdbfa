//! Connect, from a chosen source address.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use rules::Fault;
use tokio::net::TcpStream;

/// Where to, from where, for how long.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Peer.
    pub target: SocketAddr,
    /// Source IP to be bound; `None` lets the system choose.
    pub source: Option<IpAddr>,
    /// Longest wait. RFC 5321 §4.5.3.2 leaves connect open; 30 s is practice.
    pub limit: Duration,
}

/// Connects.
///
/// # Errors
/// `connect.refused`, `connect.timeout`, `connect.unreachable`, `connect.source` (the source IP is not ours).
pub async fn dial(_dial: &Dial) -> Result<TcpStream, Fault> {
    todo!()
}
