//! A provider's API, over the `dns-update` crate.

use std::time::Duration;

use async_trait::async_trait;
use dns_update::{DnsRecord, DnsRecordType, DnsUpdater, MXRecord, SRVRecord};
use rules::{Blame, Fault, Retry};

use crate::{Change, Data, publish::Publisher};

/// Longest wait for one call.
const LIMIT: Duration = Duration::from_secs(30);

/// Providers that need one token and nothing else.
const KNOWN: &[&str] =
    &["bunny", "cloudflare", "desec", "digitalocean", "gandi", "hetzner", "linode", "netlify", "vultr"];

/// An account at a provider.
#[derive(Clone)]
pub struct Provider {
    /// `cloudflare`, `digitalocean`, `desec`, `hetzner`…
    pub name: String,
    /// API token.
    pub token: String,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Publisher for Provider {
    async fn publish(&self, zone: &str, changes: &[Change]) -> Result<(), Fault> {
        let updater = self.updater()?;
        for change in changes {
            self.carry_out(&updater, zone, change).await?;
        }
        Ok(())
    }
}

impl Provider {
    /// The names that [`Provider::name`] may have.
    pub fn known() -> &'static [&'static str] {
        KNOWN
    }

    fn updater(&self) -> Result<DnsUpdater, Fault> {
        let (token, limit) = (self.token.as_str(), Some(LIMIT));
        let updater = match self.name.to_ascii_lowercase().as_str() {
            "bunny" => DnsUpdater::new_bunny(token, limit),
            "cloudflare" => DnsUpdater::new_cloudflare(token, limit),
            "desec" => DnsUpdater::new_desec(token, limit),
            "digitalocean" => DnsUpdater::new_digitalocean(token, limit),
            "gandi" => DnsUpdater::new_gandiv5(token, limit),
            "hetzner" => DnsUpdater::new_hetzner(token, limit),
            "linode" => DnsUpdater::new_linode(token, limit),
            "netlify" => DnsUpdater::new_netlify(token, limit),
            "vultr" => DnsUpdater::new_vultr(token, limit),
            other => {
                return Err(Fault::new("publish.config", Blame::Operator, Retry::AfterChange)
                    .context(format!("no DNS provider `{other}`: known are {}", KNOWN.join(", "))));
            }
        };
        updater.map_err(|error| self.fault("publish.config", Blame::Operator, &error))
    }

    async fn carry_out(&self, updater: &DnsUpdater, zone: &str, change: &Change) -> Result<(), Fault> {
        let owner = change.owner();
        let done = match change {
            Change::Add { record } => {
                let (kind, data) = foreign(&record.data)?;
                updater.add_to_rrset(owner, kind, record.ttl, vec![data], zone).await
            }
            Change::Remove { record } => {
                let (kind, data) = foreign(&record.data)?;
                updater.remove_from_rrset(owner, kind, vec![data], zone).await
            }
            Change::Replace { old, record } => {
                let (kind, data) = foreign(&record.data)?;
                let old = old.iter().map(|data| foreign(data).map(|(_, data)| data)).collect::<Result<Vec<_>, _>>()?;
                match updater.remove_from_rrset(owner, kind, old, zone).await {
                    Ok(()) => updater.add_to_rrset(owner, kind, record.ttl, vec![data], zone).await,
                    Err(error) => Err(error),
                }
            }
        };
        done.map_err(|error| self.fault("publish.refused", Blame::Peer, &error).context(format!("changing {owner}")))
    }

    /// The library's error as text, with the token taken out should it be in there.
    fn fault(&self, code: &'static str, blame: Blame, error: &dns_update::Error) -> Fault {
        let text = format!("{error:?}").replace(&self.token, "[token]");
        Fault::new(code, blame, Retry::AfterChange).context(format!("the DNS provider {} said: {text}", self.name))
    }
}

fn foreign(data: &Data) -> Result<(DnsRecordType, DnsRecord), Fault> {
    Ok(match data {
        Data::A(ip) => (DnsRecordType::A, DnsRecord::A(*ip)),
        Data::Aaaa(ip) => (DnsRecordType::AAAA, DnsRecord::AAAA(*ip)),
        Data::Cname(name) => (DnsRecordType::CNAME, DnsRecord::CNAME(name.clone())),
        Data::Ns(name) => (DnsRecordType::NS, DnsRecord::NS(name.clone())),
        Data::Txt(text) => (DnsRecordType::TXT, DnsRecord::TXT(text.clone())),
        Data::Mx(priority, exchange) => {
            (DnsRecordType::MX, DnsRecord::MX(MXRecord { exchange: exchange.clone(), priority: *priority }))
        }
        Data::Srv(priority, weight, port, target) => {
            let (priority, weight, port) = (*priority, *weight, *port);
            (DnsRecordType::SRV, DnsRecord::SRV(SRVRecord { target: target.clone(), priority, weight, port }))
        }
        Data::Tlsa(..) | Data::Soa(..) => {
            return Err(Fault::new("publish.refused", Blame::Operator, Retry::AfterChange)
                .context("TLSA and SOA are not ours to set: the name server that signs the zone sets them"));
        }
        Data::Ptr(_) => {
            return Err(Fault::new("publish.refused", Blame::Operator, Retry::AfterChange)
                .context("reverse DNS cannot be set through a DNS provider's API: set it where the IP comes from"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_provider_can_be_set_up_and_hides_its_token() {
        for name in KNOWN {
            let provider = Provider { name: (*name).into(), token: "s3cret".into() };
            assert!(provider.updater().is_ok(), "{name}");
            assert!(!format!("{provider:?}").contains("s3cret"));
        }
    }

    #[test]
    fn an_unknown_provider_is_told_which_are_known() {
        let fault = Provider { name: "nobody".into(), token: "t".into() }.updater().err().unwrap();
        assert!(fault.to_string().contains("cloudflare"), "{fault}");
    }
}
