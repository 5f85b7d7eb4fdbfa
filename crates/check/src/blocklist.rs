//! Blocklists: who lists an IP or a domain, why, and whether the list can be believed. RFC 5782.
//!
//! Every zone is asked at the same time, and with it its test points: 60 zones take one round trip. Reading order:
//! [`Subject`], [`Choice`], [`Blocklists`], then `verdict`.

mod asking;
mod findings;
mod subject;
#[cfg(test)]
mod tests;
mod verdict;

use std::net::IpAddr;

use reference::{Blocklist, Listed, Means, Status, Weight, blocklist, blocklists};
use rules::{Fault, listing::Listing};
use syntax::Domain;

pub use asking::{Blocklists, Keys};
pub(crate) use findings::KINDS;
pub use subject::Subject;
pub use verdict::{SelfTest, Told as ToldCode};

use crate::{Checks, Finding, State, worst};

/// Which zones are asked.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// These, by zone or name; none: every live zone that takes the subject and is no part of another.
    pub zones: Vec<String>,
    /// Parts of others and dead ones too.
    pub all: bool,
}

/// What one zone says.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ZoneReport {
    /// The zone, without its key.
    pub zone: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub state: Listing,
    /// The codes of its answer.
    pub codes: Vec<ToldCode>,
    /// The reason that it gives in TXT.
    pub reason: Option<String>,
    /// How much it matters.
    pub weight: Weight,
    /// Where a listing is looked up and removed.
    pub delist: Option<&'static str>,
    /// What its test points say; nothing when they were not asked.
    pub self_test: Option<SelfTest>,
    /// Why it is refused, dead or unknown.
    pub why: Option<String>,
    /// The names that were asked, the key hidden.
    pub asked: Vec<String>,
    /// The zone that lists the subject with the same data: this one is not counted.
    pub counted_as: Option<&'static str>,
    /// How long its answers took, in milliseconds.
    pub took_ms: u64,
}

impl ZoneReport {
    /// Whether it counts as a listing: some receiver may refuse by it, and its data are not counted already.
    pub fn counts(&self) -> bool {
        let matters = |told: &ToldCode| matches!(told.means, Means::Bad | Means::Minor);
        self.state == Listing::Listed && self.counted_as.is_none() && self.codes.iter().any(matters)
    }
}

/// What the zones say of a subject.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BlocklistReport {
    /// The IP, domain or address.
    pub about: String,
    /// `ip`, `domain` or `address`.
    pub kind: &'static str,
    /// The worst state of the findings.
    pub state: State,
    /// Lists in use that hold it, each set of data once; white lists and what is no matter are not counted.
    pub listed: usize,
    /// Every zone, the ones that matter most first.
    pub zones: Vec<ZoneReport>,
    /// What follows.
    pub findings: Vec<Finding>,
}

impl Checks {
    /// With these settings for blocklists: own resolver, keys, zones.
    #[must_use]
    pub fn with_blocklists(mut self, blocklists: Blocklists) -> Self {
        self.blocklists = blocklists;
        self
    }

    /// Asks the zones about it, all at the same time.
    ///
    /// # Errors
    /// `blocklist.zone-unknown`; what a zone does not say is in the report.
    pub async fn blocklist(&self, subject: &Subject, choice: &Choice) -> Result<BlocklistReport, Fault> {
        let lists = self.blocklists.chosen(subject.listed(), choice)?;
        let mut zones = self.blocklists.ask(subject, &lists).await;
        count_once(&mut zones);
        let listed = zones.iter().filter(|zone| zone.counts()).count();
        let findings = findings::of(subject, &zones, &findings::ABOUT_SENDER);
        let state = worst(&findings);
        Ok(BlocklistReport { about: subject.to_string(), kind: subject.kind(), state, listed, zones, findings })
    }

    /// Whether a list holds the IP that sends.
    pub async fn ip_blocklists(&self, ip: IpAddr) -> Vec<Finding> {
        self.listings(&Subject::ip(ip), &findings::ABOUT_SENDER).await
    }

