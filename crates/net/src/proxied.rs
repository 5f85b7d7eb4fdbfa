//! Connections that come through proxies of ours, which say who is really there.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use wire::{
    PROXY_BEGIN, PROXY_V1_LONGEST, PROXY_V2_FIXED, ProxyHeader, ProxyVersion, proxy_v2_length, proxy_version,
    read_proxy_v1, read_proxy_v2,
};

/// Longest wait for the whole header: a proxy sends it at once. HAProxy `tcp-request inspect-delay` is commonly 5 s.
const HEADER_LIMIT: Duration = Duration::from_secs(5);
/// Headers that are waited for at the same time by one listener; more clients wait in the kernel's queue.
const HEADERS: usize = 256;
/// Pause after a failed accept (out of file descriptors), so as not to spin.
const BREATH: Duration = Duration::from_millis(50);

/// The proxies that are configured in front of us.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    addresses: Vec<IpAddr>,
    speak: bool,
}

/// Who is there, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// The client.
    pub client: SocketAddr,
    /// The address that it connected to, when a proxy said so; else it is the socket's own.
    pub at: Option<SocketAddr>,
}

impl Proxies {
    /// Those addresses. `speak`: every connection from one of them begins with a header of the PROXY protocol.
    pub fn new(addresses: Vec<IpAddr>, speak: bool) -> Self {
        Self { addresses: addresses.into_iter().map(|ip| ip.to_canonical()).collect(), speak }
    }

    /// Whether it is one of them: many people come from its address.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.addresses.contains(&ip.to_canonical())
    }

    /// Whether a connection from there begins with a header. From everybody else one is refused, as any other thing that is not
    /// of the protocol is.
    pub fn speaks(&self, ip: IpAddr) -> bool {
        self.speak && self.contains(ip)
    }

    /// Whether headers are to be waited for at all.
    pub fn speak(&self) -> bool {
        self.speak && !self.addresses.is_empty()
    }

    /// Who is there. Of a proxy that speaks the header is read, and nothing behind it; `None` when there is none that can be
    /// believed, which is logged: the connection is to be closed.
    pub async fn meet(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<Met> {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        if !self.speaks(peer.ip()) {
            return Some(Met { client: peer, at: None });
        }
        let why = match timeout(HEADER_LIMIT, read_header(stream)).await {
            Ok(Ok(Ok(ProxyHeader::Own))) => return Some(Met { client: peer, at: None }),
            Ok(Ok(Ok(ProxyHeader::For { client, at }))) => return Some(Met { client, at: Some(at) }),
            Ok(Ok(Err(what))) => what.to_owned(),
            // A load balancer that looks whether the port is open says nothing.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tracing::debug!(%peer, "a proxy closed without a PROXY header");
                return None;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it was not there within {} s", HEADER_LIMIT.as_secs()),
        };
        tracing::warn!(%peer, "no PROXY header from a proxy, the connection is closed: {why}");
        None
    }
}

async fn read_header(stream: &mut TcpStream) -> io::Result<Result<ProxyHeader, &'static str>> {
    let mut header = vec![0; PROXY_BEGIN];
    stream.read_exact(&mut header).await?;
    match proxy_version(&header) {
        Some(ProxyVersion::One) => read_line(stream, header).await,
        Some(ProxyVersion::Two) => read_octets(stream, header).await,
        None => Ok(Err("something else came")),
    }
}

/// Octet by octet: what follows the line is the client's.
async fn read_line(stream: &mut TcpStream, mut header: Vec<u8>) -> io::Result<Result<ProxyHeader, &'static str>> {
    while !header.ends_with(b"\n") && header.len() < PROXY_V1_LONGEST {
        header.push(stream.read_u8().await?);
    }
    Ok(read_proxy_v1(&header))
}

async fn read_octets(stream: &mut TcpStream, mut header: Vec<u8>) -> io::Result<Result<ProxyHeader, &'static str>> {
    header.resize(PROXY_V2_FIXED, 0);
    stream.read_exact(header.get_mut(PROXY_BEGIN..).unwrap_or_default()).await?;
    let length = match proxy_v2_length(&header) {
        Ok(length) => length,
        Err(what) => return Ok(Err(what)),
    };
    header.resize(PROXY_V2_FIXED + length, 0);
    stream.read_exact(header.get_mut(PROXY_V2_FIXED..).unwrap_or_default()).await?;
    Ok(read_proxy_v2(&header))
}

/// A listener for a server of a library: gives connections with whoever is really there; a header that is slow in coming keeps
/// no other waiting.
#[derive(Debug)]
pub struct ProxiedListener {
    local: SocketAddr,
    met: mpsc::Receiver<(TcpStream, SocketAddr)>,
    task: JoinHandle<()>,
}

impl ProxiedListener {
    /// Over a bound listener.
    ///
    /// # Errors
    /// When the listener cannot tell its own address.
    pub fn new(listener: TcpListener, proxies: Proxies) -> io::Result<Self> {
        let local = listener.local_addr()?;
        let (ready, met) = mpsc::channel(HEADERS);
        let task = tokio::spawn(accept(listener, proxies, ready));
        Ok(Self { local, met, task })
    }

    /// The next connection; waits for ever once the listener is gone.
    pub async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        match self.met.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for ProxiedListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, proxies: Proxies, ready: mpsc::Sender<(TcpStream, SocketAddr)>) {
    let places = Arc::new(Semaphore::new(HEADERS));
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
        let (proxies, ready) = (proxies.clone(), ready.clone());
        tokio::spawn(async move {
            if let Some(met) = proxies.meet(&mut stream, peer).await {
                let _ = ready.send((stream, met.client)).await;
            }
            drop(place);
        });
    }
}
