//! The deliverability test of a domain: every check that its name and what else is known allow, all at once.

use std::{future::Future, net::IpAddr, pin::Pin};

use auth::{Verdict, walk_dmarc};
use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding, Grade, Known, Predicted, State, grade, inbound_grade, predict, worst};

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
    /// Whether the blocklists are asked about its IPs and itself.
    pub blocklists: bool,
    /// Whether it sends so much that the rules for bulk senders hold.
    pub bulk: bool,
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

/// The report of a test.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// What was looked at.
    pub about: String,
    /// The worst state of all.
    pub state: State,
    /// What the findings about sent mail come to.
    pub grade: Option<Grade>,
    /// What the findings about received mail come to; it explains no refusal.
    pub inbound: Option<Grade>,
    /// What the large receivers would answer.
    pub predicted: Vec<Predicted>,
    /// Everything found, in the order of a report.
    pub findings: Vec<Finding>,
}

impl Report {
    /// From what was found.
    pub fn new(about: impl ToString, findings: Vec<Finding>, known: &Known) -> Self {
        Self {
            about: about.to_string(),
            state: worst(&findings),
            grade: grade(&findings),
            inbound: inbound_grade(&findings),
            predicted: predict(known),
            findings,
        }
    }
}

type Look = Pin<Box<dyn Future<Output = Vec<Finding>> + Send>>;

impl Checks {
    /// The whole test: every check at the same time, graded, with the replies that are to be expected. It takes as long as the
    /// longest chain of answers, not their sum. `tell` hears of each check as it ends.
    pub async fn report(&self, domain: &Domain, facts: &DomainFacts, tell: impl FnMut(&Told)) -> Report {
        let (findings, known) = tokio::join!(self.domain(domain, facts, tell), self.known(domain, facts));
        let known = with_findings(known, &findings);
        Report::new(domain, findings, &known)
    }

    /// Runs every check of a domain. `tell` hears of each as it ends; the result is in the order of a report.
    pub async fn domain(&self, domain: &Domain, facts: &DomainFacts, tell: impl FnMut(&Told)) -> Vec<Finding> {
        self.all(self.looks(domain, facts), tell).await
    }

    pub(crate) async fn all(&self, looks: Vec<Look>, mut tell: impl FnMut(&Told)) -> Vec<Finding> {
        let mut running = JoinSet::new();
        for (place, look) in looks.into_iter().enumerate() {
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
        // A look has its own copies: all of them run at the same time.
        macro_rules! look {
            (|$checks:ident, $name:ident| $body:expr) => {{
                let ($checks, $name) = (self.clone(), domain.clone());
                looks.push(Box::pin(async move { $body }));
            }};
        }
        look!(|checks, name| checks.spf_record(&name).await);
        for ip in facts.ips.clone() {
            look!(|checks, name| checks.spf(&name, ip).await);
        }
        for selector in facts.selectors.clone() {
            look!(|checks, name| checks.dkim_key(&name, &selector).await);
        }
        look!(|checks, name| checks.dmarc(&name).await);
        for ip in facts.ips.clone() {
            look!(|checks, _name| checks.ptr(ip).await);
        }
        if let Some(helo) = facts.helo.clone() {
            let ip = facts.ips.first().copied();
            look!(|checks, _name| checks.helo(&helo, ip).await);
        }
        look!(|checks, name| checks.mx(&name).await);
        look!(|checks, name| checks.soa(&name).await);
        if facts.blocklists {
            for ip in facts.ips.clone() {
                look!(|checks, _name| checks.ip_blocklists(ip).await);
            }
            look!(|checks, name| checks.domain_blocklists(&name).await);
        }
        if facts.dial {
            look!(|checks, name| checks.mx_tls(&name).await);
        }
        let dial = facts.dial;
        look!(|checks, name| checks.mta_sts(&name, dial).await);
        look!(|checks, name| checks.tls_rpt(&name).await);
        look!(|checks, name| checks.dane(&name).await);
        look!(|checks, name| checks.dnssec(&name).await);
        look!(|checks, name| checks.bimi(&name).await);
        looks
    }

    /// What receivers would see of a message of the domain that is sent as it should be: with itself as envelope sender,
    /// signed by its key, from its first IP.
    async fn known(&self, domain: &Domain, facts: &DomainFacts) -> Known {
        let ip = facts.ips.first().copied();
        let spf = async {
            let query = auth::SpfQuery {
                ip: ip?,
                helo: domain.to_string(),
                mail_from: Some(format!("postmaster@{domain}")),
                receiver: String::from("unknown"),
                at: 0,
            };
            Some(self.spf_report(&query).await.result)
        };
        let (spf, walk) = tokio::join!(spf, walk_dmarc(&self.resolver, domain));
        Known {
            from: domain.to_string(),
            mail_from: domain.to_string(),
            ip,
            spf,
            policy: walk.ok().map(|walk| walk.walk.policy),
            bulk: facts.bulk,
            ..Known::default()
        }
    }
}

/// What the findings say, put to what was known before.
fn with_findings(known: Known, findings: &[Finding]) -> Known {
    let known = with_hosts(known, findings);
    // A finding of several keys or of several records is no failing signature; a missing or a foreign key is.
    let dkim = is_good(findings, "dkim");
    let dmarc = match (known.spf, dkim, known.policy) {
        (_, _, None) => None,
        (_, _, Some(None)) => Some(Verdict::None),
        (Some(Verdict::Pass), ..) | (_, Some(true), _) => Some(Verdict::Pass),
        (Some(_), Some(false), Some(Some(_))) => Some(Verdict::Fail),
        _ => None,
    };
    Known { dkim, dmarc, ..known }
}

/// What the findings say of hosts and lists.
pub(crate) fn with_hosts(known: Known, findings: &[Finding]) -> Known {
    Known {
        forward_confirmed: is_good(findings, "ptr"),
        exists: is_good(findings, "soa"),
        ip_listed: is_good(findings, "ip-blocklists").map(|clear| !clear),
        domain_listed: is_good(findings, "domain-blocklists").map(|clear| !clear),
        ..known
    }
}

/// Whether nothing bad was found by that check; `None` when it did not look, or could not.
fn is_good(findings: &[Finding], check: &str) -> Option<bool> {
    let state = findings.iter().filter(|finding| finding.check == check).map(|finding| finding.state).max()?;
    (state != State::Unknown).then_some(state != State::Bad)
}
