//! Pairing proofs: a message goes out from a mailbox through the public paths, is looked at where it arrives, and its answer
//! comes back. Asked for here, made by the running house.
//!
//! Reading order: the deeds here, `watch` (when), `round` (one proof), then `outward`, `inward` and `carry`.

mod carry;
mod inward;
mod outward;
mod round;
mod watch;

use std::collections::HashMap;

use rules::{
    Fault,
    id::{MailboxId, ProofId, WorkspaceId},
};
use store::{Mailbox, Pairing, Proof};
use syntax::{Address, Domain};

use crate::Ops;

pub use watch::ProofWatch;
pub(crate) use watch::Prover;

/// Longest reason of an override, in octets.
const MAX_REASON: usize = 500;

impl Ops {
    /// Asks for the proofs of mailboxes of the workspace; all are looked at before one is asked for. The running house makes
    /// them. The ids are in the order of the mailboxes; a mailbox with a proof under way gets that one.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn request_proofs(
        &self,
        workspace: Option<&WorkspaceId>,
        mailboxes: &[MailboxId],
    ) -> Result<Vec<ProofId>, Fault> {
        self.chosen(workspace, mailboxes).await?;
        self.store.request_proofs(mailboxes).await
    }

    /// Where each of these mailboxes of the workspace stands, with its last proof and the one under way.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn pairings(
        &self,
        workspace: Option<&WorkspaceId>,
        mailboxes: &[MailboxId],
    ) -> Result<HashMap<MailboxId, Pairing>, Fault> {
        self.chosen(workspace, mailboxes).await?;
        self.store.pairings(mailboxes).await
    }

    /// The proofs of one mailbox, newest first, each with its steps.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn proof_history(
        &self,
        workspace: Option<&WorkspaceId>,
        mailbox: &MailboxId,
        limit: u32,
    ) -> Result<Vec<Proof>, Fault> {
        self.chosen(workspace, std::slice::from_ref(mailbox)).await?;
        self.store.proofs(mailbox, limit).await
    }

    /// Lets a mailbox send although its proof failed, until one passes. Reason and name go into the audit log.
    ///
    /// # Errors
    /// `mailbox.unknown`, `proof.reason` when there is none, `store.*`
    pub async fn override_proof(
        &self,
        workspace: Option<&WorkspaceId>,
        mailbox: &MailboxId,
        who: &str,
        reason: &str,
    ) -> Result<(), Fault> {
        self.chosen(workspace, std::slice::from_ref(mailbox)).await?;
        let reason = reason.trim();
        if reason.is_empty() || reason.len() > MAX_REASON {
            let what = format!("say why the mailbox is to send although its proof failed, in 1 to {MAX_REASON} octets");
            return Err(Fault::caller("proof.reason", what));
        }
        self.store.override_proof(mailbox, who, reason).await
    }

    /// Proofs by their ids, in that order; those that are gone are missing.
    ///
    /// # Errors
    /// `store.*`
    pub async fn proofs_of_ids(&self, ids: &[ProofId]) -> Result<Vec<Proof>, Fault> {
        let mut found: HashMap<ProofId, Proof> =
            self.store.proofs_of_ids(ids).await?.into_iter().map(|proof| (proof.id.clone(), proof)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The mailboxes that are meant: these addresses, else those of the domain, else all.
    ///
    /// # Errors
    /// `mailbox.unknown`, `domain.unknown`, `store.*`
    pub async fn mailboxes_meant(&self, addresses: &[Address], domain: Option<&Domain>) -> Result<Vec<Mailbox>, Fault> {
        if addresses.is_empty() {
            let mailboxes = self.mailboxes(domain).await?;
            return Ok(mailboxes.into_iter().filter(|mailbox| mailbox.suspended_at.is_none()).collect());
        }
        let mut meant = Vec::with_capacity(addresses.len());
        for address in addresses {
            meant.push(self.mailbox(address).await?);
        }
        Ok(meant)
    }
}
