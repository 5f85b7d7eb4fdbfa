//! Which records a sending domain needs.

use std::net::IpAddr;

use syntax::Domain;

use crate::Record;

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The sending domain.
    pub domain: Domain,
    /// Its mail host, `box.<domain>`: MX target, HELO name, PTR target.
    pub mail_host: Domain,
    /// Its dedicated egress IPs (IPv4 and IPv6).
    pub egress_ips: Vec<IpAddr>,
    /// DKIM keys to be published.
    pub dkim: Vec<DkimRecord>,
    /// `none`, `quarantine` or `reject`.
    pub dmarc_policy: String,
    /// Where aggregate and TLS reports go: `reports@<domain>`.
    pub reports: syntax::Address,
    /// MTA-STS policy id and whether to publish it.
    pub mta_sts_id: Option<String>,
    /// TTL in seconds.
    pub ttl: u32,
}

/// One DKIM key.
#[derive(Debug, Clone)]
pub struct DkimRecord {
    /// Selector.
    pub selector: String,
    /// The TXT value: `v=DKIM1; k=rsa; p=…`.
    pub txt: String,
}

/// The planned records of the domain's zone and of the reverse zones, in a stable order: A/AAAA and
/// PTR of the mail host, MX, SPF (domain and mail host), DKIM, DMARC, MTA-STS, TLS-RPT, autoconfig
/// CNAME, SRV of submission, submissions, imaps.
pub fn plan(_plan: &Plan) -> Vec<Record> {
    todo!()
}

/// `1.1.0.127.in-addr.arpa`, or the `ip6.arpa` name.
pub fn reverse_name(_ip: IpAddr) -> String {
    todo!()
}

/// The reverse zone that an address of ours is served in: its /24 (`1.0.127.in-addr.arpa`) or /64.
pub fn reverse_zone(_ip: IpAddr) -> String {
    todo!()
}
