//! The MTA-STS policies of the domains that mail goes to: found by their record, fetched over HTTPS, kept for as long as they say.
//! RFC 8461 §5.1

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use dns::Resolver;
use net::{ClientTls, Fetch, fetch};
use rules::{
    Fault,
    mta_sts::{Kept, PAUSE, Policy, Record, to_be_fetched},
};
use syntax::{Domain, Timestamp};
use tokio::sync::Semaphore;

use crate::Settings;

/// Policies in memory, and policies that could not be fetched a moment ago.
const MAX_KEPT: usize = 10_000;
/// Policies that are fetched at the same time.
const FETCHES: usize = 32;
/// Most octets of a policy. RFC 8461 §3.3 names 64 KB as a sensible limit.
const MAX_OCTETS: usize = 64 * 1024;

/// The policies, by domain.
pub(crate) struct Policies {
    kept: Mutex<HashMap<Domain, Kept>>,
    /// Until when the policy of that id is not asked for again.
    failed: Mutex<HashMap<Domain, (String, Timestamp)>>,
    fetches: Semaphore,
    /// Holds policy hosts to their certificates.
    tls: ClientTls,
}

impl Policies {
    pub fn new(settings: &Settings) -> Self {
        Self {
            kept: Mutex::default(),
            failed: Mutex::default(),
            fetches: Semaphore::new(FETCHES),
            tls: ClientTls::verified_by(&settings.roots),
        }
    }

    /// The policy that holds for a domain now. One that is kept holds until it runs out, whatever the DNS and the policy host
    /// say: whoever is on the way could silence both.
    pub async fn of(
        &self,
        settings: &Settings,
        resolver: &Resolver,
        domain: &Domain,
        now: Timestamp,
    ) -> Option<Policy> {
        if !settings.mta_sts {
            return None;
        }
        let kept = lock(&self.kept).get(domain).filter(|kept| kept.holds(now)).cloned();
        let texts = match resolver.txt(&format!("_mta-sts.{domain}")).await {
            Ok(found) => found.records(),
            Err(fault) => {
                tracing::debug!(%fault, %domain, "it is not known whether the domain has an MTA-STS policy");
                Vec::new()
            }
        };
        let wanted =
            to_be_fetched(kept.as_ref(), &Record::read(&texts), now).filter(|id| self.may_fetch(domain, id, now));
        let Some(id) = wanted else { return kept.map(|kept| kept.policy) };
        match self.fetch(settings, resolver, domain).await {
            Ok(policy) => {
                let fresh = Kept { id: id.to_owned(), policy: policy.clone(), fetched_at: now };
                keep(&mut lock(&self.kept), domain, fresh, |kept| kept.holds(now));
                Some(policy)
            }
            Err(why) => {
                let until = now + PAUSE;
                keep(&mut lock(&self.failed), domain, (id.to_owned(), until), |(_, until)| now < *until);
                let held = kept.as_ref().map_or("none", |kept| kept.policy.mode.as_str());
                tracing::warn!(%domain, %why, held, "the MTA-STS policy of the domain could not be fetched");
                kept.map(|kept| kept.policy)
            }
        }
    }

    fn may_fetch(&self, domain: &Domain, id: &str, now: Timestamp) -> bool {
        let failed = lock(&self.failed);
        !failed.get(domain).is_some_and(|(failed, until)| failed == id && now < *until)
    }

    async fn fetch(&self, settings: &Settings, resolver: &Resolver, domain: &Domain) -> Result<Policy, String> {
        let _place = self.fetches.acquire().await;
        let host = format!("mta-sts.{domain}");
        let told = |fault: Fault| fault.to_string();
        let mut addresses = resolver.addresses(&host).await.map_err(told)?.records();
        addresses.retain(|ip| settings.reach.allows(*ip));
        if addresses.is_empty() {
            return Err(format!("{host} has no address that may be reached"));
        }
        let fetched = fetch(&Fetch {
            host,
            addresses,
            port: settings.https_port,
            path: String::from("/.well-known/mta-sts.txt"),
            tls: self.tls.clone(),
            limit: settings.policy_limit,
            octets: MAX_OCTETS,
        })
        .await
        .map_err(told)?;
        let (content_type, location) = (fetched.content_type.as_deref(), fetched.location.as_deref());
        Policy::read_answer(fetched.status, content_type, location, &fetched.body)
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps within bounds: what no longer counts makes room first, then whatever comes to hand.
fn keep<V>(all: &mut HashMap<Domain, V>, domain: &Domain, value: V, still_counts: impl Fn(&V) -> bool) {
    if all.len() >= MAX_KEPT {
        all.retain(|_, value| still_counts(value));
    }
    if all.len() >= MAX_KEPT
        && let Some(any) = all.keys().next().cloned()
    {
        all.remove(&any);
    }
    all.insert(domain.clone(), value);
}
