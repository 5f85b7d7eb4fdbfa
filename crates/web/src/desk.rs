//! The dashboard: pages over the deeds of `ops::desk`, each within the workspace of whoever looks.
//!
//! Reading order: `viewer` (who looks, what they may, the token of forms), `fields` (queries and forms), then one file a page.

mod chart;
mod domains;
mod fields;
mod inbox;
mod ips;
mod lists;
mod live;
mod mail;
mod mailboxes;
mod overview;
mod pairing;
mod qr;
mod refused;
mod reports;
mod settings;
mod viewer;
mod webhooks;

#[cfg(test)]
mod tests;

use std::fmt::Display;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    http::header,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use check::Checks;
use notify::Posting;
use ops::Ops;
use rules::access::{Scope, Scopes};

pub(crate) use self::viewer::{Viewer, known};
use self::{fields::encode, refused::Refused};

/// Largest form: a thousand rows of an import.
const MAX_FORM: usize = 512 * 1024;
/// Rows of one page of a list.
const PAGE: usize = 50;

/// What the pages need: the deeds, and what looks at the world.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) ops: Ops,
    pub(crate) checks: Checks,
    pub(crate) posting: Posting,
}

impl FromRef<Desk> for Ops {
    fn from_ref(desk: &Desk) -> Self {
        desk.ops.clone()
    }
}

/// Every page of the dashboard. A layer outside says who looks (`Viewer` among the request's extensions); without one
/// every page leads to the sign-in.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(desk: Desk) -> Router<S> {
    Router::new()
        .route("/", get(overview::page))
        .route("/overview/domains", get(domains::states))
        .route("/mailboxes", get(mailboxes::list).post(mailboxes::act))
        .route("/mailboxes/new", get(mailboxes::new).post(mailboxes::add))
        .route("/mailboxes/import", get(mailboxes::import_form).post(mailboxes::import))
        .route("/mailboxes/export.csv", get(mailboxes::export))
        .route("/mailboxes/{id}", get(mailboxes::one).post(mailboxes::act_on_one))
        .route("/domains", get(domains::list))
        .route("/domains/new", get(domains::new).post(domains::plan))
        .route("/domains/{name}", get(domains::one))
        .route("/domains/{name}/test", get(live::domain))
        .route("/domains/{name}/zone.txt", get(domains::zone))
        .route("/domains/{name}/dkim", post(domains::rotate))
        .route("/domains/{name}/apply", get(domains::plan_again).post(domains::apply))
        .route("/ips", get(ips::list))
        .route("/ips/{ip}/checks", get(live::ip))
        .route("/inbox", get(inbox::list))
        .route("/inbox/{id}", get(inbox::one).post(inbox::answer))
        .route("/inbox/{id}/html", get(inbox::html))
        .route("/messages", get(mail::list))
        .route("/messages/{id}", get(mail::one).post(mail::act))
        .route("/messages/{id}/checks/{recipient}", get(live::refusal))
        .route("/queue", get(mail::queue))
        .route("/bounces", get(mail::bounces))
        .route("/reports", get(reports::list))
        .route("/reports/{id}", get(reports::one))
        .route("/reports/{id}/report.json", get(reports::file))
        .route("/suppressions", get(lists::suppressions).post(lists::unsuppress))
        .route("/blocklists", get(lists::blocklists))
        .route("/events", get(lists::events))
        .route("/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/webhooks/{id}", get(webhooks::one).post(webhooks::act))
        .route("/settings", get(settings::settings).post(settings::act))
        .route("/audit", get(settings::audit))
        .route("/assets/desk/desk.css", get(style))
        .route("/assets/desk/desk.js", get(script))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .with_state(desk)
}

/// What stands around every page.
pub(crate) struct Frame {
    /// Where we are: the path that the menu marks.
    pub(crate) here: &'static str,
    /// The token of every form.
    pub(crate) csrf: String,
    /// Who looks.
    pub(crate) name: String,
    scopes: Scopes,
}

