//! The DKIM key of a selector. RFC 6376 §3.6.

use dns::{Found, Resolver};
use syntax::Domain;

use crate::{Finding, State};

pub(crate) async fn look(resolver: &Resolver, domain: &Domain, selector: &str) -> Finding {
    let name = format!("{selector}._domainkey.{domain}");
    let texts = match resolver.txt(&name).await {
        Ok(Found::Records(texts)) => texts,
        Ok(_) => return Finding::new("dkim", State::Bad, format!("there is no key at {name}")),
        Err(fault) => return Finding::unknown("dkim", &fault),
    };
    let key =
        texts.iter().flat_map(|text| text.split(';')).find_map(|tag| tag.trim().strip_prefix("p=").map(str::trim));
    match key {
        Some("") => Finding::new("dkim", State::Bad, format!("the key at {name} is revoked")),
        Some(key) => Finding::new("dkim", State::Ok, format!("the key at {name} has {} characters", key.len())),
        None => Finding::new("dkim", State::Bad, format!("the record at {name} holds no key")),
    }
}
