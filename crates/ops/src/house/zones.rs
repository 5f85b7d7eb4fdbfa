//! The embedded DNS kept as the store says: zones of the domains, and what answers a CA while an order is under way.

use std::collections::BTreeMap;

use dns::{Authority, Data, Record, Zone};
use rules::Fault;
use store::Store;
use tokio::sync::Mutex;

use crate::certificate::{challenge_record, is_within};

/// Feeds the embedded DNS.
pub(crate) struct ZoneFeed {
    store: Store,
    authority: Option<Authority>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    version: Option<i64>,
    zones: Vec<String>,
}

impl ZoneFeed {
    pub(crate) fn new(store: Store, authority: Option<Authority>) -> Self {
        Self { store, authority, seen: Mutex::default() }
    }

    /// Brings the zones up to what the store says, now.
    pub(crate) async fn refresh(&self) -> Result<(), Fault> {
        let Some(authority) = &self.authority else { return Ok(()) };
        let mut seen = self.seen.lock().await;
        let version = self.store.zone_version().await?;
        if seen.version == Some(version) {
            return Ok(());
        }
        let zones = self.zones().await?;
        for gone in seen.zones.iter().filter(|origin| !zones.contains_key(*origin)) {
            authority.remove_zone(gone).await;
        }
        seen.zones = zones.keys().cloned().collect();
        for (origin, records) in zones {
            authority.set_zone(&Zone { origin, records }).await?;
        }
        seen.version = Some(version);
        Ok(())
    }

    async fn zones(&self) -> Result<BTreeMap<String, Vec<Record>>, Fault> {
        let mut zones: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for row in self.store.all_zone_records().await? {
            let record = Record { owner: row.owner, ttl: row.ttl, data: Data::parse(&row.kind, &row.rdata)? };
            zones.entry(row.zone).or_default().push(record);
        }
        for proof in self.store.challenge_proofs().await? {
            let origins = zones.iter_mut().filter(|(origin, _)| is_within(&proof.name, origin));
            if let Some((_, records)) = origins.max_by_key(|(origin, _)| origin.len()) {
                records.push(challenge_record(&proof.name, &proof.record));
            }
        }
        Ok(zones)
    }
}
