//! The mails of a proof: known by their Message-IDs, kept apart from every mailbox, gone when the proof has ended.

use rules::{
    Fault,
    id::{MailboxId, MessageId, ProofId},
};
use syntax::Address;

use crate::{
    NewMessage, Store, TestArrival,
    committer::Tx,
    message::insert_message,
    row::{Row, free_text, sql, stored},
};

/// A mail of a proof that has arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    /// How it came.
    pub arrival: TestArrival,
    /// In whose mailbox it would lie; `None` for one to the correspondent.
    pub mailbox: Option<MailboxId>,
    /// The verdicts on SPF, DKIM and DMARC as JSON.
    pub verdicts: Option<String>,
    /// The message as it came.
    pub content: Vec<u8>,
}

impl Store {
    /// Says whom a proof writes to, and which mails it expects.
    ///
    /// # Errors
    /// `store.*`
    pub async fn expect_letters(
        &self,
        proof: &ProofId,
        correspondent: &Address,
        message_ids: &[String],
    ) -> Result<(), Fault> {
        let (proof, address, message_ids) = (proof.clone(), correspondent.clone(), message_ids.to_vec());
        self.write("expect the mails of a proof", move |tx| {
            Box::pin(async move {
                // One that is taken up again writes anew.
                tx.run(sql("DELETE FROM proof_letter WHERE proof = $1").bind(proof.0.clone())).await?;
                let update = sql("UPDATE proof SET correspondent = $1, correspondent_key = $2 WHERE id = $3")
                    .bind(address.to_string())
                    .bind(address.key())
                    .bind(proof.0.clone());
                tx.run(update).await?;
                tx.insert("proof_letter (message_id, proof)", 2, &message_ids, |query, id| {
                    query.bind(id.clone()).bind(proof.0.clone())
                })
                .await
            })
        })
        .await
    }

    /// The proof whose correspondent this is, while it is under way.
    ///
    /// # Errors
    /// `store.*`
    pub async fn proof_of_correspondent(&self, address: &Address) -> Result<Option<ProofId>, Fault> {
        let of_key = sql("SELECT id FROM proof WHERE correspondent_key = $1 AND ended_at IS NULL").bind(address.key());
        let row = self.row("look for a proof", of_key).await?;
        row.map(|row| row.text("id").map(ProofId)).transpose()
    }

    /// Whether a proof under way expects a mail with this Message-ID.
    ///
    /// # Errors
    /// `store.*`
    pub async fn is_expected_letter(&self, message_id: &str) -> Result<bool, Fault> {
        let of_id = sql("SELECT l.message_id FROM proof_letter l JOIN proof p ON p.id = l.proof \
                         WHERE l.message_id = $1 AND p.ended_at IS NULL")
        .bind(free_text(message_id));
        Ok(self.row("look for a proof's mail", of_id).await?.is_some())
    }

    /// Keeps a mail of a proof; the first copy counts.
    ///
    /// # Errors
    /// `store.*`
    pub async fn keep_letter(&self, message_id: &str, letter: Letter) -> Result<bool, Fault> {
        let Letter { arrival, mailbox, verdicts, content } = letter;
        let update = sql("UPDATE proof_letter SET arrived_at = $2, mailbox = $3, peer = $4, helo = $5, tls = $6, \
                          reverse_path = $7, verdicts = $8, content = $9 WHERE message_id = $1 AND arrived_at IS NULL")
        .bind(free_text(message_id))
        .bind(arrival.at.micros())
        .bind(mailbox.map(|mailbox| mailbox.0))
        .bind(arrival.peer.to_string())
        .bind(free_text(&arrival.helo))
        .bind(i64::from(arrival.tls))
        .bind(stored(&arrival.reverse_path))
        .bind(verdicts)
        .bind(content);
        self.write("keep a proof's mail", |tx| Box::pin(async move { tx.run(update).await.map(|rows| rows > 0) })).await
    }

