//! What must hold for a connection to one host, and how it is carried out: TLSA records are looked up, TLS is chosen.

use std::net::IpAddr;

use dns::{Data, Look};
use net::{ClientTls, Log, Witness};
use rules::{
    mta_sts::Mode,
    transport::{Demand, Terms, Tlsa},
};
use smtp::client::Tls;
use syntax::Domain;

use crate::scheduler::Shared;

/// Looks up and decides. Fault codes that the reference knows: `dns.failure`, `dane.lookup`, `mta-sts.mx`.
pub(crate) async fn demand(
    shared: &Shared,
    terms: &Terms,
    host: &Domain,
    from: IpAddr,
) -> Result<Demand, &'static str> {
    let records = if terms.is_secure { records(shared, host, from).await? } else { Vec::new() };
    terms.at(host.as_str(), records).map_err(|_| "mta-sts.mx")
}

/// The TLSA records of a host, when they and its addresses were validated. RFC 7672 §2.2.2: a name whose addresses are not
/// signed has none. An answer that cannot be had is no answer: mail waits, lest somebody on the way switch DANE off.
async fn records(shared: &Shared, host: &Domain, from: IpAddr) -> Result<Vec<Tlsa>, &'static str> {
    let kind = if from.is_ipv4() { "A" } else { "AAAA" };
    let addresses = shared.resolver.look(host.as_str(), kind).await.map_err(|_| "dns.failure")?;
    if !addresses.secure {
        return Ok(Vec::new());
    }
    // RFC 7672 §2.2.3: the name behind the aliases comes first.
    let port = shared.settings.mx_port;
    for base in addresses.aliases.last().map(String::as_str).into_iter().chain([host.as_str()]) {
        let look = shared.resolver.look(&format!("_{port}._tcp.{base}"), "TLSA").await.map_err(|_| "dane.lookup")?;
        let found = read(look);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn read(look: Look) -> Vec<Tlsa> {
    if !look.secure {
        return Vec::new();
    }
    let tlsa = |data| match data {
        Data::Tlsa(usage, selector, matching, data) => Tlsa::read(usage, selector, matching, &data),
        _ => None,
    };
    look.found.records().into_iter().filter_map(tlsa).collect()
}

/// How a demand is met.
pub(crate) struct Means {
    pub tls: ClientTls,
    pub wanted: Tls,
    /// Whether what the host shows fits, when that is only looked at.
    pub watch: Option<Watch>,
    /// What a certificate that is not trusted comes to.
    pub untrusted: &'static str,
}

/// MTA-STS in `testing`.
pub(crate) struct Watch {
    witness: Witness,
    listed: bool,
}

impl Means {
    pub fn of(shared: &Shared, demand: &Demand) -> Self {
        let means = |tls, wanted, untrusted| Self { tls, wanted, watch: None, untrusted };
        match demand {
            Demand::Opportunistic => means(shared.tls.clone(), Tls::Opportunistic, "tls.handshake"),
            Demand::Witnessed { listed } => {
                let (tls, witness) = ClientTls::witnessed(&shared.settings.roots);
                let watch = Some(Watch { witness, listed: *listed });
                Self { watch, ..means(tls, Tls::Opportunistic, "tls.handshake") }
            }
            Demand::Certificate => means(shared.verified.clone(), Tls::Required, "mta-sts.certificate"),
            Demand::Records(records) => means(ClientTls::by_records(records.clone()), Tls::Required, "dane.mismatch"),
            Demand::Encrypted => means(shared.tls.clone(), Tls::Required, "tls.handshake"),
        }
    }
}

/// Writes down which policy holds.
pub(crate) fn note(log: &Log, terms: &Terms, host: &Domain, demand: &Demand) {
    let mode = terms.policy.as_ref().map_or(Mode::None, |policy| policy.mode).as_str();
    match demand {
        Demand::Opportunistic => {}
        Demand::Witnessed { .. } => {
            log.note(&format!("MTA-STS ({mode}): what {host} shows is looked at, and not insisted on"))
        }
        Demand::Certificate => {
            log.note(&format!("MTA-STS ({mode}): {host} must show a certificate for its name that is trusted"));
        }
        Demand::Records(records) => {
            let count = records.len();
            log.note(&format!("DANE: {host} must show a certificate that one of its {count} TLSA record(s) is about"));
        }
        Demand::Encrypted => {
            log.note(&format!("DANE: no TLSA record of {host} can be used, so it must at least encrypt"))
        }
    }
}

impl Watch {
    /// Says what the policy would have forbidden.
    pub fn tell(&self, log: &Log, host: &Domain) {
        let problem = match (self.listed, log.tls(), self.witness.certificate()) {
            (false, ..) => Some(format!("{host} is not in the policy")),
            (true, None, _) => Some(format!("the connection with {host} is not encrypted")),
            (true, Some(_), Some(shown)) => shown.problem,
            (true, Some(_), None) => None,
        };
        match problem {
            Some(problem) => {
                tracing::info!(%host, problem, "a policy (MTA-STS, testing) would have kept mail back");
                log.note(&format!("MTA-STS (testing): under `enforce` nothing would be delivered here: {problem}"));
            }
            None => log.note("MTA-STS (testing): all is as the policy asks"),
        }
    }
}
