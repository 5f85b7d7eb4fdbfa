//! Keys to the REST API.

use rules::{
    Fault,
    access::Scopes,
    id::{ApiKeyId, WorkspaceId},
    secret::hash_token,
};
use store::{ApiKey, NewApiKey};

use super::{
    MAX_NAME, deed,
    session::{TOUCH, token},
};
use crate::Ops;

/// How every key begins: secret scanners know such things by their beginning.
const PREFIX: &str = "cr_live_";
/// So much of a key is shown in lists: the beginning and six letters.
const SHOWN: usize = PREFIX.len() + 6;

/// A key asked for.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only workspace; `None`: all.
    pub workspace: Option<WorkspaceId>,
}

/// A key that was made, shown once.
#[derive(Clone, serde::Serialize)]
pub struct MadeApiKey {
    /// What is kept of it.
    #[serde(flatten)]
    pub kept: ApiKey,
    /// The key.
    pub key: String,
}

impl Ops {
    /// Makes a key.
    ///
    /// # Errors
    /// `api-key.name`, `api-key.scopes`, `store.*`
    pub async fn add_api_key(&self, new: NewKey, who: &str) -> Result<MadeApiKey, Fault> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(Fault::caller("api-key.name", "a key has a name of 1 to 100 letters: say what it is for"));
        }
        if new.scopes.is_empty() {
            return Err(Fault::caller("api-key.scopes", "a key needs at least one scope, as in domains:read"));
        }
        let key = format!("{PREFIX}{}", token()?);
        let row = NewApiKey {
            name: name.to_owned(),
            prefix: key.chars().take(SHOWN).collect(),
            key_hash: hash_token(&self.key, "api-key", &key),
            scopes: new.scopes,
            workspace: new.workspace.clone(),
            created_by: who.to_owned(),
        };
        let deed = deed(who, "api-key.add", &format!("{} {}", row.prefix, row.name), new.workspace);
        Ok(MadeApiKey { kept: self.store.add_api_key(row, deed).await?, key })
    }

    /// What is kept of a key while it is good; notes the use.
    ///
    /// # Errors
    /// `store.*`
    pub async fn api_key(&self, key: &str) -> Result<Option<ApiKey>, Fault> {
        if !key.starts_with(PREFIX) {
            return Ok(None);
        }
        let kept = self.store.api_key(&hash_token(&self.key, "api-key", key)).await?;
        let Some(kept) = kept.filter(|kept| kept.revoked_at.is_none()) else { return Ok(None) };
        let now = self.store.clock().now();
        if kept.used_at.is_none_or(|used| now.since(used) >= TOUCH) {
            self.store.touch_api_key(&kept.id).await?;
        }
        Ok(Some(kept))
    }

    /// Makes a key worthless; only one of that workspace when one is given.
    ///
    /// # Errors
    /// `api-key.unknown`, also when it is another workspace's; `store.*`
    pub async fn revoke_api_key(&self, id: &ApiKeyId, workspace: Option<&WorkspaceId>, who: &str) -> Result<(), Fault> {
        let deed = deed(who, "api-key.revoke", id.as_str(), workspace.cloned());
        match self.store.revoke_api_key(id, workspace, deed).await? {
            true => Ok(()),
            false => Err(Fault::caller("api-key.unknown", format!("there is no key `{id}` that is good"))),
        }
    }
}
