//! The blocklist zones as data: `catalogue/blocklists.toml`. What an answer means stands there, never in code; the rules
//! that hold for every list (RFC 5782) are in `check`.

#[cfg(test)]
mod tests;

use std::{net::Ipv4Addr, sync::OnceLock};

/// A zone that is asked about IPs or domains.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocklist {
    /// The zone, as it is asked: `zen.spamhaus.org`, or `{key}.zen.dq.spamhaus.net`.
    zone: String,
    /// Its name, for people.
    pub name: String,
    /// What it takes.
    pub kinds: Vec<Listed>,
    /// How much a listing matters.
    pub weight: Weight,
    /// The name of the key that it needs: a key of `blocklist.keys` in the configuration.
    #[serde(default)]
    pub key: Option<String>,
    /// The zone whose data hold all of this one's: it is not counted again.
    #[serde(default)]
    pub part_of: Option<String>,
    /// The public zone that is not asked when this one's key is there.
    #[serde(default)]
    pub replaces: Option<String>,
    /// What it answers to resolvers that many share.
    #[serde(default)]
    pub public_resolvers: Policy,
    /// Whether it is in operation.
    pub status: Status,
    /// When that was so, `2025-01-17`; for a dead one its end, or when it was known to be dead. To the month or year where no
    /// more is known: `2026-11`, `2013`.
    pub date: String,
    /// Who says so.
    pub source: String,
    /// Where a listing is looked up and removed.
    #[serde(default)]
    pub delist: Option<String>,
    /// What must be stopped before removal is asked for.
    #[serde(default)]
    pub first: Option<String>,
    /// What is known of it beside.
    #[serde(default)]
    pub note: Option<String>,
    /// A domain list that holds registered domains only: sub-domains are asked by their parents.
    #[serde(default)]
    pub registered_only: bool,
    /// What is always listed, when it is not what RFC 5782 §5 says; empty: nothing is known to be.
    #[serde(default)]
    test_listed: Option<String>,
    /// What is never listed, when it is not what RFC 5782 §5 says; empty: nothing is known to be.
    #[serde(default)]
    test_clear: Option<String>,
    /// What its answers mean; several may hold at once where the last octet is a sum of bits.
    #[serde(default)]
    pub codes: Vec<ReturnCode>,
}

/// What a zone takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// IPv4 addresses, by their octets in reverse. RFC 5782 §2.1.
    Ipv4,
    /// IPv6 addresses, by their nibbles in reverse. RFC 5782 §2.4.
    Ipv6,
    /// Domains. RFC 5782 §2.3.
    Domain,
}

impl Listed {
    /// Its name: `ipv4`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Domain => "domain",
        }
    }
}

/// How much a listing matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Large receivers refuse by it.
    Major,
    /// Some receivers use it, mostly to add to a score.
    Minor,
    /// Told for completeness: a scale, a whole network, or not about mail.
    Info,
    /// A white list: being on it is good.
    White,
}

impl Weight {
    /// Its name: `major`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Info => "info",
            Self::White => "white",
        }
    }
}

/// What a zone answers to resolvers that many share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The same as to everyone.
    Answered,
    /// An error, or nothing.
    Refused,
    /// Only resolvers that registered get an answer.
    Registered,
    /// Not known.
    #[default]
    Unknown,
}

impl Policy {
    /// Its name: `refused`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Registered => "registered",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a zone is in operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In operation at that date, by that source.
    Live,
    /// No source was read that says so; its test points decide each time.
    Unproven,
    /// Closed: not asked, and never believed.
    Dead,
}

impl Status {
    /// Its name: `live`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Unproven => "unproven",
            Self::Dead => "dead",
        }
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnCode {
    /// Which answers.
    pub code: Code,
    /// In words, without a full stop.
    pub meaning: String,
    /// How much it matters, when it is not what the zone's weight says.
    #[serde(default)]
    pub means: Option<Means>,
}

/// How much an answer matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// Mail is refused for it.
    Bad,
    /// Some receivers count it.
    Minor,
    /// No matter.
    Info,
    /// Good news.
    Good,
    /// No answer about what was asked: the list refuses.
    Refused,
}

