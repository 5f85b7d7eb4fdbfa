//! An answer that grows: what a run tells is sent at once, as page, text or JSON.

use std::{convert::Infallible, future::Future, time::Duration};

use askama::Template;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use check::{MessageFacts, State};
use rules::{Blame, Fault, Retry};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::{StreamExt as _, wrappers::UnboundedReceiverStream};

use super::{
    Public,
    block::{Block, Shown},
    input::Input,
    page::{MARK, ToolPage},
    run,
    tools::Tool,
};
use crate::{Site, site};

/// Longest time for one run: blocklists and mail hosts that never answer are given up long before.
const RUN_LIMIT: Duration = Duration::from_secs(60);

/// What a run tells.
pub(crate) enum Event {
    /// The input is good, and something is looked at.
    Begun,
    /// A part of the answer.
    Block(Block),
    /// It ends here.
    Failed(Fault),
    /// All of it, for programs.
    Done(Value),
}

/// Where a run tells it. A run tells at most as much as it has findings, so the channel needs no bound.
#[derive(Debug, Clone)]
pub(crate) struct Sink(UnboundedSender<Event>);

impl Sink {
    /// The input is good; the page can begin.
    pub(crate) fn begin(&self) {
        let _ = self.0.send(Event::Begun);
    }

    /// A part of the answer. Nobody may listen any more.
    pub(crate) fn tell(&self, block: Block) {
        let _ = self.0.send(Event::Block(block));
    }
}

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Page,
    Text,
    Json,
}

impl Format {
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "txt" | "text" => Self::Text,
            "json" => Self::Json,
            _ => Self::Page,
        }
    }
}

/// Runs a tool and answers with what it tells.
pub(crate) async fn of_run(
    site: &Site,
    public: &Public,
    tool: &'static Tool,
    input: Input,
    format: Format,
) -> Response {
    let (site, with, asked) = (site.clone(), public.clone(), input.clone());
    let work = |sink: Sink| async move { run::run(tool, &asked, &site, &with, &sink).await };
    of_work(public, tool, input, format, work).await
}

/// The test of a message that came to a one-time address.
pub(crate) async fn of_message(
    site: &Site,
    public: &Public,
    tool: &'static Tool,
    octets: Vec<u8>,
    facts: MessageFacts,
    format: Format,
) -> Response {
    let checks = site.checks.clone();
    let work = |sink: Sink| async move { run::message_told(&octets, &facts, &checks, &sink).await };
    of_work(public, tool, Input::default(), format, work).await
}

