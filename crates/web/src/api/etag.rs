//! `ETag`, `If-None-Match`, `If-Match`: what was seen before, and no change of what has changed meanwhile. RFC 9110 §8.8, §13.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rules::secret::{Key, unguessable};
use serde_json::Value;

use super::call::Call;
use crate::problem::Problem;

/// The tag of a text.
pub(super) fn tag(text: &str) -> String {
    // Not a secret: a digest of what the answer says itself.
    format!("\"{}\"", unguessable(&Key([0; 32]), text))
}

/// The answer with its tag; 304 when the caller has it already.
pub(super) fn tagged(call: &Call, answer: &Value) -> Response {
    let tag = tag(&answer.to_string());
    let known = names(call, header::IF_NONE_MATCH, &tag) == Some(true);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { Json(answer).into_response() };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Refuses a change of something that is not any more what the caller saw; `None`: it is not there.
pub(super) fn must_match(call: &Call, current: Option<&Value>) -> Result<(), Problem> {
    let tag = current.map(|answer| tag(&answer.to_string())).unwrap_or_default();
    match names(call, header::IF_MATCH, &tag) {
        None => Ok(()),
        Some(true) if current.is_some() => Ok(()),
        Some(_) => {
            let detail = "Read it again, look at what has changed, and send the change with the new ETag.";
            let title = "It has changed since you read it";
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, "http.changed", title, detail))
        }
    }
}

/// Whether a header names the tag; `None` without it.
fn names(call: &Call, header: HeaderName, tag: &str) -> Option<bool> {
    let known = call.headers.get(header)?.to_str().unwrap_or_default();
    Some(known.trim() == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
}
