//! Mailboxes and what they may send as.

use rules::{
    Fault,
    id::{DomainId, MailboxId, WorkspaceId},
};
use syntax::{Address, Timestamp};

use crate::Store;

/// A real mailbox.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Mailbox {
    /// Id.
    pub id: MailboxId,
    /// Domain.
    pub domain: DomainId,
    /// Tenant.
    pub workspace: WorkspaceId,
    /// Address; unique by `Address::key`.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Keyed hash of the password; never serialized.
    #[serde(skip)]
    pub password_hash: String,
    /// Messages it may submit in 24 hours.
    pub daily_cap: u32,
    /// When made.
    pub created_at: Timestamp,
}

/// A mailbox to be made.
#[derive(Debug, Clone)]
pub struct NewMailbox {
    /// Address; its domain must exist.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Keyed hash.
    pub password_hash: String,
    /// Cap.
    pub daily_cap: u32,
}

impl Store {
    /// Makes mailboxes, all or none.
    ///
    /// # Errors
    /// `mailbox.exists`, `mailbox.no-domain` (both name the address), `store.*`
    pub async fn add_mailboxes(&self, _new: Vec<NewMailbox>) -> Result<Vec<Mailbox>, Fault> {
        todo!()
    }
    /// By address (case-insensitive local part).
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailbox(&self, _address: &Address) -> Result<Option<Mailbox>, Fault> {
        todo!()
    }
    /// All, by address; of one domain when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailboxes(&self, _domain: Option<&DomainId>) -> Result<Vec<Mailbox>, Fault> {
        todo!()
    }
    /// New password hash.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn set_password_hash(&self, _mailbox: &MailboxId, _hash: &str) -> Result<(), Fault> {
        todo!()
    }
    /// Lets `mailbox` send as `other` too; both of the same workspace.
    ///
    /// # Errors
    /// `mailbox.unknown`, `mailbox.other-workspace`, `store.*`
    pub async fn grant(&self, _mailbox: &MailboxId, _other: &MailboxId) -> Result<(), Fault> {
        todo!()
    }
    /// Addresses that `mailbox` may send as, itself first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn grants(&self, _mailbox: &MailboxId) -> Result<Vec<Address>, Fault> {
        todo!()
    }
}
