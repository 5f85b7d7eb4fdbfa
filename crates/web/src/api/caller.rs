//! Who asks: the key in `Authorization: Bearer …`.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use rules::{
    access::{Scope, Scopes},
    id::WorkspaceId,
    secret::hash_token,
};

use crate::{Site, problem::Problem};

/// What a key is hashed for.
const PURPOSE: &str = "api-key";

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub id: String,
    /// The only workspace that it sees; `None`: all.
    pub workspace: Option<WorkspaceId>,
    pub scopes: Scopes,
}

impl Caller {
    /// Refuses whoever may not do that.
    pub(crate) fn must(&self, scope: Scope) -> Result<(), Problem> {
        match self.scopes.has(scope) {
            true => Ok(()),
            false => Err(Problem::forbidden(format!("The key has not the scope `{scope}`."))),
        }
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            given.and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, token)) = token else {
            return Err(Problem::unauthorized("Send a key as `Authorization: Bearer …`."));
        };
        let key = site.ops.store.api_key(&hash_token(&site.ops.key, PURPOSE, token.trim())).await?;
        let key = key.filter(|key| key.revoked_at.is_none());
        let key = key.ok_or_else(|| Problem::unauthorized("This key is not known or is revoked."))?;
        Ok(Self { id: key.id.0, workspace: key.workspace, scopes: key.scopes })
    }
}
