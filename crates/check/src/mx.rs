//! Whether a domain receives mail. RFC 5321 §5.1, RFC 7505.

use dns::Found;
use syntax::Domain;

use crate::{Checks, Finding, Kind};

const SENDER: Kind = Kind::outbound("mx.sender", "sender-mx", "RFC 5321 §5.1");
const RECIPIENT: Kind = Kind::outbound("mx.recipient", "recipient-mx", "RFC 5321 §5.1");

pub(crate) const KINDS: &[&Kind] = &[&SENDER, &RECIPIENT];

impl Checks {
    /// Whether a domain that sends can be answered.
    pub async fn mx(&self, domain: &Domain) -> Vec<Finding> {
        vec![self.mail_hosts(&SENDER, domain).await]
    }

    /// Whether a domain that is written to takes mail.
    pub async fn recipient_mx(&self, domain: &Domain) -> Vec<Finding> {
        vec![self.mail_hosts(&RECIPIENT, domain).await]
    }

    async fn mail_hosts(&self, kind: &'static Kind, domain: &Domain) -> Finding {
        let hosts = match self.resolver.mx(domain.as_str()).await {
            Ok(Found::Records(hosts)) => hosts,
            Ok(Found::NoSuchName) => return kind.bad(format!("{domain} does not exist")),
            Ok(Found::NoData) => return self.by_address(kind, domain).await,
            Err(fault) => return kind.unknown(&fault),
        };
        if hosts.iter().all(|(_, host)| host == ".") {
            return kind.bad(format!("{domain} has a null MX: it takes no mail"));
        }
        let names: Vec<&str> = hosts.iter().map(|(_, host)| host.as_str()).collect();
        kind.ok(format!("{domain} has MX {}", names.join(", ")))
    }

    /// Without an MX the domain's own address counts.
    async fn by_address(&self, kind: &'static Kind, domain: &Domain) -> Finding {
        match self.resolver.addresses(domain.as_str()).await {
            Ok(Found::Records(_)) => kind.warn(format!("{domain} has no MX; its own address counts")),
            Ok(_) => kind.bad(format!("{domain} has neither MX nor address")),
            Err(fault) => kind.unknown(&fault),
        }
    }
}