async fn of_work<W, F>(public: &Public, tool: &'static Tool, input: Input, format: Format, work: W) -> Response
where
    W: FnOnce(Sink) -> F,
    F: Future<Output = Result<Value, Fault>> + Send + 'static,
{
    let Some(place) = public.limits.place() else {
        let why = "All places are taken: as many checks as this server allows are running. Try again in a few seconds.";
        return refused(tool, &input, format, StatusCode::SERVICE_UNAVAILABLE, why, Some(5));
    };
    let (sender, mut events) = unbounded_channel();
    let work = tokio::time::timeout(RUN_LIMIT, work(Sink(sender.clone())));
    tokio::spawn(async move {
        let _place = place;
        let ended = tokio::select! {
            ended = work => ended,
            // Whoever asked has gone.
            () = sender.closed() => return,
        };
        let _ = sender.send(match ended {
            Ok(Ok(value)) => Event::Done(value),
            Ok(Err(fault)) => Event::Failed(fault),
            Err(_) => Event::Failed(too_slow()),
        });
    });
    match events.recv().await {
        Some(Event::Failed(fault)) => {
            let is_theirs = fault.blame == Blame::Caller;
            let status = if is_theirs { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::SERVICE_UNAVAILABLE };
            refused(tool, &input, format, status, &sentence(&fault), None)
        }
        Some(first) => growing(tool, &input, format, first, events),
        None => refused(tool, &input, format, StatusCode::INTERNAL_SERVER_ERROR, "It ended without an answer.", None),
    }
}

fn too_slow() -> Fault {
    let seconds = RUN_LIMIT.as_secs();
    Fault::new("check.too-slow", Blame::Peer, Retry::Later)
        .context(format!("it took longer than {seconds} seconds: what stands above is what was found until then"))
}

/// The head, what has been told, what will be told, the foot.
fn growing(
    tool: &'static Tool,
    input: &Input,
    format: Format,
    first: Event,
    events: UnboundedReceiver<Event>,
) -> Response {
    let (head, foot) = match format {
        Format::Page => match ToolPage::running(tool, input).render() {
            Ok(page) => {
                page.split_once(MARK).map(|(head, foot)| (head.to_owned(), foot.to_owned())).unwrap_or_default()
            }
            Err(error) => {
                tracing::error!(%error, "a page could not be written");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        },
        Format::Text => (format!("{}: {}\n\n", tool.title, about(tool, input)), String::new()),
        Format::Json => Default::default(),
    };
    let mut number = 0;
    let told = tokio_stream::once(first).chain(UnboundedReceiverStream::new(events)).map(move |event| {
        number += 1;
        match format {
            Format::Page => as_html(&event, number),
            Format::Text => as_text(&event),
            Format::Json => as_json(event),
        }
    });
    let all = tokio_stream::once(head).chain(told).chain(tokio_stream::once(foot)).filter(|text| !text.is_empty());
    let mut response = Response::new(Body::from_stream(all.map(Ok::<_, Infallible>)));
    dress(&mut response, format);
    response
}

/// What the input was, for the first line of a text.
fn about(tool: &Tool, input: &Input) -> String {
    if tool.pasted {
        return String::from("what was pasted");
    }
    tool.fields.iter().map(|field| input.text(field.name)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn as_html(event: &Event, number: usize) -> String {
    let shown = |block: &Block| Shown { block, number }.render().unwrap_or_default();
    match event {
        Event::Begun | Event::Done(_) => String::new(),
        Event::Block(block) => shown(block),
        Event::Failed(fault) => shown(&Block::Notice(state_of(fault), sentence(fault))),
    }
}

fn as_text(event: &Event) -> String {
    match event {
        Event::Begun | Event::Done(_) => String::new(),
        Event::Block(block) => block.text(),
        Event::Failed(fault) => Block::Notice(state_of(fault), sentence(fault)).text(),
    }
}

fn as_json(event: Event) -> String {
    match event {
        Event::Begun | Event::Block(_) => String::new(),
        Event::Done(value) => format!("{value}\n"),
        Event::Failed(fault) => format!("{}\n", json!({ "error": { "code": fault.code, "detail": sentence(&fault) } })),
    }
}

fn state_of(fault: &Fault) -> State {
    if fault.blame == Blame::Caller { State::Bad } else { State::Unknown }
}

/// What a stranger reads of a fault: of what is the operator's matter or ours only the code.
pub(crate) fn sentence(fault: &Fault) -> String {
    match fault.blame {
        Blame::Caller | Blame::Peer => fault.to_string(),
        Blame::Operator | Blame::Us => {
            tracing::warn!(code = fault.code, %fault, "a public tool failed");
            format!("this could not be done now ({}); whoever runs this server sees why in the log", fault.code)
        }
    }
}

/// An answer that says why there is none.
pub(crate) fn refused(
    tool: &'static Tool,
    input: &Input,
    format: Format,
    status: StatusCode,
    why: &str,
    retry_after_s: Option<u64>,
) -> Response {
    let mut response = match format {
        Format::Page => site::page_with(status, &ToolPage::refused(tool, input, why)),
        Format::Text => (status, format!("[bad] {why}\n")).into_response(),
        Format::Json => {
            let problem = json!({ "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": why });
            let mut response = (status, problem.to_string()).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
            response
        }
    };
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn dress(response: &mut Response, format: Format) {
    let kind = match format {
        Format::Page => "text/html; charset=utf-8",
        Format::Text => "text/plain; charset=utf-8",
        Format::Json => "application/json",
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(site::PAGE_POLICY));
    // A proxy in front must not gather what is meant to be seen at once.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}
