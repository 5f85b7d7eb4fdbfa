//! The DKIM key of a selector. RFC 6376 §3.6.

use dns::Found;
use syntax::Domain;

use crate::{Checks, Finding, Kind};

const KEY: Kind = Kind::outbound("dkim.key", "dkim", "RFC 6376 §3.6.1");

pub(crate) const KINDS: &[&Kind] = &[&KEY];

impl Checks {
    /// The key at `<selector>._domainkey.<domain>`.
    pub async fn dkim(&self, domain: &Domain, selector: &str) -> Vec<Finding> {
        let name = format!("{selector}._domainkey.{domain}");
        let texts = match self.resolver.txt(&name).await {
            Ok(Found::Records(texts)) => texts,
            Ok(_) => return vec![KEY.bad(format!("there is no key at {name}"))],
            Err(fault) => return vec![KEY.unknown(&fault)],
        };
        let key =
            texts.iter().flat_map(|text| text.split(';')).find_map(|tag| tag.trim().strip_prefix("p=").map(str::trim));
        vec![match key {
            Some("") => KEY.bad(format!("the key at {name} is revoked")),
            Some(key) => KEY.ok(format!("the key at {name} has {} characters", key.len())),
            None => KEY.bad(format!("the record at {name} holds no key")),
        }]
    }
}
