//! DNSSEC and DANE of a domain, and its BIMI record. RFC 4035, RFC 7672; AuthIndicators BIMI draft. None of them is ever why
//! mail was refused.

use auth::{Policy, walk_dmarc};
use dns::{Data, Found};
use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding, Kind, MailHosts};

const SIGNED: Kind = Kind::inbound("dnssec.signed", "dnssec", "RFC 4035 §3.2.3, §5");
const TLSA: Kind = Kind::inbound("dane.tlsa", "dane", "RFC 7672 §2.1, §3.1");
const LOGO: Kind =
    Kind::inbound("bimi.record", "bimi", "draft-brand-indicators-for-message-identification; Gmail, Apple and Yahoo");

pub(crate) const KINDS: &[&Kind] = &[&SIGNED, &TLSA, &LOGO];

/// Mail hosts whose TLSA is asked for.
const MAX_HOSTS: usize = 5;

impl Checks {
    /// Whether the answers about the domain are signed, and were validated.
    pub(crate) async fn dnssec(&self, domain: &Domain) -> Vec<Finding> {
        let (look, signer) =
            tokio::join!(self.resolver.look(domain.as_str(), "SOA"), self.resolver.look(domain.as_str(), "DS"));
        let has_signer = signer.is_ok_and(|look| look.count > 0);
        vec![match look {
            Ok(look) if look.secure => {
                SIGNED.ok(format!("the zone of {domain} is signed, and the resolver has validated it"))
            }
            Ok(_) if has_signer => {
                let seen =
                    format!("{domain} has a DS record, and this resolver does not say whether its answers are valid");
                SIGNED.found(crate::State::Unknown, seen).fix("ask a resolver that validates (`--dns`)")
            }
            Ok(_) => SIGNED.ok(format!("{domain} is not signed (DNSSEC), which is a free choice")),
            // Reality: a validating resolver answers SERVFAIL for a zone whose signatures are wrong.
            Err(fault) => SIGNED.unknown(&fault),
        }]
    }

    /// The TLSA records of the domain's mail hosts.
    pub(crate) async fn dane(&self, domain: &Domain) -> Vec<Finding> {
        let hosts = match self.mail_hosts(domain).await {
            Ok(MailHosts::Hosts { hosts }) => hosts,
            Ok(_) => return Vec::new(),
            Err(fault) => return vec![TLSA.unknown(&fault)],
        };
        let mut asking = JoinSet::new();
        for (place, host) in hosts.into_iter().take(MAX_HOSTS).enumerate() {
            let resolver = self.resolver.clone();
            asking.spawn(
                async move { (place, resolver.look(&format!("_25._tcp.{}", host.name), "TLSA").await, host.name) },
            );
        }
        let mut looks = Vec::new();
        while let Some(ended) = asking.join_next().await {
            looks.extend(ended.ok());
        }
        looks.sort_by_key(|(place, _, _)| *place);
        let mut findings = Vec::new();
        for (_, look, host) in looks {
            match look {
                Ok(look) => findings.extend(of_host(&host, look.secure, look.found)),
                Err(fault) => findings.push(TLSA.unknown(&fault)),
            }
        }
        if findings.is_empty() {
            findings.push(TLSA.ok(format!("the mail hosts of {domain} have no DANE (TLSA), which is a free choice")));
        }
        findings
    }

    /// The logo that some receivers show.
    pub(crate) async fn bimi(&self, domain: &Domain) -> Vec<Finding> {
        let name = format!("default._bimi.{domain}");
        let (texts, walk) = tokio::join!(self.resolver.txt(&name), walk_dmarc(&self.resolver, domain));
        let texts = match texts {
            Ok(found) => found.records(),
            Err(fault) => return vec![LOGO.unknown(&fault)],
        };
        let Some(record) = texts.iter().find(|text| text.starts_with("v=BIMI1")) else {
            return vec![LOGO.ok(format!("{domain} has no BIMI logo, which is a free choice"))];
        };
        let tag = |name: &str| {
            record.split(';').find_map(|part| part.trim().strip_prefix(name).map(str::trim)).unwrap_or_default()
        };
        let enforced = walk.ok().and_then(|walk| walk.walk.policy).is_some_and(|policy| policy != Policy::None);
        let finding = match tag("l=") {
            "" => LOGO.ok(format!("{domain} declines to show a logo (BIMI without `l=`)")),
            logo if !logo.starts_with("https://") => {
                LOGO.bad(format!("the BIMI logo must be an https address, and is {logo}"))
            }
            _ if !enforced => LOGO
                .warn("the BIMI logo is shown by nobody while DMARC asks for nothing: it needs quarantine or reject"),
            logo if tag("a=").is_empty() => LOGO
                .ok(format!("the BIMI logo is {logo}"))
                .with("certificate", "none: Yahoo shows it, Gmail and Apple ask for one"),
            logo => LOGO.ok(format!("the BIMI logo is {logo}")).with("certificate", tag("a=")),
        };
        vec![finding.with("record", record)]
    }
}

fn of_host(host: &str, secure: bool, found: Found<Data>) -> Vec<Finding> {
    let records = found.records();
    if records.is_empty() {
        return Vec::new();
    }
    let usable = |data: &Data| matches!(data, Data::Tlsa(2 | 3, 0 | 1, 0..=2, _));
    let finding = if !secure {
        TLSA.warn(format!("the TLSA record of {host} was not validated by DNSSEC: without it, senders ignore it"))
    } else if records.iter().any(usable) {
        TLSA.ok(format!("{host} has a TLSA record that senders can use"))
    } else {
        TLSA.bad(format!("no TLSA record of {host} has usage 2 or 3: SMTP uses no other"))
    };
    vec![records.iter().fold(finding, |finding, data| finding.with("TLSA", data.rdata()))]
}