    /// Whether a list holds the domain.
    pub async fn domain_blocklists(&self, domain: &Domain) -> Vec<Finding> {
        self.listings(&Subject::Domain(domain.clone()), &findings::ABOUT_SENDER).await
    }

    /// Whether a list holds a domain that a link of the message names.
    pub async fn url_blocklists(&self, links: &[Domain]) -> Vec<Finding> {
        let mut running = Vec::new();
        for link in links {
            let (this, subject) = (self.clone(), Subject::Domain(link.clone()));
            running.push(tokio::spawn(async move { this.listings(&subject, &findings::ABOUT_LINK).await }));
        }
        let mut all = Vec::new();
        for one in running {
            all.extend(one.await.unwrap_or_default());
        }
        all
    }

    async fn listings(&self, subject: &Subject, about: &findings::About) -> Vec<Finding> {
        if let Err(fault) = subject.within(self.reach) {
            return vec![findings::not_looked(subject, about, &fault)];
        }
        match self.blocklists.chosen(subject.listed(), &Choice::default()) {
            // The settings leave no list for such a subject: nothing was looked at, and nothing is said.
            Ok(lists) if lists.is_empty() => Vec::new(),
            Ok(lists) => {
                let mut zones = self.blocklists.ask(subject, &lists).await;
                count_once(&mut zones);
                findings::of(subject, &zones, about)
            }
            Err(fault) => vec![findings::not_looked(subject, about, &fault)],
        }
    }
}

/// A part says again what its whole says: it is told, and not counted.
fn count_once(zones: &mut [ZoneReport]) {
    let listing: Vec<&'static str> =
        zones.iter().filter(|zone| zone.state == Listing::Listed).map(|zone| zone.zone).collect();
    for zone in zones.iter_mut().filter(|zone| zone.state == Listing::Listed) {
        let whole = blocklist(zone.zone).and_then(|list| list.part_of.as_deref().or(list.replaces.as_deref()));
        let replacing = |whole: &&str| blocklists().iter().find(|list| list.replaces.as_deref() == Some(*whole));
        let other = whole.as_ref().and_then(replacing).map(Blocklist::zone).filter(|other| *other != zone.zone);
        zone.counted_as =
            whole.filter(|whole| listing.contains(whole)).or(other.filter(|other| listing.contains(other)));
    }
}

impl Blocklists {
    /// The zones to ask about that kind of subject.
    ///
    /// # Errors
    /// `blocklist.zone-unknown`
    pub(crate) fn chosen(&self, kind: Listed, choice: &Choice) -> Result<Vec<&'static Blocklist>, Fault> {
        let named: Vec<&'static Blocklist> =
            choice.zones.iter().map(|text| zone_named(text)).collect::<Result<_, _>>()?;
        if !named.is_empty() {
            return Ok(named);
        }
        let replaced: Vec<&str> =
            blocklists().iter().filter(|list| self.has_key(list)).filter_map(|list| list.replaces.as_deref()).collect();
        let usual = |list: &Blocklist| {
            list.status != Status::Dead
                && list.part_of.is_none()
                && !replaced.contains(&list.zone())
                && (list.key.is_none() || self.has_key(list))
        };
        Ok(blocklists()
            .iter()
            .filter(|list| list.takes(kind) && self.wants(list.zone()))
            .filter(|list| choice.all || usual(list))
            .collect())
    }
}

/// The zone of that name, or by the list's name.
///
/// # Errors
/// `blocklist.zone-unknown`
pub fn zone_named(text: &str) -> Result<&'static Blocklist, Fault> {
    let by_name = || blocklists().iter().find(|list| list.name.eq_ignore_ascii_case(text.trim()));
    blocklist(text.trim()).or_else(by_name).ok_or_else(|| {
        let what = format!("there is no blocklist zone `{text}`: `coldrelay check blocklist --zones` shows all");
        Fault::caller("blocklist.zone-unknown", what)
    })
}
