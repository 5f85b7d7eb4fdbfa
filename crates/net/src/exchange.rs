//! One POST over plain HTTP to a service of the operator's own, with every bound set: for filters that look at a message.

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rules::{Blame, Fault, Retry};
use tokio::time::timeout;

use crate::{Dial, Fetched, dial};

/// What to post, and where.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The service.
    pub target: SocketAddr,
    /// With its leading slash.
    pub path: String,
    /// Header fields besides Host and Content-Length. A value that no header can hold is left out.
    pub fields: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Longest wait for all of it.
    pub limit: Duration,
    /// Most octets of the answer's body.
    pub octets: usize,
}

/// Posts, and gives the answer, whatever its status.
///
/// # Errors
/// `connect.*`, `exchange.timeout`, `exchange.broken`, `exchange.large`.
pub async fn exchange(exchange: Exchange) -> Result<Fetched, Fault> {
    let (target, limit) = (exchange.target, exchange.limit);
    match timeout(limit, post(exchange)).await {
        Ok(answer) => answer,
        Err(_) => Err(fault("exchange.timeout", format!("no answer from http://{target} within {limit:?}"))),
    }
}

async fn post(exchange: Exchange) -> Result<Fetched, Fault> {
    let Exchange { target, path, fields, body, limit, octets } = exchange;
    let stream = dial(&Dial { target, source: None, limit }).await?;
    let broken = |error: hyper::Error| fault("exchange.broken", format!("HTTP with {target}: {error}"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let carrying = tokio::spawn(connection);
    let mut request = Request::post(&path).header(header::HOST, target.to_string());
    for (name, value) in fields {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            request = request.header(name, value);
        }
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| fault("exchange.broken", format!("{path}: {error}")))?;
    let answer = match sender.send_request(request).await {
        Ok(answer) => read(answer, octets).await,
        Err(error) => Err(broken(error)),
    };
    carrying.abort();
    answer
}

async fn read(answer: hyper::Response<hyper::body::Incoming>, octets: usize) -> Result<Fetched, Fault> {
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (content_type, location) = (text(header::CONTENT_TYPE), text(header::LOCATION));
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), octets)
        .collect()
        .await
        .map_err(|error| fault("exchange.large", format!("the answer: {error} (at most {octets} octets)")))?;
    Ok(Fetched { status, content_type, location, body: body.to_bytes().to_vec() })
}

fn fault(code: &'static str, what: String) -> Fault {
    Fault::new(code, Blame::Peer, Retry::Later).context(what)
}
