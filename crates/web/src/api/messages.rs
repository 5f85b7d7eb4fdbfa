//! Messages: send one, see what became of it.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ops::Composed;
use rules::access::Scope;
use serde_json::{Value, json};
use store::State;
use syntax::Address;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    idempotency,
    page::paged,
    queue::listed,
    schema::{line, list, name, named, object, open, some, text, text_within, word},
};
use crate::problem::Problem;

/// An id, for examples.
pub(super) const MESSAGE_ID: &str = "0193a1b2-0000-7000-8000-000000000000";
/// Recipients of one message.
const MOST: usize = 100;
const STATES: [State; 7] =
    [State::Queued, State::Deferred, State::Sending, State::InDoubt, State::Delivered, State::Bounced, State::Dropped];

/// A message, for examples.
pub(super) fn message_example() -> Value {
    json!({
        "id": MESSAGE_ID, "domain": "0193a1b2-0000-7000-8000-000000000001",
        "mailbox": "0193a1b2-0000-7000-8000-000000000002", "from": "ann@example.com", "subject": "Friday",
        "message_id": "x@example.com", "octets": 512, "envid": null, "accepted_at": "2026-11-24T09:00:00Z",
        "expires_at": "2026-11-29T09:00:00Z", "recipients": [],
    })
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let read = May::With(Scope::MessagesRead);
    let id = || text_within("The message's id.", 100);
    let sent = open(&[("id", text("The message's id.")), ("status_url", text("Where to see what becomes of it."))]);
    vec![
        Endpoint::new(Verb::Post, "/messages", "send_message", "Send one message as a mailbox of yours", May::With(Scope::MessagesSend), send)
            .header("Idempotency-Key", text_within("A key of your own: the same request with it is done once.", 200), "order-4711")
            .json(
                object(&[
                    ("from", name("One of your mailboxes.")),
                    ("to", some("Recipients.", name("An address."), MOST)),
                    ("subject", line("Subject.", 900)),
                    ("text", text_within("The text.", 60_000)),
                ]),
                json!({"from": "ann@example.com", "to": ["bob@example.net"], "subject": "Friday", "text": "See you at ten."}),
            )
            .answers("Accepted, and durable: it will be delivered or come back.", sent, json!({"id": MESSAGE_ID, "status_url": format!("/api/v1/messages/{MESSAGE_ID}")}))
            .status(202)
            .problems(&[404, 409]),
        paged(
            Endpoint::new(Verb::Get, "/messages", "list_messages", "Messages, newest first", read, all)
                .query("state", word("Only those with a recipient in that state.", &STATES.map(State::as_str)), "bounced")
                .query("domain", text_within("Only from that domain of ours.", 254), "example.com")
                .query("to_domain", text_within("Only to that domain.", 254), "example.net")
                .problems(&[404]),
            named("Message"),
            message_example(),
        ),
        Endpoint::new(Verb::Get, "/messages/{id}", "get_message", "One message and the state of its recipients", read, one)
            .path("id", id(), MESSAGE_ID)
            .answers("The message.", named("Message"), message_example()),
        Endpoint::new(Verb::Get, "/messages/{id}/timeline", "get_timeline", "What happened to a message, in order", read, timeline)
            .path("id", id(), MESSAGE_ID)
            .answers("From its acceptance on.", open(&[("items", list("In order of time.", named("Moment"), 10_000))]), json!({"items": [{"at": "2026-11-24T09:00:00Z", "what": "accepted"}]})),
        Endpoint::new(Verb::Get, "/messages/{id}/transcript", "get_transcript", "The SMTP conversations of a message", read, transcript)
            .path("id", id(), MESSAGE_ID)
            .answers("One a try.", open(&[("items", list("One a try.", named("Conversation"), 10_000))]), json!({"items": [{"recipient": "bob@example.net", "number": 1, "transcript": "S: 220 …"}]})),
    ]
}

/// A send asked for.
#[derive(serde::Deserialize)]
struct Asked {
    from: String,
    to: Vec<String>,
    subject: String,
    text: String,
}

async fn send(call: Call) -> Result<Response, Problem> {
    let asked: Asked = call.read()?;
    let from = parsed("/from", Address::parse(&asked.from))?;
    let to = asked.to.iter().enumerate();
    let to = to.map(|(place, text)| parsed(&format!("/to/{place}"), Address::parse(text))).collect::<Result<_, _>>()?;
    call.site.ops.mailbox_within(call.workspace(), &from).await?;
    let composed = Composed { from, to, subject: asked.subject, text: asked.text };
    let id = match idempotency::key(&call)? {
        Some((owner, key)) => call.site.ops.send_once(composed, &owner, &key).await?,
        None => call.site.ops.send(composed).await?,
    };
    let place = format!("/api/v1/messages/{id}");
    let mut response = (StatusCode::ACCEPTED, Json(json!({"id": id, "status_url": place}))).into_response();
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

async fn all(call: Call) -> Result<Response, Problem> {
    let states = call.get("state").and_then(State::parse).into_iter().collect();
    listed(call, states).await
}

async fn one(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.message_within(call.workspace(), call.part("id")).await)
}

async fn timeline(call: Call) -> Result<Response, Problem> {
    let message = call.site.ops.message_within(call.workspace(), call.part("id")).await?;
    let why = call.site.ops.why(message.id.as_str()).await?;
    let mut moments = vec![(message.accepted_at, json!({"at": message.accepted_at, "what": "accepted"}))];
    for (recipient, attempt) in
        why.recipients.iter().flat_map(|one| one.attempts.iter().map(move |a| (&one.recipient, a)))
    {
        let to = &recipient.address;
        let begun = json!({"at": attempt.begun_at, "what": "attempt_begun", "recipient": to, "number": attempt.number, "mx_host": attempt.mx_host});
        moments.push((attempt.begun_at, begun));
        if let (Some(at), Some(verdict)) = (attempt.ended_at, &attempt.verdict) {
            let ended = json!({"at": at, "what": verdict, "recipient": to, "number": attempt.number, "reply": attempt.reply, "entry": attempt.entry});
            moments.push((at, ended));
        }
    }
    for waiting in &message.recipients {
        if let Some(at) = waiting.next_at {
            moments.push((at, json!({"at": at, "what": "next_attempt", "recipient": waiting.address})));
        }
    }
    moments.sort_by_key(|(at, _)| *at);
    let items: Vec<Value> = moments.into_iter().map(|(_, moment)| moment).collect();
    Ok(Json(json!({"items": items})).into_response())
}

async fn transcript(call: Call) -> Result<Response, Problem> {
    let message = call.site.ops.message_within(call.workspace(), call.part("id")).await?;
    let why = call.site.ops.why(message.id.as_str()).await?;
    let each = why.recipients.iter().flat_map(|one| one.attempts.iter().map(move |a| (&one.recipient, a)));
    let items: Vec<Value> = each
        .map(|(recipient, attempt)| {
            json!({
                "recipient": recipient.address, "number": attempt.number, "begun_at": attempt.begun_at,
                "egress_ip": attempt.egress_ip, "mx_host": attempt.mx_host, "peer": attempt.peer, "tls": attempt.tls,
                "transcript": attempt.transcript,
            })
        })
        .collect();
    Ok(Json(json!({"items": items})).into_response())
}
