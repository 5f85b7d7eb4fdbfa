//! Reverse DNS of an IP, both ways, and whether its name is one that a provider gives to every customer.

use std::net::IpAddr;

use dns::Found;
use syntax::Domain;

use crate::{Checks, Finding, Kind};

const CONFIRMED: Kind =
    Kind::outbound("ptr.confirmed", "ptr", "RFC 1912 §2.1; Gmail, Yahoo, Microsoft and Apple ask for it");
const MISSING: Kind =
    Kind::outbound("ptr.missing", "ptr", "RFC 1912 §2.1; Gmail, Yahoo, Microsoft and Apple ask for it");
const GENERIC: Kind =
    Kind::outbound("ptr.generic", "ptr", "Yahoo, 2025-04: a name that is not generic; M3AAWG, names for mail servers");
const SEVERAL: Kind = Kind::outbound("ptr.several", "ptr", "RFC 1912 §2.1");

pub(crate) const KINDS: &[&Kind] = &[&CONFIRMED, &MISSING, &GENERIC, &SEVERAL];

/// Names of one IP that are looked up in turn.
const MAX_NAMES: usize = 5;
/// Words that providers put into the names of addresses that they hand out.
const GENERIC_WORDS: &[&str] = &[
    "dynamic",
    "dyn",
    "dhcp",
    "pool",
    "ppp",
    "pppoe",
    "dsl",
    "adsl",
    "vdsl",
    "cable",
    "dialup",
    "dial",
    "broadband",
    "customer",
    "cust",
    "client",
    "unassigned",
    "unused",
    "generic",
    "user",
    "vps",
    "cloud",
    "compute",
    "ip",
    "host",
    "static",
    "clients",
    "customers",
    "dip",
];

impl Checks {
    /// Whether the IP has a name that leads back to it.
    pub async fn ptr(&self, ip: IpAddr) -> Vec<Finding> {
        let names = match self.resolver.ptr(ip).await {
            Ok(Found::Records(names)) => names,
            Ok(_) => return vec![MISSING.bad(format!("{ip} has no PTR record"))],
            Err(fault) => return vec![CONFIRMED.unknown(&fault)],
        };
        let mut findings = Vec::new();
        if names.len() > 1 {
            let finding = SEVERAL.warn(format!("{ip} has {} names: receivers may look at any one", names.len()));
            findings.push(names.iter().take(MAX_NAMES).fold(finding, |finding, name| finding.with("PTR", name)));
        }
        findings.insert(0, self.confirmed(ip, &names).await);
        if let Some(why) = names.first().and_then(|name| generic(name, ip)) {
            let name = names.first().map(String::as_str).unwrap_or_default();
            findings.push(
                GENERIC.warn(format!("the name of {ip} looks like one that a provider gives out: {name}, {why}")),
            );
        }
        findings
    }

    async fn confirmed(&self, ip: IpAddr, names: &[String]) -> Finding {
        let mut seen = Vec::new();
        for name in names.iter().take(MAX_NAMES) {
            let addresses = match self.resolver.addresses(name).await {
                Ok(found) => found.records(),
                Err(fault) => return CONFIRMED.unknown(&fault),
            };
            if addresses.contains(&ip) {
                return CONFIRMED.ok(format!("{ip} is {name}, which leads back to it"));
            }
            let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            seen.push((name, if shown.is_empty() { String::from("no address") } else { shown.join(", ") }));
        }
        let finding = CONFIRMED.bad(format!("{ip} is {}, which does not lead back to it", names.join(", ")));
        let finding = seen.into_iter().fold(finding, |finding, (name, addresses)| finding.with(name, addresses));
        let record = names.first().map(|name| format!("{name}. {} {ip}", if ip.is_ipv4() { "A" } else { "AAAA" }));
        record.into_iter().fold(finding, Finding::record)
    }
}

/// Why a name looks as if it were made from its address; `None` when it does not.
pub(crate) fn generic(name: &str, ip: IpAddr) -> Option<String> {
    let host = match Domain::parse(name).ok().and_then(|domain| domain.registrable()) {
        // The provider's own domain may have any words.
        Some(registered) => {
            name.strip_suffix(registered.as_str()).unwrap_or(name).trim_end_matches('.').to_ascii_lowercase()
        }
        None => name.to_ascii_lowercase(),
    };
    if holds_address(&host, ip) {
        return Some(String::from("it is made from the address"));
    }
    let words: Vec<&str> =
        host.split(['.', '-', '_']).map(|word| word.trim_end_matches(|one: char| one.is_ascii_digit())).collect();
    let numbered = host.bytes().any(|octet| octet.is_ascii_digit());
    let word = words.into_iter().find(|word| GENERIC_WORDS.contains(word))?;
    numbered.then(|| format!("with the word `{word}` and a number"))
}

fn holds_address(host: &str, ip: IpAddr) -> bool {
    let IpAddr::V4(ip) = ip else {
        let IpAddr::V6(ip) = ip else { return false };
        let nibbles: String = ip.segments().iter().map(|segment| format!("{segment:04x}")).collect();
        let plain: String = host.chars().filter(char::is_ascii_hexdigit).collect();
        return nibbles.get(16..).is_some_and(|end| plain.contains(end));
    };
    let numbers: Vec<u32> = host
        .split(|one: char| !one.is_ascii_digit())
        .filter(|one| !one.is_empty())
        .filter_map(|one| one.parse().ok())
        .collect();
    let octets: Vec<u32> = ip.octets().iter().map(|octet| u32::from(*octet)).collect();
    let reversed: Vec<u32> = octets.iter().rev().copied().collect();
    let holds = |wanted: &[u32]| numbers.windows(wanted.len()).any(|window| window == wanted);
    let hex: String = ip.octets().iter().map(|octet| format!("{octet:02x}")).collect();
    // Two octets in a row are coincidence, three are not.
    holds(&octets)
        || holds(&reversed)
        || octets.get(1..).is_some_and(holds)
        || reversed.get(..3).is_some_and(holds)
        || host.contains(&hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, ip: &str, expect: bool) {
        assert_eq!(generic(name, ip.parse().unwrap()).is_some(), expect, "{name} of {ip}");
    }

    #[test]
    fn names_made_from_addresses_are_known() {
        check("203-0-113-9.isp.example", "203.0.113.9", true);
        check("9.113.0.203.in.isp.example", "203.0.113.9", true);
        check("cb007109.isp.example", "203.0.113.9", true);
        check("dyn-113-0-9.isp.example", "203.0.113.9", true);
        check("vps1234.hoster.example", "203.0.113.9", true);
        check("static12.isp.example", "203.0.113.9", true);
        check("2001-db8-0-1-0-0-0-9.isp.example", "2001:db8:0:1::9", false);
        check("20010db8000000010000000000000009.isp.example", "2001:db8:0:1::9", true);
    }

    #[test]
    fn names_of_mail_servers_are_not() {
        for name in
            ["mail.acme.example", "mx1.acme.example", "mta-7.acme.example", "out3.static.example", "a203.acme.example"]
        {
            check(name, "203.0.113.9", false);
        }
    }
}
