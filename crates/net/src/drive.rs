//! One driver for every protocol: carries out a core's steps on a socket.

use std::{io, time::Duration};

use async_trait::async_trait;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use wire::{Core, Step};

use crate::{ClientTls, Log, ServerTls, Transcript};

/// Most octets read at once.
const PIECE: usize = 16 * 1024;
/// Octets read at once from a peer that says little: a thousand idle connections should cost little.
const SMALL_PIECE: usize = 1024;
/// Octets of a body that must come within its limit; then it begins anew.
const LEAST_PROGRESS: usize = 1024;
/// Longest TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Whoever answers a core's questions.
#[async_trait]
pub trait House<Q, A>: Send {
    /// Answers. Takes as long as it must; the peer waits.
    async fn answer(&mut self, question: Q) -> A;
}

/// Which side of TLS we are.
#[derive(Debug)]
pub enum Socket {
    /// A server; `None` when it has no certificate.
    Server(Option<ServerTls>),
    /// A client that expects this name.
    Client(ClientTls, String),
}

/// How to drive.
#[derive(Debug)]
pub struct Drive {
    /// TLS.
    pub socket: Socket,
    /// TLS from the start (465).
    pub implicit_tls: bool,
    /// Longest wait for the peer to say a whole command or reply. RFC 5321 §4.5.3.2: 5 min.
    pub read_limit: Duration,
    /// Longest wait for the next KiB of a body.
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
    /// `connection.timeout`, `connection.reset`, `tls.handshake`, `tls.certificate` (what the peer showed is not trusted).
    pub why: Option<&'static str>,
    /// What was said.
    pub transcript: Transcript,
    /// TLS version and cipher, when used.
    pub tls: Option<String>,
}

/// Carries out the core's steps until it closes or the connection ends (then [`Core::ended`] was called).
pub async fn drive<C>(
    core: &mut C,
    stream: TcpStream,
    house: &mut dyn House<C::Question, C::Answer>,
    drive: Drive,
) -> Ended
where
    C: Core + Send,
    C::Question: Send,
    C::Answer: Send,
{
    drive_logged(core, stream, house, drive, Log::default()).await
}

/// As [`drive`], with a log that can be read meanwhile.
pub async fn drive_logged<C>(
    core: &mut C,
    stream: TcpStream,
    house: &mut dyn House<C::Question, C::Answer>,
    drive: Drive,
    log: Log,
) -> Ended
where
    C: Core + Send,
    C::Question: Send,
    C::Answer: Send,
{
    let mut line =
        Line { stream: Some(Stream::Plain(stream)), drive, log, reads: Reads::Nothing, deadline: None, came: 0 };
    let why = line.run(core, house).await.err();
    if let Some(why) = why {
        line.log.note(why);
        core.ended();
    }
    Ended { why, transcript: line.log.transcript(), tls: line.log.tls() }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }
}

/// What a step reads, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    Nothing,
    Line,
    Body,
}

struct Line {
    /// `None` only while a handshake takes it over.
    stream: Option<Stream>,
    drive: Drive,
    log: Log,
    /// What the last step was for.
    reads: Reads,
    /// Until when the peer must have said all of what is waited for.
    deadline: Option<Instant>,
    /// Octets that came since the deadline was set.
    came: usize,
}

impl Line {
    async fn run<C>(&mut self, core: &mut C, house: &mut dyn House<C::Question, C::Answer>) -> Result<(), &'static str>
    where
        C: Core + Send,
        C::Question: Send,
        C::Answer: Send,
    {
        if self.drive.implicit_tls {
            self.handshake().await?;
        }
        let mut buffer = vec![0; SMALL_PIECE];
        loop {
            let step = core.step();
            let reads = match step {
                Step::Read => Reads::Line,
                Step::Body => Reads::Body,
                _ => Reads::Nothing,
            };
            if self.reads != reads || reads == Reads::Body && self.came >= LEAST_PROGRESS {
                self.deadline = None;
            }
            self.reads = reads;
            match step {
                Step::Send(octets) => self.send(&octets).await?,
                Step::Ask(question) => {
                    let answer = house.answer(question).await;
                    core.answer(answer);
                }
                Step::Read => self.read(core, &mut buffer, self.drive.read_limit).await?,
                Step::Body => self.read(core, &mut buffer, self.drive.body_limit).await?,
                Step::ReadOr(question) => self.read_or(core, house, question, &mut buffer).await?,
                Step::StartTls => {
                    // Nothing is buffered here: what was read went to the core, which forgets it when secured.
                    self.handshake().await?;
                    core.secured();
                }
                Step::Close => {
                    self.close().await;
                    return Ok(());
                }
            }
        }
    }

