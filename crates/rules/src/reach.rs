//! Which addresses a tool may reach. A public page that dials what a stranger names must not become a door into the
//! network that it stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a tool may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Only addresses of the public Internet: for tools that strangers use.
    #[default]
    Public,
    /// Every address: for the operator's own command line, the lab and tests.
    Anywhere,
}

impl Reach {
    /// Whether that address may be dialled.
    pub fn allows(self, ip: IpAddr) -> bool {
        self == Self::Anywhere || is_public(ip)
    }
}

/// Whether an address is of the public Internet: globally reachable unicast. IANA iana-ipv4-special-registry and
/// iana-ipv6-special-registry; addresses that carry an IPv4 address are judged by it.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, link-local, private, private.
        (0 | 10 | 127, ..) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Shared between a provider and its customers (RFC 6598), protocol assignments, documentation (RFC 5737).
        (100, 64..=127, _) | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) => true,
        // 6to4 relay (RFC 7526), benchmarks (RFC 2544), multicast and reserved.
        (192, 88, 99) | (198, 18 | 19, _) | (224.., ..) => true,
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inner) = ip.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match ip.segments() {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo, ORCHID, documentation (RFC 3849, RFC 9637) within or beside 2000::/3.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, public: bool) {
        let ip: IpAddr = text.parse().unwrap();
        assert_eq!(is_public(ip), public, "{text}");
        assert_eq!(Reach::Public.allows(ip), public, "{text}");
        assert!(Reach::Anywhere.allows(ip));
    }

    #[test]
    fn the_public_internet_may_be_reached() {
        for text in
            ["8.8.8.8", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2001:200::1", "64:ff9b::808:808"]
        {
            check(text, true);
        }
    }

    #[test]
    fn what_is_private_local_or_reserved_may_not() {
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "::127.0.0.1",
            "2001::1",
        ] {
            check(text, false);
        }
    }
}
