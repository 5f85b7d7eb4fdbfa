//! Records that the embedded DNS serves.

use rules::{Fault, id::DomainId};

use crate::Store;

/// One record, in presentation form.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    pub async fn set_zone_records(&self, _domain: &DomainId, _records: Vec<ZoneRecord>) -> Result<(), Fault> {
        todo!()
    }
    /// All records of a domain.
    ///
    /// # Errors
    /// `store.*`
    pub async fn zone_records(&self, _domain: &DomainId) -> Result<Vec<ZoneRecord>, Fault> {
        todo!()
    }
    /// All records, by zone, owner, type.
    ///
    /// # Errors
    /// `store.*`
    pub async fn all_zone_records(&self) -> Result<Vec<ZoneRecord>, Fault> {
        todo!()
    }
    /// Rises with every change of any record: the embedded DNS reloads when it differs.
    ///
    /// # Errors
    /// `store.*`
    pub async fn zone_version(&self) -> Result<i64, Fault> {
        todo!()
    }
}
