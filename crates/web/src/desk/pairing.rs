//! The pairing proof of a mailbox, as pages show it.

use std::collections::HashMap;

use ops::Ops;
use rules::{
    Fault,
    id::{MailboxId, WorkspaceId},
    proof::{Seen, State},
};
use store::{MailboxFilter, Pairing};

/// Mailboxes that one deed asks the proofs of at most.
const MOST: u32 = 10_000;

/// Where mailboxes stand; those that were never proved are missing.
pub(crate) struct Pairings(HashMap<MailboxId, Pairing>);

impl Pairings {
    pub(super) async fn of(ops: &Ops, workspace: Option<&WorkspaceId>, ids: &[MailboxId]) -> Result<Self, Fault> {
        Ok(Self(if ids.is_empty() { HashMap::new() } else { ops.pairings(workspace, ids).await? }))
    }

    /// The one of a mailbox.
    pub(crate) fn get(&self, id: &MailboxId) -> Option<&Pairing> {
        self.0.get(id)
    }

    /// Its word.
    pub(crate) fn word(&self, id: &MailboxId) -> &'static str {
        word(self.get(id))
    }
}

/// Where a mailbox stands, in one word.
pub(crate) fn word(pairing: Option<&Pairing>) -> &'static str {
    match pairing {
        Some(pairing) if pairing.passed == Some(false) && pairing.overridden.is_some() => "overridden",
        Some(pairing) if pairing.passed == Some(false) => "failed",
        Some(pairing) if pairing.passed == Some(true) => "proved",
        _ => "never",
    }
}

/// The class of its pill.
pub(crate) fn tone(word: &str) -> &'static str {
    match word {
        "proved" => "ok",
        "failed" => "bad",
        "overridden" => "warn",
        _ => "unknown",
    }
}

/// The class of a step's pill.
pub(crate) fn step_tone(seen: &Seen) -> &'static str {
    match seen.state {
        State::Ok => "ok",
        State::Bad => "bad",
        State::Unknown => "unknown",
    }
}

/// Asks for the proofs of all mailboxes of the workspace. How many.
pub(super) async fn request_all(ops: &Ops, workspace: Option<&WorkspaceId>) -> Result<usize, Fault> {
    let filter = MailboxFilter { workspace: workspace.cloned(), limit: MOST, ..MailboxFilter::default() };
    let ids: Vec<MailboxId> = ops.store.mailbox_rows(&filter).await?.into_iter().map(|row| row.id).collect();
    Ok(ops.request_proofs(workspace, &ids).await?.len())
}
