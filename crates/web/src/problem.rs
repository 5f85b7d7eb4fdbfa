//! Problem details for HTTP. RFC 9457.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rules::{Blame, Fault, Retry};

/// Something that is not as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// Stable public id, kebab-case with dots.
    code: &'static str,
    title: &'static str,
    /// What next.
    detail: String,
    /// The entry of the reference that explains it.
    entry: Option<&'static str>,
    /// What is wrong where.
    errors: Vec<Wrong>,
    /// Seconds after which trying again makes sense.
    retry_after: Option<u64>,
}

/// One thing that is wrong in a request, and where. RFC 9457 §3.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Wrong {
    /// What is wrong with it.
    pub detail: String,
    /// Where in the JSON of the body, as a JSON pointer in a fragment: `#/recipients/0`. RFC 6901 §6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which parameter of the query, the path or the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Which line of a CSV, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Wrong {
    /// In the body.
    pub(crate) fn at(pointer: &str, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), pointer: Some(format!("#{pointer}")), parameter: None, line: None }
    }

    /// In a parameter.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), pointer: None, parameter: Some(name.to_owned()), line: None }
    }

    /// In a line of a CSV.
    pub(crate) fn line(line: u64, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), pointer: None, parameter: None, line: Some(line) }
    }
}

impl Problem {
    /// A problem; `detail` says what next.
    pub(crate) fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let entry = reference::entry(code).or_else(|| reference::finding(code)).map(|entry| entry.id.as_str());
        Self { status, code, title, detail: detail.into(), entry, errors: Vec::new(), retry_after: None }
    }

    /// What is wrong where.
    #[must_use]
    pub(crate) fn wrong(mut self, errors: Vec<Wrong>) -> Self {
        self.errors = errors;
        self
    }

    /// Seconds after which trying again makes sense.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn not_found() -> Self {
        let detail = "Look at the path; an id of another workspace is not found either.";
        Self::new(StatusCode::NOT_FOUND, "http.not-found", "There is nothing at this path", detail)
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "The header Allow names the methods that it takes.";
        let title = "This path does not take that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "http.method-not-allowed", title, detail)
    }

    pub(crate) fn too_slow() -> Self {
        let detail = "Try again; the log says what is slow.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "http.too-slow", "The answer took too long", detail)
    }

    /// Nobody has said who asks, or it was not right.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        let title = "It must be known who asks";
        Self::new(StatusCode::UNAUTHORIZED, "access.unauthenticated", title, detail)
    }

    /// Whoever asks may not do that.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "access.forbidden", "Whoever asks may not do that", detail)
    }

    /// More was asked than is answered; again after so many seconds.
    pub(crate) fn too_many(seconds: u64, detail: impl Into<String>) -> Self {
        let title = "Too many requests";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "http.too-many", title, detail).retry_after(seconds)
    }

    /// Something in the request is not as it should be.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        let title = "The request is not as it should be";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "http.invalid", title, detail)
    }

    /// To whoever asks, the code; the log has the rest.
    pub(crate) fn of_fault(fault: &Fault) -> Self {
        let (title, detail) = match fault.code.split_once('.') {
            Some(("load", _)) => (
                "Not ready: something is short",
                "New mail is put off with 452 or 421 until it is not; what waits is delivered. The log says more.",
            ),
            _ => ("Not ready: the store cannot be reached", "Mail is put off with 451 until it can; the log says why."),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, fault.code, title, detail)
    }
}

/// A caller's own mistake is told in full; of everything else whoever asks gets the code, and the log has the rest.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let status = status_of(&fault);
        if status.is_server_error() {
            tracing::warn!(code = fault.code, %fault, "a request failed");
        }
        let (title, detail) = match fault.blame {
            Blame::Caller => ("It cannot be done as it was asked for", fault.to_string()),
            Blame::Operator => ("The installation cannot do it now", String::from("The operator's log says why.")),
            Blame::Peer => ("Another host did not answer as it should", fault.to_string()),
            Blame::Us => ("A defect of the program", String::from("The log says more; please report it.")),
        };
        let problem = Self::new(status, fault.code, title, detail);
        match (fault.retry, status) {
            (Retry::Later, StatusCode::SERVICE_UNAVAILABLE) => problem.retry_after(5),
            _ => problem,
        }
    }
}

/// By whose matter it is, and by the last word of its code.
fn status_of(fault: &Fault) -> StatusCode {
    let last = fault.code.rsplit('.').next().unwrap_or_default();
    match (fault.blame, last) {
        (_, "unknown") => StatusCode::NOT_FOUND,
        (_, "exists" | "ip-taken" | "ambiguous" | "reused" | "not-yet" | "under-way") => StatusCode::CONFLICT,
        (Blame::Caller, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (Blame::Operator, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Blame::Peer, _) => StatusCode::BAD_GATEWAY,
        (Blame::Us, _) if fault.retry == Retry::Later => StatusCode::SERVICE_UNAVAILABLE,
        (Blame::Us, _) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// As it is written.
#[derive(serde::Serialize)]
struct Written<'p> {
    r#type: String,
    title: &'p str,
    status: u16,
    detail: &'p str,
    code: &'p str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [Wrong],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let written = Written {
            r#type: self.entry.map_or_else(|| String::from("about:blank"), |entry| format!("/smtp-errors/{entry}")),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            errors: &self.errors,
        };
        let mut response = (self.status, Json(&written)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"coldrelay\""));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_matter_a_fault_is_decides_the_status() {
        let check = |fault: Fault, expect: u16| {
            let code = fault.code;
            assert_eq!(Problem::from(fault).status.as_u16(), expect, "{code}");
        };
        check(Fault::caller("domain.unknown", "no"), 404);
        check(Fault::caller("mailbox.exists", "no"), 409);
        check(Fault::caller("mailbox.csv", "no"), 422);
        check(Fault::new("store.busy", Blame::Operator, Retry::Later), 503);
        check(Fault::new("dns.timeout", Blame::Peer, Retry::Later), 502);
        check(Fault::new("store.corrupt", Blame::Us, Retry::AfterChange), 500);
    }

    #[test]
    fn a_stranger_learns_nothing_of_a_fault_that_is_not_his() {
        let fault = Fault::new("store.open", Blame::Operator, Retry::Later).context("/var/lib/coldrelay/coldrelay.db");
        assert!(!Problem::from(fault).detail.contains("/var"));
    }
}
