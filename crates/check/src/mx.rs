//! Whether a domain receives mail. RFC 5321 §5.1, RFC 7505.

use dns::{Found, Resolver};
use syntax::Domain;

use crate::{Finding, State};

pub(crate) async fn look(resolver: &Resolver, id: &'static str, domain: &Domain) -> Finding {
    let hosts = match resolver.mx(domain.as_str()).await {
        Ok(Found::Records(hosts)) => hosts,
        Ok(Found::NoSuchName) => return Finding::new(id, State::Bad, format!("{domain} does not exist")),
        Ok(Found::NoData) => return by_address(resolver, id, domain).await,
        Err(fault) => return Finding::unknown(id, &fault),
    };
    if hosts.iter().all(|(_, host)| host == ".") {
        return Finding::new(id, State::Bad, format!("{domain} has a null MX: it takes no mail"));
    }
    let names: Vec<&str> = hosts.iter().map(|(_, host)| host.as_str()).collect();
    Finding::new(id, State::Ok, format!("{domain} has MX {}", names.join(", ")))
}

/// Without an MX the domain's own address counts.
async fn by_address(resolver: &Resolver, id: &'static str, domain: &Domain) -> Finding {
    match resolver.addresses(domain.as_str()).await {
        Ok(Found::Records(_)) => Finding::new(id, State::Warn, format!("{domain} has no MX; its own address counts")),
        Ok(_) => Finding::new(id, State::Bad, format!("{domain} has neither MX nor address")),
        Err(fault) => Finding::unknown(id, &fault),
    }
}
