//! Records that the embedded DNS serves.

use std::collections::BTreeSet;

use rules::{Fault, id::DomainId};

use crate::{
    Store,
    committer::Tx,
    row::{Row, free_text, sql},
};

/// One record, in presentation form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ZoneRecord {
    /// Zone it is served in, `example.com` or `1.0.127.in-addr.arpa`.
    pub zone: String,
    /// Owner.
    pub owner: String,
    /// Seconds.
    pub ttl: u32,
    /// Type, `MX`.
    pub kind: String,
    /// Data, `10 box.example.com`.
    pub rdata: String,
}

impl Store {
    /// Replaces all records of a domain (its zone and its PTRs); the zone version rises when something changed.
    ///
    /// # Errors
    /// `store.*`
    pub async fn set_zone_records(&self, domain: &DomainId, records: Vec<ZoneRecord>) -> Result<(), Fault> {
        let domain = domain.clone();
        let wanted: BTreeSet<ZoneRecord> = records.into_iter().collect();
        self.write("replace zone records", |tx| Box::pin(async move { replace(tx, domain, wanted).await })).await
    }
    /// All records of a domain, by zone, owner, type.
    ///
    /// # Errors
    /// `store.*`
    pub async fn zone_records(&self, domain: &DomainId) -> Result<Vec<ZoneRecord>, Fault> {
        let query =
            sql("SELECT * FROM zone_record WHERE domain = $1 ORDER BY zone, owner, kind, rdata").bind(domain.0.clone());
        self.rows("read zone records", query).await?.iter().map(read).collect()
    }
    /// All records, by zone, owner, type.
    ///
    /// # Errors
    /// `store.*`
    pub async fn all_zone_records(&self) -> Result<Vec<ZoneRecord>, Fault> {
        let query = sql("SELECT * FROM zone_record ORDER BY zone, owner, kind, rdata");
        self.rows("read zone records", query).await?.iter().map(read).collect()
    }
    /// Rises with every change of any record: the embedded DNS reloads when it differs.
    ///
    /// # Errors
    /// `store.*`
    pub async fn zone_version(&self) -> Result<i64, Fault> {
        let query = sql("SELECT version FROM zone_version");
        self.row("read the zone version", query).await?.map_or(Ok(0), |row| row.number("version"))
    }
}

async fn replace(tx: &mut Tx, domain: DomainId, wanted: BTreeSet<ZoneRecord>) -> Result<(), Fault> {
    let present = tx.rows(sql("SELECT * FROM zone_record WHERE domain = $1").bind(domain.0.clone())).await?;
    if present.iter().map(read).collect::<Result<BTreeSet<_>, _>>()? == wanted {
        return Ok(());
    }
    tx.run(sql("DELETE FROM zone_record WHERE domain = $1").bind(domain.0.clone())).await?;
    let rows: Vec<ZoneRecord> = wanted.into_iter().collect();
    tx.insert("zone_record (domain, zone, owner, ttl, kind, rdata)", 6, &rows, |query, record| {
        query
            .bind(domain.0.clone())
            .bind(record.zone.clone())
            .bind(record.owner.clone())
            .bind(i64::from(record.ttl))
            .bind(record.kind.clone())
            .bind(free_text(&record.rdata))
    })
    .await?;
    tx.run(sql("UPDATE zone_version SET version = version + 1")).await.map(drop)
}

fn read(row: &Row) -> Result<ZoneRecord, Fault> {
    Ok(ZoneRecord {
        zone: row.text("zone")?,
        owner: row.text("owner")?,
        ttl: row.count("ttl")?,
        kind: row.text("kind")?,
        rdata: row.text("rdata")?,
    })
}
