//! The embedded authoritative server.

use std::net::SocketAddr;

use rules::Fault;

use crate::Zone;

/// A running server whose zones can be replaced while it runs. Cheap to clone. UDP and TCP.
#[derive(Clone)]
pub struct Authority {}

impl Authority {
    /// Binds UDP and TCP on the same port (port 0: one free on both) and answers until the last clone is dropped.
    ///
    /// # Errors
    /// `dns.bind`.
    pub async fn bind(_addresses: &[SocketAddr]) -> Result<Self, Fault> {
        todo!()
    }
    /// The addresses really bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        todo!()
    }
    /// Adds or replaces a zone; the serial rises.
    ///
    /// # Errors
    /// `dns.zone`: a record that cannot be written.
    pub async fn set_zone(&self, _zone: &Zone) -> Result<(), Fault> {
        todo!()
    }
    /// Removes a zone.
    pub async fn remove_zone(&self, _origin: &str) {
        todo!()
    }
}
