//! MTA-STS and TLS-RPT of a domain: how senders are to reach it, and where they tell of failures. RFC 8461, RFC 8460.
//! Both protect what the domain receives; neither is ever why its own mail was refused.

use dns::Found;
use net::{ClientTls, Fetch, Fetched, fetch};
use rules::mta_sts::{Mode, Policy, Record};
use syntax::Domain;

use crate::{Checks, Finding, Kind, MailHosts};

const RECORD: Kind = Kind::inbound("mta-sts.record", "mta-sts", "RFC 8461 §3.1");
const POLICY: Kind = Kind::inbound("mta-sts.policy", "mta-sts", "RFC 8461 §3.2, §3.3");
const MX: Kind = Kind::inbound("mta-sts.mx", "mta-sts", "RFC 8461 §4.1");
const REPORTS: Kind = Kind::inbound("tls-rpt.record", "tls-rpt", "RFC 8460 §3");

pub(crate) const KINDS: &[&Kind] = &[&RECORD, &POLICY, &MX, &REPORTS];

/// Most octets of a policy. RFC 8461 §3.3 names 64 KB as a sensible limit.
const MAX_POLICY: usize = 64 * 1024;
impl Checks {
    /// The record, and with `dial` the policy and whether every mail host is in it.
    pub(crate) async fn mta_sts(&self, domain: &Domain, dial: bool) -> Vec<Finding> {
        let name = format!("_mta-sts.{domain}");
        let texts = match self.resolver.txt(&name).await {
            Ok(found) => found.records(),
            Err(fault) => return vec![RECORD.unknown(&fault)],
        };
        let record = texts.iter().find(|text| text.starts_with("v=STSv1")).map(String::as_str).unwrap_or_default();
        match Record::read(&texts) {
            Record::Id(_) => {}
            Record::Absent => return vec![RECORD.ok(format!("{domain} has no MTA-STS, which is a free choice"))],
            Record::Several(count) => {
                return vec![RECORD.bad(format!("there are {count} MTA-STS records at {name}: none counts"))];
            }
            Record::Malformed => {
                return vec![
                    RECORD
                        .bad(format!("the MTA-STS record at {name} has no `id` of 1 to 32 letters and digits"))
                        .with("record", record),
                ];
            }
        }
        let mut findings =
            vec![RECORD.ok(format!("{domain} says that it has an MTA-STS policy")).with("record", record)];
        if dial {
            findings.extend(self.policy(domain).await);
        }
        findings
    }

    async fn policy(&self, domain: &Domain) -> Vec<Finding> {
        let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
        let fetched = match self.fetch_policy(domain).await {
            Ok(fetched) => fetched,
            Err(finding) => return vec![*finding],
        };
        let Fetched { status, content_type, location, body } = &fetched;
        let policy = match Policy::read_answer(*status, content_type.as_deref(), location.as_deref(), body) {
            Ok(policy) => policy,
            Err(why) => return vec![POLICY.bad(format!("{url} is no policy: {why}"))],
        };
        let mode = policy.mode.as_str();
        let finding = POLICY.ok(format!("the MTA-STS policy says `{mode}`")).with("mx", policy.mx.join(", "));
        let mut findings = vec![finding.with("max_age", format!("{} s", policy.max_age.as_secs()))];
        if policy.mode != Mode::None
            && let Ok(MailHosts::Hosts { hosts }) = self.mail_hosts(domain).await
        {
            let left_out: Vec<&str> =
                hosts.iter().map(|host| host.name.as_str()).filter(|name| !policy.covers(name)).collect();
            findings.push(if left_out.is_empty() {
                MX.ok("every MX is in the MTA-STS policy")
            } else {
                let lost = if policy.mode == Mode::Enforce {
                    "senders that hold to it do not deliver there"
                } else {
                    "senders report it"
                };
                MX.bad(format!("the MTA-STS policy leaves out {}: {lost}", left_out.join(", ")))
            });
        }
        findings
    }

    async fn fetch_policy(&self, domain: &Domain) -> Result<Fetched, Box<Finding>> {
        let host = format!("mta-sts.{domain}");
        let addresses = match self.resolver.addresses(&host).await {
            Ok(Found::Records(addresses)) => addresses,
            Ok(_) => return Err(Box::new(POLICY.bad(format!("{host} has no address: nobody can fetch the policy")))),
            Err(fault) => return Err(Box::new(POLICY.unknown(&fault))),
        };
        let addresses: Vec<_> = addresses.into_iter().filter(|ip| self.reach.allows(*ip)).collect();
        if addresses.is_empty() {
            return Err(Box::new(POLICY.bad(format!("{host} has no address that the Internet can reach"))));
        }
        fetch(&Fetch {
            host: host.clone(),
            addresses,
            port: self.https_port,
            path: String::from("/.well-known/mta-sts.txt"),
            tls: ClientTls::verified_by(&self.roots),
            limit: self.resolver.limit() * 2,
            octets: MAX_POLICY,
        })
        .await
        .map_err(|fault| {
            // Silence may be our own network's; an answer that is wrong is not.
            let is_silence = ["connect.timeout", "connect.unreachable", "fetch.timeout"].contains(&fault.code);
            Box::new(if is_silence {
                POLICY.unknown(&fault)
            } else {
                POLICY.bad(format!("the policy cannot be fetched, so senders hold to none: {fault}"))
            })
        })
    }

    /// Where senders tell of TLS failures.
    pub(crate) async fn tls_rpt(&self, domain: &Domain) -> Vec<Finding> {
        let name = format!("_smtp._tls.{domain}");
        let texts = match self.resolver.txt(&name).await {
            Ok(found) => found.records(),
            Err(fault) => return vec![REPORTS.unknown(&fault)],
        };
        let records: Vec<&String> = texts.iter().filter(|text| text.starts_with("v=TLSRPTv1")).collect();
        vec![match records.as_slice() {
            [] => REPORTS.ok(format!("{domain} asks for no TLS reports, which is a free choice")),
            [record] => {
                let rua = record.split(';').find_map(|part| part.trim().strip_prefix("rua=")).unwrap_or_default();
                let is_uri = |uri: &str| uri.trim().starts_with("mailto:") || uri.trim().starts_with("https:");
                if !rua.is_empty() && rua.split(',').all(is_uri) {
                    REPORTS.ok(format!("TLS reports about {domain} go to {rua}"))
                } else {
                    REPORTS
                        .bad(format!("the TLS-RPT record at {name} has no `rua=mailto:…` or `rua=https:…`"))
                        .with("record", record)
                }
            }
            several => REPORTS.bad(format!("there are {} TLS-RPT records at {name}: none counts", several.len())),
        }]
    }
}
