//! Records and zones, in presentation form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rules::Fault;

/// One resource record. `owner` is a fully qualified, lower-case name without the final dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// Owner name.
    pub owner: String,
    /// Seconds.
    pub ttl: u32,
    /// Type and data.
    #[serde(flatten)]
    pub data: Data,
}

/// Type and data. Names are without the final dot; `.` is the root (null MX).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "UPPERCASE")]
pub enum Data {
    /// A
    A(Ipv4Addr),
    /// AAAA
    Aaaa(Ipv6Addr),
    /// PTR
    Ptr(String),
    /// CNAME
    Cname(String),
    /// NS
    Ns(String),
    /// MX: preference, exchange.
    Mx(u16, String),
    /// TXT: the whole text; split into strings of 255 octets when written to the wire.
    Txt(String),
    /// SRV: priority, weight, port, target.
    Srv(u16, u16, u16, String),
    /// TLSA: usage, selector, matching type, data in lower-case hexadecimal. RFC 6698 §2.1
    Tlsa(u8, u8, u8, String),
    /// SOA: primary server, mailbox of the person responsible, serial. RFC 1035 §3.3.13
    Soa(String, String, u32),
}

/// A zone: its origin (`.` for the root) and its records. SOA and NS are added by the server when absent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Zone {
    /// Origin.
    pub origin: String,
    /// Records.
    pub records: Vec<Record>,
}

/// Longest string of a TXT record. RFC 1035 §3.3.
pub(crate) const TXT_STRING: usize = 255;
/// Longest name without its final dot, in octets. RFC 1035 §2.3.4
const MAX_NAME: usize = 253;
/// Longest label, in octets. RFC 1035 §2.3.4
const MAX_LABEL: usize = 63;

impl Record {
    /// A record; the owner is lower-cased.
    pub fn new(owner: impl AsRef<str>, ttl: u32, data: Data) -> Self {
        Self { owner: owner.as_ref().to_ascii_lowercase(), ttl, data }
    }
}

impl Data {
    /// The address record of an IP.
    pub fn address(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::A(ip),
            IpAddr::V6(ip) => Self::Aaaa(ip),
        }
    }

    /// `A`, `MX`…
    pub fn kind(&self) -> &'static str {
        match self {
            Self::A(_) => "A",
            Self::Aaaa(_) => "AAAA",
            Self::Ptr(_) => "PTR",
            Self::Cname(_) => "CNAME",
            Self::Ns(_) => "NS",
            Self::Mx(..) => "MX",
            Self::Txt(_) => "TXT",
            Self::Srv(..) => "SRV",
            Self::Tlsa(..) => "TLSA",
            Self::Soa(..) => "SOA",
        }
    }

    /// Presentation form, names with their final dot, TXT in quoted strings. RFC 1035 §5.1.
    pub fn rdata(&self) -> String {
        match self {
            Self::A(ip) => ip.to_string(),
            Self::Aaaa(ip) => ip.to_string(),
            Self::Ptr(name) | Self::Cname(name) | Self::Ns(name) => absolute(name),
            Self::Mx(preference, exchange) => format!("{preference} {}", absolute(exchange)),
            Self::Txt(text) => strings(text).iter().map(|one| quoted(one)).collect::<Vec<_>>().join(" "),
            Self::Srv(priority, weight, port, target) => format!("{priority} {weight} {port} {}", absolute(target)),
            Self::Tlsa(usage, selector, matching, data) => format!("{usage} {selector} {matching} {data}"),
            Self::Soa(primary, contact, serial) => {
                format!("{} {} {serial} 7200 3600 1209600 300", absolute(primary), absolute(contact))
            }
        }
    }

    /// Reads [`Data::kind`] and [`Data::rdata`].
    ///
    /// # Errors
    /// `dns.rdata` for a type that is not known here or data that is not of that type.
    pub fn parse(kind: &str, rdata: &str) -> Result<Self, Fault> {
        let fault = || Fault::caller("dns.rdata", format!("`{rdata}` is not the data of a record of type {kind}"));
        let words: Vec<&str> = rdata.split_ascii_whitespace().collect();
        let data = match (kind.to_ascii_uppercase().as_str(), words.as_slice()) {
            ("A", [ip]) => ip.parse().ok().map(Self::A),
            ("AAAA", [ip]) => ip.parse().ok().map(Self::Aaaa),
            ("PTR", [name]) => relative(name).map(Self::Ptr),
            ("CNAME", [name]) => relative(name).map(Self::Cname),
            ("NS", [name]) => relative(name).map(Self::Ns),
            ("MX", [preference, exchange]) => match (preference.parse(), relative(exchange)) {
                (Ok(preference), Some(exchange)) => Some(Self::Mx(preference, exchange)),
                _ => None,
            },
            ("TXT", _) => unquoted(rdata).map(Self::Txt),
            ("SRV", [priority, weight, port, target]) => {
                match (priority.parse(), weight.parse(), port.parse(), relative(target)) {
                    (Ok(priority), Ok(weight), Ok(port), Some(target)) => {
                        Some(Self::Srv(priority, weight, port, target))
                    }
                    _ => None,
                }
            }
            ("TLSA", [usage, selector, matching, data @ ..]) => {
                match (usage.parse(), selector.parse(), matching.parse()) {
                    (Ok(usage), Ok(selector), Ok(matching)) => {
                        hexadecimal(&data.concat()).map(|data| Self::Tlsa(usage, selector, matching, data))
                    }
                    _ => None,
                }
            }
            ("SOA", [primary, contact, serial, _, _, _, _]) => {
                match (relative(primary), relative(contact), serial.parse()) {
                    (Some(primary), Some(contact), Ok(serial)) => Some(Self::Soa(primary, contact, serial)),
                    _ => None,
                }
            }
            _ => None,
        };
        data.ok_or_else(fault)
    }
}

