//! Signing in and out, and the set-up of the first account.

use askama::Template;
use axum::{
    Form,
    extract::{Extension, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use ops::{Browser, OpenedSession, Typed};
use rules::{Fault, access::local_path};

use super::{Caller, cookie};
use crate::{
    Site,
    listener::{OverTls, Peer},
    problem::Problem,
    site::{page, page_with},
};

/// Where a sign-in leads when nothing else was asked for.
pub(super) const HOME: &str = "/";

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

#[derive(serde::Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

#[derive(serde::Deserialize)]
pub(super) struct SetUpForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
}

#[derive(Template)]
#[template(path = "access/sign-in.html")]
struct SignInPage<'a> {
    wrong: Option<String>,
    next: &'a str,
}

#[derive(Template)]
#[template(path = "access/link.html")]
struct LinkPage<'a> {
    wrong: Option<String>,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "access/set-up.html")]
struct SetUpPage {
    wrong: Option<String>,
}

/// Where the request comes from.
type From<'a> = (&'a HeaderMap, Peer, OverTls);

pub(super) async fn form(State(site): State<Site>, Query(asked): Query<Asked>) -> Response {
    match site.ops.store.has_no_account().await {
        Ok(true) => Redirect::to("/set-up").into_response(),
        Ok(false) => page(&SignInPage { wrong: None, next: local_path(&asked.next).unwrap_or("") }),
        Err(fault) => Problem::from(fault).into_response(),
    }
}

pub(super) async fn sign_in(
    State(site): State<Site>,
    Extension(peer): Extension<Peer>,
    Extension(tls): Extension<OverTls>,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Response {
    let next = local_path(&form.next);
    let typed = Typed { login: form.login, password: form.password, code: form.code };
    match site.ops.sign_in(&typed, browser((&headers, peer, tls))).await {
        Ok(opened) => signed_in(&opened, tls, next.unwrap_or(HOME)),
        Err(fault) => told(fault, |wrong| SignInPage { wrong, next: next.unwrap_or("") }),
    }
}

pub(super) async fn link_form(Path(token): Path<String>) -> Response {
    page(&LinkPage { wrong: None, token: &token })
}

pub(super) async fn by_link(
    State(site): State<Site>,
    Extension(peer): Extension<Peer>,
    Extension(tls): Extension<OverTls>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match site.ops.sign_in_by_link(&token, browser((&headers, peer, tls))).await {
        Ok(opened) => signed_in(&opened, tls, HOME),
        Err(fault) => told(fault, |wrong| LinkPage { wrong, token: "" }),
    }
}

pub(super) async fn sign_out(
    State(site): State<Site>,
    _caller: Caller,
    Extension(tls): Extension<OverTls>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = cookie::token(&headers)
        && let Err(fault) = site.ops.sign_out(&token).await
    {
        return Problem::from(fault).into_response();
    }
    ([(header::SET_COOKIE, cookie::clear(tls.0))], Redirect::to("/sign-in")).into_response()
}

pub(super) async fn set_up_form(State(site): State<Site>) -> Response {
    match site.ops.store.has_no_account().await {
        Ok(true) => page(&SetUpPage { wrong: None }),
        Ok(false) => Problem::not_found().into_response(),
        Err(fault) => Problem::from(fault).into_response(),
    }
}

pub(super) async fn set_up(
    State(site): State<Site>,
    Extension(peer): Extension<Peer>,
    Extension(tls): Extension<OverTls>,
    headers: HeaderMap,
    Form(form): Form<SetUpForm>,
) -> Response {
    match site.ops.store.has_no_account().await {
        Ok(true) => {}
        Ok(false) => return Problem::not_found().into_response(),
        Err(fault) => return Problem::from(fault).into_response(),
    }
    let made = site.ops.set_up(&form.code, &form.login, &form.password, &peer.0.ip().to_string()).await;
    if let Err(fault) = made {
        return told(fault, |wrong| SetUpPage { wrong });
    }
    let typed = Typed { login: form.login, password: form.password, code: String::new() };
    match site.ops.sign_in(&typed, browser((&headers, peer, tls))).await {
        Ok(opened) => signed_in(&opened, tls, HOME),
        Err(fault) => Problem::from(fault).into_response(),
    }
}

fn browser((headers, peer, _): From<'_>) -> Browser {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Browser { ip: peer.0.ip().to_string(), agent, token: cookie::token(headers) }
}

fn signed_in(opened: &OpenedSession, tls: OverTls, next: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    if let Some(value) = cookie::set(&opened.token, tls.0) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// What the person did wrong stands on the page again; anything else is a problem.
fn told<T: Template>(fault: Fault, page: impl FnOnce(Option<String>) -> T) -> Response {
    if fault.blame != rules::Blame::Caller {
        return Problem::from(fault).into_response();
    }
    let status = match fault.code {
        "account.throttled" => StatusCode::TOO_MANY_REQUESTS,
        "account.sign-in" | "account.link" | "account.set-up-code" => StatusCode::FORBIDDEN,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page_with(status, &page(Some(fault.to_string())))
}
