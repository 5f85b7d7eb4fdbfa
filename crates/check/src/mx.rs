//! Whether a domain receives mail, and at whose hosts. RFC 5321 §5.1, RFC 7505.

use std::net::IpAddr;

use dns::Found;
use rules::Fault;
use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding, Kind};

const SENDER: Kind = Kind::outbound("mx.sender", "sender-mx", "RFC 5321 §5.1");
const RECIPIENT: Kind = Kind::outbound("mx.recipient", "recipient-mx", "RFC 5321 §5.1");
const NULL: Kind = Kind::outbound("mx.null", "sender-mx", "RFC 7505 §4.2");
const ALIAS: Kind = Kind::outbound("mx.alias", "sender-mx", "RFC 2181 §10.3");
const ADDRESS: Kind = Kind::outbound("mx.address", "sender-mx", "RFC 5321 §5.1");
const PRIVATE: Kind = Kind::outbound("mx.private-address", "sender-mx", "RFC 1918 §3");

pub(crate) const KINDS: &[&Kind] = &[&SENDER, &RECIPIENT, &NULL, &ALIAS, &ADDRESS, &PRIVATE];

/// Mail hosts that are looked at.
const MAX_HOSTS: usize = 10;

/// One mail host of a domain.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailHost {
    /// Lower is asked first.
    pub preference: u16,
    /// Its name.
    pub name: String,
    /// Its addresses, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// The names that it is an alias for; there should be none.
    pub aliases: Vec<String>,
    /// Why its addresses are not known.
    pub unknown: Option<String>,
    /// Whose host it is, by its name.
    pub provider: Option<&'static str>,
}

/// Where the mail of a domain goes.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum MailHosts {
    /// To these hosts, in order.
    Hosts {
        /// The hosts.
        hosts: Vec<MailHost>,
    },
    /// There is no MX, and the domain has an address of its own.
    OwnAddress {
        /// The domain as host.
        hosts: Vec<MailHost>,
    },
    /// It says that it takes no mail.
    Null,
    /// It has neither MX nor address.
    None,
    /// It does not exist.
    NoSuchDomain,
}

impl Checks {
    /// Whether a domain that sends can be answered.
    pub async fn mx(&self, domain: &Domain) -> Vec<Finding> {
        match self.mail_hosts(domain).await {
            Ok(hosts) => self.findings_of(&SENDER, domain, &hosts),
            Err(fault) => vec![SENDER.unknown(&fault)],
        }
    }

    /// Whether a domain that is written to takes mail.
    pub async fn recipient_mx(&self, domain: &Domain) -> Vec<Finding> {
        match self.mail_hosts(domain).await {
            // What is odd about somebody else's hosts does not matter as long as one takes mail.
            Ok(hosts) => self.findings_of(&RECIPIENT, domain, &hosts).into_iter().take(1).collect(),
            Err(fault) => vec![RECIPIENT.unknown(&fault)],
        }
    }

    /// Where the mail of a domain goes.
    ///
    /// # Errors
    /// `dns.*` when the MX cannot be looked up.
    pub async fn mail_hosts(&self, domain: &Domain) -> Result<MailHosts, Fault> {
        let (mut records, is_own) = match self.resolver.mx(domain.as_str()).await? {
            Found::Records(records) => (records, false),
            Found::NoSuchName => return Ok(MailHosts::NoSuchDomain),
            Found::NoData => (vec![(0, domain.to_string())], true),
        };
        if records.iter().any(|(_, host)| host == ".") {
            return Ok(MailHosts::Null);
        }
        records.sort();
        let mut asking = JoinSet::new();
        for (place, (preference, name)) in records.into_iter().take(MAX_HOSTS).enumerate() {
            let checks = self.clone();
            asking.spawn(async move { (place, checks.mail_host(preference, name).await) });
        }
        let mut hosts = Vec::new();
        while let Some(ended) = asking.join_next().await {
            hosts.extend(ended.ok());
        }
        hosts.sort_by_key(|(place, _)| *place);
        let hosts: Vec<MailHost> = hosts.into_iter().map(|(_, host)| host).collect();
        let nothing = |host: &MailHost| host.addresses.is_empty() && host.unknown.is_none();
        Ok(match is_own {
            true if hosts.iter().all(nothing) => MailHosts::None,
            true => MailHosts::OwnAddress { hosts },
            false => MailHosts::Hosts { hosts },
        })
    }

