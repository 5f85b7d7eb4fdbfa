//! The DMARC record of a domain, found by walking up the tree. RFC 9989.

use syntax::Domain;

use crate::{Checks, Finding, Kind};

/// Most names that are asked. RFC 9989: a tree walk makes at most eight queries.
const MAX_QUERIES: usize = 8;

const RECORD: Kind = Kind::outbound("dmarc.record", "dmarc", "RFC 9989 §4.10");

pub(crate) const KINDS: &[&Kind] = &[&RECORD];

impl Checks {
    /// The record that holds for the domain.
    pub async fn dmarc(&self, domain: &Domain) -> Vec<Finding> {
        let mut at = Some(domain.clone());
        for _ in 0..MAX_QUERIES {
            let Some(name) = at else { break };
            let records = match self.resolver.txt(&format!("_dmarc.{name}")).await {
                Ok(found) => found.records(),
                Err(fault) => return vec![RECORD.unknown(&fault)],
            };
            let mut dmarc = records.iter().filter(|text| text.starts_with("v=DMARC1"));
            // Several records at one name count as none, and the walk goes on.
            if let (Some(record), None) = (dmarc.next(), dmarc.next()) {
                return vec![RECORD.ok(format!("_dmarc.{name} says `{record}`"))];
            }
            at = name.parent();
        }
        vec![RECORD.bad(format!("neither {domain} nor a domain above it has a DMARC record"))]
    }
}
