//! Keys to this API: made, listed, revoked. A key never makes one that may more than itself.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::NewKey;
use rules::{
    access::{Scope, Scopes},
    id::{ApiKeyId, WorkspaceId},
};
use serde_json::{Value, json};

use super::{
    call::{Call, parsed},
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{maybe, name, named, object, open, some, text, title, word},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let may = May::With(Scope::Admin);
    let words: Vec<&str> = Scope::all().map(Scope::as_str).collect();
    let example = example();
    let made = open(&[
        ("id", text("Id.")),
        ("key", text("The key: shown this once; only a keyed hash of it is kept.")),
        ("prefix", text("How it begins.")),
    ]);
    let mut made_example = example.clone();
    made_example["key"] = json!("cr_live_…");
    vec![
        paged(
            Endpoint::new(Verb::Get, "/keys", "list_keys", "Keys, the newest first, without their secrets", may, all),
            named("Key"),
            example,
        ),
        Endpoint::new(Verb::Post, "/keys", "create_key", "Make a key; it is shown this once", may, create)
            .json(
                object(&[
                    ("name", title("What it is for.", 100)),
                    ("scopes", some("What it may do.", word("A right.", &words), words.len())),
                    ("workspace?", maybe(title("The only workspace that it sees; of a bound key, its own.", 100))),
                ]),
                json!({"name": "CRM", "scopes": ["domains:read", "messages:send"]}),
            )
            .answers("The key, shown once.", made, made_example)
            .status(201)
            .problems(&[404]),
        Endpoint::new(Verb::Delete, "/keys/{id}", "revoke_key", "Make a key worthless, now", may, revoke)
            .path("id", name("Its id."), "0193a1b2-0000-7000-8000-000000000004")
            .status(204),
    ]
}

fn example() -> Value {
    json!({
        "id": "0193a1b2-0000-7000-8000-000000000004", "name": "CRM", "prefix": "cr_live_AbCdEf",
        "scopes": ["domains:read", "messages:send"], "workspace": null, "created_by": "ann@example.com",
        "created_at": "2026-11-24T09:00:00Z", "used_at": null, "revoked_at": null,
    })
}

async fn all(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let keys = call.site.ops.store.api_keys(call.workspace()).await?;
    let rows = keys.into_iter().filter(|key| asked.after.is_empty() || key.id.0 < asked.after);
    let rows = rows.take(usize::try_from(asked.reads()).unwrap_or(usize::MAX));
    Ok(asked.page(rows.collect(), |key| key.id.0.clone()))
}

async fn create(call: Call) -> Result<Response, Problem> {
    let words = call.json["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let scopes: Scopes = words.filter_map(Scope::parse).collect();
    if let Some(more) = scopes.iter().find(|scope| !call.caller.as_ref().is_some_and(|caller| caller.may(*scope))) {
        return Err(Problem::forbidden(format!("You have not the scope {more} yourself, so no key of yours may.")));
    }
    let name = call.json["name"].as_str().unwrap_or_default().to_owned();
    let new = NewKey { name, scopes, workspace: workspace(&call).await? };
    let made = call.site.ops.add_api_key(new, call.who()).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// The workspace asked for: that of the caller, when they are bound to one.
pub(super) async fn workspace(call: &Call) -> Result<Option<WorkspaceId>, Problem> {
    let Some(name) = call.json["workspace"].as_str() else { return Ok(call.workspace().cloned()) };
    let all = call.site.ops.store.workspaces().await?;
    let found = all.into_iter().find(|one| one.name == name && call.workspace().is_none_or(|own| *own == one.id));
    let id = found.map(|one| one.id).ok_or("there is no such workspace");
    parsed("/workspace", id).map(Some)
}

async fn revoke(call: Call) -> Result<Response, Problem> {
    let id = ApiKeyId(call.part("id").to_owned());
    call.site.ops.revoke_api_key(&id, call.workspace(), call.who()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
