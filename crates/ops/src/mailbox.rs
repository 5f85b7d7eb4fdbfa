//! Mailboxes: add, list, import, export.

use rules::Fault;
use store::Mailbox;
use syntax::{Address, Domain};

use crate::Ops;

/// A mailbox asked for.
#[derive(Debug, Clone)]
pub struct MailboxRequest {
    /// Address.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Cap; the installation's when not said.
    pub daily_cap: Option<u32>,
}

/// A new mailbox and its password, shown once.
#[derive(Debug, Clone, serde::Serialize)]
pub struct NewCredentials {
    /// Address: also the login.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Generated password, 24 characters; only its keyed hash is stored.
    pub password: String,
    /// Host of submission and IMAP: the domain's mail host.
    pub host: Domain,
}

impl Ops {
    /// Makes mailboxes, all or none.
    ///
    /// # Errors
    /// `mailbox.exists`, `mailbox.no-domain`, `store.*`
    pub async fn add_mailboxes(&self, _requests: &[MailboxRequest]) -> Result<Vec<NewCredentials>, Fault> {
        todo!()
    }
    /// All, of one domain when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn mailboxes(&self, _domain: Option<&Domain>) -> Result<Vec<Mailbox>, Fault> {
        todo!()
    }
    /// New password, shown once.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn reset_password(&self, _address: &Address) -> Result<NewCredentials, Fault> {
        todo!()
    }
    /// Lets one mailbox send as another of its workspace.
    ///
    /// # Errors
    /// `mailbox.unknown`, `mailbox.other-workspace`, `store.*`
    pub async fn grant(&self, _mailbox: &Address, _other: &Address) -> Result<(), Fault> {
        todo!()
    }
    /// Reads CSV (`address,display,daily_cap`; header line required): all faults at once, each with its line.
    ///
    /// # Errors
    /// `mailbox.csv` naming every bad line; then nothing is made.
    pub async fn import_mailboxes(&self, _csv: &str) -> Result<Vec<NewCredentials>, Fault> {
        todo!()
    }
    /// CSV of all mailboxes, without passwords.
    ///
    /// # Errors
    /// `store.*`
    pub async fn export_mailboxes(&self, _domain: Option<&Domain>) -> Result<String, Fault> {
        todo!()
    }
}
