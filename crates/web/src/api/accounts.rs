//! People who may sign in, and the audit log. Of the whole installation: for callers that are bound to no workspace.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::AccountRequest;
use rules::access::{Role, Scope};
use serde_json::{Value, json};

use super::{
    call::Call,
    endpoint::{Endpoint, May, Verb},
    keys::workspace,
    page::{Asked, paged},
    schema::{list, maybe, name, named, object, open, text, title, word},
};
use crate::problem::Problem;

const LOGIN: &str = "ann@example.com";
const ROLES: [Role; 3] = [Role::Viewer, Role::Operator, Role::Owner];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let may = May::With(Scope::Admin);
    let of_login = |endpoint: Endpoint| endpoint.path("login", name("The login."), LOGIN);
    let audit = json!({
        "id": "0193a1b2-0000-7000-8000-000000000005", "at": "2026-11-24T09:00:00Z", "who": LOGIN,
        "what": "api-key.add", "about": "cr_live_AbCdEf CRM", "workspace": null,
    });
    vec![
        Endpoint::new(Verb::Get, "/accounts", "list_accounts", "Who may sign in, by login", may, all).answers(
            "All of them.",
            open(&[("items", list("Accounts.", named("Account"), 100_000))]),
            json!({"items": [example()]}),
        ),
        Endpoint::new(Verb::Post, "/accounts", "add_account", "Let a person in", may, add)
            .json(
                object(&[
                    ("login", title("What is typed to sign in; an address is fine.", 100)),
                    ("name?", title("Name to show; the login when not said.", 100)),
                    ("role", word("What the person may do.", &ROLES.map(Role::as_str))),
                    ("workspace?", maybe(title("The only workspace that is seen.", 100))),
                    ("password?", password()),
                ]),
                json!({"login": LOGIN, "role": "operator"}),
            )
            .answers("The account; without a password, sign in first by a link.", named("Account"), example())
            .status(201)
            .problems(&[404, 409]),
        of_login(Endpoint::new(
            Verb::Post,
            "/accounts/{login}/disable",
            "disable_account",
            "Shut a person out: sessions and links end",
            may,
            disable,
        ))
        .status(204),
        of_login(Endpoint::new(
            Verb::Post,
            "/accounts/{login}/enable",
            "enable_account",
            "Let a person in again",
            may,
            enable,
        ))
        .status(204),
        of_login(Endpoint::new(
            Verb::Post,
            "/accounts/{login}/link",
            "make_link",
            "A link that signs in once within the next hour",
            may,
            link,
        ))
        .answers(
            "The path to put behind the address of the installation.",
            open(&[("path", text("The path."))]),
            json!({"path": "/sign-in/link/…"}),
        ),
        of_login(Endpoint::new(
            Verb::Post,
            "/accounts/{login}/password",
            "set_password",
            "Set a password; every session ends",
            may,
            set_password,
        ))
        .json(object(&[("password", password())]), json!({"password": "correct horse battery"}))
        .status(204),
        paged(
            Endpoint::new(Verb::Get, "/audit", "list_audit", "Who did what, the newest first", may, audits),
            named("Audit"),
            audit,
        ),
    ]
}

fn password() -> Value {
    json!({"type": "string", "description": "The password.", "minLength": 12, "maxLength": 256, "writeOnly": true})
}

fn example() -> Value {
    json!({
        "id": "0193a1b2-0000-7000-8000-000000000006", "login": LOGIN, "name": "Ann", "role": "operator",
        "workspace": null, "created_at": "2026-11-24T09:00:00Z", "disabled_at": null, "totp_on": false,
    })
}

async fn all(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    Ok(Json(json!({"items": call.site.ops.store.accounts().await?})).into_response())
}

async fn add(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    let field = |name: &str| call.json[name].as_str();
    let login = field("login").unwrap_or_default().to_owned();
    let request = AccountRequest {
        name: field("name").unwrap_or(&login).to_owned(),
        role: field("role").and_then(Role::parse).unwrap_or(Role::Viewer),
        workspace: workspace(&call).await?,
        login,
    };
    let made = call.site.ops.add_account(request, field("password"), call.who()).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn disable(call: Call) -> Result<Response, Problem> {
    disabled(call, true).await
}

async fn enable(call: Call) -> Result<Response, Problem> {
    disabled(call, false).await
}

async fn disabled(call: Call, disabled: bool) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    call.site.ops.disable_account(call.part("login"), disabled, call.who()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn link(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    let token = call.site.ops.sign_in_link(call.part("login"), call.who()).await?;
    Ok(Json(json!({"path": format!("/sign-in/link/{token}")})).into_response())
}

async fn set_password(call: Call) -> Result<Response, Problem> {
    call.must_be_of_all()?;
    let new = call.json["password"].as_str().unwrap_or_default();
    call.site.ops.set_password(call.part("login"), new, call.who()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn audits(call: Call) -> Result<Response, Problem> {
    let asked = Asked::of(&call);
    let before = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    let rows = call.site.ops.store.audits(call.workspace(), before, asked.reads()).await;
    Ok(asked.page(rows?, |row| row.id.clone()))
}
