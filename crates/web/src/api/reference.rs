//! The reference: what every code, finding and fault means and what to do.

use axum::response::Response;
use reference::{Entry, all, search};
use serde_json::{Value, json};

use super::{
    call::Call,
    endpoint::{Endpoint, May, Verb},
    etag::tagged,
    page::{Asked, paged},
    schema::{named, text_within},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let summary = "550 5.1.1: no such mailbox";
    let example = json!({"id": "550-5-1-1", "title": summary, "summary": "…", "codes": "550 5.1.1", "provider": null});
    let id = text_within("Its id.", 200);
    vec![
        paged(
            Endpoint::new(
                Verb::Get,
                "/reference",
                "list_entries",
                "Entries of the reference, by id or by words",
                May::AnyCaller,
                entries,
            )
            .query("q", text_within("Codes or words: `5.7.26 gmail`. The best first.", 400), "5.1.1"),
            named("EntryRow"),
            example,
        ),
        Endpoint::new(Verb::Get, "/reference/{id}", "get_entry", "One entry", May::AnyCaller, entry)
            .path("id", id, "550-5-1-1")
            .header(
                "If-None-Match",
                text_within("The ETag of an earlier answer: 304 when it is the same.", 200),
                "\"0193a1b2\"",
            )
            .answers("The entry.", named("Entry"), json!({"id": "550-5-1-1", "title": summary, "summary": "…"})),
    ]
}

fn row(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "title": entry.title,
        "summary": entry.summary,
        "codes": entry.codes(),
        "provider": entry.provider,
    })
}

async fn entries(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let found: Vec<&Entry> = match call.get("q") {
        Some(words) => search(words),
        None => all().iter().collect(),
    };
    let start = match asked.after.as_str() {
        "" => 0,
        after => found.iter().position(|entry| entry.id == after).map_or(found.len(), |place| place + 1),
    };
    let reads = usize::try_from(asked.reads()).unwrap_or(usize::MAX);
    let rows: Vec<Value> = found.into_iter().skip(start).take(reads).map(row).collect();
    Ok(asked.page(rows, |row| row["id"].as_str().unwrap_or_default().to_owned()))
}

async fn entry(call: Call) -> Result<Response, Problem> {
    let Some(entry) = reference::entry(call.part("id")) else { return Err(Problem::not_found()) };
    Ok(tagged(&call, &serde_json::to_value(entry).unwrap_or_default()))
}
