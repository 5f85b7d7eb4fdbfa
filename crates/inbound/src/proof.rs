//! Pairing proofs: passes for our own submission, and the mails of a proof where they arrive.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use auth::Verdicts;
use rules::{
    Fault,
    id::{MailboxId, ProofId},
    proof::CORRESPONDENT,
    secret::{Key, hash_token},
};
use store::Letter;
use syntax::{Address, Message, message_ids};

use crate::{
    addressee::{Place, begins_with},
    arrival::Arrival,
};

/// One-time passwords of mailboxes, for this process alone: a mailbox's own password is kept as a hash, so that nobody can log
/// in with it, the house neither. A pass takes its place for one message of one proof to one recipient. Cheap to clone.
#[derive(Clone, Default)]
pub struct Passes {
    by_hash: Arc<Mutex<HashMap<String, Pass>>>,
}

impl std::fmt::Debug for Passes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passes")
    }
}

/// What a pass is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The proof.
    pub proof: ProofId,
    /// The mailbox that it logs in as.
    pub mailbox: MailboxId,
    /// The only recipient.
    pub to: Address,
}

/// A pass that nobody has used; it ends when this is dropped.
#[derive(Debug)]
pub struct Issued {
    passes: Passes,
    hash: String,
}

const PURPOSE: &str = "proof-pass";

impl Passes {
    /// Lets `secret`, which was made at random, log in once.
    pub fn issue(&self, key: &Key, secret: &str, pass: Pass) -> Issued {
        let hash = hash_token(key, PURPOSE, secret);
        self.with(|passes| passes.insert(hash.clone(), pass));
        Issued { passes: self.clone(), hash }
    }

    /// The pass of that secret, when it is this mailbox's. It is used up.
    pub(crate) fn redeem(&self, key: &Key, secret: &str, mailbox: &MailboxId) -> Option<Pass> {
        let hash = hash_token(key, PURPOSE, secret);
        self.with(|passes| match passes.get(&hash) {
            Some(pass) if pass.mailbox == *mailbox => passes.remove(&hash),
            _ => None,
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Pass>) -> T) -> T {
        act(&mut self.by_hash.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Issued {
    fn drop(&mut self) {
        self.passes.with(|passes| passes.remove(&self.hash));
    }
}

/// The Message-ID of a mail that a proof expects: it goes to the proof's correspondent, or comes from there.
pub(crate) async fn letter_of(arrival: &Arrival<'_>, message: &Message<'_>) -> Result<Option<String>, Fault> {
    let is_to = arrival.addressees.iter().any(|addressee| matches!(addressee.place, Place::Correspondent));
    let is_from = arrival.reverse_path.is_some_and(|path| begins_with(path, CORRESPONDENT));
    if !is_to && !is_from {
        return Ok(None);
    }
    let id = message.value("Message-ID").and_then(|value| message_ids(&value).into_iter().next());
    let Some(id) = id else { return Ok(None) };
    Ok(arrival.shared.store.is_expected_letter(&id).await?.then_some(id))
}

/// Keeps it apart from the mailbox that it came for.
pub(crate) async fn keep(
    arrival: &Arrival<'_>,
    message_id: &str,
    traced: &[u8],
    verdicts: &Verdicts,
) -> Result<(), Fault> {
    let verdicts = serde_json::to_string(verdicts).ok();
    let mailbox = arrival.addressees.iter().find_map(|addressee| addressee.mailbox().cloned());
    let letter = Letter { arrival: arrival.came(), mailbox, verdicts, content: traced.to_vec() };
    arrival.shared.store.keep_letter(message_id, letter).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_good_once_for_its_mailbox_and_ends_with_its_owner() {
        let (passes, key) = (Passes::default(), Key([1; 32]));
        let (ann, ben) = (MailboxId("ann".into()), MailboxId("ben".into()));
        let to = Address::parse("proof-x@example.com").unwrap();
        let pass = Pass { proof: ProofId("p".into()), mailbox: ann.clone(), to };
        let issued = passes.issue(&key, "secret", pass.clone());
        assert_eq!(passes.redeem(&key, "guess", &ann), None);
        assert_eq!(passes.redeem(&key, "secret", &ben), None);
        assert_eq!(passes.redeem(&key, "secret", &ann), Some(pass.clone()));
        assert_eq!(passes.redeem(&key, "secret", &ann), None, "it is used up");
        drop(issued);
        drop(passes.issue(&key, "unused", pass));
        assert_eq!(passes.redeem(&key, "unused", &ann), None, "its owner is gone");
    }
}
