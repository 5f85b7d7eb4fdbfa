//! The reference, served: the index with its search, an entry with a box for one's own bounce and its live checks, a provider.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use reference::Entry;

use super::input::Input;
use crate::{
    Site,
    problem::Problem,
    reference::{
        Group, ProviderRow, groups,
        page::{Article, LIVE},
        row::{Row, rows},
        with_variants,
    },
    site,
};

/// The checks that can run with what a person knows of a refusal.
const RUNNABLE: &[&str] = &[
    "spf",
    "dkim",
    "dmarc",
    "ptr",
    "helo",
    "soa",
    "tls",
    "mx-tls",
    "mta-sts",
    "tls-rpt",
    "dane",
    "dnssec",
    "bimi",
    "domain-check",
    "sender-mx",
    "recipient-mx",
    "ip-blocklists",
    "domain-blocklists",
];
/// Most hits that a search shows.
const MAX_HITS: usize = 50;

#[derive(Template)]
#[template(path = "public/errors.html")]
struct IndexPage {
    count: usize,
    groups: Vec<Group>,
    providers: Vec<ProviderRow>,
    words: String,
    hits: Vec<Row>,
}

#[derive(Template)]
#[template(path = "public/error.html")]
struct EntryPage {
    page: Article,
    checks: usize,
    wants_ip: bool,
    wants_selector: bool,
    wants_helo: bool,
    wants_recipient: bool,
    canonical: String,
}

#[derive(Template)]
#[template(path = "public/provider.html")]
struct ProviderPage {
    id: &'static str,
    name: &'static str,
    rows: Vec<Row>,
}

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/smtp-errors", get(index))
        .route("/smtp-errors/{slug}", get(one))
        .route("/smtp-errors/{slug}/{at}", get(variant))
}

async fn index(query: Query<Vec<(String, String)>>) -> Response {
    let words: String = Input::of_query(query).text("q").chars().take(200).collect();
    if !words.is_empty() {
        let found = reference::search(&words);
        let hits = found.into_iter().take(MAX_HITS).map(Row::new).collect();
        let page =
            IndexPage { count: reference::all().len(), groups: Vec::new(), providers: with_variants(), words, hits };
        return site::page(&page);
    }
    let count = reference::all().len();
    site::page(&IndexPage { count, groups: groups(), providers: with_variants(), words, hits: Vec::new() })
}

async fn one(Path(slug): Path<String>) -> Response {
    if let Some(provider) = slug.strip_prefix("at-").and_then(reference::provider) {
        let variants = reference::all().iter().filter(|entry| entry.provider.as_deref() == Some(provider.id.as_str()));
        return site::page(&ProviderPage { id: &provider.id, name: &provider.name, rows: rows(variants) });
    }
    match reference::entry(&slug) {
        Some(entry) => shown(entry),
        // A finding, a From fault or codes lead to their entry too.
        None => match reference::finding(&slug).or_else(|| reference::find(&slug).first().copied()) {
            Some(entry) => Redirect::permanent(&format!("/smtp-errors/{}", entry.id)).into_response(),
            None => Problem::not_found().into_response(),
        },
    }
}

/// What a provider means by it: its own entry of that name, else its first one with the same codes.
async fn variant(Path((slug, at)): Path<(String, String)>) -> Response {
    let Some(provider) = at.strip_prefix("at-") else { return Problem::not_found().into_response() };
    let of_provider = |entry: &&&Entry| entry.provider.as_deref() == Some(provider);
    let named = reference::entry(&format!("{slug}-at-{provider}"));
    let general = reference::entry(&slug);
    let alike = general.and_then(|general| {
        let entries: Vec<&'static Entry> = reference::all().iter().collect();
        let found = entries
            .iter()
            .filter(of_provider)
            .find(|entry| entry.reply == general.reply && entry.enhanced == general.enhanced);
        found.copied()
    });
    match named.or(alike) {
        Some(entry) => shown(entry),
        None => Problem::not_found().into_response(),
    }
}

fn shown(entry: &'static Entry) -> Response {
    let named = |check: &str| entry.causes.iter().any(|cause| cause.check == check);
    let checks = entry.causes.iter().filter(|cause| RUNNABLE.contains(&cause.check.as_str())).count();
    let canonical = match &entry.provider {
        Some(provider) => match entry.id.strip_suffix(&format!("-at-{provider}")) {
            Some(slug) => format!("/smtp-errors/{slug}/at-{provider}"),
            None => format!("/smtp-errors/{}", entry.id),
        },
        None => format!("/smtp-errors/{}", entry.id),
    };
    site::page_with(
        StatusCode::OK,
        &EntryPage {
            page: Article::new(entry, LIVE),
            checks,
            wants_ip: named("spf") || named("ptr") || named("ip-blocklists") || named("domain-check") || named("helo"),
            wants_selector: named("dkim") || named("domain-check"),
            wants_helo: named("helo"),
            wants_recipient: named("tls") || named("recipient-mx"),
            canonical,
        },
    )
}
