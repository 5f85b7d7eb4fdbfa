//! MTA-STS and TLS-RPT of a domain: how senders are to reach it, and where they tell of failures. RFC 8461, RFC 8460.
//! Both protect what the domain receives; neither is ever why its own mail was refused.

use dns::Found;
use net::{ClientTls, Fetch, Fetched, fetch};
use syntax::Domain;

use crate::{Checks, Finding, Kind, MailHosts};

const RECORD: Kind = Kind::inbound("mta-sts.record", "mta-sts", "RFC 8461 §3.1");
const POLICY: Kind = Kind::inbound("mta-sts.policy", "mta-sts", "RFC 8461 §3.2, §3.3");
const MX: Kind = Kind::inbound("mta-sts.mx", "mta-sts", "RFC 8461 §4.1");
const REPORTS: Kind = Kind::inbound("tls-rpt.record", "tls-rpt", "RFC 8460 §3");

pub(crate) const KINDS: &[&Kind] = &[&RECORD, &POLICY, &MX, &REPORTS];

/// Most octets of a policy. RFC 8461 §3.3 names 64 KB as a sensible limit.
const MAX_POLICY: usize = 64 * 1024;
/// Longest `max_age`, in seconds. RFC 8461 §3.2
const MAX_AGE: u64 = 31_557_600;

/// A policy taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// `enforce`, `testing`, `none`.
    pub mode: String,
    /// Names that mail hosts may have; `*.example.com` stands for one label.
    pub mx: Vec<String>,
    /// Seconds.
    pub max_age: u64,
}

impl Checks {
    /// The record, and with `dial` the policy and whether every mail host is in it.
    pub(crate) async fn mta_sts(&self, domain: &Domain, dial: bool) -> Vec<Finding> {
        let name = format!("_mta-sts.{domain}");
        let texts = match self.resolver.txt(&name).await {
            Ok(found) => found.records(),
            Err(fault) => return vec![RECORD.unknown(&fault)],
        };
        let records: Vec<&String> = texts.iter().filter(|text| text.starts_with("v=STSv1")).collect();
        let record = match records.as_slice() {
            [] => return vec![RECORD.ok(format!("{domain} has no MTA-STS, which is a free choice"))],
            [record] => record,
            // RFC 8461 §3.1: with several, senders take it that there is none.
            several => {
                return vec![RECORD.bad(format!("there are {} MTA-STS records at {name}: none counts", several.len()))];
            }
        };
        let id = record.split(';').find_map(|part| part.trim().strip_prefix("id=")).unwrap_or_default();
        let is_id = (1..=32).contains(&id.len()) && id.bytes().all(|octet| octet.is_ascii_alphanumeric());
        if !is_id {
            return vec![
                RECORD
                    .bad(format!("the MTA-STS record at {name} has no `id` of 1 to 32 letters and digits"))
                    .with("record", record),
            ];
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
        let policy = match read_fetched(&fetched) {
            Ok(policy) => policy,
            Err(why) => return vec![POLICY.bad(format!("{url} is no policy: {why}"))],
        };
        let mode = &policy.mode;
        let finding = POLICY.ok(format!("the MTA-STS policy says `{mode}`")).with("mx", policy.mx.join(", "));
        let mut findings = vec![finding.with("max_age", format!("{} s", policy.max_age))];
        if mode != "none"
            && let Ok(MailHosts::Hosts { hosts }) = self.mail_hosts(domain).await
        {
            let left_out: Vec<&str> = hosts
                .iter()
                .map(|host| host.name.as_str())
                .filter(|name| !policy.mx.iter().any(|one| covers(one, name)))
                .collect();
            findings.push(if left_out.is_empty() {
                MX.ok("every MX is in the MTA-STS policy")
            } else {
                let lost = if mode == "enforce" {
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

fn read_fetched(fetched: &Fetched) -> Result<Policy, String> {
    if let Some(to) = &fetched.location {
        return Err(format!("it redirects to {to}, and senders do not follow"));
    }
    if fetched.status != 200 {
        return Err(format!("the server answers {}", fetched.status));
    }
    let is_plain =
        fetched.content_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/plain"));
    if !is_plain {
        return Err(format!("its type is {}, not text/plain", fetched.content_type.as_deref().unwrap_or("not said")));
    }
    read(&String::from_utf8_lossy(&fetched.body))
}

/// Reads a policy. RFC 8461 §3.2
pub(crate) fn read(text: &str) -> Result<Policy, String> {
    let mut policy = Policy { mode: String::new(), mx: Vec::new(), max_age: 0 };
    let mut version = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(':').ok_or_else(|| format!("the line `{line}` is no `key: value`"))?;
        let value = value.trim();
        match key.trim() {
            "version" => version = Some(value.to_owned()),
            "mode" => policy.mode = value.to_owned(),
            "mx" => policy.mx.push(value.to_ascii_lowercase()),
            "max_age" => {
                policy.max_age = value.parse().map_err(|_| format!("`max_age: {value}` is no number of seconds"))?
            }
            _ => {}
        }
    }
    match version.as_deref() {
        Some("STSv1") => {}
        _ => return Err(String::from("it does not say `version: STSv1`")),
    }
    if !["enforce", "testing", "none"].contains(&policy.mode.as_str()) {
        return Err(format!("`mode: {}` is none of enforce, testing, none", policy.mode));
    }
    if policy.max_age == 0 || policy.max_age > MAX_AGE {
        return Err(format!("`max_age` must be from 1 to {MAX_AGE} seconds"));
    }
    if policy.mx.is_empty() && policy.mode != "none" {
        return Err(String::from("it names no `mx`"));
    }
    Ok(policy)
}

/// A wildcard stands for exactly one label, the first. RFC 8461 §4.1
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(end) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(end)),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_the_standard_writes_them() {
        let text =
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";
        let policy = read(text).unwrap();
        assert_eq!((policy.mode.as_str(), policy.max_age, policy.mx.len()), ("enforce", 604_800, 2));
        assert!(covers("*.example.net", "a.example.net") && !covers("*.example.net", "a.b.example.net"));
        assert!(!covers("*.example.net", "example.net") && covers("mail.example.com", "mail.example.com"));
    }

    #[test]
    fn what_senders_do_not_take_is_refused() {
        for text in [
            "",
            "mode: enforce\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: on\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: testing\nmx: a",
            "version: STSv1\nmode: testing\nmx: a\nmax_age: 99999999",
            "<html>",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