/// `127.0.0.2`, `127.0.1.102-106` (a range), `127.0.*.3` (any), `127.0.0.&8` (that bit is set).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code {
    text: String,
    octets: [Octet; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Octet {
    Range(u8, u8),
    Bit(u8),
}

impl Octet {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Range(0, 255));
        }
        if let Some(bit) = text.strip_prefix('&') {
            return bit.parse().ok().filter(|bit: &u8| bit.is_power_of_two()).map(Self::Bit);
        }
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let (low, high) = (low.parse().ok()?, high.parse().ok()?);
        (low <= high).then_some(Self::Range(low, high))
    }

    fn holds(self, octet: u8) -> bool {
        match self {
            Self::Range(low, high) => (low..=high).contains(&octet),
            Self::Bit(bit) => octet & bit != 0,
        }
    }
}

impl Code {
    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        let octets: Vec<Octet> = text.split('.').map(Octet::parse).collect::<Option<_>>()?;
        Some(Self { text: text.to_owned(), octets: octets.try_into().ok()? })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether that answer is one of them.
    pub fn holds(&self, answer: Ipv4Addr) -> bool {
        self.octets.iter().zip(answer.octets()).all(|(octet, is)| octet.holds(is))
    }
}

impl TryFrom<String> for Code {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no return code, as 127.0.0.2, 127.0.1.4-6 or 127.0.0.&8"))
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.text
    }
}

impl Blocklist {
    /// The zone without its key: unique, and safe to show.
    pub fn zone(&self) -> &str {
        self.zone.strip_prefix("{key}.").unwrap_or(&self.zone)
    }

    /// The zone to ask, with that key where one is needed; nothing when it is needed and not there.
    pub fn asked(&self, key: Option<&str>) -> Option<String> {
        match &self.key {
            None => Some(self.zone.clone()),
            Some(_) => key.map(|key| format!("{key}.{}", self.zone())),
        }
    }

    /// Whether it takes that.
    pub fn takes(&self, kind: Listed) -> bool {
        self.kinds.contains(&kind)
    }

    /// The labels that are always listed, and those that never are. One pair proves the zone, whatever it takes beside.
    /// RFC 5782 §5.
    pub fn test_points(&self) -> (Option<&str>, Option<&str>) {
        let (listed, clear) = match (self.takes(Listed::Ipv4), self.takes(Listed::Ipv6)) {
            (true, _) => ("2.0.0.127", "1.0.0.127"),
            (false, true) => (MAPPED_LISTED, MAPPED_CLEAR),
            (false, false) => ("test", "invalid"),
        };
        (point(listed, self.test_listed.as_deref()), point(clear, self.test_clear.as_deref()))
    }

    /// What that answer means; several where the octet is a sum of bits, none where nobody has said.
    pub fn meanings(&self, answer: Ipv4Addr) -> Vec<&ReturnCode> {
        self.codes.iter().filter(|code| code.code.holds(answer)).collect()
    }
}

/// `::FFFF:7F00:2` and `::FFFF:7F00:1` in nibbles. RFC 5782 §5.
const MAPPED_LISTED: &str = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";
const MAPPED_CLEAR: &str = "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";

/// What the zone says of a test point, else what the RFC says.
fn point<'p>(standard: &'p str, own: Option<&'p str>) -> Option<&'p str> {
    Some(own.unwrap_or(standard)).filter(|label| !label.is_empty())
}

impl ReturnCode {
    /// How much it matters in a zone of that weight.
    pub fn means(&self, weight: Weight) -> Means {
        self.means.unwrap_or(match weight {
            Weight::Major => Means::Bad,
            Weight::Minor => Means::Minor,
            Weight::Info => Means::Info,
            Weight::White => Means::Good,
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    blocklist: Vec<Blocklist>,
}

/// Every zone, the ones that matter most first.
pub fn blocklists() -> &'static [Blocklist] {
    static LISTS: OnceLock<Vec<Blocklist>> = OnceLock::new();
    // The tests keep the file readable.
    LISTS.get_or_init(|| {
        let read = toml::from_str(include_str!("../catalogue/blocklists.toml"));
        read.map_or_else(|_| Vec::new(), |file: File| file.blocklist)
    })
}

/// The zone of that name, with or without its `{key}.`; a final dot is no matter.
pub fn blocklist(zone: &str) -> Option<&'static Blocklist> {
    let zone = zone.strip_suffix('.').unwrap_or(zone).to_ascii_lowercase();
    blocklists().iter().find(|list| list.zone() == zone)
}
