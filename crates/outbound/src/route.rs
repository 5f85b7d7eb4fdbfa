//! Where a recipient's mail goes. RFC 5321 §5.1, RFC 7505.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dns::{Data, Found};
use rules::{
    Fault,
    route::{Route, route},
    transport::Terms,
};
use syntax::Domain;
use tokio::{sync::Semaphore, time::Instant};

use crate::{Settings, policies::Policies, scheduler::Shared, settle::PRIVATE};

/// Look-ups under way at the same time.
const LOOK_UPS: usize = 64;

/// Hosts tried for one recipient. RFC 5321 §5.1 asks for at least two.
const MAX_HOSTS: usize = 5;
/// Addresses tried for one host.
const MAX_ADDRESSES: usize = 4;

/// Where to, and under which terms.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Best first.
    pub hosts: Vec<Domain>,
    pub terms: Arc<Terms>,
}

/// Ways that are kept.
const MAX_KEPT: usize = 10_000;

/// Ways that were looked up a moment ago. Whoever must see the DNS as it is now has one forgotten.
#[derive(Debug, Clone, Default)]
pub struct Ways(Arc<Mutex<HashMap<Domain, (Instant, Way)>>>);

impl Ways {
    /// The next message to that domain has its way looked up anew.
    pub fn forget(&self, domain: &Domain) {
        self.kept().remove(domain);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Domain, (Instant, Way)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where mail goes.
pub(crate) struct Routes {
    ways: Ways,
    /// How long a way is good for.
    good_for: Duration,
    policies: Policies,
    /// Look-ups under way at the same time.
    places: Semaphore,
}

impl Routes {
    pub fn new(settings: &Settings, ways: Ways) -> Self {
        Self { ways, good_for: settings.ways_kept, policies: Policies::new(settings), places: Semaphore::new(LOOK_UPS) }
    }

    /// The way to a domain, when it was looked up a moment ago.
    pub fn known(&self, domain: &Domain) -> Option<Way> {
        self.ways.kept().get(domain).filter(|(at, _)| at.elapsed() < self.good_for).map(|(_, way)| way.clone())
    }

    /// Looks it up, or why there is none (a fault code that the reference knows).
    pub async fn way(&self, shared: &Shared, domain: &Domain, spin: u64) -> Result<Way, &'static str> {
        let (hosts, is_secure) = {
            let _place = self.places.acquire().await;
            hosts(shared, domain, spin).await?
        };
        // A policy host that keeps us waiting holds no place that others need.
        let policy = self.policies.of(&shared.settings, &shared.resolver, domain, shared.now()).await;
        let way = Way { hosts, terms: Arc::new(Terms { policy, is_secure }) };
        let mut ways = self.ways.kept();
        if ways.len() >= MAX_KEPT {
            ways.retain(|_, (at, _)| at.elapsed() < self.good_for);
        }
        if ways.len() < MAX_KEPT {
            ways.insert(domain.clone(), (Instant::now(), way.clone()));
        }
        Ok(way)
    }
}

/// The mail hosts of a domain, and whether that is validated. `spin` turns hosts of equal preference.
async fn hosts(shared: &Shared, domain: &Domain, spin: u64) -> Result<(Vec<Domain>, bool), &'static str> {
    let (found, is_secure) = mx(shared, domain).await.map_err(|fault| code_of(&fault))?;
    let mx = match found {
        Found::Records(records) => records,
        Found::NoData => Vec::new(),
        Found::NoSuchName => return Err("dns.no-such-domain"),
    };
    match route(domain, &mx, spin) {
        Route::Hosts(mut hosts) => {
            hosts.truncate(MAX_HOSTS);
            Ok((hosts, is_secure))
        }
        Route::NullMx => Err("dns.null-mx"),
        Route::NoSuchDomain => Err("dns.no-such-domain"),
    }
}

/// MX records: (preference, exchange).
type Exchanges = Found<(u16, String)>;

async fn mx(shared: &Shared, domain: &Domain) -> Result<(Exchanges, bool), Fault> {
    if !shared.dane {
        return Ok((shared.resolver.mx(domain.as_str()).await?, false));
    }
    let look = shared.resolver.look(domain.as_str(), "MX").await?;
    let exchange = |data| match data {
        Data::Mx(preference, exchange) => Some((preference, exchange)),
        _ => None,
    };
    let found = match look.found {
        Found::Records(records) => Found::Records(records.into_iter().filter_map(exchange).collect()),
        Found::NoData => Found::NoData,
        Found::NoSuchName => Found::NoSuchName,
    };
    Ok((found, look.secure))
}

/// The addresses of a host that can be reached from an address of ours: the same family.
///
/// # Errors
/// `dns.failure`; `route.private` when it has only addresses that may not be reached; `connect.unreachable` when it has only
/// addresses of the other family.
pub(crate) async fn addresses(shared: &Shared, host: &Domain, from: IpAddr) -> Result<Vec<IpAddr>, &'static str> {
    let found = shared.resolver.addresses(host.as_str()).await.map_err(|fault| code_of(&fault))?;
    let mut addresses = found.records();
    let had_some = !addresses.is_empty();
    addresses.retain(|address| shared.settings.reach.allows(*address));
    if had_some && addresses.is_empty() {
        return Err(PRIVATE);
    }
    let had_some = !addresses.is_empty();
    addresses.retain(|address| address.is_ipv4() == from.is_ipv4());
    if had_some && addresses.is_empty() {
        return Err("connect.unreachable");
    }
    addresses.truncate(MAX_ADDRESSES);
    Ok(addresses)
}

fn code_of(_fault: &Fault) -> &'static str {
    "dns.failure"
}
