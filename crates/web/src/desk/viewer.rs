//! Who looks at the dashboard.

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use rules::id::WorkspaceId;

use super::{fields::Fields, link, refused::Refused, see_other};

/// What a person may do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// See domains.
    Domains,
    /// Add and publish domains.
    ChangeDomains,
    /// See mailboxes.
    Mailboxes,
    /// Add and change mailboxes.
    ChangeMailboxes,
    /// See messages, queue and bounces.
    Messages,
    /// Retry and drop.
    ChangeQueue,
    /// Take addresses off the suppression list.
    ChangeSuppressions,
    /// See the event log.
    Events,
}

/// Who looks, and what of.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// For the head of the page.
    pub(crate) name: String,
    /// Whose rows; `None`: all.
    pub(crate) workspace: Option<WorkspaceId>,
    /// What they may do.
    pub(crate) rights: Vec<Right>,
    /// The token that every form of this session carries; empty: no form is taken.
    pub(crate) csrf: String,
}

impl Viewer {
    /// Refuses who may not.
    ///
    /// # Errors
    /// `Refused::Forbidden`
    pub(crate) fn must(&self, right: Right) -> Result<(), Refused> {
        if self.rights.contains(&right) { Ok(()) } else { Err(Refused::Forbidden) }
    }

    /// A form of this session by somebody who may send it.
    ///
    /// # Errors
    /// `Refused::Forbidden`, `Refused::Stale`
    pub(crate) fn takes(&self, right: Right, form: &Fields) -> Result<(), Refused> {
        self.must(right)?;
        let told = form.get("csrf");
        let difference = told.bytes().zip(self.csrf.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right));
        let is_same = told.len() == self.csrf.len() && difference == 0 && !self.csrf.is_empty();
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
