//! A listener that takes so many clients and no more, and none that is silent, or slow on purpose, for too long.
//!
//! axum's server sets no time limits of its own, hence here: on the stream, below HTTP.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use net::{ProxiedListener, TlsListener, TlsStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// How many clients, and for how long.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Clients at the same time; more wait in the kernel's queue.
    clients: usize,
    /// Longest silence of a client, within a request and between two.
    silence: Duration,
    /// From the first octet of a request to the first of its answer: a client that sends octet by octet is never silent.
    request: Duration,
    /// Longest wait for a client to take some of its answer, whatever it sends meanwhile.
    taking: Duration,
}

/// Browsers, scrapers and probes are few. A request has its time on the way besides the 10 s that its answer may take.
const LIMITS: Limits = Limits {
    clients: 256,
    silence: Duration::from_secs(30),
    request: Duration::from_secs(30),
    taking: Duration::from_secs(30),
};

/// The listener.
pub(crate) struct Limited<L> {
    listener: L,
    limits: Limits,
    places: Arc<Semaphore>,
}

/// A client's stream: an error once a limit is passed.
pub(crate) struct Client<S> {
    stream: S,
    limits: Limits,
    silence: Pin<Box<Sleep>>,
    /// Runs from the first octet of a request until its answer begins.
    request: Option<Pin<Box<Sleep>>>,
    /// Runs while there is something to write that the client does not take.
    taking: Option<Pin<Box<Sleep>>>,
    _place: Option<OwnedSemaphorePermit>,
}

/// Where a client connects from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

/// Whether the client is spoken to over TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTls(pub bool);

impl<L> Connected<IncomingStream<'_, Limited<L>>> for Peer
where
    Limited<L>: Listener<Addr = SocketAddr>,
{
    fn connect_info(stream: IncomingStream<'_, Limited<L>>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl<L> Limited<L> {
    pub(crate) fn new(listener: L) -> Self {
        Self::within(listener, LIMITS)
    }

    fn within(listener: L, limits: Limits) -> Self {
        Self { listener, limits, places: Arc::new(Semaphore::new(limits.clients)) }
    }

    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        self.places.clone().acquire_owned().await.ok()
    }
}

impl Listener for Limited<TcpListener> {
    type Io = Client<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let place = self.place().await;
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Client::new(stream, self.limits, place), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for Limited<ProxiedListener> {
    type Io = Client<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let place = self.place().await;
        let (stream, peer) = self.listener.accept().await;
        (Client::new(stream, self.limits, place), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.listener.local_addr())
    }
}

impl Listener for Limited<TlsListener> {
    type Io = Client<TlsStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let place = self.place().await;
        let (stream, peer) = self.listener.accept().await;
        (Client::new(stream, self.limits, place), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.listener.local_addr())
    }
}

impl<S> Client<S> {
    fn new(stream: S, limits: Limits, place: Option<OwnedSemaphorePermit>) -> Self {
        let silence = Box::pin(sleep(limits.silence));
        Self { stream, limits, silence, request: None, taking: None, _place: place }
    }

    fn heard(&mut self) {
        self.silence.as_mut().reset(Instant::now() + self.limits.silence);
    }
}

impl<S: AsyncWrite + Unpin> Client<S> {
    /// What the stream says of writing; while the client takes nothing, the time runs.
    fn written<T>(&mut self, cx: &mut Context<'_>, said: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if said.is_ready() {
            self.taking = None;
            return said;
        }
        let limit = self.limits.taking;
        match self.taking.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Client<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.request.as_mut().is_some_and(|time| time.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let said = Pin::new(&mut this.stream).poll_read(cx, buf);
        if said.is_pending() {
            return match this.silence.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            };
        }
        this.heard();
        if buf.filled().len() > before && this.request.is_none() {
            this.request = Some(Box::pin(sleep(this.limits.request)));
        }
        said
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Client<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_write(cx, buf);
        if said.is_ready() {
            this.heard();
            this.request = None;
        }
        this.written(cx, said)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_flush(cx);
        this.written(cx, said)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.written(cx, said)
    }
}

#[cfg(test)]
mod tests;
