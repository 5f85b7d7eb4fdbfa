//! Reverse DNS of an IP, both ways.

use std::net::IpAddr;

use dns::{Found, Resolver};

use crate::{Finding, State};

pub(crate) async fn look(resolver: &Resolver, ip: IpAddr) -> Finding {
    let names = match resolver.ptr(ip).await {
        Ok(Found::Records(names)) => names,
        Ok(_) => return Finding::new("ptr", State::Bad, format!("{ip} has no PTR record")),
        Err(fault) => return Finding::unknown("ptr", &fault),
    };
    for name in names.iter().take(5) {
        let addresses = match resolver.addresses(name).await {
            Ok(found) => found.records(),
            Err(fault) => return Finding::unknown("ptr", &fault),
        };
        if addresses.contains(&ip) {
            return Finding::new("ptr", State::Ok, format!("{ip} is {name}, which leads back to it"));
        }
    }
    Finding::new("ptr", State::Bad, format!("{ip} is {}, which does not lead back to it", names.join(", ")))
}
