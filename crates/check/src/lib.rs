//! Live checks: one file a check; each returns [`Finding`]s that are always set and carry their evidence. What could
//! not be looked at is unknown, never good.
//!
//! A finding's [`Kind`] is declared beside the check that finds it; the reference has an entry for each. Reading
//! order: [`Finding`], [`Checks`], [`Facts`], then any check.

mod blocklist;
mod callout;
mod dkim;
mod dmarc;
mod dnssec;
mod domain;
mod finding;
mod flatten;
mod folders;
mod grade;
mod helo;
mod mailbox;
mod message;
mod mta_sts;
mod mx;
mod opt_out;
mod predict;
mod ptr;
mod soa;
mod spf;
mod tls;

use std::net::IpAddr;

use auth::Verifier;
use dns::{Asker, Resolver};
use rules::{Fault, reach::Reach};
use syntax::{Address, Domain};

pub use blocklist::{BlocklistReport, Blocklists, Choice, Keys, SelfTest, Subject, ToldCode, ZoneReport, zone_named};
pub use callout::{CalledOut, Callout};
pub use domain::{DomainFacts, Report, Selector, Told};
pub use finding::{Evidence, Finding, Fix, Kind, Side, State, worst};
pub use folders::ImapBox;
pub use grade::{Grade, GradeLine, grade, inbound_grade};
pub use mailbox::{Destination, mailbox_findings, malformed_mailbox};
pub use message::{MessageFacts, MessageReport, Signature};
pub use mx::{MailHost, MailHosts};
pub use opt_out::{Nature, opt_out};
pub use predict::{FromField, Known, Predicted, predict};
pub use spf::result as spf_result;

/// Every kind of finding, for the tests and the docs.
pub fn kinds() -> Vec<&'static Kind> {
    [
        spf::KINDS,
        dkim::KINDS,
        dmarc::KINDS,
        ptr::KINDS,
        helo::KINDS,
        mx::KINDS,
        soa::KINDS,
        tls::KINDS,
        mta_sts::KINDS,
        dnssec::KINDS,
        message::kinds().as_slice(),
        opt_out::KINDS,
        mailbox::KINDS,
        blocklist::KINDS,
    ]
    .concat()
}

/// What is known about a refusal; a check that needs more than is known does not run.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The domain in From and in the envelope sender.
    pub domain: Option<Domain>,
    /// The IP that sent.
    pub ip: Option<IpAddr>,
    /// The DKIM selector.
    pub selector: Option<String>,
    /// The name that the sending server greeted with.
    pub helo: Option<String>,
    /// The recipient's domain.
    pub recipient_domain: Option<Domain>,
    /// The recipient.
    pub recipient: Option<Address>,
    /// The domains that links of the message name.
    pub links: Vec<Domain>,
}

/// What every check looks through. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Checks {
    /// Asked for everything in the DNS.
    pub resolver: Resolver,
    /// SPF, DKIM and DMARC by the other implementation, which our own is held against.
    pub verifier: Verifier,
    /// Which addresses may be dialled; mail hosts at others are findings.
    pub reach: Reach,
    /// The name that we greet mail hosts with.
    pub hostname: String,
    /// Where mail hosts listen: 25.
    pub smtp_port: u16,
    /// Where web hosts listen: 443.
    pub https_port: u16,
    /// Certificates that are trusted beside the public roots, DER.
    pub roots: Vec<Vec<u8>>,
    /// How blocklists are asked.
    pub blocklists: Blocklists,
}

impl Checks {
    /// Over that resolver; dials public addresses alone.
    ///
    /// # Errors
    /// `dns.config`.
    pub fn new(resolver: Resolver) -> Result<Self, Fault> {
        let verifier = Verifier::new(&resolver)?;
        let blocklists = Blocklists::new(Asker::new(&resolver.servers(), resolver.limit()));
        Ok(Self {
            resolver,
            verifier,
            reach: Reach::Public,
            hostname: String::from("localhost.localdomain"),
            smtp_port: 25,
            https_port: 443,
            roots: Vec::new(),
            blocklists,
        })
    }

    /// Runs the check of that id (a key of the reference's `catalogue/checks.toml`); nothing when there is no such live
    /// check, or a fact that it needs is not known.
    pub async fn run(&self, id: &str, facts: &Facts) -> Vec<Finding> {
        self.try_run(id, facts).await.unwrap_or_default()
    }

    /// The test of a domain with what is known of a refusal.
    async fn domain_check(&self, facts: &Facts) -> Option<Vec<Finding>> {
        let known = DomainFacts {
            ips: facts.ip.into_iter().collect(),
            helo: facts.helo.clone(),
            selectors: facts.selector.iter().map(|name| Selector { name: name.clone(), expected: None }).collect(),
            ..DomainFacts::default()
        };
        let findings = self.domain(facts.domain.as_ref()?, &known, |_| {}).await;
        // What protects only what is received is never why a message was refused.
        Some(findings.into_iter().filter(|finding| finding.side == Side::Outbound).collect())
    }

    async fn try_run(&self, id: &str, facts: &Facts) -> Option<Vec<Finding>> {
        Some(match id {
            "spf" => match facts.ip {
                Some(ip) => self.spf(facts.domain.as_ref()?, ip).await,
                None => self.spf_record(facts.domain.as_ref()?).await,
            },
            "dkim" => self.dkim(facts.domain.as_ref()?, facts.selector.as_deref()?).await,
            "dmarc" => self.dmarc(facts.domain.as_ref()?).await,
            "ptr" => self.ptr(facts.ip?).await,
            "helo" => self.helo(facts.helo.as_deref()?, facts.ip).await,
            "soa" => self.soa(facts.domain.as_ref()?).await,
            "tls" => self.tls(facts.recipient_domain.as_ref()?).await,
            "mx-tls" => self.mx_tls(facts.domain.as_ref()?).await,
            "mta-sts" => self.mta_sts(facts.domain.as_ref()?, true).await,
            "tls-rpt" => self.tls_rpt(facts.domain.as_ref()?).await,
            "dane" => self.dane(facts.domain.as_ref()?).await,
            "dnssec" => self.dnssec(facts.domain.as_ref()?).await,
            "bimi" => self.bimi(facts.domain.as_ref()?).await,
            "domain-check" => self.domain_check(facts).await?,
            "sender-mx" => self.mx(facts.domain.as_ref()?).await,
            "recipient-mx" => self.recipient_mx(facts.recipient_domain.as_ref()?).await,
            "recipient" => self.recipient(facts.recipient.as_ref()?).await,
            "ip-blocklists" => self.ip_blocklists(facts.ip?).await,
            "domain-blocklists" => self.domain_blocklists(facts.domain.as_ref()?).await,
            "url-blocklists" if !facts.links.is_empty() => self.url_blocklists(&facts.links).await,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_finding_has_its_entry_and_its_check() {
        let kinds = kinds();
        for kind in &kinds {
            assert!(reference::finding(kind.id).is_some(), "no entry of the reference names the finding {}", kind.id);
            assert!(reference::checks().contains_key(kind.check), "{}: no check {}", kind.id, kind.check);
        }
        let mut ids: Vec<&str> = kinds.iter().map(|kind| kind.id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "a kind is declared twice: {ids:?}");
    }
}
