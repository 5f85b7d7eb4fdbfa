//! Events: by pages, or as they happen.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use rules::access::Scope;
use serde_json::json;

use super::{
    call::Call,
    endpoint::{Endpoint, May, Verb},
    page::paged,
    schema::{named, number, text_within},
    stream,
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let read = May::With(Scope::EventsRead);
    let example = json!({"sequence": 7, "at": "2026-11-24T09:00:00Z", "event": {"kind": "domain-added", "domain": "example.com"}});
    let most = i64::MAX.unsigned_abs();
    let after = || number("Only later ones.", 0, most);
    let mut list = paged(
        Endpoint::new(Verb::Get, "/events", "list_events", "Events, oldest first", read, all),
        named("Event"),
        example,
    );
    for parameter in list.parameters.iter_mut().filter(|parameter| parameter.name == "after") {
        parameter.shape = after();
        parameter.example = json!(0);
    }
    vec![
        list,
        Endpoint::new(
            Verb::Get,
            "/events/stream",
            "stream_events",
            "Events as they happen, as server-sent events",
            read,
            stream::stream,
        )
        .query("after", after(), 0)
        .header("Last-Event-ID", text_within("The last one seen: the stream goes on behind it.", 20), "7")
        .answers(
            "`id` is the sequence, `event` the kind, `data` the event.",
            json!({"type": "string"}),
            json!("id: 7\nevent: domain-added\ndata: {}\n\n"),
        )
        .media("text/event-stream"),
    ]
}

async fn all(call: Call) -> Result<Response, Problem> {
    let after = call.get("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let limit: u32 = call.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let (items, last) = call.site.ops.events_within(call.workspace(), after, limit).await?;
    // A page may show fewer than it looked at: `next` goes on behind those.
    let more = last < call.site.ops.store.last_event().await?;
    let next = more.then(|| last.to_string());
    Ok(Json(json!({"items": items, "next": next})).into_response())
}
