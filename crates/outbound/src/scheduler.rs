//! In memory, per (egress IP, site), bounded, refilled from the store by indexed range.

use dns::Resolver;
use net::{ClientTls, Stop};
use rules::{Fault, secret::Key};
use store::Store;

use crate::Settings;

/// The relay.
pub struct Relay {}

impl Relay {
    /// What it works with.
    pub fn new(_settings: Settings, _store: Store, _resolver: Resolver, _tls: ClientTls, _key: Key) -> Self {
        todo!()
    }
    /// Recovers, then runs until stopped; attempts under way are finished first (at most 30 s).
    ///
    /// # Errors
    /// `store.*` when the store cannot be read at the start.
    pub async fn run(self, _stop: Stop) -> Result<(), Fault> {
        todo!()
    }
}
