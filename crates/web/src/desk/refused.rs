//! What a page says when it cannot be shown.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use rules::{Blame, Fault};

use crate::site::page_with;

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The role does not have the right.
    Forbidden,
    /// The form is not of this session.
    Stale,
    /// What was typed in is wrong.
    Typed(String),
    /// A deed failed.
    Fault(Fault),
}

#[derive(Template)]
#[template(path = "desk/refused.html")]
struct Page {
    title: &'static str,
    text: String,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Your role may not do this",
                String::from("Viewers look, operators act, owners manage. Ask an owner for the role that you need."),
            ),
            Self::Stale => (
                StatusCode::FORBIDDEN,
                "This form is out of date",
                String::from("Nothing was changed. Go back, load the page anew, and send it again."),
            ),
            Self::Typed(text) => (StatusCode::UNPROCESSABLE_ENTITY, "That cannot be done", text),
            Self::Fault(fault) => of_fault(&fault),
        };
        page_with(status, &Page { title, text })
    }
}

fn of_fault(fault: &Fault) -> (StatusCode, &'static str, String) {
    match fault.blame {
        Blame::Caller if fault.code.ends_with(".unknown") => {
            (StatusCode::NOT_FOUND, "There is nothing here", fault.to_string())
        }
        Blame::Caller => (StatusCode::UNPROCESSABLE_ENTITY, "That cannot be done", fault.to_string()),
        _ => {
            tracing::warn!(code = fault.code, %fault, "a page could not be shown");
            let text = format!("The log says what is wrong ({}). Try again in a moment.", fault.code);
            (StatusCode::SERVICE_UNAVAILABLE, "This did not work", text)
        }
    }
}
