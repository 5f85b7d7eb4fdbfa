//! Questions to the DNS, over hickory.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use rules::Fault;

/// An answer that is always set; a lookup that could not be made is a [`Fault`], never "not found".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// Records.
    Records(Vec<T>),
    /// The name exists without such records.
    NoData,
    /// The name does not exist.
    NoSuchName,
}

/// A stub resolver. Cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    _servers: Vec<SocketAddr>,
}

impl Resolver {
    /// Asks these servers (UDP, TCP on truncation), each try limited by `limit`. `cache` false asks
    /// anew each time (live checks, tests, lab).
    ///
    /// # Errors
    /// `dns.config`.
    pub fn new(_servers: &[SocketAddr], _limit: Duration, _cache: bool) -> Result<Self, Fault> {
        todo!()
    }
    /// Asks the servers of the system's configuration.
    ///
    /// # Errors
    /// `dns.config`.
    pub fn system() -> Result<Self, Fault> {
        todo!()
    }
    /// The servers asked; `auth` builds its own resolver on them.
    pub fn servers(&self) -> Vec<SocketAddr> {
        todo!()
    }
    /// MX: (preference, exchange without final dot; `.` for null MX).
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn mx(&self, _name: &str) -> Result<Found<(u16, String)>, Fault> {
        todo!()
    }
    /// A and AAAA, IPv4 first.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn addresses(&self, _name: &str) -> Result<Found<IpAddr>, Fault> {
        todo!()
    }
    /// TXT, each with its strings joined.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn txt(&self, _name: &str) -> Result<Found<String>, Fault> {
        todo!()
    }
    /// PTR of an address.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`.
    pub async fn ptr(&self, _ip: IpAddr) -> Result<Found<String>, Fault> {
        todo!()
    }
    /// Every record of that type (`A`, `MX`, `TXT`, `SRV`…) at that name, as our own [`crate::Data`]:
    /// for diff and live proof.
    ///
    /// # Errors
    /// `dns.timeout`, `dns.servfail`, `dns.type`.
    pub async fn records(&self, _name: &str, _kind: &str) -> Result<Found<crate::Data>, Fault> {
        todo!()
    }
}
