//! The deliverability test of a domain: every check that its name and what else is known allow, all at once.

use std::{future::Future, net::IpAddr, pin::Pin};

use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding};

/// What is known of a domain beside its name. The more, the more can be looked at.
#[derive(Debug, Clone, Default)]
pub struct DomainFacts {
    /// The IPs that it sends from.
    pub ips: Vec<IpAddr>,
    /// The name that its servers greet with.
    pub helo: Option<String>,
    /// Its DKIM selectors.
    pub selectors: Vec<String>,
    /// Whether mail hosts and web hosts are dialled (STARTTLS, certificates, MTA-STS policy), beyond the DNS.
    pub dial: bool,
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

    fn looks(&self, domain: &Domain, facts: &DomainFacts) -> Vec<Look> {
        let mut looks: Vec<Look> = Vec::new();
        for ip in facts.ips.clone() {
            let (checks, domain) = (self.clone(), domain.clone());
            looks.push(Box::pin(async move { checks.spf(&domain, ip).await }));
        }
        for selector in facts.selectors.clone() {
            let (checks, domain) = (self.clone(), domain.clone());
            looks.push(Box::pin(async move { checks.dkim(&domain, &selector).await }));
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
