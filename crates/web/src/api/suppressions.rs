//! Addresses that are left alone by the whole installation.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use rules::access::Scope;
use serde_json::json;
use syntax::Address;

use super::{
    call::{Call, parsed, told},
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{name, named, object, text_within},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let example = json!({"address": "ann@example.com", "reason": "manual", "created_at": "2026-11-24T09:00:00Z"});
    let read = May::With(Scope::MessagesRead);
    let write = May::With(Scope::SuppressionsWrite);
    vec![
        paged(
            Endpoint::new(Verb::Get, "/suppressions", "list_suppressions", "Addresses that are left alone", read, list),
            named("Suppression"),
            example.clone(),
        ),
        Endpoint::new(Verb::Post, "/suppressions", "add_suppression", "Leave an address alone", write, add)
            .json(
                object(&[
                    ("address", name("The address.")),
                    ("reason?", text_within("Why; `manual` when not said.", 200)),
                ]),
                json!({"address": "ann@example.com", "reason": "manual"}),
            )
            .answers("The row; the first reason stays.", named("Suppression"), example),
        Endpoint::new(
            Verb::Delete,
            "/suppressions/{address}",
            "remove_suppression",
            "Write to an address again",
            write,
            remove,
        )
        .path("address", name("The address."), "ann@example.com")
        .status(204)
        .problems(&[404]),
    ]
}

async fn list(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    let asked = Asked::of(&call);
    let rows = call.site.ops.store.suppressions_after(&asked.after, asked.reads()).await?;
    Ok(asked.page(rows, |row| row.address.key()))
}

async fn add(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    let address = parsed("/address", Address::parse(call.json["address"].as_str().unwrap_or_default()))?;
    let reason = call.json["reason"].as_str().unwrap_or("manual");
    call.site.ops.store.suppress(&address, reason).await?;
    told(call.site.ops.store.suppression(&address).await)
}

async fn remove(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    match call.site.ops.store.unsuppress(&call.address()?).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::not_found()),
    }
}
