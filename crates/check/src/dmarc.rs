//! The DMARC record of a domain, found by walking up the tree. RFC 9989.

use dns::Resolver;
use syntax::Domain;

use crate::{Finding, State};

/// Most names that are asked. RFC 9989: a tree walk makes at most eight queries.
const MAX_QUERIES: usize = 8;

pub(crate) async fn look(resolver: &Resolver, domain: &Domain) -> Finding {
    let mut at = Some(domain.clone());
    for _ in 0..MAX_QUERIES {
        let Some(name) = at else { break };
        let records = match resolver.txt(&format!("_dmarc.{name}")).await {
            Ok(found) => found.records(),
            Err(fault) => return Finding::unknown("dmarc", &fault),
        };
        let mut dmarc = records.iter().filter(|text| text.starts_with("v=DMARC1"));
        // Several records at one name count as none, and the walk goes on.
        if let (Some(record), None) = (dmarc.next(), dmarc.next()) {
            return Finding::new("dmarc", State::Ok, format!("_dmarc.{name} says `{record}`"));
        }
        at = name.parent();
    }
    Finding::new("dmarc", State::Bad, format!("neither {domain} nor a domain above it has a DMARC record"))
}
