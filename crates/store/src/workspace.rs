//! Workspaces: tenants.

use rules::{Fault, id::WorkspaceId};
use syntax::Timestamp;

use crate::Store;

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
    pub async fn ensure_workspace(&self, _name: &str) -> Result<Workspace, Fault> {
        todo!()
    }
    /// All, by name.
    ///
    /// # Errors
    /// `store.*`
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, Fault> {
        todo!()
    }
}