fn hexadecimal(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

/// The character strings of a text: at most 255 octets each, cut between characters.
pub(crate) fn strings(text: &str) -> Vec<String> {
    let mut strings = vec![String::new()];
    for letter in text.chars() {
        if strings.last().is_some_and(|last| last.len() + letter.len_utf8() > TXT_STRING) {
            strings.push(String::new());
        }
        strings.last_mut().into_iter().for_each(|last| last.push(letter));
    }
    strings
}

/// The name with its final dot.
pub(crate) fn absolute(name: &str) -> String {
    if name == "." { String::from(".") } else { format!("{name}.") }
}

/// The name without its final dot; `None` when it is none. `@` stands for the origin in a zone file.
fn relative(name: &str) -> Option<String> {
    let stripped = name.strip_suffix('.').filter(|rest| !matches!(*rest, "" | ".")).unwrap_or(name);
    (name == "@" || is_name(stripped)).then(|| stripped.to_ascii_lowercase())
}

/// Whether it is a name without its final dot, or the root: whole labels of letters that mean nothing else in a zone file.
pub(crate) fn is_name(name: &str) -> bool {
    let is_letter = |octet: u8| octet.is_ascii_graphic() && !br#"";\()@$"#.contains(&octet);
    let is_label = |label: &str| (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(is_letter);
    name == "." || (name.len() <= MAX_NAME && name.split('.').all(is_label))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Quoted strings joined; a text without quotes is taken as it is.
fn unquoted(rdata: &str) -> Option<String> {
    let trimmed = rdata.trim();
    if !trimmed.starts_with('"') {
        return Some(trimmed.to_owned());
    }
    let mut text = String::new();
    let (mut inside, mut letters) = (false, trimmed.chars());
    while let Some(letter) = letters.next() {
        match (letter, inside) {
            ('"', _) => inside = !inside,
            ('\\', true) => text.push(letters.next()?),
            (letter, true) => text.push(letter),
            (letter, false) if letter.is_whitespace() => {}
            _ => return None,
        }
    }
    (!inside).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_written_and_read_again() {
        let long = format!("v=DKIM1; p={} \"quoted\" \\", "x".repeat(400));
        for data in [
            Data::A([192, 0, 2, 1].into()),
            Data::Aaaa("2001:db8::1".parse().unwrap()),
            Data::Ptr("box.example.com".into()),
            Data::Mx(10, "box.example.com".into()),
            Data::Mx(0, ".".into()),
            Data::Txt(long),
            Data::Txt(String::new()),
            Data::Srv(0, 1, 587, "box.example.com".into()),
        ] {
            assert_eq!(Data::parse(data.kind(), &data.rdata()).unwrap(), data);
        }
    }

    #[test]
    fn data_of_another_type_is_refused() {
        for (kind, rdata) in [("A", "box"), ("MX", "box"), ("LOC", "1"), ("TXT", "\"open"), ("SRV", "1 2 x y")] {
            assert!(Data::parse(kind, rdata).is_err(), "{kind} {rdata}");
        }
    }
}
