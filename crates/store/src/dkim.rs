//! The life of DKIM keys: made to wait, put to work, retired, revoked, removed. Each step is one write, with its line in the
//! audit log.

use rules::{Fault, id::DomainId, rotation::Stage};
use syntax::Timestamp;

use crate::{
    DkimKey, Store,
    access::Deed,
    committer::Tx,
    domain::put_key,
    row::{Row, sql},
};

/// A key without its private part, and where it is in its life.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyLife {
    /// Selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// TXT value that is to be published.
    pub txt: String,
    /// Where it is.
    #[serde(flatten)]
    pub stage: Stage,
}

impl Store {
    /// The keys of a domain, by selector.
    ///
    /// # Errors
    /// `store.*`
    pub async fn dkim_lives(&self, domain: &DomainId) -> Result<Vec<KeyLife>, Fault> {
        let query =
            sql("SELECT selector, algorithm, txt, active, retired_at, revoked_at FROM dkim_key WHERE domain = $1 \
                         ORDER BY selector")
            .bind(domain.0.clone());
        self.rows("read DKIM keys", query).await?.iter().map(read).collect()
    }

    /// Adds keys that do not sign yet.
    ///
    /// # Errors
    /// `dkim.under-way` when not every key of the domain signs, `store.*`
    pub async fn add_waiting_keys(&self, domain: &DomainId, keys: Vec<DkimKey>, deed: Deed) -> Result<(), Fault> {
        let domain = domain.clone();
        self.write("add DKIM keys", move |tx| {
            Box::pin(async move {
                let others = sql("SELECT selector FROM dkim_key WHERE domain = $1 AND active = 0 LIMIT 1");
                if let Some(row) = tx.row(others.bind(domain.0.clone())).await? {
                    let what =
                        format!("the keys are being changed already: finish with {} first", row.text("selector")?);
                    return Err(Fault::caller("dkim.under-way", what));
                }
                for key in keys {
                    tx.run(put_key(&domain, DkimKey { active: false, ..key })).await?;
                }
                tx.audit(deed).await
            })
        })
        .await
    }

    /// Puts the keys that wait to work in place of those that sign.
    ///
    /// # Errors
    /// `dkim.nothing-waits` when none does, `store.*`
    pub async fn switch_dkim_keys(&self, domain: &DomainId, deed: Deed) -> Result<(), Fault> {
        let domain = domain.clone();
        self.write("change DKIM keys", move |tx| Box::pin(async move { switch(tx, &domain, deed).await })).await
    }

    /// Forgets the private part of every key that was retired by that moment: it is to be published as revoked.
    ///
    /// # Errors
    /// `store.*`
    pub async fn revoke_dkim_keys(&self, domain: &DomainId, retired_by: Timestamp, deed: Deed) -> Result<(), Fault> {
        let domain = domain.clone();
        self.write("revoke DKIM keys", move |tx| {
            Box::pin(async move {
                // RFC 6376 §3.6.1: an empty value says that the key is revoked.
                let update = sql("UPDATE dkim_key SET txt = 'v=DKIM1; k=' || algorithm || '; p=', private_key = $1, \
                                  revoked_at = $2 WHERE domain = $3 AND revoked_at IS NULL AND retired_at <= $4")
                .bind(Vec::<u8>::new())
                .bind(tx.now.micros())
                .bind(domain.0)
                .bind(retired_by.micros());
                tx.run(update).await?;
                tx.audit(deed).await
            })
        })
        .await
    }

    /// Removes every key that was revoked by that moment.
    ///
    /// # Errors
    /// `store.*`
    pub async fn remove_dkim_keys(&self, domain: &DomainId, revoked_by: Timestamp, deed: Deed) -> Result<(), Fault> {
        let domain = domain.clone();
        self.write("remove DKIM keys", move |tx| {
            Box::pin(async move {
                let delete = sql("DELETE FROM dkim_key WHERE domain = $1 AND revoked_at <= $2")
                    .bind(domain.0)
                    .bind(revoked_by.micros());
                tx.run(delete).await?;
                tx.audit(deed).await
            })
        })
        .await
    }
}

async fn switch(tx: &mut Tx, domain: &DomainId, deed: Deed) -> Result<(), Fault> {
    const WAITS: &str = "SELECT selector FROM dkim_key WHERE domain = $1 AND active = 0 AND retired_at IS NULL LIMIT 1";
    if tx.row(sql(WAITS).bind(domain.0.clone())).await?.is_none() {
        return Err(Fault::caller("dkim.nothing-waits", "no new key waits to sign: start with making one"));
    }
    let retire = sql("UPDATE dkim_key SET active = 0, retired_at = $1 WHERE domain = $2 AND active = 1")
        .bind(tx.now.micros())
        .bind(domain.0.clone());
    tx.run(retire).await?;
    let work = sql("UPDATE dkim_key SET active = 1 WHERE domain = $1 AND active = 0 AND retired_at IS NULL");
    tx.run(work.bind(domain.0.clone())).await?;
    tx.audit(deed).await
}

fn read(row: &Row) -> Result<KeyLife, Fault> {
    let moments = (row.moment_or_none("retired_at")?, row.moment_or_none("revoked_at")?);
    let stage = match (row.flag("active")?, moments) {
        (true, _) => Stage::Signs,
        (false, (_, Some(since))) => Stage::Revoked(since),
        (false, (Some(since), None)) => Stage::Retired(since),
        (false, (None, None)) => Stage::Waiting,
    };
    Ok(KeyLife { selector: row.text("selector")?, algorithm: row.text("algorithm")?, txt: row.text("txt")?, stage })
}
