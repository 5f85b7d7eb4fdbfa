//! Which records a sending domain needs.

use std::net::IpAddr;

use syntax::Domain;

use crate::{Data, Record, Zone};

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
pub fn plan(plan: &Plan) -> Vec<Record> {
    let (domain, host) = (&plan.domain, plan.mail_host.to_string());
    let record = |owner: String, data: Data| Record::new(owner, plan.ttl, data);
    let under = |label: &str| domain.child(label).to_string();
    let mut records = Vec::new();
    for ip in &plan.egress_ips {
        records.push(record(host.clone(), Data::address(*ip)));
        records.push(record(reverse_name(*ip), Data::Ptr(host.clone())));
    }
    records.push(record(domain.to_string(), Data::Mx(10, host.clone())));
    records.push(record(domain.to_string(), Data::Txt(spf(&plan.egress_ips))));
    // A bounce of ours goes out as <> and is checked by its HELO name (RFC 7208 §2.4).
    records.push(record(host.clone(), Data::Txt(String::from("v=spf1 a -all"))));
    for key in &plan.dkim {
        records.push(record(under(&format!("{}._domainkey", key.selector)), Data::Txt(key.txt.clone())));
    }
    records.push(record(under("_dmarc"), Data::Txt(dmarc(plan))));
    if let Some(id) = &plan.mta_sts_id {
        records.push(record(under("_mta-sts"), Data::Txt(format!("v=STSv1; id={id}"))));
        records.push(record(under("mta-sts"), Data::Cname(host.clone())));
    }
    // RFC 8460 §3
    records.push(record(under("_smtp._tls"), Data::Txt(format!("v=TLSRPTv1; rua=mailto:{}", plan.reports))));
    for label in ["autoconfig", "autodiscover"] {
        records.push(record(under(label), Data::Cname(host.clone())));
    }
    // RFC 6186 §3.1, RFC 8314 §5.1
    for (service, port) in [("_submission._tcp", 587), ("_submissions._tcp", 465), ("_imaps._tcp", 993)] {
        records.push(record(under(service), Data::Srv(0, 1, port, host.clone())));
    }
    records
}

/// Records sorted into the zones that they are served in: the domain's and the reverse zones.
pub fn zones(domain: &Domain, records: &[Record]) -> Vec<Zone> {
    let mut zones: Vec<Zone> = Vec::new();
    for record in records {
        let origin = zone_of(domain, record);
        match zones.iter_mut().find(|zone| zone.origin == origin) {
            Some(zone) => zone.records.push(record.clone()),
            None => zones.push(Zone { origin, records: vec![record.clone()] }),
        }
    }
    zones
}

fn zone_of(domain: &Domain, record: &Record) -> String {
    let is_ours = Domain::parse(&record.owner).is_ok_and(|owner| owner.is_within(domain));
    if is_ours || !record.owner.ends_with(".arpa") {
        return domain.to_string();
    }
    let labels: Vec<&str> = record.owner.split('.').collect();
    // The /24 of an IPv4 address, the /64 of an IPv6 address.
    let cut = if record.owner.ends_with("ip6.arpa") { 16 } else { 1 };
    labels.get(cut..).unwrap_or(&labels).join(".")
}

fn spf(ips: &[IpAddr]) -> String {
    let mechanisms = ips.iter().map(|ip| match ip {
        IpAddr::V4(ip) => format!("ip4:{ip} "),
        IpAddr::V6(ip) => format!("ip6:{ip} "),
    });
    format!("v=spf1 {}-all", mechanisms.collect::<String>())
}

/// Relaxed alignment: strict gains nothing here, as both From and return path are in the domain itself. RFC 9989.
fn dmarc(plan: &Plan) -> String {
    format!("v=DMARC1; p={}; rua=mailto:{}", plan.dmarc_policy, plan.reports)
}

/// `1.1.0.127.in-addr.arpa`, or the `ip6.arpa` name.
pub fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            format!("{}ip6.arpa", nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>())
        }
    }
}

/// The reverse zone that an address of ours is served in: its /24 (`1.0.127.in-addr.arpa`) or /64.
pub fn reverse_zone(ip: IpAddr) -> String {
    let labels = if ip.is_ipv4() { 1 } else { 16 };
    reverse_name(ip).splitn(labels + 1, '.').last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Plan {
        Plan {
            domain: Domain::parse("example.com").unwrap(),
            mail_host: Domain::parse("box.example.com").unwrap(),
            egress_ips: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
            dkim: vec![DkimRecord { selector: "r1".into(), txt: "v=DKIM1; p=abc".into() }],
            dmarc_policy: "reject".into(),
            reports: syntax::Address::parse("reports@example.com").unwrap(),
            mta_sts_id: Some("20261123".into()),
            ttl: 300,
        }
    }

    #[test]
    fn every_record_that_a_domain_needs_is_planned() {
        let records = plan(&sample());
        let shown: Vec<String> = records
            .iter()
            .map(|record| format!("{} {} {}", record.owner, record.data.kind(), record.data.rdata()))
            .collect();
        for expected in [
            "box.example.com A 192.0.2.1",
            "1.2.0.192.in-addr.arpa PTR box.example.com.",
            "box.example.com AAAA 2001:db8::1",
            "example.com MX 10 box.example.com.",
            "example.com TXT \"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all\"",
            "box.example.com TXT \"v=spf1 a -all\"",
            "r1._domainkey.example.com TXT \"v=DKIM1; p=abc\"",
            "_dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:reports@example.com\"",
            "_mta-sts.example.com TXT \"v=STSv1; id=20261123\"",
            "_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=mailto:reports@example.com\"",
            "autoconfig.example.com CNAME box.example.com.",
            "_submission._tcp.example.com SRV 0 1 587 box.example.com.",
        ] {
            assert!(shown.iter().any(|line| line == expected), "{expected} is not in {shown:#?}");
        }
    }

    #[test]
    fn records_are_sorted_into_their_zones() {
        let zones = zones(&sample().domain, &plan(&sample()));
        let origins: Vec<&str> = zones.iter().map(|zone| zone.origin.as_str()).collect();
        assert_eq!(origins, ["example.com", "2.0.192.in-addr.arpa", "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"]);
        for ip in sample().egress_ips {
            assert!(origins.contains(&reverse_zone(ip).as_str()), "{}", reverse_zone(ip));
        }
    }
}