    fn stream(&mut self) -> Result<&mut Stream, &'static str> {
        self.stream.as_mut().ok_or("connection.closed")
    }

    async fn send(&mut self, octets: &[u8]) -> Result<(), &'static str> {
        let we_are_server = self.drive.we_are_server;
        self.log.write(|log| if we_are_server { log.server(octets) } else { log.client(octets) });
        let limit = self.drive.write_limit;
        let written = match self.stream()? {
            Stream::Plain(stream) => timeout(limit, write(stream, octets)).await,
            Stream::Tls(stream) => timeout(limit, write(stream, octets)).await,
        };
        written.map_err(|_| "connection.timeout")?.map_err(why)
    }

    /// The limit is for all that is waited for, not for each octet of it: who drips is not waited for.
    async fn read<C: Core>(&mut self, core: &mut C, buffer: &mut Vec<u8>, limit: Duration) -> Result<(), &'static str> {
        if self.deadline.is_none() {
            self.came = 0;
        }
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + limit);
        let read = timeout_at(deadline, self.stream()?.read(buffer)).await;
        let count = read.map_err(|_| "connection.timeout")?.map_err(why)?;
        self.came += count;
        self.take(core, buffer, count)
    }

    /// Whichever comes first. Both may be dropped half-way: nothing read is lost, and the house keeps nothing.
    async fn read_or<C>(
        &mut self,
        core: &mut C,
        house: &mut dyn House<C::Question, C::Answer>,
        question: C::Question,
        buffer: &mut Vec<u8>,
    ) -> Result<(), &'static str>
    where
        C: Core + Send,
        C::Question: Send,
        C::Answer: Send,
    {
        let limit = self.drive.read_limit;
        tokio::select! {
            biased;
            read = timeout(limit, self.stream()?.read(buffer)) => {
                let count = read.map_err(|_| "connection.timeout")?.map_err(why)?;
                self.take(core, buffer, count)
            }
            answer = house.answer(question) => {
                core.answer(answer);
                Ok(())
            }
        }
    }

    /// Gives what was read to the core.
    fn take<C: Core>(&mut self, core: &mut C, buffer: &mut Vec<u8>, count: usize) -> Result<(), &'static str> {
        let octets = buffer.get(..count).filter(|octets| !octets.is_empty()).ok_or("connection.closed")?;
        let we_are_server = self.drive.we_are_server;
        self.log.write(|log| if we_are_server { log.client(octets) } else { log.server(octets) });
        core.feed(octets);
        // A peer that fills the buffer has more to say.
        if count == buffer.len() && count < PIECE {
            buffer.resize(PIECE, 0);
        } else if count < SMALL_PIECE && buffer.len() > SMALL_PIECE {
            buffer.truncate(SMALL_PIECE);
            buffer.shrink_to_fit();
        }
        Ok(())
    }

    async fn handshake(&mut self) -> Result<(), &'static str> {
        let Some(Stream::Plain(stream)) = self.stream.take() else { return Err("tls.handshake") };
        let limit = HANDSHAKE.min(self.drive.read_limit);
        let shaken = match &self.drive.socket {
            Socket::Server(None) => return Err("tls.handshake"),
            Socket::Server(Some(tls)) => {
                let acceptor = TlsAcceptor::from(tls.0.clone());
                timeout(limit, acceptor.accept(stream)).await.map(|tls| tls.map(TlsStream::Server))
            }
            Socket::Client(tls, name) => {
                let name = ServerName::try_from(name.clone()).map_err(|_| "tls.handshake")?;
                let connector = TlsConnector::from(tls.0.clone());
                timeout(limit, connector.connect(name, stream)).await.map(|tls| tls.map(TlsStream::Client))
            }
        };
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                self.log.note(&format!("TLS: {error}"));
                return Err(if is_about_certificate(&error) { "tls.certificate" } else { "tls.handshake" });
            }
            Err(_) => {
                self.log.note(&format!("TLS: the handshake was not done within {} s", limit.as_secs()));
                return Err("tls.handshake");
            }
        };
        let held = match &self.drive.socket {
            Socket::Client(ClientTls(_, Some(name)), _) => format!(" ({name})"),
            _ => String::new(),
        };
        self.log.set_tls(format!("{}{held}", describe(&stream)));
        self.stream = Some(Stream::Tls(Box::new(stream)));
        Ok(())
    }

    /// A peer that does not read or close is not waited for longer than a write.
    async fn close(&mut self) {
        let limit = self.drive.write_limit;
        let _ = match self.stream.take() {
            Some(Stream::Plain(mut stream)) => timeout(limit, stream.shutdown()).await,
            Some(Stream::Tls(mut stream)) => timeout(limit, stream.shutdown()).await,
            None => Ok(Ok(())),
        };
    }
}

async fn write<S: AsyncWrite + AsyncRead + Unpin>(stream: &mut S, octets: &[u8]) -> io::Result<()> {
    stream.write_all(octets).await?;
    stream.flush().await
}

fn why(error: io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::TimedOut => "connection.timeout",
        io::ErrorKind::UnexpectedEof => "connection.closed",
        _ => "connection.reset",
    }
}

/// Whether a handshake failed because we do not trust what the peer showed.
fn is_about_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

fn describe(stream: &TlsStream<TcpStream>) -> String {
    let (_, session) = stream.get_ref();
    let version = session.protocol_version().and_then(|version| version.as_str().map(String::from)).unwrap_or_default();
    let suite = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str().map(String::from));
    format!("{version} {}", suite.unwrap_or_default()).replace("TLSv1_", "TLSv1.")
}
