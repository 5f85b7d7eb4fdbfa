//! Who did what, written in the transaction of the deed itself.

use rules::{Fault, id::WorkspaceId};
use syntax::Timestamp;

use crate::{
    Store,
    committer::Tx,
    row::{Row, free_text, sql},
};

/// Longest subject of a deed, in characters.
const MAX_ABOUT: usize = 500;

/// A deed to be written down.
#[derive(Debug, Clone, Default)]
pub struct Deed {
    /// Login, name of a key, or `command line`.
    pub who: String,
    /// Kebab-case: `account.add`.
    pub what: &'static str,
    /// What it was done to. No secrets.
    pub about: String,
    /// In which workspace; `None`: the installation.
    pub workspace: Option<WorkspaceId>,
}

/// A deed that was done.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Audit {
    /// Id; later deeds have greater ones.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// What it was done to.
    pub about: String,
    /// Where.
    pub workspace: Option<WorkspaceId>,
}

impl Store {
    /// Writes down a deed that changes no row of its own.
    ///
    /// # Errors
    /// `store.*`
    pub async fn audit(&self, deed: Deed) -> Result<(), Fault> {
        self.write("write the audit log", move |tx| Box::pin(async move { tx.audit(deed).await })).await
    }

    /// The last deeds, newest first: of one workspace, or all; older than `before` when an id is given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn audits(
        &self,
        workspace: Option<&WorkspaceId>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Audit>, Fault> {
        // Ids are lower-case hex: `~` is greater than all of them.
        let before = before.unwrap_or("~").to_owned();
        let query = match workspace {
            None => sql("SELECT * FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2").bind(before),
            Some(id) => sql("SELECT * FROM audit WHERE workspace = $1 AND id < $2 ORDER BY id DESC LIMIT $3")
                .bind(id.0.clone())
                .bind(before),
        };
        let query = query.bind(i64::from(limit));
        self.rows("read the audit log", query).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Writes down what is being done.
    pub(crate) async fn audit(&mut self, deed: Deed) -> Result<(), Fault> {
        let about: String = free_text(&deed.about).chars().take(MAX_ABOUT).collect();
        let insert = sql("INSERT INTO audit (id, at, who, what, about, workspace) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(self.id())
            .bind(self.now.micros())
            .bind(free_text(&deed.who))
            .bind(deed.what)
            .bind(about)
            .bind(deed.workspace.map(|workspace| workspace.0));
        self.run(insert).await.map(drop)
    }
}

fn read(row: &Row) -> Result<Audit, Fault> {
    Ok(Audit {
        id: row.text("id")?,
        at: row.moment("at")?,
        who: row.text("who")?,
        what: row.text("what")?,
        about: row.text("about")?,
        workspace: row.text_or_none("workspace")?.map(WorkspaceId),
    })
}
