//! What lists and pages show of proofs.

use std::collections::HashMap;

use rules::{
    Fault,
    id::{MailboxId, ProofId},
    proof::Standing,
};
use syntax::Timestamp;

use super::{Proof, ProofOverride, SELECT, read, standing};
use crate::{
    Store,
    row::{Row, sql_for_keys, sql_made},
};

/// Where a mailbox stands, and its last proof.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Pairing {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Whether its last decided proof passed; `None`: none was ever decided.
    pub passed: Option<bool>,
    /// The finding that it failed for: `proof.reply`.
    pub finding: Option<&'static str>,
    /// The entry of the reference that explains it.
    pub entry: Option<&'static str>,
    /// When that was.
    pub decided_at: Option<Timestamp>,
    /// The operator's word that lets it send although it failed.
    pub overridden: Option<ProofOverride>,
    /// When the next proof is due.
    pub due_at: Timestamp,
    /// The proof that is asked for or under way.
    pub open: Option<ProofId>,
    /// The last proof that ended, with its steps.
    pub last: Option<Proof>,
}

impl Pairing {
    /// For the rule that says whether it may send.
    pub fn standing(&self) -> Standing {
        Standing {
            passed: self.passed,
            finding: self.finding.and_then(rules::proof::Step::parse),
            overridden: self.overridden.is_some(),
        }
    }
}

/// Ids asked for with one statement.
const IDS: usize = 200;

impl Store {
    /// Where each of these mailboxes stands, with its last proof. Those that do not exist are missing.
    ///
    /// # Errors
    /// `store.*`
    pub async fn pairings(&self, mailboxes: &[MailboxId]) -> Result<HashMap<MailboxId, Pairing>, Fault> {
        let mut found = HashMap::new();
        for chunk in mailboxes.chunks(IDS) {
            let select = "SELECT s.*, (SELECT MAX(p.id) FROM proof p WHERE p.mailbox = s.mailbox AND p.ended_at IS NULL) \
                          AS open FROM proof_standing s WHERE s.mailbox";
            for row in self.rows("read where mailboxes stand", sql_for_keys(select, chunk, "")).await? {
                let pairing = pairing(&row)?;
                found.insert(pairing.mailbox.clone(), pairing);
            }
            let last = format!(
                "{SELECT} WHERE p.id IN (SELECT MAX(q.id) FROM proof q WHERE q.ended_at IS NOT NULL AND q.mailbox = p.mailbox) \
                 AND p.mailbox"
            );
            for row in self.rows("read the last proofs", sql_for_keys(&last, chunk, "")).await? {
                let proof = read(&row)?;
                if let Some(pairing) = found.get_mut(&proof.mailbox) {
                    pairing.last = Some(proof);
                }
            }
        }
        Ok(found)
    }

    /// The proofs of a mailbox, newest first, with their steps.
    ///
    /// # Errors
    /// `store.*`
    pub async fn proofs(&self, mailbox: &MailboxId, limit: u32) -> Result<Vec<Proof>, Fault> {
        let of_mailbox = sql_made(format!("{SELECT} WHERE p.mailbox = $1 ORDER BY p.id DESC LIMIT $2"))
            .bind(mailbox.0.clone())
            .bind(i64::from(limit));
        self.rows("read proofs", of_mailbox).await?.iter().map(read).collect()
    }

    /// Proofs by their ids, in no order.
    ///
    /// # Errors
    /// `store.*`
    pub async fn proofs_of_ids(&self, ids: &[ProofId]) -> Result<Vec<Proof>, Fault> {
        let mut proofs = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(IDS) {
            let query = sql_for_keys(&format!("{SELECT} WHERE p.id"), chunk, "");
            for row in self.rows("read proofs", query).await? {
                proofs.push(read(&row)?);
            }
        }
        Ok(proofs)
    }
}

fn pairing(row: &Row) -> Result<Pairing, Fault> {
    let Standing { passed, finding, .. } = standing(row)?;
    let overridden = match (row.moment_or_none("overridden_at")?, row.text_or_none("overridden_by")?) {
        (Some(at), Some(who)) => {
            Some(ProofOverride { at, who, reason: row.text_or_none("override_reason")?.unwrap_or_default() })
        }
        _ => None,
    };
    Ok(Pairing {
        mailbox: MailboxId(row.text("mailbox")?),
        passed,
        finding: finding.map(rules::proof::Step::finding),
        entry: finding.map(rules::proof::Step::entry),
        decided_at: row.moment_or_none("decided_at")?,
        overridden,
        due_at: row.moment("due_at")?,
        open: row.text_or_none("open")?.map(ProofId),
        last: None,
    })
}
