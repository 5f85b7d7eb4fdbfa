//! Keys to the REST API.

use rules::{
    Fault,
    access::Scopes,
    id::{ApiKeyId, WorkspaceId},
};
use syntax::Timestamp;

use super::Deed;
use crate::{
    Store,
    row::{Row, free_text, sql},
};

/// A key, without its secret.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// How it begins, to tell it from others.
    pub prefix: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only workspace that it sees; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When last used, to a minute.
    pub used_at: Option<Timestamp>,
    /// Since when it is worth nothing.
    pub revoked_at: Option<Timestamp>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// Keyed hash of the whole.
    pub key_hash: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only workspace; `None`: all.
    pub workspace: Option<WorkspaceId>,
    /// Who makes it.
    pub created_by: String,
}

impl Store {
    /// Makes a key.
    ///
    /// # Errors
    /// `store.*`
    pub async fn add_api_key(&self, new: NewApiKey, deed: Deed) -> Result<ApiKey, Fault> {
        self.write("make an API key", move |tx| {
            Box::pin(async move {
                let made = ApiKey {
                    id: ApiKeyId(tx.id()),
                    name: free_text(&new.name),
                    prefix: new.prefix,
                    scopes: new.scopes,
                    workspace: new.workspace,
                    created_by: free_text(&new.created_by),
                    created_at: tx.now,
                    used_at: None,
                    revoked_at: None,
                };
                let insert = sql("INSERT INTO api_key \
                                  (id, name, prefix, key_hash, scopes, workspace, created_by, created_at) \
                                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(made.id.0.clone())
                .bind(made.name.clone())
                .bind(made.prefix.clone())
                .bind(new.key_hash)
                .bind(made.scopes.to_string())
                .bind(made.workspace.as_ref().map(|workspace| workspace.0.clone()))
                .bind(made.created_by.clone())
                .bind(tx.now.micros());
                tx.run(insert).await?;
                tx.audit(deed).await?;
                Ok(made)
            })
        })
        .await
    }

    /// The key of a hash, revoked or not.
    ///
    /// # Errors
    /// `store.*`
    pub async fn api_key(&self, key_hash: &str) -> Result<Option<ApiKey>, Fault> {
        let of_hash = sql("SELECT * FROM api_key WHERE key_hash = $1").bind(key_hash.to_owned());
        self.row("look for an API key", of_hash).await?.as_ref().map(read).transpose()
    }

    /// Keys, the newest first: of one workspace, or all.
    ///
    /// # Errors
    /// `store.*`
    pub async fn api_keys(&self, workspace: Option<&WorkspaceId>) -> Result<Vec<ApiKey>, Fault> {
        let query = match workspace {
            None => sql("SELECT * FROM api_key ORDER BY id DESC"),
            Some(id) => sql("SELECT * FROM api_key WHERE workspace = $1 ORDER BY id DESC").bind(id.0.clone()),
        };
        self.rows("list API keys", query).await?.iter().map(read).collect()
    }

    /// Notes that a key is used.
    ///
    /// # Errors
    /// `store.*`
    pub async fn touch_api_key(&self, id: &ApiKeyId) -> Result<(), Fault> {
        let id = id.0.clone();
        self.write("note that an API key is used", move |tx| {
            Box::pin(async move {
                let update = sql("UPDATE api_key SET used_at = $1 WHERE id = $2").bind(tx.now.micros()).bind(id);
                tx.run(update).await.map(drop)
            })
        })
        .await
    }

    /// Makes a key worthless; only one of that workspace when one is given. Whether there was one that was good.
    ///
    /// # Errors
    /// `store.*`
    pub async fn revoke_api_key(
        &self,
        id: &ApiKeyId,
        workspace: Option<&WorkspaceId>,
        deed: Deed,
    ) -> Result<bool, Fault> {
        let (id, workspace) = (id.0.clone(), workspace.cloned());
        self.write("revoke an API key", move |tx| {
            Box::pin(async move {
                let now = tx.now.micros();
                let update = match workspace {
                    None => sql("UPDATE api_key SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
                        .bind(now)
                        .bind(id),
                    Some(workspace) => sql("UPDATE api_key SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL \
                                            AND workspace = $3")
                    .bind(now)
                    .bind(id)
                    .bind(workspace.0),
                };
                let there = tx.run(update).await? > 0;
                if there {
                    tx.audit(deed).await?;
                }
                Ok(there)
            })
        })
        .await
    }
}

fn read(row: &Row) -> Result<ApiKey, Fault> {
    Ok(ApiKey {
        id: ApiKeyId(row.text("id")?),
        name: row.text("name")?,
        prefix: row.text("prefix")?,
        scopes: row.named("scopes", Scopes::parse)?,
        workspace: row.text_or_none("workspace")?.map(WorkspaceId),
        created_by: row.text("created_by")?,
        created_at: row.moment("created_at")?,
        used_at: row.moment_or_none("used_at")?,
        revoked_at: row.moment_or_none("revoked_at")?,
    })
}
