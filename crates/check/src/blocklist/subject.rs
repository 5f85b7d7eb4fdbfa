//! What is asked about, and how its name is made.

use std::net::IpAddr;

use reference::{Blocklist, Listed};
use rules::{Fault, reach::Reach};
use syntax::{Address, Domain};

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An IP that sends.
    Ip(IpAddr),
    /// A domain, in From, in the envelope or in a link.
    Domain(Domain),
    /// An address: its domain is asked about. The local part is never sent anywhere.
    Address(Address),
}

impl Subject {
    /// Reads an IP (also in brackets), a domain (also with a final dot or in its own script) or an address.
    ///
    /// # Errors
    /// `blocklist.malformed`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let fault =
            |why: &str| Fault::caller("blocklist.malformed", format!("`{text}` is no IP, domain or address: {why}"));
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let bare = if bare.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("ipv6:")) { &bare[5..] } else { bare };
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::ip(ip));
        }
        if text.contains('@') {
            let address = Address::parse(text).map_err(|malformed| fault(&malformed.to_string()))?;
            whole(address.domain()).map_err(|why| fault(&why))?;
            return Ok(Self::Address(address));
        }
        if text.contains("://") {
            return Err(fault("it is a URL; name the domain in it"));
        }
        if text.contains('/') {
            return Err(fault("networks and paths cannot be asked about; name one IP or domain"));
        }
        let domain = Domain::parse(text).map_err(|malformed| fault(&malformed.to_string()))?;
        whole(&domain).map_err(|why| fault(&why))?;
        Ok(Self::Domain(domain))
    }

    /// An IP; an IPv4 address in its IPv6 dress is the IPv4 address.
    pub fn ip(ip: IpAddr) -> Self {
        Self::Ip(ip.to_canonical())
    }

    /// `ip`, `domain` or `address`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ip(_) => "ip",
            Self::Domain(_) => "domain",
            Self::Address(_) => "address",
        }
    }

    /// The IP or domain that is asked about.
    pub fn name(&self) -> String {
        match self {
            Self::Ip(ip) => ip.to_string(),
            Self::Domain(domain) => domain.to_string(),
            Self::Address(address) => address.domain().to_string(),
        }
    }

    /// What lists must take to be asked.
    pub fn listed(&self) -> Listed {
        match self {
            Self::Ip(IpAddr::V4(_)) => Listed::Ipv4,
            Self::Ip(IpAddr::V6(_)) => Listed::Ipv6,
            Self::Domain(_) | Self::Address(_) => Listed::Domain,
        }
    }

    /// Refuses what no public list can know: addresses that are private, local or reserved.
    ///
    /// # Errors
    /// `blocklist.not-public`
    pub fn within(&self, reach: Reach) -> Result<(), Fault> {
        match self {
            Self::Ip(ip) if !reach.allows(*ip) => Err(Fault::caller(
                "blocklist.not-public",
                format!(
                    "{ip} is private, local or reserved: no list says anything about it; name the public IP that sends"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// The labels that stand before the zone; several where a list holds registered domains only, and which of the parents
    /// is registered is not known.
    pub(super) fn labels(&self, list: &Blocklist) -> Vec<String> {
        match self {
            Self::Ip(ip) => vec![reversed(*ip)],
            Self::Domain(domain) => named(domain, list),
            Self::Address(address) => named(address.domain(), list),
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Domain(domain) => domain.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A domain that can be registered: two labels, and the last no number (`300.1.2.3` is a mistyped IP).
fn whole(domain: &Domain) -> Result<(), String> {
    let labels: Vec<&str> = domain.as_str().split('.').collect();
    if labels.last().is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit())) {
        return Err(String::from("it looks like an IP, and is none"));
    }
    if labels.len() < 2 { Err(String::from("a domain has at least two labels, as example.com")) } else { Ok(()) }
}

/// `1.2.0.192`, or 32 nibbles. RFC 5782 §2.1, §2.4.
fn reversed(ip: IpAddr) -> String {
    let name = dns::reverse_name(ip);
    name.trim_end_matches(".in-addr.arpa").trim_end_matches(".ip6.arpa").to_owned()
}

/// As it is; for lists of registered domains its last two and its last three labels, as SURBL and URIBL tell their users
/// to ask where they know no list of public suffixes.
fn named(domain: &Domain, list: &Blocklist) -> Vec<String> {
    if !list.registered_only {
        return vec![domain.to_string()];
    }
    let labels: Vec<&str> = domain.as_str().split('.').collect();
    let last = |count: usize| labels.get(labels.len().checked_sub(count)?..).map(|labels| labels.join("."));
    [last(2), last(3)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&str, &str>) {
        let found = Subject::parse(text);
        match expect {
            Ok(shown) => assert_eq!(found.unwrap().to_string(), shown, "{text}"),
            Err(why) => {
                let fault = found.unwrap_err();
                assert!(fault.code == "blocklist.malformed" && fault.to_string().contains(why), "{text}: {fault}");
            }
        }
    }

    #[test]
    fn ips_domains_and_addresses_are_read_in_every_dress() {
        check(" 192.0.2.1 ", Ok("192.0.2.1"));
        check("[192.0.2.1]", Ok("192.0.2.1"));
        check("[IPv6:2001:db8::1]", Ok("2001:db8::1"));
        check("::ffff:192.0.2.1", Ok("192.0.2.1"));
        check("Example.COM.", Ok("example.com"));
        check("bücher.example", Ok("xn--bcher-kva.example"));
        check("ann@example.com", Ok("ann@example.com"));
    }

    #[test]
    fn what_cannot_be_asked_about_is_told() {
        check("", Err("no IP, domain or address"));
        check("300.1.2.3", Err("looks like an IP"));
        check("192.0.2.0/24", Err("name one IP"));
        check("https://example.com/x", Err("name the domain"));
        check("localhost", Err("at least two labels"));
        check("a b.com", Err("no IP, domain or address"));
        check("ann@localhost", Err("at least two labels"));
        check("ipv6é", Err("at least two labels"));
    }

    #[test]
    fn only_public_ips_are_asked_about_where_strangers_ask() {
        for text in ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fe80::1", "::ffff:10.0.0.1"] {
            let subject = Subject::parse(text).unwrap();
            assert_eq!(subject.within(Reach::Public).unwrap_err().code, "blocklist.not-public", "{text}");
            assert!(subject.within(Reach::Anywhere).is_ok());
        }
        assert!(Subject::parse("8.8.8.8").unwrap().within(Reach::Public).is_ok());
    }

    #[test]
    fn names_are_made_as_each_list_wants_them() {
        let labels = |text: &str, zone: &str| Subject::parse(text).unwrap().labels(reference::blocklist(zone).unwrap());
        assert_eq!(labels("192.0.2.1", "zen.spamhaus.org"), ["1.2.0.192"]);
        let nibbles = format!("1.{}8.b.d.0.1.0.0.2", "0.".repeat(23));
        assert_eq!(labels("2001:db8::1", "zen.spamhaus.org"), [nibbles]);
        assert_eq!(labels("www.a.example.co.uk", "dbl.spamhaus.org"), ["www.a.example.co.uk"]);
        assert_eq!(labels("www.a.example.co.uk", "multi.surbl.org"), ["co.uk", "example.co.uk"]);
        assert_eq!(labels("ann@example.com", "multi.surbl.org"), ["example.com"]);
    }
}
