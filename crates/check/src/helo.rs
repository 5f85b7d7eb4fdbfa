//! The name that a server greets with. RFC 5321 §4.1.1.1, §2.3.5.

use std::net::IpAddr;

use dns::Found;
use syntax::Domain;

use crate::{Checks, Finding, Kind};

const NAME: Kind = Kind::outbound("helo.name", "helo", "RFC 5321 §2.3.5, §4.1.4");
const RESOLVES: Kind = Kind::outbound("helo.resolves", "helo", "RFC 5321 §2.3.5");
const MATCHES: Kind = Kind::outbound("helo.matches-ptr", "helo", "RFC 1912 §2.1; M3AAWG, names for mail servers");

pub(crate) const KINDS: &[&Kind] = &[&NAME, &RESOLVES, &MATCHES];

impl Checks {
    /// Whether the name is a full host name that leads to the IP that greets with it.
    pub async fn helo(&self, name: &str, ip: Option<IpAddr>) -> Vec<Finding> {
        let host = match host_of(name) {
            Ok(host) => host,
            Err(why) => return vec![NAME.bad(format!("the greeting `{name}` is refused by many: {why}"))],
        };
        let (addresses, names) = tokio::join!(self.resolver.addresses(host.as_str()), self.names_of(ip));
        let mut findings = vec![match addresses {
            Ok(Found::Records(addresses)) => leads(&host, &addresses, ip),
            Ok(_) => RESOLVES.bad(format!("the greeting `{host}` has no address")),
            Err(fault) => RESOLVES.unknown(&fault),
        }];
        if let (Some(ip), Some(names)) = (ip, names) {
            findings.push(if names.iter().any(|one| one == host.as_str()) {
                MATCHES.ok(format!("the greeting `{host}` is the PTR of {ip}"))
            } else {
                MATCHES.warn(format!("the greeting `{host}` is not the PTR of {ip}, which is {}", names.join(", ")))
            });
        }
        findings
    }

    /// The PTR names, when there are any; what is wrong with them is told by the check of the PTR.
    async fn names_of(&self, ip: Option<IpAddr>) -> Option<Vec<String>> {
        match self.resolver.ptr(ip?).await {
            Ok(Found::Records(names)) => Some(names),
            _ => None,
        }
    }
}

fn leads(host: &Domain, addresses: &[IpAddr], ip: Option<IpAddr>) -> Finding {
    let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    match ip {
        Some(ip) if !addresses.contains(&ip) => {
            RESOLVES.warn(format!("the greeting `{host}` leads to {}, not to {ip}", shown.join(", ")))
        }
        _ => RESOLVES.ok(format!("the greeting `{host}` leads to {}", shown.join(", "))),
    }
}

fn host_of(name: &str) -> Result<Domain, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(String::from("it is empty"));
    }
    if name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
        return Err(String::from("it is an address: use the server's host name"));
    }
    let domain = Domain::parse(name).map_err(|malformed| malformed.to_string())?;
    let last = domain.as_str().rsplit('.').next().unwrap_or_default();
    match last {
        "local" | "localdomain" | "localhost" | "internal" | "lan" | "home" => {
            Err(format!("`.{last}` exists in no public DNS"))
        }
        _ if !domain.as_str().contains('.') => Err(String::from("it has one label: use the full host name")),
        _ if domain.as_str().contains('_') => Err(String::from("a host name has no `_`")),
        _ => Ok(domain),
    }
}
