//! Sends that are done once, however often they are asked for.

use rules::{Fault, event::Event, id::MessageId};

use crate::{NewMessage, Store, committer::Tx, message::insert_message, row::sql};

/// What makes a send one and the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Who asks: keys of different callers are different keys.
    pub owner: String,
    /// The key that the caller chose.
    pub key: String,
    /// Of what is asked for: with the same key it must be the same.
    pub fingerprint: String,
}

impl Store {
    /// As [`Store::accept`], once for each key: a second time gives the message of the first.
    ///
    /// # Errors
    /// `idempotency.reused` when the key stands for something else, `store.*`
    pub async fn accept_once(&self, new: NewMessage, once: Once) -> Result<MessageId, Fault> {
        self.write("accept a message once", |tx| {
            Box::pin(async move {
                if let Some(id) = earlier(tx, &once).await? {
                    return Ok(id);
                }
                let id = MessageId(tx.id());
                let accepted = Event::MessageAccepted {
                    message: id.clone(),
                    from: new.from.clone(),
                    recipients: new.recipients.len(),
                    octets: new.content.len(),
                };
                insert_message(tx, &id, new).await?;
                let insert = sql("INSERT INTO idempotency (owner, key, fingerprint, message, created_at) \
                                  VALUES ($1, $2, $3, $4, $5)")
                .bind(once.owner)
                .bind(once.key)
                .bind(once.fingerprint)
                .bind(id.0.clone())
                .bind(tx.now.micros());
                tx.run(insert).await?;
                tx.record(&[accepted]).await?;
                tx.due();
                Ok(id)
            })
        })
        .await
    }

    /// The message that was accepted for that key before.
    ///
    /// # Errors
    /// `idempotency.reused`, `store.*`
    pub async fn accepted_for(&self, once: &Once) -> Result<Option<MessageId>, Fault> {
        let once = once.clone();
        self.write("look for an earlier send", |tx| Box::pin(async move { earlier(tx, &once).await })).await
    }
}

async fn earlier(tx: &mut Tx, once: &Once) -> Result<Option<MessageId>, Fault> {
    let of_key = sql("SELECT fingerprint, message FROM idempotency WHERE owner = $1 AND key = $2")
        .bind(once.owner.clone())
        .bind(once.key.clone());
    let Some(row) = tx.row(of_key).await? else { return Ok(None) };
    if row.text("fingerprint")? != once.fingerprint {
        let what = "this Idempotency-Key was used for another message: choose a new key for a new message";
        return Err(Fault::caller("idempotency.reused", what));
    }
    Ok(Some(MessageId(row.text("message")?)))
}
