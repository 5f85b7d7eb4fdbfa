//! Who asks: by the session of a browser or by a key. And the pages for signing in.
//!
//! Reading order: [`Caller`], `guard` (no change by a session without its CSRF token), `cookie`, then the pages.

mod account;
mod cookie;
mod guard;
mod sign_in;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use ops::Ops;
use rules::{
    Fault,
    access::{Role, Scope, Scopes},
    id::WorkspaceId,
};

use self::guard::CsrfSeen;
pub(crate) use self::guard::guard;
use crate::{Site, problem::Problem};

/// Who asks, and what they may do. As an argument of a handler it refuses whoever may not come in: under `/api/` with 401,
/// elsewhere by the way to the sign-in page.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Id of the account or the key.
    pub id: String,
    /// Login, or name of the key: who it is in the audit log.
    pub name: String,
    /// What a person may do; for a key the least role that has its scopes.
    pub role: Role,
    /// The only workspace that is seen; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// What may be done.
    pub scopes: Scopes,
    /// By what they are known.
    pub by: By,
}

/// By what somebody is known.
#[derive(Clone)]
pub(crate) enum By {
    /// A browser's session.
    Session {
        /// For the hidden field `csrf` of every form.
        csrf: String,
    },
    /// A key.
    Key,
}

impl std::fmt::Debug for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Session { .. } => "Session",
            Self::Key => "Key",
        })
    }
}

impl Caller {
    /// Whether they may.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// Refuses when they may not.
    pub(crate) fn must(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) {
            return Ok(());
        }
        Err(Problem::forbidden(format!("It takes the scope {scope}: ask an owner for it.")))
    }

    /// For the hidden field `csrf`; empty for a key, which needs none.
    pub(crate) fn csrf(&self) -> &str {
        match &self.by {
            By::Session { csrf } => csrf,
            By::Key => "",
        }
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        match known(parts, &site.ops).await {
            Ok(Some(caller)) => {
                let by_session = matches!(caller.by, By::Session { .. });
                // `guard` lets nothing unsafe through without; this holds even for a route that forgot it.
                if by_session && !is_safe(&parts.method) && parts.extensions.get::<CsrfSeen>().is_none() {
                    return Err(guard::refused());
                }
                Ok(caller)
            }
            Ok(None) => Err(stranger(parts)),
            Err(fault) => Err(Problem::from(fault).into_response()),
        }
    }
}

/// Who asks: a key when one is shown, else a session. A key that is not good is not made up for by a session.
async fn known(parts: &Parts, ops: &Ops) -> Result<Option<Caller>, Fault> {
    if let Some(key) = bearer(parts) {
        return Ok(ops.api_key(key).await?.map(by_key));
    }
    let Some(token) = cookie::token(&parts.headers) else { return Ok(None) };
    let csrf = ops.csrf_token(&token);
    Ok(ops.session(&token).await?.map(|(_, account)| Caller {
        id: account.id.0,
        name: account.login,
        role: account.role,
        workspace: account.workspace,
        scopes: Scopes::of(account.role),
        by: By::Session { csrf },
    }))
}

fn by_key(key: store::ApiKey) -> Caller {
    Caller {
        id: key.id.0,
        name: key.name,
        role: key.scopes.least_role(),
        workspace: key.workspace,
        scopes: key.scopes,
        by: By::Key,
    }
}

/// The key of `Authorization: Bearer …`. RFC 6750 §2.1; the scheme's case does not matter, RFC 9110 §11.1.
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn stranger(parts: &Parts) -> Response {
    let path = parts.uri.path();
    if path.starts_with("/api/") {
        let problem = Problem::unauthorized("Show a key: Authorization: Bearer cr_live_…");
        return ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response();
    }
    // A form that was sent cannot be sent again by a redirect: back to its page.
    let next =
        if is_safe(&parts.method) { parts.uri.path_and_query().map_or(path, |whole| whole.as_str()) } else { path };
    Redirect::to(&format!("/sign-in?next={}", escaped(next))).into_response()
}

/// Methods that change nothing. RFC 9110 §9.2.1
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Percent-encoded for a value in a query.
fn escaped(text: &str) -> String {
    let letter = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(octet).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(letter).collect()
}

/// The pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-in/link/{token}", get(sign_in::link_form).post(sign_in::by_link))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/set-up", get(sign_in::set_up_form).post(sign_in::set_up))
        .route("/account", get(account::page))
        .route("/account/password", post(account::password))
        .route("/account/totp", post(account::totp))
        .route("/account/session", post(account::revoke_session))
        .route("/account/key", post(account::add_key))
        .route("/account/key/revoke", post(account::revoke_key))
}
