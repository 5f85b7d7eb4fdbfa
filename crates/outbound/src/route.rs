//! Where a recipient's mail goes. RFC 5321 §5.1, RFC 7505.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dns::{Found, Resolver};
use rules::{
    Fault,
    route::{Route, route},
};
use syntax::Domain;
use tokio::time::Instant;

/// Hosts tried for one recipient. RFC 5321 §5.1 asks for at least two.
const MAX_HOSTS: usize = 5;
/// Addresses tried for one host.
const MAX_ADDRESSES: usize = 4;

/// Where to, or why nowhere (a fault code that the reference knows).
pub(crate) type Way = Result<Vec<Domain>, &'static str>;

/// How long a way is good for: one look-up serves mail that comes at about the same time, and a changed record is seen soon.
const KEPT: Duration = Duration::from_secs(10);
/// Ways that are kept.
const MAX_KEPT: usize = 10_000;

/// Ways that were looked up a moment ago.
#[derive(Default)]
pub(crate) struct Routes(Mutex<HashMap<Domain, (Instant, Vec<Domain>)>>);

impl Routes {
    /// The way to a domain, when it was looked up a moment ago.
    pub fn known(&self, domain: &Domain) -> Option<Vec<Domain>> {
        let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.get(domain).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, hosts)| hosts.clone())
    }

    /// Looks it up, unless somebody did a moment ago.
    pub async fn way(&self, resolver: &Resolver, domain: &Domain, spin: u64) -> Way {
        if let Some(hosts) = self.known(domain) {
            return Ok(hosts);
        }
        let way = way(resolver, domain, spin).await;
        if let Ok(hosts) = &way {
            let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if ways.len() >= MAX_KEPT {
                ways.retain(|_, (at, _)| at.elapsed() < KEPT);
            }
            if ways.len() < MAX_KEPT {
                ways.insert(domain.clone(), (Instant::now(), hosts.clone()));
            }
        }
        way
    }
}

/// Looks up the MX of a domain. `spin` turns hosts of equal preference.
async fn way(resolver: &Resolver, domain: &Domain, spin: u64) -> Way {
    let mx = match resolver.mx(domain.as_str()).await {
        Ok(Found::Records(records)) => records,
        Ok(Found::NoData) => Vec::new(),
        Ok(Found::NoSuchName) => return Err("dns.no-such-domain"),
        Err(fault) => return Err(code_of(&fault)),
    };
    match route(domain, &mx, spin) {
        Route::Hosts(mut hosts) => {
            hosts.truncate(MAX_HOSTS);
            Ok(hosts)
        }
        Route::NullMx => Err("dns.null-mx"),
        Route::NoSuchDomain => Err("dns.no-such-domain"),
    }
}

/// The addresses of a host that can be reached from an address of ours: the same family.
pub(crate) async fn addresses(resolver: &Resolver, host: &Domain, from: IpAddr) -> Result<Vec<IpAddr>, &'static str> {
    let found = resolver.addresses(host.as_str()).await.map_err(|fault| code_of(&fault))?;
    let mut addresses = found.records();
    addresses.retain(|address| address.is_ipv4() == from.is_ipv4());
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

fn code_of(_fault: &Fault) -> &'static str {
    "dns.failure"
}
