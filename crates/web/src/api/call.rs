//! What every request passes before a deed is done: id, limits, who asks, and whether it is shaped as the document says.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    body::{Bytes, to_bytes},
    extract::{ConnectInfo, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rules::{Fault, id::WorkspaceId, secret::unguessable};
use serde::de::DeserializeOwned;
use serde_json::Value;
use syntax::{Address, Domain};
use tokio::time::{Instant, timeout};

use super::{
    endpoint::{Body, Endpoint, May, Parameter},
    limit::Limits,
    schema,
};
use crate::{
    Site,
    access::Caller,
    listener::Peer,
    problem::{Problem, Wrong},
};

/// Most octets of a JSON body.
pub(super) const MOST_JSON: usize = 64 * 1024;
/// Most octets of a message.
pub(super) const MOST_MESSAGE: usize = 30 * 1024 * 1024;
/// Longest time for one deed.
const LONGEST: Duration = Duration::from_secs(9);
/// Longest id that a client may give to its request, in characters.
const MOST_ID: usize = 128;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that has passed.
pub(super) struct Call {
    pub site: Site,
    /// Who asks; `None` only where everybody may.
    pub caller: Option<Caller>,
    /// Path and query by name, as the endpoint declares them.
    pub parameters: BTreeMap<String, String>,
    pub headers: HeaderMap,
    /// JSON that has the shape of the endpoint; null without one.
    pub json: Value,
    /// The body as it came.
    pub octets: Bytes,
}

/// What all endpoints share.
#[derive(Debug)]
pub(super) struct Door {
    limits: Limits,
    count: AtomicU64,
}

impl Door {
    /// Lets so many requests of one caller pass in a minute.
    pub(super) fn new(quota: u32) -> Self {
        Self { limits: Limits::new(quota), count: AtomicU64::new(0) }
    }

    /// Lets a request pass and does the deed.
    pub(super) async fn pass(self: Arc<Self>, endpoint: Arc<Endpoint>, site: Site, request: Request) -> Response {
        let id = self.request_id(&site, request.headers());
        let mut response = match self.answered(&endpoint, site, request).await {
            Ok(response) => response,
            Err(response) => *response,
        };
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn answered(&self, endpoint: &Endpoint, site: Site, request: Request) -> Result<Response, Box<Response>> {
        let (mut parts, body) = request.into_parts();
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.0.ip());
        let stranger = peer.map_or_else(|| String::from("somebody"), |ip| ip.to_string());
        let caller = match endpoint.may {
            May::Everybody => None,
            May::AnyCaller | May::With(_) => match Caller::from_request_parts(&mut parts, &site).await {
                Ok(caller) => Some(caller),
                Err(refused) => {
                    let left = self.limits.take(&stranger, Instant::now());
                    let mut response =
                        if left.passes { refused.into_response() } else { too_many(left.seconds).into_response() };
                    left.tell(response.headers_mut());
                    return Err(Box::new(response));
                }
            },
        };
        let who = caller.as_ref().map_or(stranger, |caller| format!("caller {}", caller.id));
        let left = self.limits.take(&who, Instant::now());
        let done = async {
            if !left.passes {
                return Err(too_many(left.seconds));
            }
            if let (Some(caller), Some(scope)) = (&caller, endpoint.may.scope()) {
                caller.must(scope)?;
            }
            let path = RawPathParams::from_request_parts(&mut parts, &site).await.map_err(|_| Problem::not_found())?;
            let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let parameters = parameters(endpoint, path, parts.uri.query().unwrap_or_default())?;
            headers_fit(endpoint, &parts.headers)?;
            let (json, octets) = given(&endpoint.body, &parts.headers, body).await?;
            let call = Call { site, caller, parameters, headers: parts.headers, json, octets };
            (endpoint.run)(call).await
        };
        // A little before the limit of every answer, so that this one says how many requests are left.
        let done = timeout(LONGEST, done).await.unwrap_or_else(|_| Err(Problem::too_slow()));
        let mut response = done.unwrap_or_else(IntoResponse::into_response);
        left.tell(response.headers_mut());
        Ok(response)
    }

    /// The client's own, when it is one; else a new one.
    fn request_id(&self, site: &Site, headers: &HeaderMap) -> String {
        let fits = |text: &&str| {
            (1..=MOST_ID).contains(&text.len())
                && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.'))
        };
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(fits);
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let now = site.ops.store.clock().now().micros();
        given.map_or_else(|| unguessable(&site.ops.key, &format!("request {now} {count}")), str::to_owned)
    }
}

fn too_many(seconds: u64) -> Problem {
    Problem::too_many(seconds, format!("Try again in {seconds} s; the RateLimit header says how many may follow."))
}

/// Path and query, held against what the endpoint declares.
fn parameters(
    endpoint: &Endpoint,
    path: BTreeMap<String, String>,
    query: &str,
) -> Result<BTreeMap<String, String>, Problem> {
    let (mut found, mut wrong) = (path, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            wrong.push(Wrong::parameter(name, "its percent-encoding cannot be read as UTF-8"));
            continue;
        };
        let known = endpoint.parameters.iter().find(|known| known.place == "query" && known.name == name);
        let Some(known) = known else {
            let names: Vec<&str> =
                endpoint.parameters.iter().filter(|known| known.place == "query").map(|known| known.name).collect();
            let what = match names.as_slice() {
                [] => String::from("this path takes no parameters"),
                names => format!("this parameter is not known; known are {}", names.join(", ")),
            };
            wrong.push(Wrong::parameter(&name, what));
            continue;
        };
        wrong.extend(parameter_fault(known, &value).map(|what| Wrong::parameter(&name, what)));
        if found.insert(name.clone(), value).is_some() {
            wrong.push(Wrong::parameter(&name, "it is given twice"));
        }
    }
    match wrong.is_empty() {
        true => Ok(found),
        false => Err(Problem::invalid("Look at the parameters of the query.").wrong(wrong)),
    }
}