impl Frame {
    fn new(here: &'static str, viewer: &Viewer) -> Self {
        Self { here, csrf: viewer.csrf.clone(), name: viewer.name.clone(), scopes: viewer.scopes }
    }
    fn runs_domains(&self) -> bool {
        self.scopes.has(Scope::DomainsWrite)
    }
    fn runs_mailboxes(&self) -> bool {
        self.scopes.has(Scope::MailboxesWrite)
    }
    fn runs_queue(&self) -> bool {
        self.scopes.has(Scope::QueueWrite)
    }
    fn runs_suppressions(&self) -> bool {
        self.scopes.has(Scope::SuppressionsWrite)
    }
    fn runs_webhooks(&self) -> bool {
        self.scopes.has(Scope::WebhooksWrite)
    }
    fn runs_checks(&self) -> bool {
        self.scopes.has(Scope::ChecksRun)
    }
    fn is_owner(&self) -> bool {
        self.scopes.has(Scope::Admin)
    }
    /// `page`, or nothing: for `aria-current`.
    fn current(&self, path: &str) -> bool {
        self.here == path
    }
}

/// The first value of that name in a query; empty when there is none.
pub(crate) fn query_value(query: &str, name: &str) -> String {
    fields::Fields::parse(query).get(name).to_owned()
}

/// A moment for people, in UTC: `2026-11-23 22:54 UTC`. The script turns it to the viewer's zone.
pub(crate) fn utc(at: impl Display) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

/// A day: `2026-11-23`.
pub(crate) fn day(at: impl Display) -> String {
    let text = at.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// How good a word of state is: the class of its pill.
pub(crate) fn tone(word: impl Display) -> &'static str {
    match word.to_string().as_str() {
        "delivered" | "active" | "ok" | "clear" => "ok",
        "failing" | "waiting" | "deferred" | "queued" | "sending" | "in_doubt" | "at cap" | "different" => "warn",
        "failed" | "bounced" | "suspended" | "missing" | "listed" | "bad" => "bad",
        _ => "unknown",
    }
}

/// A subject, or a word in its place.
pub(crate) fn subject(text: impl Display) -> String {
    let text = text.to_string();
    if text.trim().is_empty() { String::from("(no subject)") } else { text }
}

/// The return path of a domain's messages: a token of each recipient stands where the asterisk is.
pub(crate) fn return_path(domain: impl Display) -> String {
    format!("bounce+*@{domain}")
}

/// A mailbox's state in one word.
pub(crate) fn mailbox_state(row: &store::MailboxRow) -> &'static str {
    match row {
        row if row.suspended_at.is_some() => "suspended",
        row if row.sent >= row.allowance() => "at cap",
        _ => "active",
    }
}

/// What became of a message: the state of its recipient, or the worst of several.
pub(crate) fn outcome(row: &store::MessageRow) -> String {
    match row {
        row if row.recipients <= 1 => row.first_state.map_or("unknown", store::State::as_str).to_owned(),
        row if row.bounced == row.recipients => String::from("bounced"),
        row if row.delivered == row.recipients => String::from("delivered"),
        row => format!("{} delivered, {} bounced, {} waiting", row.delivered, row.bounced, row.waiting),
    }
}

/// The title of a reference entry.
pub(crate) fn entry_title(id: impl Display) -> String {
    let id = id.to_string();
    reference::entry(&id).map_or(id, |entry| entry.title.clone())
}

/// The day that a selector is named after (`r20261123`), when it is.
pub(crate) fn selector_day(selector: impl Display) -> String {
    let digits: String = selector.to_string().chars().filter(char::is_ascii_digit).collect();
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => String::from("not known"),
    }
}

/// `path?key=value&…` with those values that are not empty.
pub(crate) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", encode(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// One row more than a page was asked for: it says whether there is a next page.
fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    (rows, more)
}

/// The limit that [`cut`] expects.
fn page_and_one() -> u32 {
    u32::try_from(PAGE + 1).unwrap_or(u32::MAX)
}

/// Another page instead, after a form.
fn see_other(path: &str) -> Response {
    (axum::http::StatusCode::SEE_OTHER, [(header::LOCATION, path.to_owned())]).into_response()
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../assets/desk/desk.css"))
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../assets/desk/desk.js"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}

/// Writes a deed of a viewer into the audit log.
async fn audited(ops: &Ops, viewer: &Viewer, what: &'static str, about: &str) -> Result<(), rules::Fault> {
    let (who, workspace) = (viewer.name.clone(), viewer.workspace.clone());
    ops.store.audit(store::Deed { who, what, about: about.to_owned(), workspace }).await
}

/// The domain that a path names.
fn named(name: &str) -> Result<syntax::Domain, Refused> {
    syntax::Domain::parse(name).map_err(|malformed| Refused::Typed(format!("{name}: {malformed}")))
}

/// Text that is downloaded.
fn download(kind: &'static str, name: &str, text: String) -> Response {
    let name: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(*letter)).collect();
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, text).into_response()
}

type Answer = Result<Response, Refused>;
