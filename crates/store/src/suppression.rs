//! Addresses that are left alone by the whole installation.

use rules::Fault;
use syntax::{Address, Timestamp};

use crate::Store;

/// A suppressed address.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Suppression {
    /// Address.
    pub address: Address,
    /// Entry id, `opt-out` or `manual`.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl Store {
    /// Adds (idempotent), with its event.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppress(&self, _address: &Address, _reason: &str) -> Result<(), Fault> {
        todo!()
    }
    /// Removes. Whether it was there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn unsuppress(&self, _address: &Address) -> Result<bool, Fault> {
        todo!()
    }
    /// Whether an address is suppressed.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppression(&self, _address: &Address) -> Result<Option<Suppression>, Fault> {
        todo!()
    }
    /// All, by address.
    ///
    /// # Errors
    /// `store.*`
    pub async fn suppressions(&self) -> Result<Vec<Suppression>, Fault> {
        todo!()
    }
}
