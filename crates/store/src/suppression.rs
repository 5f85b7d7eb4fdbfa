//! Addresses that are left alone by the whole installation.

use std::collections::HashMap;

use rules::{Fault, event::Event};
use syntax::{Address, Timestamp};

use crate::{
    Store,
    committer::Tx,
    row::{Row, free_text, sql, sql_for_keys},
};

/// A suppressed address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Suppression {
    /// Address.
    pub address: Address,
    /// Entry id, `opt-out`, `complaint` or `manual`.
    pub reason: String,
    /// In which words somebody opted out, or what proved a complaint.
    pub why: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

impl Store {
    /// Adds (idempotent: the first reason stays), with its event.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppress(&self, address: &Address, reason: &str) -> Result<(), Fault> {
        let (address, reason) = (address.clone(), free_text(reason));
        self.write("suppress an address", |tx| {
            Box::pin(async move { put_suppression(tx, &address, &reason, None).await })
        })
        .await
    }
    /// Adds what was suppressed elsewhere, all or none, with its moment; whoever is on the list stays as they are. No event
    /// tells of them. Returns how many were added.
    ///
    /// # Errors
    /// `store.*`
    pub async fn put_past_suppressions(&self, past: Vec<Suppression>) -> Result<u64, Fault> {
        self.write("add past suppressions", |tx| {
            Box::pin(async move {
                let mut added = 0;
                for one in past {
                    let insert = sql("INSERT INTO suppression (address_key, address, reason, why, created_at) \
                                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
                    .bind(one.address.key())
                    .bind(one.address.to_string())
                    .bind(free_text(&one.reason))
                    .bind(one.why.as_deref().map(free_text))
                    .bind(one.created_at.micros());
                    added += tx.run(insert).await?;
                }
                Ok(added)
            })
        })
        .await
    }
    /// Removes. Whether it was there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn unsuppress(&self, address: &Address) -> Result<bool, Fault> {
        let delete = sql("DELETE FROM suppression WHERE address_key = $1").bind(address.key());
        self.write("take an address off the suppression list", |tx| {
            Box::pin(async move { tx.run(delete).await.map(|rows| rows > 0) })
        })
        .await
    }
    /// Whether an address is suppressed.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppression(&self, address: &Address) -> Result<Option<Suppression>, Fault> {
        self.ask(|places| &places.suppression, address.key()).await
    }
    /// All, by address.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppressions(&self) -> Result<Vec<Suppression>, Fault> {
        let all = sql("SELECT * FROM suppression ORDER BY address_key");
        self.rows("read the suppression list", all).await?.iter().map(read).collect()
    }
}

/// What stands on the list for these keys, in their order.
pub(crate) async fn suppressions_of(store: &Store, keys: &[String]) -> Result<Vec<Option<Suppression>>, Fault> {
    let of_keys = sql_for_keys("SELECT * FROM suppression WHERE address_key", keys, "");
    let rows = store.rows("look at the suppression list", of_keys).await?;
    let mut found = HashMap::new();
    for row in &rows {
        found.insert(row.text("address_key")?, read(row)?);
    }
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

/// Adds within a transaction, with its event.
pub(crate) async fn put_suppression(
    tx: &mut Tx,
    address: &Address,
    reason: &str,
    why: Option<&str>,
) -> Result<(), Fault> {
    let insert = sql("INSERT INTO suppression (address_key, address, reason, why, created_at) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
    .bind(address.key())
    .bind(address.to_string())
    .bind(reason.to_owned())
    .bind(why.map(free_text))
    .bind(tx.now.micros());
    match tx.run(insert).await? {
        0 => Ok(()),
        _ => tx.record(&[Event::Suppressed { address: address.clone(), reason: reason.to_owned() }]).await,
    }
}

pub(crate) fn read(row: &Row) -> Result<Suppression, Fault> {
    Ok(Suppression {
        address: row.parsed("address")?,
        reason: row.text("reason")?,
        why: row.text_or_none("why")?,
        created_at: row.moment("created_at")?,
    })
}
