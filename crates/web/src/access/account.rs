//! One's own account: password, codes, sessions; for owners, the API keys.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use ops::{NewKey, TotpSetUp};
use rules::{
    Blame, Fault,
    access::{Role, Scope, Scopes},
    id::{AccountId, ApiKeyId, SessionId},
};
use store::{Account, ApiKey, Session};

use super::{By, Caller, cookie};
use crate::{Site, problem::Problem, site::page_with};

/// What a form of the page sends.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    present: String,
    password: String,
    action: String,
    code: String,
    id: String,
    name: String,
    scopes: String,
}

/// What the page says besides.
#[derive(Default)]
struct Said {
    done: Option<&'static str>,
    wrong: Option<String>,
    set_up: Option<TotpSetUp>,
    key: Option<String>,
}

#[derive(Template)]
#[template(path = "access/account.html")]
struct AccountPage<'a> {
    account: &'a Account,
    csrf: &'a str,
    sessions: Vec<(Session, bool)>,
    keys: Vec<ApiKey>,
    is_owner: bool,
    scopes: Vec<&'static str>,
    said: Said,
}

pub(super) async fn page(State(site): State<Site>, caller: Caller, headers: HeaderMap) -> Response {
    shown(&site, &caller, &headers, Ok(Said::default())).await
}

pub(super) async fn password(
    State(site): State<Site>,
    caller: Caller,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let token = cookie::token(&headers).unwrap_or_default();
    let changed = async {
        let account = account(&site, &caller).await?;
        site.ops.change_password(&account, &sent.present, &sent.password, &token).await?;
        Ok(done("The password is changed; every other session has ended."))
    };
    shown(&site, &caller, &headers, changed.await).await
}

pub(super) async fn totp(
    State(site): State<Site>,
    caller: Caller,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let changed = async {
        let account = account(&site, &caller).await?;
        match sent.action.as_str() {
            "begin" => Ok(Said { set_up: Some(site.ops.begin_totp(&account).await?), ..Said::default() }),
            "confirm" => {
                site.ops.confirm_totp(&account, &sent.code).await?;
                Ok(done("From now on signing in takes a code too."))
            }
            _ => {
                site.ops.disable_totp(&account, &sent.code).await?;
                Ok(done("Signing in takes no code any more."))
            }
        }
    };
    shown(&site, &caller, &headers, changed.await).await
}

pub(super) async fn revoke_session(
    State(site): State<Site>,
    caller: Caller,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let changed = async {
        let account = account(&site, &caller).await?;
        site.ops.revoke_session(&account, &SessionId(sent.id)).await?;
        Ok(done("That session has ended."))
    };
    shown(&site, &caller, &headers, changed.await).await
}

pub(super) async fn add_key(
    State(site): State<Site>,
    caller: Caller,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    if let Err(problem) = caller.must(Scope::Admin) {
        return problem.into_response();
    }
    let made = async {
        let unknown = || Fault::caller("api-key.scopes", "a scope is unknown: the list stands below the field");
        let scopes = Scopes::parse(&sent.scopes).ok_or_else(unknown)?;
        let new = NewKey { name: sent.name, scopes, workspace: caller.workspace.clone() };
        let made = site.ops.add_api_key(new, &caller.name).await?;
        Ok(Said { key: Some(made.key), ..Said::default() })
    };
    shown(&site, &caller, &headers, made.await).await
}

pub(super) async fn revoke_key(
    State(site): State<Site>,
    caller: Caller,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    if let Err(problem) = caller.must(Scope::Admin) {
        return problem.into_response();
    }
    let revoked = site.ops.revoke_api_key(&ApiKeyId(sent.id), caller.workspace.as_ref(), &caller.name).await;
    shown(&site, &caller, &headers, revoked.map(|()| done("The key is worth nothing any more."))).await
}

fn done(what: &'static str) -> Said {
    Said { done: Some(what), ..Said::default() }
}

/// The account behind a session; a key has none.
async fn account(site: &Site, caller: &Caller) -> Result<Account, Fault> {
    let none = || Fault::caller("account.unknown", "a key has no account: sign in");
    if matches!(caller.by, By::Key) {
        return Err(none());
    }
    site.ops.store.account(&AccountId(caller.id.clone())).await?.ok_or_else(none)
}

/// The page, with what came of a form.
async fn shown(site: &Site, caller: &Caller, headers: &HeaderMap, outcome: Result<Said, Fault>) -> Response {
    let (status, said) = match outcome {
        Ok(said) => (StatusCode::OK, said),
        Err(fault) if fault.blame == Blame::Caller => {
            let status = match fault.code {
                "session.unknown" | "api-key.unknown" | "account.unknown" => StatusCode::NOT_FOUND,
                "account.throttled" => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, Said { wrong: Some(fault.to_string()), ..Said::default() })
        }
        Err(fault) => return Problem::from(fault).into_response(),
    };
    match looked_up(site, caller, headers).await {
        Ok((account, sessions, keys)) => page_with(
            status,
            &AccountPage {
                account: &account,
                csrf: caller.csrf(),
                sessions,
                keys,
                is_owner: caller.role == Role::Owner,
                scopes: Scope::all().map(Scope::as_str).collect(),
                said,
            },
        ),
        // Whoever ended their own session is out.
        Err(fault) if fault.code == "account.unknown" => Redirect::to("/sign-in").into_response(),
        Err(fault) => Problem::from(fault).into_response(),
    }
}

type LookedUp = (Account, Vec<(Session, bool)>, Vec<ApiKey>);

async fn looked_up(site: &Site, caller: &Caller, headers: &HeaderMap) -> Result<LookedUp, Fault> {
    let account = account(site, caller).await?;
    let present = match cookie::token(headers) {
        Some(token) => site.ops.session(&token).await?.map(|(session, _)| session.id),
        None => None,
    };
    let sessions = site.ops.store.sessions(&account.id).await?;
    let sessions = sessions.into_iter().map(|session| {
        let is_present = Some(&session.id) == present.as_ref();
        (session, is_present)
    });
    let keys = match caller.may(Scope::Admin) {
        true => site.ops.store.api_keys(caller.workspace.as_ref()).await?,
        false => Vec::new(),
    };
    Ok((account, sessions.collect(), keys))
}
