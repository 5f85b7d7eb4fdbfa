//! Leases with fencing: an egress IP has one owner node.

use std::time::Duration;

use rules::Fault;

use crate::{Store, committer::Tx, row::sql};

impl Store {
    /// Takes or renews the lease `name` for `owner`. The fence (rises with every change of owner) or `None` when
    /// another owner holds it.
    ///
    /// # Errors
    /// `store.*`
    pub async fn lease(&self, name: &str, owner: &str, ttl: Duration) -> Result<Option<i64>, Fault> {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write("take a lease", move |tx| Box::pin(async move { take(tx, name, owner, ttl).await })).await
    }
    /// Gives it up, when `fence` is still right.
    ///
    /// # Errors
    /// `store.*`
    pub async fn release(&self, name: &str, fence: i64) -> Result<(), Fault> {
        let update = sql("UPDATE lease SET owner = NULL, expires_at = 0 WHERE name = $1 AND fence = $2")
            .bind(name.to_owned())
            .bind(fence);
        self.write("give up a lease", |tx| Box::pin(async move { tx.run(update).await.map(drop) })).await
    }
}

async fn take(tx: &mut Tx, name: String, owner: String, ttl: Duration) -> Result<Option<i64>, Fault> {
    let row = tx.row(sql("SELECT owner, fence, expires_at FROM lease WHERE name = $1").bind(name.clone())).await?;
    let fence = match row {
        None => 1,
        Some(row) if row.text_or_none("owner")?.as_ref() == Some(&owner) => row.number("fence")?,
        Some(row) if row.moment("expires_at")? > tx.now => return Ok(None),
        Some(row) => row.number("fence")? + 1,
    };
    let put = sql("INSERT INTO lease (name, owner, fence, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) \
                   DO UPDATE SET owner = excluded.owner, fence = excluded.fence, expires_at = excluded.expires_at")
    .bind(name)
    .bind(owner)
    .bind(fence)
    .bind((tx.now + ttl).micros());
    tx.run(put).await?;
    Ok(Some(fence))
}
