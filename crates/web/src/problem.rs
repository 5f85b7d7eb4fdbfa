//! Problem details for HTTP. RFC 9457.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rules::Fault;
use serde_json::json;

/// Something that is not as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// Stable public id, kebab-case with dots.
    code: &'static str,
    title: &'static str,
    /// What next.
    detail: &'static str,
}

impl Problem {
    pub(crate) fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "http.not-found",
            title: "There is nothing at this path",
            detail: "Served are /healthz, /readyz and /metrics.",
        }
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "http.method-not-allowed",
            title: "This path does not take that method",
            detail: "Use GET.",
        }
    }

    pub(crate) fn too_slow() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "http.too-slow",
            title: "The answer took too long",
            detail: "Try again; the log says what is slow.",
        }
    }

    /// To whoever asks, the code; the log has the rest.
    pub(crate) fn of_fault(fault: &Fault) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: fault.code,
            title: "Not ready: the store cannot be reached",
            detail: "Mail is put off with 451 until it can; the log says why.",
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}
