//! A listener that takes so many clients and no more, and none that is silent for too long.

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
use net::{TlsListener, TlsStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// Clients at the same time; more wait in the kernel's queue. Scrapers and probes are few.
const MAX_CLIENTS: usize = 256;

/// Longest silence of a client, within a request and between two.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The listener.
pub(crate) struct Limited<L> {
    listener: L,
    places: Arc<Semaphore>,
}

/// A client's stream: an error once it has been silent for too long.
pub(crate) struct Client<S> {
    stream: S,
    silence: Pin<Box<Sleep>>,
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
        Self { listener, places: Arc::new(Semaphore::new(MAX_CLIENTS)) }
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
        (Client::new(stream, place), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for Limited<TlsListener> {
    type Io = Client<TlsStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let place = self.place().await;
        let (stream, peer) = self.listener.accept().await;
        (Client::new(stream, place), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.listener.local_addr())
    }
}

impl<S> Client<S> {
    fn new(stream: S, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, silence: Box::pin(sleep(SILENCE_LIMIT)), _place: place }
    }

    /// Passes on what the stream says; while it waits, the time runs.
    fn limited<T>(&mut self, cx: &mut Context<'_>, said: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if said.is_ready() {
            self.silence.as_mut().reset(Instant::now() + SILENCE_LIMIT);
            return said;
        }
        match self.silence.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Client<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.limited(cx, said)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Client<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let said = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.limited(cx, said)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
