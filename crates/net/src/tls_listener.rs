//! A listener for protocols that are TLS from the first octet and are spoken by a library: HTTPS.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{Proxies, ServerTls};

/// A connection under TLS.
pub type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// Handshakes at the same time; more clients wait in the kernel's queue.
const HANDSHAKES: usize = 64;
/// Longest handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Pause after a failed accept (out of file descriptors), so as not to spin.
const BREATH: Duration = Duration::from_millis(50);

/// Gives connections whose handshake is done; a slow one keeps no other waiting.
#[derive(Debug)]
pub struct TlsListener {
    local: SocketAddr,
    done: mpsc::Receiver<(TlsStream, SocketAddr)>,
    task: JoinHandle<()>,
}

impl TlsListener {
    /// Over a bound listener.
    ///
    /// # Errors
    /// When the listener cannot tell its own address.
    pub fn new(listener: TcpListener, tls: &ServerTls) -> std::io::Result<Self> {
        Self::behind(listener, tls, Proxies::default())
    }

    /// Over a bound listener, behind proxies of ours.
    ///
    /// # Errors
    /// When the listener cannot tell its own address.
    pub fn behind(listener: TcpListener, tls: &ServerTls, proxies: Proxies) -> std::io::Result<Self> {
        let local = listener.local_addr()?;
        let (ready, done) = mpsc::channel(HANDSHAKES);
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(tls.0.clone()), proxies, ready));
        Ok(Self { local, done, task })
    }

    /// The next connection; waits for ever once the listener is gone.
    pub async fn accept(&mut self) -> (TlsStream, SocketAddr) {
        match self.done.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    proxies: Proxies,
    ready: mpsc::Sender<(TlsStream, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (mut stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let (acceptor, proxies, ready) = (acceptor.clone(), proxies.clone(), ready.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Some(met) = proxies.meet(&mut stream, peer).await
                && let Ok(Ok(secured)) = timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await
            {
                let _ = ready.send((secured, met.client)).await;
            }
            drop(place);
        });
    }
}