    /// The mail with this Message-ID, once it has arrived.
    ///
    /// # Errors
    /// `store.*`
    pub async fn letter(&self, message_id: &str) -> Result<Option<Letter>, Fault> {
        let of_id = sql("SELECT * FROM proof_letter WHERE message_id = $1 AND arrived_at IS NOT NULL")
            .bind(message_id.to_owned());
        self.row("read a proof's mail", of_id).await?.as_ref().map(read).transpose()
    }

    /// Accepts the message of a proof. Durable on return; due at once. No event: it is none of the mailbox's messages.
    ///
    /// # Errors
    /// `store.*`: the caller answers 451.
    pub async fn accept_for_proof(&self, new: NewMessage, proof: &ProofId) -> Result<MessageId, Fault> {
        let proof = proof.clone();
        self.write("accept a proof's message", move |tx| {
            Box::pin(async move {
                let id = MessageId(tx.id());
                insert_message(tx, &id, new).await?;
                let update = sql("UPDATE proof SET message = $1 WHERE id = $2").bind(id.0.clone()).bind(proof.0);
                tx.run(update).await?;
                tx.due();
                Ok(id)
            })
        })
        .await
    }

    /// The message that a proof submitted, while it is there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn message_of_proof(&self, proof: &ProofId) -> Result<Option<MessageId>, Fault> {
        let of_id = sql("SELECT message FROM proof WHERE id = $1").bind(proof.0.clone());
        let row = self.row("look for a proof's message", of_id).await?;
        row.map_or(Ok(None), |row| Ok(row.text_or_none("message")?.map(MessageId)))
    }

    /// Removes messages of ended proofs that were still under way when their proof ended. Returns how many are gone.
    ///
    /// # Errors
    /// `store.*`
    pub async fn sweep_proofs(&self) -> Result<usize, Fault> {
        self.write("remove the messages of ended proofs", |tx| {
            Box::pin(async move {
                let left =
                    sql("SELECT message FROM proof WHERE message IS NOT NULL AND ended_at IS NOT NULL LIMIT 100");
                let mut gone = 0;
                for row in tx.rows(left).await? {
                    gone += usize::from(remove_message(tx, &MessageId(row.text("message")?)).await?);
                }
                Ok(gone)
            })
        })
        .await
    }
}

/// What a proof sent and got is gone with its end.
pub(super) async fn clear(tx: &mut Tx, proof: &ProofId, message: Option<&MessageId>) -> Result<(), Fault> {
    tx.run(sql("DELETE FROM proof_letter WHERE proof = $1").bind(proof.0.clone())).await?;
    if let Some(message) = message {
        remove_message(tx, message).await?;
    }
    Ok(())
}

/// Removes a message with all that was written of it; false while an attempt at it is under way.
async fn remove_message(tx: &mut Tx, message: &MessageId) -> Result<bool, Fault> {
    let of_message = || message.0.clone();
    let sending = sql("SELECT id FROM recipient WHERE message = $1 AND state = 'sending'").bind(of_message());
    if tx.row(sending).await?.is_some() {
        return Ok(false);
    }
    for text in [
        "DELETE FROM attempt WHERE recipient IN (SELECT id FROM recipient WHERE message = $1)",
        // One-time addresses alone: nobody else is taken off the list.
        "DELETE FROM suppression WHERE address_key IN (SELECT LOWER(address) FROM recipient WHERE message = $1)",
        "DELETE FROM recipient WHERE message = $1",
        "DELETE FROM body WHERE message = $1",
        "UPDATE proof SET message = NULL WHERE message = $1",
        "DELETE FROM message WHERE id = $1",
    ] {
        tx.run(sql(text).bind(of_message())).await?;
    }
    Ok(true)
}

fn read(row: &Row) -> Result<Letter, Fault> {
    Ok(Letter {
        arrival: TestArrival {
            at: row.moment("arrived_at")?,
            peer: row.parsed("peer")?,
            helo: row.text("helo")?,
            tls: row.flag("tls")?,
            reverse_path: row.parsed_or_none("reverse_path")?,
        },
        mailbox: row.text_or_none("mailbox")?.map(MailboxId),
        verdicts: row.text_or_none("verdicts")?,
        content: row.octets("content")?,
    })
}
