//! Records and zones, in presentation form.

use std::net::{Ipv4Addr, Ipv6Addr};

/// One resource record. `owner` is a fully qualified, lower-case name without the final dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// Owner name.
    pub owner: String,
    /// Seconds.
    pub ttl: u32,
    /// Type and data.
    pub data: Data,
}

/// Type and data. Names are without the final dot; `.` is the root (null MX).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "UPPERCASE")]
pub enum Data {
    /// A
    A(Ipv4Addr),
    /// AAAA
    Aaaa(Ipv6Addr),
    /// PTR
    Ptr(String),
    /// CNAME
    Cname(String),
    /// NS
    Ns(String),
    /// MX: preference, exchange.
    Mx(u16, String),
    /// TXT: the whole text; split into strings of 255 octets when written to the wire.
    Txt(String),
    /// SRV: priority, weight, port, target.
    Srv(u16, u16, u16, String),
}

/// A zone: its origin (`.` for the root) and its records. SOA and NS are added by the server when absent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Zone {
    /// Origin.
    pub origin: String,
    /// Records.
    pub records: Vec<Record>,
}
// also: `Data::kind() -> &'static str` ("A", "MX"…), `Data::rdata() -> String` (presentation) and
// `Data::parse(kind, rdata) -> Result<Data, Fault>`: that is how the store keeps records.
