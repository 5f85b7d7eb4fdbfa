//! Pages of a list: `?limit=&after=`, and `next` in the answer.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    call::Call,
    endpoint::Endpoint,
    schema::{list, maybe, number, open, text, text_within},
};

/// Rows of a page when none is asked for.
const USUAL: u32 = 50;
/// Most rows of a page.
pub(super) const MOST: u32 = 500;

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub limit: u32,
    /// Cursor; empty for the first page.
    pub after: String,
}

impl Asked {
    /// Reads it.
    pub(super) fn of(call: &Call) -> Self {
        let limit = call.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(USUAL);
        Self { limit, after: call.get("after").unwrap_or_default().to_owned() }
    }

    /// Rows that are read: one more than shown tells whether there is a next page.
    pub(super) fn reads(&self) -> u32 {
        self.limit + 1
    }

    /// The page of what was read.
    pub(super) fn page<T: serde::Serialize>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> String) -> Response {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Json(json!({"items": rows, "next": next})).into_response()
    }
}

/// With the parameters and the answer of a list.
pub(super) fn paged(endpoint: Endpoint, item: Value, example: Value) -> Endpoint {
    let shape = open(&[
        ("items", list("The rows of this page.", item, 500)),
        ("next", maybe(text("What to give as `after` for the next page; null at the end."))),
    ]);
    endpoint
        .query("limit", number("Rows of a page.", 1, MOST.into()), 50)
        .query("after", text_within("The `next` of the page before.", 400), "")
        .answers("A page.", shape, json!({"items": [example], "next": null}))
}
