//! Workspaces: tenants.

use rules::{Fault, id::WorkspaceId};
use syntax::Timestamp;

use crate::{
    Store,
    row::{Row, free_text, sql},
};

/// A tenant.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Workspace {
    /// Id.
    pub id: WorkspaceId,
    /// Unique name.
    pub name: String,
    /// When made.
    pub created_at: Timestamp,
}

impl Store {
    /// The workspace of that name, made when absent.
    ///
    /// # Errors
    /// `store.*`
    pub async fn ensure_workspace(&self, name: &str) -> Result<Workspace, Fault> {
        let name = free_text(name);
        self.write("make a workspace", |tx| {
            Box::pin(async move {
                let of_name = sql("SELECT * FROM workspace WHERE name = $1").bind(name.clone());
                if let Some(row) = tx.row(of_name).await? {
                    return read(&row);
                }
                let made = Workspace { id: WorkspaceId(tx.id()), name, created_at: tx.now };
                let insert = sql("INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)")
                    .bind(made.id.0.clone())
                    .bind(made.name.clone())
                    .bind(made.created_at.micros());
                tx.run(insert).await?;
                Ok(made)
            })
        })
        .await
    }
    /// All, by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, Fault> {
        self.rows("list workspaces", sql("SELECT * FROM workspace ORDER BY name")).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Workspace, Fault> {
    Ok(Workspace { id: WorkspaceId(row.text("id")?), name: row.text("name")?, created_at: row.moment("created_at")? })
}
