//! Where a webhook is posted to: an absolute URL taken apart. RFC 3986, as much of it as HTTP needs.

use std::net::{IpAddr, Ipv6Addr};

use syntax::Domain;

use crate::{Fault, reach::Reach};

/// Longest URL, in octets. Practice: what web servers take in a request line.
const MAX: usize = 2048;

/// A URL that can be posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether it is https.
    pub secure: bool,
    /// Host.
    pub host: Host,
    /// Port.
    pub port: u16,
    /// Path and query, with its leading slash.
    pub path: String,
}

/// A host in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, in its ASCII form.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

impl Target {
    /// Reads `https://host[:port][/path][?query]`; `http://` with the operator's leave alone. What can be refused without a
    /// look at the DNS is refused: an address out of `reach`, `localhost`.
    ///
    /// # Errors
    /// `webhook.bad-url`, `webhook.internal-address`
    pub fn parse(text: &str, http: bool, reach: Reach) -> Result<Self, Fault> {
        let bad = |why: &str| {
            Fault::caller(
                "webhook.bad-url",
                format!("this is no URL for a webhook: {why}; write https://example.com/hook"),
            )
        };
        if text.len() > MAX {
            return Err(bad("it is longer than 2048 octets"));
        }
        if !text.bytes().all(|octet| octet.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&octet)) {
            return Err(bad("it holds a letter that must be written as %xx, or a space"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it does not begin with https://"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" if http => false,
            "http" => return Err(bad("http:// can be read and changed on its way (`webhooks.http` allows it)")),
            _ => return Err(bad("it does not begin with https://")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(bad("it holds a login: the signature proves who posts"));
        }
        let (host, port) = authority_parts(authority).ok_or_else(|| bad("its host or port cannot be read"))?;
        let port = port.unwrap_or(if secure { 443 } else { 80 });
        let host = Host::parse(host).ok_or_else(|| bad("its host is neither a name nor an address"))?;
        host.within(reach)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { secure, host, port, path })
    }

    /// The `Host` header: the port only when it is not the usual one. RFC 9110 §7.2.
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(|ip| Self::Ip(IpAddr::V6(ip)));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return ip.is_ipv4().then_some(Self::Ip(ip));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        // What a system's own functions would read as an address (`0x7f.1`, `2130706433`) is no name here: WHATWG URL §3.5.
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|octet| octet.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X") {
            return None;
        }
        Domain::parse(name).ok().map(|domain| Self::Name(domain.to_string()))
    }

    fn within(&self, reach: Reach) -> Result<(), Fault> {
        let inside = match self {
            Self::Ip(ip) => !reach.allows(*ip),
            // RFC 6761 §6.3
            Self::Name(name) => reach == Reach::Public && (name == "localhost" || name.ends_with(".localhost")),
        };
        if !inside {
            return Ok(());
        }
        Err(internal(&self.to_string()))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// The fault of a host that leads into the network that we stand in.
pub fn internal(host: &str) -> Fault {
    let what = format!("{host} has no address of the public Internet: webhooks are not posted into internal networks");
    Fault::caller("webhook.internal-address", what)
}

fn authority_parts(text: &str) -> Option<(&str, Option<u16>)> {
    let after = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text.get(after..)?.rfind(':') {
        Some(at) => (text.get(..after + at)?, Some(text.get(after + at + 1..)?)),
        None => (text, None),
    };
    match port {
        None | Some("") => Some((host, None)),
        Some(port) if port.bytes().all(|octet| octet.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port != 0).map(|port| (host, Some(port)))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let check = |text: &str, authority: &str, port: u16, path: &str| {
            let target = Target::parse(text, true, Reach::Anywhere).unwrap();
            assert_eq!(
                (target.authority().as_str(), target.port, target.path.as_str()),
                (authority, port, path),
                "{text}"
            );
        };
        check("https://example.com", "example.com", 443, "/");
        check("HTTPS://Example.COM:443/a?b=c#d", "example.com", 443, "/a?b=c");
        check("https://example.com.:8443?x", "example.com:8443", 8443, "/?x");
        check("http://127.0.0.1:8080/hook", "127.0.0.1:8080", 8080, "/hook");
        check("https://[2606:4700::1111]/", "[2606:4700::1111]", 443, "/");
        check("https://[::1]:9443/", "[::1]:9443", 9443, "/");
    }

    #[test]
    fn what_cannot_be_posted_to_is_refused() {
        for text in [
            "",
            "example.com/hook",
            "ftp://example.com/",
            "http://example.com/",
            "https://",
            "https:///hook",
            "https://user:password@example.com/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:+80/",
            "https://exa mple.com/",
            "https://example.com/\r\nx: y",
            "https://example.com/ü",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://[::1/",
            "https://::1/",
        ] {
            let fault = Target::parse(text, false, Reach::Public).unwrap_err();
            assert_eq!(fault.code, "webhook.bad-url", "{text}");
        }
        assert!(Target::parse(&format!("https://example.com/{}", "a".repeat(MAX)), false, Reach::Public).is_err());
    }

    #[test]
    fn an_internal_address_is_refused_at_once() {
        for text in [
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "https://a.localhost:8443/",
        ] {
            let fault = Target::parse(text, false, Reach::Public).unwrap_err();
            assert_eq!(fault.code, "webhook.internal-address", "{text}");
            assert!(Target::parse(text, false, Reach::Anywhere).is_ok(), "{text}");
        }
    }
}