    async fn mail_host(&self, preference: u16, name: String) -> MailHost {
        let (addresses, alias) = tokio::join!(self.resolver.addresses(&name), self.resolver.look(&name, "CNAME"));
        let (addresses, unknown) = match addresses {
            Ok(found) => (found.records(), None),
            Err(fault) => (Vec::new(), Some(fault.to_string())),
        };
        let provider = reference::provider_of_mx(&name).map(|provider| provider.name.as_str());
        MailHost {
            preference,
            name,
            addresses,
            aliases: alias.map(|look| look.aliases).unwrap_or_default(),
            unknown,
            provider,
        }
    }

    fn findings_of(&self, kind: &'static Kind, domain: &Domain, hosts: &MailHosts) -> Vec<Finding> {
        match hosts {
            MailHosts::NoSuchDomain => vec![kind.bad(format!("{domain} does not exist"))],
            MailHosts::None => vec![kind.bad(format!("{domain} has neither MX nor address: nobody can answer it"))],
            MailHosts::Null if kind.id == SENDER.id => {
                vec![NULL.bad(format!("{domain} has a null MX: it takes no mail, and receivers refuse what it sends"))]
            }
            MailHosts::Null => vec![kind.bad(format!("{domain} has a null MX: it takes no mail"))],
            MailHosts::OwnAddress { hosts } => {
                let finding = kind.warn(format!("{domain} has no MX; its own address counts"));
                vec![told(finding, hosts)]
            }
            MailHosts::Hosts { hosts } => {
                let mut findings = vec![reached(kind, domain, hosts)];
                findings.extend(hosts.iter().flat_map(|host| self.of_host(domain, host)));
                findings
            }
        }
    }

    fn of_host(&self, domain: &Domain, host: &MailHost) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(target) = host.aliases.first() {
            findings.push(ALIAS.warn(format!(
                "the MX {} of {domain} is an alias of {target}: an MX must name a host itself",
                host.name
            )));
        }
        if host.name.parse::<IpAddr>().is_ok() {
            findings
                .push(ADDRESS.bad(format!("the MX of {domain} is the address {}: it must be a host name", host.name)));
        } else if host.addresses.is_empty() && host.unknown.is_none() {
            findings.push(ADDRESS.warn(format!("the MX {} of {domain} has no address", host.name)));
        }
        if let Some(ip) = host.addresses.iter().find(|ip| !self.reach.allows(**ip)) {
            findings
                .push(PRIVATE.bad(format!("the MX {} of {domain} is {ip}, which nobody outside can reach", host.name)));
        }
        findings
    }
}

fn reached(kind: &'static Kind, domain: &Domain, hosts: &[MailHost]) -> Finding {
    let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
    let at = hosts.iter().find_map(|host| host.provider).map(|name| format!(", at {name}")).unwrap_or_default();
    let has_address = hosts.iter().any(|host| !host.addresses.is_empty());
    let finding = match hosts.iter().find_map(|host| host.unknown.clone()) {
        _ if has_address => kind.ok(format!("{domain} has MX {}{at}", names.join(", "))),
        Some(why) => kind.found(crate::State::Unknown, format!("could not look: {why}")),
        None => kind.bad(format!("{domain} has MX {}, and none of them has an address", names.join(", "))),
    };
    told(finding, hosts)
}

fn told(finding: Finding, hosts: &[MailHost]) -> Finding {
    hosts.iter().fold(finding, |finding, host| {
        let addresses: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
        let shown = host
            .unknown
            .clone()
            .unwrap_or_else(|| if addresses.is_empty() { String::from("no address") } else { addresses.join(", ") });
        finding.with(format!("{} {}", host.preference, host.name), shown)
    })
}
