//! The frame of all pages: style, script, and the headers that a page is sent with.

use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{Site, problem::Problem};

/// Nothing but our own files, and no script or style inside a page. OWASP Content Security Policy, 2026.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const CSS: &str = include_str!("../assets/site/site.css");
const JS: &str = include_str!("../assets/site/site.js");
const CSS_HASH: u64 = hash(CSS.as_bytes());
const JS_HASH: u64 = hash(JS.as_bytes());

/// Path of the style, changed whenever its content changes.
pub(crate) fn css() -> String {
    format!("/assets/site/site.css?{CSS_HASH:016x}")
}

/// Path of the script, changed whenever its content changes.
pub(crate) fn js() -> String {
    format!("/assets/site/site.js?{JS_HASH:016x}")
}

/// Style and script.
pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/assets/site/{file}", get(asset))
}

async fn asset(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "site.css" => ("text/css; charset=utf-8", CSS),
        "site.js" => ("text/javascript; charset=utf-8", JS),
        _ => return Problem::not_found().into_response(),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, text).into_response()
}

/// A page, with the policy of pages.
pub(crate) fn page(template: &impl Template) -> Response {
    page_with(StatusCode::OK, template)
}

/// A page with another status.
pub(crate) fn page_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => {
            let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response();
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// FNV-1a: names a version of a file, protects nothing.
#[expect(clippy::as_conversions, reason = "widening")]
pub(crate) const fn hash(octets: &[u8]) -> u64 {
    let (mut hash, mut rest) = (0xcbf2_9ce4_8422_2325_u64, octets);
    while let [first, tail @ ..] = rest {
        hash = (hash ^ *first as u64).wrapping_mul(0x0100_0000_01b3);
        rest = tail;
    }
    hash
}
