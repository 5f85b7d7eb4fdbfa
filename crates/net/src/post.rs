//! One request with a body over HTTP/1.1, with every bound set: no redirect followed, no more of the answer read than asked for.

use std::{net::IpAddr, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rules::Fault;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use crate::{
    ClientTls,
    fetch::{encrypt, fault, reach},
};

/// What to post, and where.
#[derive(Debug, Clone)]
pub struct Post {
    /// The name (or the address as text) that the certificate must be for.
    pub host: String,
    /// The host's addresses, tried in order; whoever asks has made sure that they may be reached.
    pub addresses: Vec<IpAddr>,
    /// Port.
    pub port: u16,
    /// The `Host` header.
    pub authority: String,
    /// Path and query, with its leading slash.
    pub path: String,
    /// What is trusted; `None` posts in the clear.
    pub tls: Option<ClientTls>,
    /// Headers besides Host, User-Agent and Content-Length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Longest wait for all of it.
    pub limit: Duration,
    /// Most octets of the answer that are read; what follows is left unread.
    pub octets: usize,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// HTTP status.
    pub status: u16,
    /// Where a redirect points; it was not followed.
    pub location: Option<String>,
    /// Retry-After.
    pub retry_after: Option<String>,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Posts.
///
/// # Errors
/// `connect.*`, `tls.handshake`, `fetch.timeout`, `fetch.broken`.
pub async fn post(post: &Post) -> Result<Posted, Fault> {
    within(post, Method::POST).await
}

/// Asks with GET, and without the body, else the same.
///
/// # Errors
/// `connect.*`, `tls.handshake`, `fetch.timeout`, `fetch.broken`.
pub async fn get(get: &Post) -> Result<Posted, Fault> {
    within(&Post { body: Vec::new(), ..get.clone() }, Method::GET).await
}

async fn within(post: &Post, method: Method) -> Result<Posted, Fault> {
    match timeout(post.limit, send(post, method)).await {
        Ok(posted) => posted,
        Err(_) => Err(fault("fetch.timeout", format!("no answer from {} within {:?}", post.host, post.limit))),
    }
}

async fn send(post: &Post, method: Method) -> Result<Posted, Fault> {
    // Several addresses share the time: one that is silent leaves some to the next.
    let share = u32::try_from(post.addresses.len()).unwrap_or(u32::MAX).max(1);
    let stream = reach(&post.host, &post.addresses, post.port, post.limit / share).await?;
    match &post.tls {
        Some(tls) => exchange(encrypt(stream, &post.host, tls).await?, post, method).await,
        None => exchange(stream, post, method).await,
    }
}

async fn exchange<S>(stream: S, post: &Post, method: Method) -> Result<Posted, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| fault("fetch.broken", format!("HTTP with {}: {error}", post.host));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let request = request(post, method)?;
    let talk = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        Ok(read(answer, post.octets).await)
    };
    // The connection ends with this function, whoever gave up: no task is left behind.
    let mut connection = std::pin::pin!(connection);
    let mut talk = std::pin::pin!(talk);
    tokio::select! {
        posted = &mut talk => posted,
        // What was read before the end of the connection is given still.
        _ = &mut connection => talk.await,
    }
}

fn request(post: &Post, method: Method) -> Result<Request<Full<Bytes>>, Fault> {
    let request = Request::builder()
        .method(method)
        .uri(&post.path)
        .header(header::HOST, &post.authority)
        .header(header::USER_AGENT, concat!("coldrelay/", env!("CARGO_PKG_VERSION")));
    let request = post.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    request
        .body(Full::new(Bytes::from(post.body.clone())))
        .map_err(|error| fault("fetch.broken", format!("a request to {}: {error}", post.host)))
}

async fn read(answer: hyper::Response<hyper::body::Incoming>, octets: usize) -> Posted {
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (location, retry_after) = (text(header::LOCATION), text(header::RETRY_AFTER));
    let status = answer.status().as_u16();
    let mut incoming = answer.into_body();
    let mut body = Vec::new();
    while body.len() < octets
        && let Some(frame) = incoming.frame().await
    {
        // The status is the answer; a body that breaks off does not change it.
        let Ok(frame) = frame else { break };
        if let Some(data) = frame.data_ref() {
            body.extend(data.iter().take(octets - body.len()));
        }
    }
    Posted { status, location, retry_after, body }
}
