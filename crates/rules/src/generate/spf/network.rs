//! IPs and networks of both families, as SPF writes them. RFC 7208 §5.6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest prefix that lets in more than one sender can own, IPv4.
const WIDE_V4: u8 = 15;
/// The same for IPv6.
const WIDE_V6: u8 = 31;

/// A network; an IP is one of full length. Host bits are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// First address. IPv4 sorts before IPv6.
    start: IpAddr,
    /// Length of the prefix, in bits.
    length: u8,
}

impl Network {
    /// Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`, with or without `ip4:` or `ip6:`; host bits are dropped.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix("ip4:").or_else(|| text.strip_prefix("ip6:")).unwrap_or(text);
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let ip: IpAddr = address.parse().map_err(|_| format!("`{address}` is no IP"))?;
        let full = bits(ip);
        let length = match length {
            None => full,
            Some(digits) => {
                let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
                let length = digits.parse::<u8>().ok().filter(|length| plain && *length <= full);
                length.ok_or_else(|| format!("`/{digits}` is no prefix length from 0 to {full}"))?
            }
        };
        Ok(Self::new(ip, length))
    }

    fn new(ip: IpAddr, length: u8) -> Self {
        let start = number(ip) & mask(bits(ip), length);
        Self { start: address(start, ip.is_ipv4()), length }
    }

    /// `ip4:192.0.2.0/24`; without a length for a single IP.
    pub fn term(&self) -> String {
        let family = if self.start.is_ipv4() { "ip4" } else { "ip6" };
        let length = if self.length == bits(self.start) { String::new() } else { format!("/{}", self.length) };
        format!("{family}:{}{length}", self.start)
    }

    pub(super) fn means(&self) -> String {
        if self.length == bits(self.start) {
            format!("the IP {}", self.start)
        } else {
            format!("the network {}/{}", self.start, self.length)
        }
    }

    /// What is odd about it.
    pub(super) fn beware(&self) -> Option<String> {
        let term = self.term();
        let wide = if self.start.is_ipv4() { WIDE_V4 } else { WIDE_V6 };
        if self.length <= wide {
            return Some(format!(
                "`{term}` lets in far more than one sender owns: Gmail answers 5.7.24 to such entries"
            ));
        }
        let inner = match self.start {
            IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        inner.then(|| format!("`{term}` is a private address, which no receiver ever sees"))
    }

    /// Whether `other` lies within.
    pub fn contains(&self, other: &Self) -> bool {
        self.start.is_ipv4() == other.start.is_ipv4()
            && self.length <= other.length
            && Self::new(other.start, self.length) == *self
    }

    /// The network of which both are the halves.
    fn joined(&self, other: &Self) -> Option<Self> {
        let shorter = self.length.checked_sub(1).filter(|_| self.length == other.length && self != other)?;
        let parent = Self::new(self.start, shorter);
        parent.contains(other).then_some(parent)
    }

    /// The fewest networks that hold the same addresses, in order.
    pub fn fewest(mut networks: Vec<Self>) -> Vec<Self> {
        networks.sort();
        let mut kept: Vec<Self> = Vec::new();
        for mut network in networks {
            if kept.last().is_some_and(|last| last.contains(&network)) {
                continue;
            }
            // Two halves make a whole, which may be half of another.
            while let Some(whole) = kept.last().and_then(|last| last.joined(&network)) {
                kept.pop();
                network = whole;
            }
            kept.push(network);
        }
        kept
    }
}

fn bits(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn address(number: u128, v4: bool) -> IpAddr {
    match u32::try_from(number) {
        Ok(number) if v4 => IpAddr::V4(Ipv4Addr::from(number)),
        _ => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

/// Ones for the prefix, in the low `full` bits.
fn mask(full: u8, length: u8) -> u128 {
    let host = u32::from(full - length);
    u128::MAX.checked_shl(host).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_as_spf_has_them() {
        for (text, expect) in [
            ("192.0.2.1", "ip4:192.0.2.1"),
            ("192.0.2.77/24", "ip4:192.0.2.0/24"),
            ("ip4:192.0.2.1/32", "ip4:192.0.2.1"),
            ("2001:DB8::1", "ip6:2001:db8::1"),
            ("2001:db8:1::/32", "ip6:2001:db8::/32"),
            ("0.0.0.0/0", "ip4:0.0.0.0/0"),
            ("::/0", "ip6:::/0"),
        ] {
            assert_eq!(Network::parse(text).unwrap().term(), expect);
        }
        for text in
            ["192.0.2.300", "192.0.2.1/33", "::1/129", "192.0.2.1/", "192.0.2.1/-1", "192.0.2.1/+8", "", "example.com"]
        {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_fewest_hold_the_same_addresses() {
        let fewest = |list: &[&str]| -> Vec<String> {
            Network::fewest(list.iter().map(|text| Network::parse(text).unwrap()).collect())
                .iter()
                .map(Network::term)
                .collect()
        };
        assert_eq!(fewest(&["192.0.2.128/25", "192.0.2.0/25"]), ["ip4:192.0.2.0/24"]);
        assert_eq!(fewest(&["192.0.2.0/25", "192.0.2.128/26", "192.0.2.192/26", "192.0.3.0/24"]), ["ip4:192.0.2.0/23"]);
        assert_eq!(fewest(&["192.0.2.9", "192.0.2.0/24", "192.0.2.9"]), ["ip4:192.0.2.0/24"]);
        // Neighbours that are no halves of one whole stay two.
        assert_eq!(fewest(&["192.0.3.0/24", "192.0.4.0/24"]), ["ip4:192.0.3.0/24", "ip4:192.0.4.0/24"]);
        assert_eq!(fewest(&["::1", "0.0.0.1"]), ["ip4:0.0.0.1", "ip6:::1"]);
        assert_eq!(fewest(&["0.0.0.0/1", "128.0.0.0/1"]), ["ip4:0.0.0.0/0"]);
    }

    proptest::proptest! {
        #[test]
        fn every_address_is_in_the_fewest_just_when_it_was_in_one(
            parts in proptest::collection::vec((0_u8..4, 0_u8..=255, 22_u8..=32), 0..24), probe in 0_u32..1024,
        ) {
            let networks: Vec<Network> = parts.iter()
                .map(|(third, last, length)| Network::new(IpAddr::V4(Ipv4Addr::new(192, 0, *third, *last)), *length)).collect();
            let probe = Network::new(address(u128::from(0xc000_0000_u32 + probe), true), 32);
            let fewest = Network::fewest(networks.clone());
            let within = |list: &[Network]| list.iter().any(|one| one.contains(&probe));
            proptest::prop_assert_eq!(within(&networks), within(&fewest));
            proptest::prop_assert!(fewest.len() <= networks.len());
        }
    }
}
