//! Mailboxes from a CSV: every row is looked at before the first is made.

use rules::{Fault, id::WorkspaceId};
use store::MailboxFilter;

use crate::{BadRow, NewCredentials, Ops, ReadMailboxes};

/// Rows of one import. More are split over several files.
const MAX_ROWS: usize = 1_000;

/// What became of an import: all or nothing.
#[derive(Debug, Clone)]
pub enum Imported {
    /// Every row.
    Made(Vec<NewCredentials>),
    /// None: these rows are wrong.
    Refused(Vec<BadRow>),
}

impl Ops {
    /// Makes mailboxes from a file of any format that is known, in domains of the workspace.
    ///
    /// # Errors
    /// `store.*`
    pub async fn desk_import(&self, workspace: Option<&WorkspaceId>, text: &str) -> Result<Imported, Fault> {
        let ReadMailboxes { rows, mut bad, .. } = self.read_mailboxes(workspace, text).await?;
        if let Some(row) = rows.get(MAX_ROWS) {
            let what = format!("more than {MAX_ROWS} rows: import the rest by another file");
            bad.push(BadRow { line: row.line, cell: row.request.address.to_string(), what });
        }
        match bad.is_empty() {
            true => self.add_read_mailboxes(&rows).await.map(Imported::Made),
            false => Ok(Imported::Refused(bad)),
        }
    }

    /// How many mailboxes a workspace has, to tell an empty list from an empty search.
    ///
    /// # Errors
    /// `store.*`
    pub async fn has_mailboxes(&self, workspace: Option<&WorkspaceId>) -> Result<bool, Fault> {
        let any = MailboxFilter { workspace: workspace.cloned(), limit: 1, ..MailboxFilter::default() };
        Ok(!self.store.mailbox_rows(&any).await?.is_empty())
    }
}
