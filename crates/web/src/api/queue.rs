//! The queue: what waits, why, and what can be done about it.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use rules::{access::Scope, id::MessageId};
use serde_json::json;
use store::{QueueFilter, State};

use super::{
    call::{Call, told},
    endpoint::{Endpoint, May, Verb},
    messages::{MESSAGE_ID, message_example},
    page::{Asked, paged},
    schema::{named, number, open, text_within, word},
};
use crate::problem::Problem;

/// States of a recipient that is not done with.
const WAITING: [State; 4] = [State::Queued, State::Deferred, State::Sending, State::InDoubt];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (read, write) = (May::With(Scope::MessagesRead), May::With(Scope::QueueWrite));
    let id = || text_within("The message's id.", 100);
    let count = |what: &str| open(&[("recipients", number(what, 0, u32::MAX.into()))]);
    vec![
        paged(
            Endpoint::new(Verb::Get, "/queue", "list_queue", "Messages that wait, newest first", read, list)
                .query("state", word("Only recipients in that state.", &WAITING.map(State::as_str)), "deferred")
                .query("domain", text_within("Only from that domain of ours.", 254), "example.com")
                .query("to_domain", text_within("Only to that domain.", 254), "example.net")
                .problems(&[404]),
            named("Message"),
            message_example(),
        ),
        Endpoint::new(Verb::Get, "/queue/{id}/why", "why", "Why a message is where it is", read, why)
            .path("id", id(), MESSAGE_ID)
            .answers(
                "The message, and for each recipient its attempts and the explanation of the last refusal.",
                named("Why"),
                json!({"message": message_example(), "recipients": []}),
            ),
        Endpoint::new(Verb::Post, "/queue/{id}/retry", "retry", "Try again now", write, retry)
            .path("id", id(), MESSAGE_ID)
            .answers(
                "How many recipients are due now.",
                count("Recipients that are due now."),
                json!({"recipients": 1}),
            ),
        Endpoint::new(
            Verb::Delete,
            "/queue/{id}",
            "drop",
            "Stop trying; what was delivered stays delivered",
            write,
            drop_it,
        )
        .path("id", id(), MESSAGE_ID)
        .answers(
            "How many recipients were dropped.",
            count("Recipients that were dropped."),
            json!({"recipients": 1}),
        ),
    ]
}

async fn list(call: Call) -> Result<Response, Problem> {
    let states = match call.get("state").and_then(State::parse) {
        Some(state) => vec![state],
        None => WAITING.to_vec(),
    };
    listed(call, states).await
}

/// A page of messages, with the filters that both lists have.
pub(super) async fn listed(call: Call, states: Vec<State>) -> Result<Response, Problem> {
    let (asked, ops) = (Asked::of(&call), &call.site.ops);
    let domain = match call.domain_asked("domain")? {
        Some(name) => Some(ops.domain_within(call.workspace(), &name).await?.id),
        None => None,
    };
    let filter = QueueFilter {
        states,
        domain,
        to_domain: call.get("to_domain").map(str::to_ascii_lowercase),
        limit: asked.reads(),
        before: Some(asked.after.clone()).filter(|after| !after.is_empty()).map(MessageId),
        ..QueueFilter::default()
    };
    let rows = ops.messages_within(call.workspace(), filter).await?;
    Ok(asked.page(rows, |message| message.id.to_string()))
}

async fn why(call: Call) -> Result<Response, Problem> {
    let message = call.site.ops.message_within(call.workspace(), call.part("id")).await?;
    told(call.site.ops.why(message.id.as_str()).await)
}

async fn retry(call: Call) -> Result<Response, Problem> {
    let message = call.site.ops.message_within(call.workspace(), call.part("id")).await?;
    let recipients = call.site.ops.retry(&message.id).await?;
    Ok(Json(json!({"recipients": recipients})).into_response())
}

async fn drop_it(call: Call) -> Result<Response, Problem> {
    let message = call.site.ops.message_within(call.workspace(), call.part("id")).await?;
    let recipients = call.site.ops.drop_message(&message.id).await?;
    Ok(Json(json!({"recipients": recipients})).into_response())
}
