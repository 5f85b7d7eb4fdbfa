//! Workspaces: tenants.

use axum::response::Response;
use rules::access::Scope;
use serde_json::json;

use super::{
    call::{Call, told},
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{named, object, title},
};
use crate::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let example =
        json!({"id": "0193a1b2-0000-7000-8000-000000000003", "name": "acme", "created_at": "2026-11-24T09:00:00Z"});
    vec![
        paged(
            Endpoint::new(
                Verb::Get,
                "/workspaces",
                "list_workspaces",
                "Workspaces by name; of a key that is bound to one, that one",
                May::With(Scope::DomainsRead),
                all,
            ),
            named("Workspace"),
            example.clone(),
        ),
        Endpoint::new(
            Verb::Post,
            "/workspaces",
            "ensure_workspace",
            "Make a workspace; one of that name stays as it is",
            May::With(Scope::DomainsWrite),
            ensure,
        )
        .json(object(&[("name", title("Its name.", 100))]), json!({"name": "acme"}))
        .answers("The workspace.", named("Workspace"), example),
    ]
}

async fn all(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let seen = |one: &store::Workspace| call.workspace().is_none_or(|own| *own == one.id) && one.name > asked.after;
    let all = call.site.ops.store.workspaces().await?;
    let rows = all.into_iter().filter(seen).take(usize::try_from(asked.reads()).unwrap_or(usize::MAX));
    Ok(asked.page(rows.collect(), |row| row.name.clone()))
}

async fn ensure(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    told(call.site.ops.store.ensure_workspace(call.json["name"].as_str().unwrap_or_default()).await)
}