/// The headers that the endpoint declares.
fn headers_fit(endpoint: &Endpoint, headers: &HeaderMap) -> Result<(), Problem> {
    let declared = endpoint.parameters.iter().filter(|known| known.place == "header");
    let wrong = declared.filter_map(|known| {
        let value = headers.get(known.name)?;
        let fault = match value.to_str() {
            Ok(text) => parameter_fault(known, text)?,
            Err(_) => String::from("visible ASCII characters are wanted"),
        };
        Some(Wrong::parameter(known.name, fault))
    });
    match wrong.collect::<Vec<_>>() {
        none if none.is_empty() => Ok(()),
        wrong => Err(Problem::invalid("Look at the headers.").wrong(wrong)),
    }
}

fn parameter_fault(known: &Parameter, value: &str) -> Option<String> {
    match known.shape.get("type").and_then(Value::as_str) {
        Some("integer") => {
            let number = value.parse::<u64>().ok().map(Value::from);
            let shape = &known.shape;
            let between = format!("a whole number from {} to {}", shape["minimum"], shape["maximum"]);
            number.is_none_or(|number| !schema::faults(shape, &number).is_empty()).then_some(between)
        }
        Some("boolean") => (value != "true" && value != "false").then(|| String::from("use true or false")),
        _ => schema::text_fault(&known.shape, value),
    }
}

/// Percent-encoding and `+`. WHATWG URL §5.1.
fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}

/// The body, within its limit and of its type.
async fn given(wanted: &Body, headers: &HeaderMap, body: axum::body::Body) -> Result<(Value, Bytes), Problem> {
    let most = if matches!(wanted, Body::Octets { .. }) { MOST_MESSAGE } else { MOST_JSON };
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let expected = match wanted {
        Body::None => None,
        Body::Json { .. } => Some("application/json"),
        Body::Octets { media, .. } => Some(*media),
    };
    if let Some(expected) = expected.filter(|expected| *expected != media) {
        let detail = format!("Send it as Content-Type: {expected}.");
        let title = "The body is of another type than this path takes";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "http.media-type", title, detail));
    }
    let octets = to_bytes(body, most).await.map_err(|_| {
        let detail = format!("At most {most} octets are read.");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "http.too-large", "The body is too large", detail)
    })?;
    if octets.is_empty() && expected.is_some() {
        let detail = "Send what the document says, with its length.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "http.malformed", "The body is empty", detail));
    }
    let Body::Json { shape, .. } = wanted else { return Ok((Value::Null, octets)) };
    let json: Value = serde_json::from_slice(&octets).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "http.malformed", "The body is no JSON", format!("{error}."))
    })?;
    match schema::faults(shape, &json) {
        wrong if wrong.is_empty() => Ok((json, octets)),
        wrong => Err(Problem::invalid("Look at the fields of the body.").wrong(wrong)),
    }
}

impl Call {
    /// Who asks, for the audit log.
    pub(super) fn who(&self) -> &str {
        self.caller.as_ref().map_or("somebody", |caller| caller.name.as_str())
    }

    /// The tenant to which the caller is bound; `None` for the whole installation.
    pub(super) fn workspace(&self) -> Option<&WorkspaceId> {
        self.caller.as_ref().and_then(|caller| caller.workspace.as_ref())
    }

    /// Refuses callers that are bound to one tenant: what they ask for belongs to all.
    pub(super) fn must_be_of_all(&self) -> Result<(), Problem> {
        match self.workspace() {
            None => Ok(()),
            Some(_) => Err(Problem::forbidden("This belongs to the whole installation; the key is of one workspace.")),
        }
    }

    /// A parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The domain in a part of the path; what is none is not found.
    pub(super) fn domain(&self) -> Result<Domain, Problem> {
        Domain::parse(self.part("name")).map_err(|_| Problem::not_found())
    }

    /// The address in a part of the path; what is none is not found.
    pub(super) fn address(&self) -> Result<Address, Problem> {
        Address::parse(self.part("address")).map_err(|_| Problem::not_found())
    }

    /// A parameter that is a domain.
    pub(super) fn domain_asked(&self, name: &str) -> Result<Option<Domain>, Problem> {
        let read = |text: &str| {
            Domain::parse(text).map_err(|malformed| {
                let wrong = Wrong::parameter(name, format!("it is no domain: {malformed}"));
                Problem::invalid("Look at the parameters of the query.").wrong(vec![wrong])
            })
        };
        self.get(name).map(read).transpose()
    }

    /// The JSON as a type: its shape was looked at before.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_value(self.json.clone()).map_err(|error| Problem::invalid(error.to_string()))
    }
}

/// Text of the body that has a type of its own.
pub(super) fn parsed<T>(pointer: &str, read: Result<T, impl std::fmt::Display>) -> Result<T, Problem> {
    read.map_err(|why| {
        Problem::invalid("Look at the fields of the body.").wrong(vec![Wrong::at(pointer, why.to_string())])
    })
}

/// An answer in JSON.
pub(super) fn told<T: serde::Serialize>(answer: Result<T, Fault>) -> Result<Response, Problem> {
    Ok(Json(answer?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_as_browsers_write_it() {
        assert_eq!(decoded("a%40b+c").as_deref(), Some("a@b c"));
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }
}
