//! Refusals explained: a reply, a log line, a whole bounce; one or many.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bounce::{Recognised, explain_message, explain_text};
use serde_json::json;

use super::{
    call::{Call, parsed},
    endpoint::{Endpoint, May, Verb},
    schema::{list, maybe, named, object, open, some, text_within},
};
use crate::problem::Problem;

/// Texts of one batch.
const MOST: usize = 500;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let line = "550 5.1.1 <ann@example.com>: user unknown";
    let example = json!({"source": "reply", "format": "reply", "recipients": []});
    let one = text_within("A reply, a log line, or a bounce.", 60_000);
    vec![
        Endpoint::new(
            Verb::Post,
            "/explain",
            "explain",
            "What a reply, a log line or a bounce means",
            May::AnyCaller,
            explain,
        )
        .json(object(&[("text", one.clone())]), json!({"text": line}))
        .answers(
            "What it was taken for, and what became of each recipient.",
            named("Recognised"),
            example.clone(),
        ),
        Endpoint::new(
            Verb::Post,
            "/explain/batch",
            "explain_many",
            "What many lines mean, one answer a line",
            May::AnyCaller,
            batch,
        )
        .json(object(&[("texts", some("One each.", one, MOST))]), json!({"texts": [line]}))
        .answers(
            "In the order of the texts; null where no reply was found.",
            open(&[("items", list("One a text.", maybe(named("Recognised")), MOST))]),
            json!({"items": [example]}),
        ),
        Endpoint::new(
            Verb::Post,
            "/explain/message",
            "explain_message",
            "What a bounce message means",
            May::AnyCaller,
            message,
        )
        .octets(
            "message/rfc822",
            "From: MAILER-DAEMON@example.com\r\nSubject: failure\r\n\r\n550 5.1.1 user unknown\r\n",
        )
        .answers(
            "What it was taken for, and what became of each recipient.",
            named("Recognised"),
            json!({"source": "bounce", "format": "rfc3464", "recipients": []}),
        ),
    ]
}

async fn explain(call: Call) -> Result<Response, Problem> {
    let found = explain_text(call.json["text"].as_str().unwrap_or_default());
    let found = found.ok_or("no SMTP reply was found in it: give the whole line with its code, as `550 5.7.1 …`");
    Ok(Json(parsed("/text", found)?).into_response())
}

async fn batch(call: Call) -> Result<Response, Problem> {
    let texts = call.json["texts"].as_array().into_iter().flatten();
    let found: Vec<Option<Recognised>> = texts.map(|text| text.as_str().and_then(explain_text)).collect();
    Ok(Json(json!({"items": found})).into_response())
}

async fn message(call: Call) -> Result<Response, Problem> {
    Ok(Json(explain_message(&call.octets)).into_response())
}
