//! An address that is written to: spelling, its domain's MX, and, when somebody says so, whether the mailbox exists.

use reference::provider_of_host;
use rules::mailbox_check::{Answer, By, Flags, Verdict, flags, suggestion};
use syntax::{Address, Domain, Malformed};

use crate::{Checks, Finding, Kind, MailHosts};

const EXISTS: Kind = Kind::outbound("mailbox.exists", "recipient", "RFC 5321 §3.3");
const SYNTAX: Kind = Kind::outbound("mailbox.syntax", "recipient", "RFC 5321 §4.1.2");
const TYPO: Kind = Kind::outbound("mailbox.typo", "recipient", "practice: one or two letters from a well-known domain");
const CATCH_ALL: Kind =
    Kind::outbound("mailbox.catch-all", "recipient", "practice: what takes everybody may bounce later");
const ROLE: Kind = Kind::outbound("mailbox.role", "recipient", "RFC 2142 §1");
const DISPOSABLE: Kind = Kind::outbound("mailbox.disposable", "recipient", "practice: a mailbox for minutes");
const SUPPRESSED: Kind = Kind::outbound("mailbox.suppressed", "recipient", "our own suppression list");

pub(crate) const KINDS: &[&Kind] = &[&EXISTS, &SYNTAX, &TYPO, &CATCH_ALL, &ROLE, &DISPOSABLE, &SUPPRESSED];

/// Where the mail of a domain goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To these hosts, the preferred first.
    Hosts(Vec<String>),
    /// Nowhere, and why.
    Nowhere(String),
    /// Could not look, and why.
    Unknown(String),
}

impl Destination {
    /// The hosts; none when there are none, or they are not known.
    pub fn hosts(&self) -> &[String] {
        match self {
            Self::Hosts(hosts) => hosts,
            Self::Nowhere(_) | Self::Unknown(_) => &[],
        }
    }

    /// The provider that the hosts belong to.
    pub fn provider(&self) -> Option<&'static str> {
        self.hosts().iter().find_map(|host| provider_of_host(host)).map(|provider| provider.id.as_str())
    }

    /// What they say about a mailbox, when nobody was asked about it.
    pub fn verdict(&self, not_asked: &str) -> Verdict {
        match self {
            Self::Nowhere(why) => Verdict::new(Answer::No, By::Mx, why.as_str()).with_catch_all(Answer::No),
            Self::Unknown(why) => Verdict::new(Answer::Unknown, By::Mx, why.as_str()),
            Self::Hosts(_) => Verdict::new(Answer::Unknown, By::Mx, format!("its domain takes mail; {not_asked}")),
        }
    }
}

impl Checks {
    /// Where the mail of a domain goes: its MX, else its own address. RFC 5321 §5.1, RFC 7505.
    pub async fn mail_hosts_of(&self, domain: &Domain) -> Destination {
        match self.mail_hosts(domain).await {
            Ok(MailHosts::Hosts { hosts }) => Destination::Hosts(hosts.into_iter().map(|host| host.name).collect()),
            Ok(MailHosts::OwnAddress { .. }) => Destination::Hosts(vec![domain.to_string()]),
            Ok(MailHosts::Null) => Destination::Nowhere(format!("the domain {domain} has a null MX: it takes no mail")),
            Ok(MailHosts::None) => Destination::Nowhere(format!("the domain {domain} has neither MX nor address")),
            Ok(MailHosts::NoSuchDomain) => Destination::Nowhere(format!("the domain {domain} does not exist")),
            Err(fault) => Destination::Unknown(format!("could not look: {fault}")),
        }
    }

    /// What can be said about a refused recipient without a store and without asking its host: whether its domain takes mail,
    /// and whether it is mistyped. That it is a role is no reason for a refusal.
    pub async fn recipient(&self, address: &Address) -> Vec<Finding> {
        let hosts = self.mail_hosts_of(address.domain()).await;
        let verdict = hosts.verdict("whether the mailbox exists was not asked");
        let mut findings = mailbox_findings(address, &verdict, hosts.hosts(), None);
        findings.retain(|finding| [EXISTS.id, TYPO.id].contains(&finding.id));
        findings
    }
}

/// What is wrong with text that is no address.
pub fn malformed_mailbox(text: &str, malformed: &Malformed) -> Finding {
    SYNTAX.bad(format!("`{text}` is no address: {malformed}"))
}

/// Everything found about an address: the answer first, then what it says by itself. `suppressed` is the reason on our
/// suppression list.
pub fn mailbox_findings(
    address: &Address,
    verdict: &Verdict,
    hosts: &[String],
    suppressed: Option<&str>,
) -> Vec<Finding> {
    let mut findings = vec![exists(address, verdict, hosts)];
    if verdict.catch_all == Answer::Yes {
        let seen = format!("{} takes mail for every local part: an address there proves nothing", address.domain());
        findings.push(CATCH_ALL.warn(seen));
    }
    if let Some(domain) = suggestion(address.domain()) {
        let seen = format!("{} is a letter or two from {domain}", address.domain());
        findings.push(TYPO.warn(seen).with("probably meant", meant(address, domain)));
    }
    let Flags { role, disposable, .. } = flags(address);
    if role {
        findings.push(ROLE.warn(format!("`{}` stands for a role, read by several people or by none", address.local())));
    }
    if disposable {
        findings
            .push(DISPOSABLE.warn(format!("{} gives mailboxes that are thrown away after minutes", address.domain())));
    }
    if let Some(reason) = suppressed {
        let seen = format!("{address} is on the suppression list ({reason}): a message to it is refused at submission");
        findings.push(SUPPRESSED.bad(seen));
    }
    findings
}

fn exists(address: &Address, verdict: &Verdict, hosts: &[String]) -> Finding {
    let Verdict { exists, reason, by, catch_all } = verdict;
    let finding = match (exists, catch_all) {
        (Answer::Yes, _) => EXISTS.ok(format!("{address} exists: {reason}")),
        (Answer::No, Answer::Yes) => EXISTS.warn(format!("{address} is no mailbox: {reason}")),
        (Answer::No, _) => EXISTS.bad(format!("{address} does not take mail: {reason}")),
        (Answer::Unknown, _) => {
            EXISTS.found(crate::State::Unknown, format!("whether {address} exists is not known: {reason}"))
        }
    };
    let finding = finding.with("said by", by.as_str());
    if hosts.is_empty() { finding } else { finding.with("mail hosts", hosts.join(", ")) }
}

fn meant(address: &Address, domain: Domain) -> String {
    Address::new(address.local(), domain).map(|address| address.to_string()).unwrap_or_default()
}
