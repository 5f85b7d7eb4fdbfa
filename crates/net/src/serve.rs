//! A listener with limits.

use std::{future::Future, net::SocketAddr};

use tokio::net::{TcpListener, TcpStream};

use crate::Stop;

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Connections at the same time from one IP.
    pub connections_per_ip: usize,
    /// What a client that is over a limit is told before it is closed (`421 4.7.0 …\r\n`).
    pub busy: Vec<u8>,
}

/// Accepts until stopped, then waits for sessions to end (at most 10 s). Each connection runs `session`.
pub async fn serve<F, S>(_listener: TcpListener, _limits: Limits, _stop: Stop, _session: F)
where
    F: Fn(TcpStream, SocketAddr) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    todo!()
}
