//! Connect, from a chosen source address.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use rules::{Blame, Fault, Retry};
use tokio::net::{TcpSocket, TcpStream};

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
pub async fn dial(dial: &Dial) -> Result<TcpStream, Fault> {
    let fault = |code, blame, error: io::Error| {
        Fault::new(code, blame, Retry::Later).context(format!("connecting to {}", dial.target)).caused_by(error)
    };
    let socket = if dial.target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| fault("connect.unreachable", Blame::Us, error))?;
    if let Some(source) = dial.source {
        socket
            .bind(SocketAddr::new(source, 0))
            .map_err(|error| fault("connect.source", Blame::Operator, error).context(format!("binding {source}")))?;
    }
    match tokio::time::timeout(dial.limit, socket.connect(dial.target)).await {
        Ok(Ok(stream)) => {
            // Commands and replies are small and wait for each other.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(fault(code_of(&error), Blame::Peer, error)),
        Err(_) => Err(Fault::new("connect.timeout", Blame::Peer, Retry::Later).context(format!(
            "no answer from {} within {} s",
            dial.target,
            dial.limit.as_secs()
        ))),
    }
}

fn code_of(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connect.refused",
        io::ErrorKind::TimedOut => "connect.timeout",
        // A source of the other address family.
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::InvalidInput => "connect.source",
        _ => "connect.unreachable",
    }
}
