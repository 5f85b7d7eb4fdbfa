//! Reverse DNS of an IP, both ways.

use std::net::IpAddr;

use dns::Found;

use crate::{Checks, Finding, Kind};

const CONFIRMED: Kind = Kind::outbound("ptr.confirmed", "ptr", "RFC 1912 §2.1");

pub(crate) const KINDS: &[&Kind] = &[&CONFIRMED];

impl Checks {
    /// Whether the IP has a name that leads back to it.
    pub async fn ptr(&self, ip: IpAddr) -> Vec<Finding> {
        let names = match self.resolver.ptr(ip).await {
            Ok(Found::Records(names)) => names,
            Ok(_) => return vec![CONFIRMED.bad(format!("{ip} has no PTR record"))],
            Err(fault) => return vec![CONFIRMED.unknown(&fault)],
        };
        for name in names.iter().take(5) {
            let addresses = match self.resolver.addresses(name).await {
                Ok(found) => found.records(),
                Err(fault) => return vec![CONFIRMED.unknown(&fault)],
            };
            if addresses.contains(&ip) {
                return vec![CONFIRMED.ok(format!("{ip} is {name}, which leads back to it"))];
            }
        }
        vec![CONFIRMED.bad(format!("{ip} is {}, which does not lead back to it", names.join(", ")))]
    }
}
