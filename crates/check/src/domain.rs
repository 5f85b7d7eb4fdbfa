//! The deliverability test of a domain: every check that its name and what else is known allow, all at once.

use std::{future::Future, net::IpAddr, pin::Pin};

use dns::Found;
use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding, Kind};

const DIFFERENT: Kind = Kind::outbound("dkim.key-different", "dkim", "RFC 6376 §3.6.1");

pub(crate) const KINDS: &[&Kind] = &[&DIFFERENT];

/// What is known of a domain beside its name. The more, the more can be looked at.
#[derive(Debug, Clone, Default)]
pub struct DomainFacts {
    /// The IPs that it sends from.
    pub ips: Vec<IpAddr>,
    /// The name that its servers greet with.
    pub helo: Option<String>,
    /// Its DKIM selectors.
    pub selectors: Vec<Selector>,
    /// Whether mail hosts and web hosts are dialled (STARTTLS, certificates, MTA-STS policy), beyond the DNS.
    pub dial: bool,
}

/// A DKIM selector, and the record that should be found there, when that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Its name.
    pub name: String,
    /// The record of the key that signs.
    pub expected: Option<String>,
}

/// What one check found, told as soon as it is there.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Told {
    /// The check's place in the order of a report.
    pub place: usize,
    /// What it found.
    pub findings: Vec<Finding>,
}

type Look = Pin<Box<dyn Future<Output = Vec<Finding>> + Send>>;

impl Checks {
    /// Runs every check of a domain at the same time: it takes as long as the longest chain of answers, not their sum.
    /// `tell` hears of each as it ends; the result is in the order of a report.
    pub async fn domain(&self, domain: &Domain, facts: &DomainFacts, mut tell: impl FnMut(&Told)) -> Vec<Finding> {
        let mut running = JoinSet::new();
        for (place, look) in self.looks(domain, facts).into_iter().enumerate() {
            running.spawn(async move { Told { place, findings: look.await } });
        }
        let mut told = Vec::new();
        while let Some(ended) = running.join_next().await {
            // A check that was cancelled or panicked has told nothing; the others stand.
            if let Ok(one) = ended {
                tell(&one);
                told.push(one);
            }
        }
        told.sort_by_key(|one| one.place);
        told.into_iter().flat_map(|one| one.findings).collect()
    }

    /// The key of a selector, and whether it is the one that signs.
    async fn dkim_key(&self, domain: &Domain, selector: &Selector) -> Vec<Finding> {
        let mut findings = self.dkim(domain, &selector.name).await;
        let Some(expected) = &selector.expected else { return findings };
        let name = format!("{}._domainkey.{domain}", selector.name);
        let Ok(Found::Records(texts)) = self.resolver.txt(&name).await else { return findings };
        findings.push(if texts.iter().any(|text| key_of(text) == key_of(expected)) {
            DIFFERENT.ok(format!("the key at {name} is the one that signs"))
        } else {
            DIFFERENT
                .bad(format!("the key at {name} is not the one that signs: every signature fails"))
                .record(format!("{name}. TXT \"{expected}\""))
        });
        findings
    }

    fn looks(&self, domain: &Domain, facts: &DomainFacts) -> Vec<Look> {
        let mut looks: Vec<Look> = Vec::new();
        let (checks, name) = (self.clone(), domain.clone());
        looks.push(Box::pin(async move { checks.spf_record(&name).await }));
        for ip in facts.ips.clone() {
            let (checks, domain) = (self.clone(), domain.clone());
            looks.push(Box::pin(async move { checks.spf(&domain, ip).await }));
        }
        for selector in facts.selectors.clone() {
            let (checks, domain) = (self.clone(), domain.clone());
            looks.push(Box::pin(async move { checks.dkim_key(&domain, &selector).await }));
        }
        let (checks, name) = (self.clone(), domain.clone());
        looks.push(Box::pin(async move { checks.dmarc(&name).await }));
        for ip in facts.ips.clone() {
            let checks = self.clone();
            looks.push(Box::pin(async move { checks.ptr(ip).await }));
        }
        let (checks, name) = (self.clone(), domain.clone());
        looks.push(Box::pin(async move { checks.mx(&name).await }));
        looks
    }
}

/// The key of a record, without the white space that DNS tools put into it.
fn key_of(record: &str) -> Option<String> {
    let key = record.split(';').find_map(|tag| tag.trim().strip_prefix("p="))?;
    Some(key.chars().filter(|letter| !letter.is_whitespace()).collect())
}
