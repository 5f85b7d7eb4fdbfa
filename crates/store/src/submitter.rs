//! What submission needs to know of a mailbox, read at once.

use rules::{Fault, id::MailboxId, proof::Standing};
use syntax::{Address, Timestamp};

use crate::{Mailbox, Store, mailbox, proof, row::sql};

/// A mailbox that submits.
#[derive(Debug, Clone)]
pub struct Submitter {
    /// The mailbox as it is now.
    pub mailbox: Mailbox,
    /// As whom it may send, itself first.
    pub grants: Vec<Address>,
    /// Messages accepted from it since the moment that was asked for.
    pub accepted: u32,
    /// Its pairing proof.
    pub standing: Standing,
}

impl Store {
    /// The mailbox with that id, what it may send as, and how much it has sent since then; `None` when it is gone.
    ///
    /// # Errors
    /// `store.*`
    pub async fn submitter(&self, id: &MailboxId, since: Timestamp) -> Result<Option<Submitter>, Fault> {
        // What a proof sends is none of the mailbox's messages, nor is what is passed on.
        let query = sql("SELECT b.*, d.workspace AS workspace, o.address AS other, p.passed, p.finding, p.overridden_at, \
                         (SELECT COUNT(*) FROM message m WHERE m.mailbox = b.id AND m.accepted_at >= $2 \
                         AND m.reverse_path IS NULL AND NOT EXISTS (SELECT 1 FROM proof q WHERE q.message = m.id)) AS accepted \
                         FROM mailbox b JOIN domain d ON d.id = b.domain LEFT JOIN proof_standing p ON p.mailbox = b.id \
                         LEFT JOIN send_as s ON s.mailbox = b.id LEFT JOIN mailbox o ON o.id = s.other \
                         WHERE b.id = $1 ORDER BY o.address_key")
        .bind(id.0.clone())
        .bind(since.micros());
        let rows = self.rows("read a mailbox that submits", query).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mailbox = mailbox::read(first)?;
        let mut grants = vec![mailbox.address.clone()];
        for row in &rows {
            grants.extend(row.parsed_or_none("other")?);
        }
        Ok(Some(Submitter { accepted: first.count("accepted")?, standing: proof::standing(first)?, mailbox, grants }))
    }
}
