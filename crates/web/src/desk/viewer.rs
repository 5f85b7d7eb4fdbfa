//! Who looks at the dashboard.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};
use rules::{
    access::{Scope, Scopes},
    id::WorkspaceId,
    secret::same,
};

use super::{fields::Fields, link, refused::Refused, see_other};
use crate::{Site, access::Caller};

/// Who looks, and what of.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// For the head of the page.
    pub(crate) name: String,
    /// Whose rows; `None`: all.
    pub(crate) workspace: Option<WorkspaceId>,
    /// What they may do.
    pub(crate) scopes: Scopes,
    /// The token that every form of this session carries; empty: no form is taken.
    pub(crate) csrf: String,
}

impl From<Caller> for Viewer {
    fn from(caller: Caller) -> Self {
        let csrf = caller.csrf().to_owned();
        Self { name: caller.name, workspace: caller.workspace, scopes: caller.scopes, csrf }
    }
}

/// The layer around every page: who signed in becomes the viewer, a stranger goes to the sign-in.
pub(crate) async fn known(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match Caller::from_request_parts(&mut parts, &site).await {
        Ok(caller) => {
            parts.extensions.insert(Viewer::from(caller));
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refused) => refused,
    }
}

impl Viewer {
    /// Refuses who may not.
    ///
    /// # Errors
    /// `Refused::Forbidden`
    pub(crate) fn must(&self, scope: Scope) -> Result<(), Refused> {
        if self.scopes.has(scope) { Ok(()) } else { Err(Refused::Forbidden) }
    }

    /// A form of this session by somebody who may send it.
    ///
    /// # Errors
    /// `Refused::Forbidden`, `Refused::Stale`
    pub(crate) fn takes(&self, scope: Scope, form: &Fields) -> Result<(), Refused> {
        self.must(scope)?;
        let is_same = !self.csrf.is_empty() && same(form.get("csrf"), &self.csrf);
        if is_same { Ok(()) } else { Err(Refused::Stale) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let next = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| see_other(&link("/sign-in", &[("next", next)])).into_response())
    }
}
