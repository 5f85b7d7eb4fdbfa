//! Whether a domain that sends is in a zone of its own or somebody's. Yahoo judges by it.

use dns::Found;
use syntax::Domain;

use crate::{Checks, Finding, Kind};

const EXISTS: Kind = Kind::outbound(
    "soa.exists",
    "soa",
    "Yahoo, 2025-04: a sub-domain used in mail has an SOA record; RFC 1035 §3.3.13",
);

pub(crate) const KINDS: &[&Kind] = &[&EXISTS];

impl Checks {
    /// Whether a question for the domain's SOA is answered from a zone: its own, or the one that it stands in.
    pub async fn soa(&self, domain: &Domain) -> Vec<Finding> {
        let look = match self.resolver.look(domain.as_str(), "SOA").await {
            Ok(look) => look,
            Err(fault) => return vec![EXISTS.unknown(&fault)],
        };
        vec![match (&look.found, &look.zone) {
            (Found::NoSuchName, _) => EXISTS.bad(format!(
                "{domain} does not exist: Yahoo refuses mail from it (`Unresolvable RFC.5321 from domain`)"
            )),
            (Found::Records(_), _) => EXISTS.ok(format!("{domain} has a SOA record")),
            (Found::NoData, Some(zone)) if zone != "." && zone.contains('.') => {
                EXISTS.ok(format!("{domain} stands in the zone {zone}, whose SOA answers"))
            }
            (Found::NoData, zone) => EXISTS
                .warn(format!("the question for the SOA of {domain} is answered by no zone of its owner"))
                .with("zone", zone.as_deref().unwrap_or("none named")),
        }]
    }
}
