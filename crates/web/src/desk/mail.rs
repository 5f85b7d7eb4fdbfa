//! Messages, the queue, bounces.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::IntoResponse,
};
use ops::{BounceCause, Ops, Why};
use rules::id::{MessageId, RecipientId};
use store::{MessageFilter, MessageRow, State as RecipientState, WaitingRow};
use syntax::Domain;

use super::{
    Answer, Frame, Refused, Scope, Viewer, cut,
    fields::{Fields, encode},
    link, page_and_one, see_other,
};
use crate::site::page;

/// Days of the page of bounces.
const DAYS: u32 = 7;

#[derive(Template)]
#[template(path = "desk/messages.html")]
struct List {
    frame: Frame,
    rows: Vec<MessageRow>,
    states: [&'static str; 7],
    search: String,
    domain: String,
    state: String,
    next: Option<String>,
}

/// `/messages`
pub(super) async fn list(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let [search, domain, state] = ["q", "domain", "state"].map(|name| asked.get(name).to_owned());
    let rows = match of_domain(&ops, &viewer, &domain).await? {
        Some(domain) => {
            let filter = MessageFilter {
                workspace: viewer.workspace.clone(),
                state: RecipientState::parse(&state),
                domain,
                mailbox: None,
                search: asked.some("q").map(str::to_owned),
                before: asked.some("before").map(|id| MessageId(id.to_owned())),
                limit: page_and_one(),
            };
            ops.store.message_rows(&filter).await?
        }
        None => Vec::new(),
    };
    let (rows, more) = cut(rows);
    let base = [("q", search.as_str()), ("domain", &domain), ("state", &state)];
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| link("/messages", &[base.as_slice(), &[("before", last.id.as_str())]].concat()));
    let states = ["queued", "deferred", "sending", "in_doubt", "delivered", "bounced", "dropped"];
    Ok(page(&List { frame: Frame::new("/messages", &viewer), rows, states, next, search, domain, state })
        .into_response())
}

/// The domain that is asked for (`Some(None)`: none is), or nothing when it is not there.
async fn of_domain(ops: &Ops, viewer: &Viewer, name: &str) -> Result<Option<Option<rules::id::DomainId>>, Refused> {
    if name.is_empty() {
        return Ok(Some(None));
    }
    let Ok(name) = Domain::parse(name) else { return Ok(None) };
    match ops.desk_domain(viewer.workspace.as_ref(), &name).await {
        Ok(domain) => Ok(Some(Some(domain.id))),
        Err(fault) if fault.code == "domain.unknown" => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

#[derive(Template)]
#[template(path = "desk/message.html")]
struct One {
    frame: Frame,
    why: Why,
    waits: bool,
}

/// `/messages/<id>`
pub(super) async fn one(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let why = ops.desk_message(viewer.workspace.as_ref(), &MessageId(id)).await?;
    let waits = why.message.recipients.iter().any(|recipient| recipient.next_at.is_some());
    Ok(page(&One { frame: Frame::new("/messages", &viewer), why, waits }).into_response())
}

/// Tries again now, or drops what waits.
pub(super) async fn act(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::QueueWrite, &form)?;
    let (workspace, id) = (viewer.workspace.as_ref(), MessageId(id));
    match form.get("do") {
        "retry" => ops.desk_retry(workspace, &id).await.map(drop)?,
        "drop" => ops.desk_drop(workspace, &id).await.map(drop)?,
        other => return Err(Refused::Typed(format!("`{other}` is no deed of a message"))),
    }
    let what = if form.get("do") == "retry" { "message.retry" } else { "message.drop" };
    super::audited(&ops, &viewer, what, id.as_str()).await?;
    let back = if form.get("back") == "/queue" {
        String::from("/queue")
    } else {
        format!("/messages/{}", encode(id.as_str()))
    };
    Ok(see_other(&back))
}

#[derive(Template)]
#[template(path = "desk/queue.html")]
struct Queue {
    frame: Frame,
    rows: Vec<WaitingRow>,
    next: Option<String>,
}

/// `/queue`
pub(super) async fn queue(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let after = asked.some("after").and_then(|cursor| cursor.split_once('~'));
    let after = after.and_then(|(at, id)| Some((at.parse().ok()?, RecipientId(id.to_owned()))));
    let (rows, more) = cut(ops.store.waiting_rows(viewer.workspace.as_ref(), after.as_ref(), page_and_one()).await?);
    let cursor = |row: &WaitingRow| row.next_at.map(|at| format!("{}~{}", at.micros(), row.recipient));
    let next = rows.last().filter(|_| more).and_then(cursor).map(|cursor| link("/queue", &[("after", &cursor)]));
    Ok(page(&Queue { frame: Frame::new("/queue", &viewer), rows, next }).into_response())
}

#[derive(Template)]
#[template(path = "desk/bounces.html")]
struct Bounces {
    frame: Frame,
    causes: Vec<BounceCause>,
    days: u32,
    all: u64,
}

/// `/bounces`
pub(super) async fn bounces(State(ops): State<Ops>, viewer: Viewer) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let causes = ops.desk_bounces(viewer.workspace.as_ref(), DAYS).await?;
    let all = causes.iter().map(|cause| cause.count).sum();
    Ok(page(&Bounces { frame: Frame::new("/bounces", &viewer), causes, days: DAYS, all }).into_response())
}
