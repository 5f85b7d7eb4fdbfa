//! How requests reach the CA: one connection each, with every bound set.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response, StatusCode, Uri, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rules::Fault;
use tokio::time::timeout;

use super::Lookup;
use crate::{
    ClientTls,
    fetch::{encrypt, fault, reach},
};

/// Most octets of one answer: a chain of certificates has a few thousand.
const OCTETS: usize = 256 * 1024;
/// RFC 8555 §6.1
const HTTPS: u16 = 443;

/// Carries requests, and remembers what the last answer said of waiting.
#[derive(Clone)]
pub(super) struct Wire {
    lookup: Arc<dyn Lookup>,
    tls: ClientTls,
    limit: Duration,
    last: Arc<Mutex<Last>>,
}

#[derive(Default)]
struct Last {
    retry_after: Option<String>,
    busy: bool,
}

impl Wire {
    pub(super) fn new(lookup: Arc<dyn Lookup>, tls: ClientTls, limit: Duration) -> Self {
        Self { lookup, tls, limit, last: Arc::default() }
    }

    /// Retry-After of the last answer.
    pub(super) fn retry_after(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).retry_after.clone()
    }

    /// Whether the last answer was 429 or 503.
    pub(super) fn was_busy(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).busy
    }

    fn remember(&self, answer: &Response<Full<Bytes>>) {
        let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let busy = matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let last = Last { retry_after: retry_after.map(str::to_owned), busy };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    async fn exchange(&self, request: Request<BodyWrapper<Bytes>>) -> Result<Response<Full<Bytes>>, Fault> {
        let (host, authority, port) = target(request.uri())?;
        let addresses = match host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.lookup.addresses(&host).await?,
        };
        let share = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let stream = reach(&host, &addresses, port, self.limit / share).await?;
        let stream = encrypt(stream, &host, &self.tls).await?;
        let broken = |error: hyper::Error| fault("acme.unreachable", format!("HTTP with {host}: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let talk = async {
            let answer = sender.send_request(relative(request, &authority)?).await.map_err(broken)?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, OCTETS).collect().await.map_err(|error| {
                fault("acme.broken", format!("the answer of {host}: {error} (at most {OCTETS} octets)"))
            })?;
            Ok(Response::from_parts(parts, Full::new(body.to_bytes())))
        };
        // The connection ends with this function: no task is left behind.
        let (mut connection, mut talk) = (std::pin::pin!(connection), std::pin::pin!(talk));
        tokio::select! {
            answer = &mut talk => answer,
            _ = &mut connection => talk.await,
        }
    }
}

impl HttpClient for Wire {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let wire = self.clone();
        Box::pin(async move {
            let uri = request.uri().clone();
            let answer = match timeout(wire.limit, wire.exchange(request)).await {
                Ok(answer) => answer.map_err(unreachable),
                Err(_) => Err(fault("acme.unreachable", format!("no answer from {uri} within {:?}", wire.limit))),
            };
            let answer = answer.map_err(|fault| Error::Other(Box::new(fault)))?;
            wire.remember(&answer);
            Ok(BytesResponse::from(answer))
        })
    }
}

/// Whatever kept us from the CA has one code; its words say what it was.
fn unreachable(fault: Fault) -> Fault {
    if fault.code.starts_with("acme.") { fault } else { Fault { code: "acme.unreachable", ..fault } }
}

fn target(uri: &Uri) -> Result<(String, String, u16), Fault> {
    let wrong = || fault("acme.broken", format!("{uri} is no https URL"));
    let authority = uri.authority().ok_or_else(wrong)?;
    if uri.scheme_str() != Some("https") {
        return Err(wrong());
    }
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    Ok((host, authority.to_string(), authority.port_u16().unwrap_or(HTTPS)))
}

/// As HTTP/1.1 has it: the path alone, and the host in its header. RFC 9112 §3.2.1
fn relative(request: Request<BodyWrapper<Bytes>>, authority: &str) -> Result<Request<BodyWrapper<Bytes>>, Fault> {
    let (mut parts, body) = request.into_parts();
    let wrong = |what: String| fault("acme.broken", what);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    parts.uri = path.parse().map_err(|error| wrong(format!("{path}: {error}")))?;
    let host = authority.parse().map_err(|error| wrong(format!("{authority}: {error}")))?;
    parts.headers.insert(header::HOST, host);
    Ok(Request::from_parts(parts, body))
}
