//! What the store knows of a domain that a test of it can use, and the deeds that put things right.

use check::{DomainFacts, Finding, Selector, State};
use rules::Fault;
use syntax::Domain;

use crate::Ops;

/// The checks whose findings about a domain of ours are put right by publishing its plan again.
const PUBLISHED: &[&str] =
    &["spf", "dkim", "dmarc", "sender-mx", "ptr", "helo", "soa", "mta-sts", "tls-rpt", "domain-check"];

impl Ops {
    /// The facts of a domain of this installation; `None` for any other.
    ///
    /// # Errors
    /// `store.*`
    pub async fn facts_of(&self, name: &Domain) -> Result<Option<DomainFacts>, Fault> {
        let Some(domain) = self.store.domain(name).await? else { return Ok(None) };
        let keys = self.store.dkim_keys(&domain.id).await?;
        let selector = |key: store::DkimKey| Selector { name: key.selector, expected: Some(key.txt) };
        Ok(Some(DomainFacts {
            ips: vec![domain.egress_ip],
            helo: Some(domain.mail_host.to_string()),
            selectors: keys.into_iter().filter(|key| key.active).map(selector).collect(),
            dial: true,
            blocklists: false,
            bulk: false,
        }))
    }
}

/// Names the command that puts each finding about a domain of ours right.
pub fn name_deeds(findings: &mut [Finding], domain: &Domain) {
    for finding in findings.iter_mut().filter(|finding| matches!(finding.state, State::Bad | State::Warn)) {
        if let Some(fix) = finding.fix.as_mut().filter(|_| PUBLISHED.contains(&finding.check)) {
            fix.deed = Some(format!("coldrelay domain apply {domain}"));
        }
    }
}
