//! Nothing is changed by a session without its CSRF token: in the field `csrf` of the form, or in the header `X-CSRF-Token`.
//!
//! It stands before every route, so that none can forget it.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use rules::secret::same;

use super::{cookie, is_safe};
use crate::{Site, problem::Problem};

/// Largest form, in octets: a CSV of some ten thousand mailboxes.
const MAX_FORM: usize = 4 * 1024 * 1024;

/// The token was seen and is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct CsrfSeen;

/// Checks requests that change something and show a session; keys need no token, since no browser sends them by itself.
pub(crate) async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    if is_safe(request.method()) {
        return next.run(request).await;
    }
    // A browser that says so is believed: also for the forms of those who have no session yet. W3C Fetch Metadata.
    let from = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_foreign = from.is_some_and(|from| !matches!(from, "same-origin" | "none"));
    let by_key = request.headers().contains_key(header::AUTHORIZATION);
    if is_foreign && !by_key {
        return refused();
    }
    // The public tools change nothing of anybody's, and take bodies of their own size.
    let is_tool = request.uri().path().starts_with("/tools/");
    let token = cookie::token(request.headers()).filter(|_| !by_key && !is_tool);
    let Some(token) = token else { return next.run(request).await };
    let expected = site.ops.csrf_token(&token);
    let in_header = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok());
    if in_header.is_some_and(|shown| same(shown, &expected)) {
        request.extensions_mut().insert(CsrfSeen);
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(octets) = to_bytes(body, MAX_FORM).await else {
        let title = "The form is too large";
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "http.too-large", title, "Send less at once.")
            .into_response();
    };
    if field(&parts.headers, &octets).is_some_and(|shown| same(&shown, &expected)) {
        parts.extensions.insert(CsrfSeen);
    } else if parts.uri.path() != "/sign-in" && !parts.uri.path().starts_with("/sign-in/link/") {
        // Signing in is for those whose session has ended too; it changes nothing of theirs but who they are.
        return refused();
    }
    next.run(Request::from_parts(parts, Body::from(octets))).await
}

/// The answer to a form without its token.
pub(super) fn refused() -> Response {
    let title = "The form is not from this page";
    let detail =
        "Open the page again and send the form from there: its CSRF token is missing or belongs to another session.";
    Problem::new(StatusCode::FORBIDDEN, "access.csrf", title, detail).into_response()
}

/// The field `csrf` of a form.
fn field(headers: &HeaderMap, octets: &Bytes) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    if kind.starts_with("application/x-www-form-urlencoded") {
        // The token is hex: nothing in it is escaped.
        let text = std::str::from_utf8(octets).ok()?;
        return text.split('&').find_map(|pair| pair.strip_prefix("csrf=")).map(str::to_owned);
    }
    if kind.starts_with("multipart/form-data") {
        // RFC 7578 §4: our own forms have it as their first field.
        let head = octets.get(..octets.len().min(2048))?;
        let text = String::from_utf8_lossy(head);
        let (_, after) = text.split_once("name=\"csrf\"\r\n\r\n")?;
        return after.split_once("\r\n").map(|(value, _)| value.to_owned());
    }
    None
}
