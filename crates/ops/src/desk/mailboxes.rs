//! Mailboxes: one whole, and many at once.

use rules::{
    Fault,
    id::{MailboxId, WorkspaceId},
};
use store::{Mail, MailboxFilter, MailboxRow, MessageFilter, MessageRow};
use syntax::Address;

use crate::{MailboxRequest, NewCredentials, Ops};

/// Rows of recent mail.
const RECENT: u32 = 10;
/// Mailboxes that one deed changes or exports at most.
const AT_ONCE: u32 = 100_000;
/// Ids asked for with one statement.
const IDS: usize = 200;

/// A mailbox with its recent mail.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailboxView {
    /// Row.
    pub row: MailboxRow,
    /// What it sent lately, the newest first.
    pub sent: Vec<MessageRow>,
    /// What came in lately, the newest first.
    pub received: Vec<Mail>,
    /// Addresses that it may send as, its own first.
    pub send_as: Vec<Address>,
}

impl Ops {
    /// One mailbox.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn desk_mailbox(&self, workspace: Option<&WorkspaceId>, id: &MailboxId) -> Result<MailboxView, Fault> {
        let row = self.mailbox_row(workspace, id).await?;
        let of_mailbox = MessageFilter { mailbox: Some(id.clone()), limit: RECENT, ..MessageFilter::default() };
        Ok(MailboxView {
            sent: self.store.message_rows(&of_mailbox).await?,
            received: self.store.mails(Some(id), RECENT).await?,
            send_as: self.store.grants(id).await?,
            row,
        })
    }

    /// Makes one mailbox in a domain of the workspace.
    ///
    /// # Errors
    /// `mailbox.no-domain`, `mailbox.exists`, `store.*`
    pub async fn desk_add_mailbox(
        &self,
        workspace: Option<&WorkspaceId>,
        request: MailboxRequest,
    ) -> Result<Vec<NewCredentials>, Fault> {
        let domain = self.store.domain(request.address.domain()).await?;
        if domain.is_none_or(|domain| workspace.is_some_and(|workspace| domain.workspace != *workspace)) {
            let what = format!("{}: there is no such domain here; add it first", request.address.domain());
            return Err(Fault::caller("mailbox.no-domain", what));
        }
        self.add_mailboxes(&[request]).await
    }

    /// New password of a mailbox, shown once.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn desk_reset_password(
        &self,
        workspace: Option<&WorkspaceId>,
        id: &MailboxId,
    ) -> Result<NewCredentials, Fault> {
        let row = self.mailbox_row(workspace, id).await?;
        self.reset_password(&row.address).await
    }

    /// Suspends mailboxes, or ends that. All are looked at before one is changed. Returns how many.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn desk_suspend(
        &self,
        workspace: Option<&WorkspaceId>,
        ids: &[MailboxId],
        suspended: bool,
    ) -> Result<usize, Fault> {
        let rows = self.chosen(workspace, ids).await?;
        for row in &rows {
            self.store.set_suspended(&row.id, suspended).await?;
        }
        Ok(rows.len())
    }

    async fn mailbox_row(&self, workspace: Option<&WorkspaceId>, id: &MailboxId) -> Result<MailboxRow, Fault> {
        let mut rows = self.chosen(workspace, std::slice::from_ref(id)).await?;
        rows.pop().ok_or_else(|| unknown(id))
    }

    /// The mailboxes with these ids, all of them in the workspace.
    pub(crate) async fn chosen(
        &self,
        workspace: Option<&WorkspaceId>,
        ids: &[MailboxId],
    ) -> Result<Vec<MailboxRow>, Fault> {
        let mut rows = Vec::new();
        for chunk in ids.chunks(IDS) {
            let filter = MailboxFilter {
                workspace: workspace.cloned(),
                ids: chunk.to_vec(),
                limit: AT_ONCE,
                ..MailboxFilter::default()
            };
            rows.extend(self.store.mailbox_rows(&filter).await?);
        }
        match ids.iter().find(|id| !rows.iter().any(|row| row.id == **id)) {
            Some(missing) => Err(unknown(missing)),
            None => Ok(rows),
        }
    }
}

fn unknown(id: &MailboxId) -> Fault {
    Fault::caller("mailbox.unknown", format!("there is no mailbox with the id {id}"))
}
