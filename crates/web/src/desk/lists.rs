//! Suppressions, blocklists, events.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::IntoResponse,
};
use ops::Ops;
use rules::event::Event;
use store::{ListingPeriod, StoredEvent, Suppression};
use syntax::Address;

use super::{Answer, Frame, Refused, Scope, Viewer, cut, fields::Fields, link, page_and_one, see_other};
use crate::site::page;

/// What blocklists say, and what they said, as far as their page shows it.
const HISTORY: u32 = 100;
/// Events of a page.
const EVENTS: u32 = 50;

#[derive(Template)]
#[template(path = "desk/suppressions.html")]
struct Suppressions {
    frame: Frame,
    rows: Vec<SuppressionRow>,
    search: String,
    next: Option<String>,
}

struct SuppressionRow {
    row: Suppression,
    /// Entry and its title, when the reason is one.
    entry: Option<(&'static str, &'static str)>,
}

/// `/suppressions`
pub(super) async fn suppressions(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let after = asked.some("after").and_then(|text| Address::parse(text).ok());
    let workspace = viewer.workspace.as_ref();
    let rows = ops.store.suppression_rows(workspace, asked.some("q"), after.as_ref(), page_and_one()).await?;
    let (rows, more) = cut(rows);
    let search = asked.get("q").to_owned();
    let last = rows.last().map(|row| row.address.to_string());
    let next = last.filter(|_| more).map(|last| link("/suppressions", &[("q", &search), ("after", &last)]));
    let rows = rows.into_iter().map(|row| {
        let entry = reference::entry(&row.reason).map(|entry| (entry.id.as_str(), entry.title.as_str()));
        SuppressionRow { row, entry }
    });
    let rows = rows.collect();
    Ok(page(&Suppressions { frame: Frame::new("/suppressions", &viewer), rows, search, next }).into_response())
}

/// Takes one off.
pub(super) async fn unsuppress(State(ops): State<Ops>, viewer: Viewer, body: String) -> Answer {
    let form = Fields::parse(&body);
    viewer.takes(Scope::SuppressionsWrite, &form)?;
    let address = Address::parse(form.get("address")).map_err(|wrong| Refused::Typed(wrong.to_string()))?;
    let why = form.some("why").ok_or_else(|| {
        Refused::Typed(String::from("Say why mail to this address is wanted again: the reason goes into the log."))
    })?;
    ops.desk_unsuppress(viewer.workspace.as_ref(), &address).await?;
    super::audited(&ops, &viewer, "suppression.remove", &format!("{address}: {why}")).await?;
    Ok(see_other("/suppressions"))
}

#[derive(Template)]
#[template(path = "desk/blocklists.html")]
struct Blocklists {
    frame: Frame,
    now: Vec<ListingPeriod>,
    /// Whether lists say more than what is shown.
    more: bool,
    history: Vec<ListingPeriod>,
}

/// `/blocklists`
pub(super) async fn blocklists(State(ops): State<Ops>, viewer: Viewer) -> Answer {
    viewer.must(Scope::DomainsRead)?;
    let workspace = viewer.workspace.as_ref();
    let mut now = ops.store.listing_rows(workspace, Some(true), HISTORY + 1).await?;
    let more = now.len() > HISTORY.try_into().unwrap_or(usize::MAX);
    now.truncate(HISTORY.try_into().unwrap_or(usize::MAX));
    let history = ops.store.listing_rows(workspace, Some(false), HISTORY).await?;
    Ok(page(&Blocklists { frame: Frame::new("/blocklists", &viewer), now, more, history }).into_response())
}

#[derive(Template)]
#[template(path = "desk/events.html")]
struct Events {
    frame: Frame,
    rows: Vec<EventRow>,
    kinds: &'static [&'static str],
    kind: String,
    /// On the first page: what happens after this one is put on top by the script.
    after: Option<i64>,
    next: Option<String>,
}

struct EventRow {
    row: StoredEvent,
    text: String,
}

/// `/events`
pub(super) async fn events(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::EventsRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let kind = asked.some("kind").filter(|kind| Event::KINDS.contains(kind));
    let before: Option<i64> = asked.some("before").and_then(|text| text.parse().ok());
    // Read before the rows, so that nothing falls between them and the stream.
    let last = ops.store.last_event().await?;
    let (rows, older) = ops.events_within_before(viewer.workspace.as_ref(), before, kind, EVENTS).await?;
    let after = before.is_none().then(|| rows.first().map_or(last, |row| row.sequence.max(last)));
    let kind = kind.unwrap_or_default().to_owned();
    let next = older.map(|older| link("/events", &[("kind", &kind), ("before", &older.to_string())]));
    let rows = rows.into_iter().map(|row| EventRow { text: told(&row.event), row }).collect();
    let frame = Frame::new("/events", &viewer);
    Ok(page(&Events { frame, rows, kinds: Event::KINDS, kind, after, next }).into_response())
}

/// The fields of an event as `name: value`, without its kind.
fn told(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    let Some(fields) = value.as_object() else { return String::new() };
    let fields = fields.iter().filter(|(name, value)| *name != "kind" && !value.is_null() && !value.is_object());
    let texts = fields.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{}: {text}", name.replace('_', " ")),
        None => format!("{}: {value}", name.replace('_', " ")),
    });
    texts.collect::<Vec<_>>().join(" · ")
}
