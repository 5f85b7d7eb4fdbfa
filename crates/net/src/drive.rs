//! One driver for every protocol: carries out a core's steps on a socket.

use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpStream;

use crate::{ClientTls, ServerTls, Transcript};

/// Whoever answers a core's questions.
#[async_trait]
pub trait House<Q, A>: Send {
    /// Answers. Takes as long as it must; the peer waits.
    async fn answer(&mut self, question: Q) -> A;
}

/// Which side of TLS we are.
pub enum Socket {
    /// A server; `None` when it has no certificate.
    Server(Option<ServerTls>),
    /// A client that expects this name.
    Client(ClientTls, String),
}

/// How to drive.
pub struct Drive {
    /// TLS.
    pub socket: Socket,
    /// TLS from the start (465).
    pub implicit_tls: bool,
    /// Longest wait for the peer while reading a command or reply. RFC 5321 §4.5.3.2: 5 min.
    pub read_limit: Duration,
    /// Longest wait for a piece of a body.
    pub body_limit: Duration,
    /// Longest wait for a write.
    pub write_limit: Duration,
    /// Whether the server's lines are ours (decides `S:`/`C:`).
    pub we_are_server: bool,
}

/// How a connection ended.
#[derive(Debug)]
pub struct Ended {
    /// `None` when the core closed; else why the connection ended: `connection.closed`,
    /// `connection.timeout`, `connection.reset`, `tls.handshake`.
    pub why: Option<&'static str>,
    /// What was said.
    pub transcript: Transcript,
    /// TLS version and cipher, when used.
    pub tls: Option<String>,
}

/// Carries out the core's steps until it closes or the connection ends (then [`wire::Core::ended`] was called).
pub async fn drive<C>(
    _core: &mut C,
    _stream: TcpStream,
    _house: &mut dyn House<C::Question, C::Answer>,
    _drive: Drive,
) -> Ended
where
    C: wire::Core + Send,
    C::Question: Send,
    C::Answer: Send,
{
    todo!()
}
