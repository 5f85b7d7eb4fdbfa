//! One HTTPS resource, fetched with every bound set: no redirect followed, no more octets than asked for.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rules::{Blame, Fault, Retry};
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{ClientTls, Dial, dial};

/// What to fetch, from where.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The name that the certificate must be for, and the Host.
    pub host: String,
    /// The host's addresses, tried in order; whoever asks has made sure that they may be reached.
    pub addresses: Vec<IpAddr>,
    /// 443.
    pub port: u16,
    /// With its leading slash.
    pub path: String,
    /// What is trusted.
    pub tls: ClientTls,
    /// Longest wait for all of it.
    pub limit: Duration,
    /// Most octets of the body.
    pub octets: usize,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// Content-Type, when there is one.
    pub content_type: Option<String>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Fetches.
///
/// # Errors
/// `connect.*`, `tls.handshake` (with what is wrong with the certificate), `fetch.timeout`, `fetch.broken`, `fetch.large`.
pub async fn fetch(fetch: &Fetch) -> Result<Fetched, Fault> {
    match timeout(fetch.limit, get(fetch)).await {
        Ok(fetched) => fetched,
        Err(_) => Err(fault("fetch.timeout", format!("no answer from {} within {:?}", fetch.host, fetch.limit))),
    }
}

async fn get(fetch: &Fetch) -> Result<Fetched, Fault> {
    let stream = reach(&fetch.host, &fetch.addresses, fetch.port, fetch.limit).await?;
    let stream = encrypt(stream, &fetch.host, &fetch.tls).await?;
    let broken = |error: hyper::Error| fault("fetch.broken", format!("HTTP with {}: {error}", fetch.host));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let carrying = tokio::spawn(connection);
    let answer = sender.send_request(request(fetch)?).await.map_err(broken);
    let read = read(answer?, fetch).await;
    carrying.abort();
    read
}

/// The first of the addresses that answers.
pub(crate) async fn reach(host: &str, addresses: &[IpAddr], port: u16, limit: Duration) -> Result<TcpStream, Fault> {
    let mut stream = Err(fault("connect.unreachable", format!("{host} has no address")));
    for ip in addresses {
        stream = dial(&Dial { target: SocketAddr::new(*ip, port), source: None, limit }).await;
        if stream.is_ok() {
            break;
        }
    }
    stream
}

/// TLS with the host of that name.
pub(crate) async fn encrypt(stream: TcpStream, host: &str, tls: &ClientTls) -> Result<TlsStream<TcpStream>, Fault> {
    let name =
        ServerName::try_from(host.to_owned()).map_err(|_| fault("tls.handshake", format!("{host} is no host name")))?;
    let connected = TlsConnector::from(tls.0.clone()).connect(name, stream).await;
    connected.map_err(|error| fault("tls.handshake", format!("TLS with {host}: {error}")))
}

fn request(fetch: &Fetch) -> Result<Request<Empty<Bytes>>, Fault> {
    Request::get(&fetch.path)
        .header(header::HOST, &fetch.host)
        .header(header::USER_AGENT, concat!("coldrelay/", env!("CARGO_PKG_VERSION")))
        .body(Empty::new())
        .map_err(|error| fault("fetch.broken", format!("{}: {error}", fetch.path)))
}

async fn read(answer: hyper::Response<hyper::body::Incoming>, fetch: &Fetch) -> Result<Fetched, Fault> {
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (content_type, location) = (text(header::CONTENT_TYPE), text(header::LOCATION));
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), fetch.octets).collect().await.map_err(|error| {
        fault("fetch.large", format!("the answer of {}: {error} (at most {} octets)", fetch.host, fetch.octets))
    })?;
    Ok(Fetched { status, content_type, location, body: body.to_bytes().to_vec() })
}

pub(crate) fn fault(code: &'static str, what: String) -> Fault {
    Fault::new(code, Blame::Peer, Retry::Later).context(what)
}
