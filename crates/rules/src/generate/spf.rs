//! The SPF record of a domain, from the senders in use. RFC 7208.

mod flat;
mod network;
mod term;

use std::collections::BTreeMap;

use reference::Sender;
use syntax::Domain;
use term::Term;

use super::{COMFORTABLE, Generated, TxtRecord, tell_idn};
use crate::Fault;

pub use flat::{Flat, Kept, pack};
pub use network::Network;

/// Terms that may cause look-ups. RFC 7208 §4.6.4.
pub const MAX_LOOKUPS: u32 = 10;

/// Somebody who sends for the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A service of the catalogue.
    Service(&'static Sender),
    /// Whoever another domain's record lets send.
    Include(Domain),
    /// An IP or a network.
    Network(Network),
    /// The addresses of a name; of the domain itself without one.
    Addresses(Option<Domain>),
    /// The addresses of a domain's mail hosts; of the domain's own without one.
    MailHosts(Option<Domain>),
}

impl Source {
    /// Reads `google`, `include:spf.example.net`, `spf.example.net`, `192.0.2.0/24`, `ip6:2001:db8::1`, `a`, `mx:example.net`.
    ///
    /// # Errors
    /// `generate.spf-source`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let (word, rest) = match text.split_once(':') {
            Some((word, rest)) if !word.contains('.') => (word.to_ascii_lowercase(), rest),
            _ => (String::new(), text),
        };
        let name = |rest: &str| super::domain(rest).map_err(|inner| unknown(text, &inner.to_string()));
        match (word.as_str(), rest.to_ascii_lowercase().as_str()) {
            ("", "a") => return Ok(Self::Addresses(None)),
            ("", "mx") => return Ok(Self::MailHosts(None)),
            ("include", _) => return name(rest).map(Self::Include),
            ("a", _) => return name(rest).map(|name| Self::Addresses(Some(name))),
            ("mx", _) => return name(rest).map(|name| Self::MailHosts(Some(name))),
            ("ip4" | "ip6", _) => return Network::parse(rest).map(Self::Network).map_err(|why| unknown(text, &why)),
            ("ptr" | "exists" | "redirect" | "exp", _) | ("", "ptr" | "all") => {
                return Err(unknown(
                    text,
                    "this term is not made here: `all` is --end, the others let in more than they seem to",
                ));
            }
            _ => {}
        }
        if let Some(sender) = reference::sender(text) {
            return Ok(Self::Service(sender));
        }
        let is_network = text.contains('/') || text.parse::<std::net::IpAddr>().is_ok();
        if is_network {
            return Network::parse(text).map(Self::Network).map_err(|why| unknown(text, &why));
        }
        if text.contains('.') { name(text).map(Self::Include) } else { Err(unknown(text, &nearest(text))) }
    }
}

fn unknown(text: &str, why: &str) -> Fault {
    Fault::caller("generate.spf-source", format!("`{text}` is no sender: {why}"))
}

fn nearest(text: &str) -> String {
    let start: String = text.chars().take(3).collect::<String>().to_ascii_lowercase();
    let alike: Vec<&str> = reference::senders()
        .iter()
        .map(|one| one.id.as_str())
        .filter(|id| !start.is_empty() && id.starts_with(&start))
        .collect();
    let hint = if alike.is_empty() { String::new() } else { format!(" (is it {}?)", alike.join(", ")) };
    format!(
        "it is in no catalogue{hint}; name its include: domain, an IP or a network. `coldrelay generate spf --list` shows the catalogue"
    )
}

/// What happens to mail from elsewhere: `all` at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// `-all`: it fails.
    #[default]
    Fail,
    /// `~all`: it fails softly.
    Soft,
    /// `?all`: nothing is said of it.
    Neutral,
}

impl End {
    /// The term.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "-all",
            Self::Soft => "~all",
            Self::Neutral => "?all",
        }
    }

    fn means(self) -> &'static str {
        match self {
            Self::Fail => "mail from anywhere else fails",
            Self::Soft => "mail from anywhere else fails softly: mostly taken, and suspicious",
            Self::Neutral => "nothing is said of mail from anywhere else: the record protects nothing",
        }
    }

    /// Reads `fail`, `-all`, `soft`, `~all`, `neutral`, `?all`.
    ///
    /// # Errors
    /// `generate.spf-end`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match text.trim().to_ascii_lowercase().as_str() {
            "fail" | "-all" | "-" => Ok(Self::Fail),
            "soft" | "softfail" | "~all" | "~" => Ok(Self::Soft),
            "neutral" | "?all" | "?" => Ok(Self::Neutral),
            "pass" | "+all" | "+" | "all" => {
                Err(Fault::caller("generate.spf-end", "`+all` lets everybody send as the domain: use fail or soft"))
            }
            _ => Err(Fault::caller("generate.spf-end", format!("`{text}` is no end: use fail, soft or neutral"))),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spf {
    /// The domain in the envelope sender.
    pub domain: Domain,
    /// Who sends for it.
    pub sources: Vec<Source>,
    /// What happens to mail from elsewhere.
    pub end: End,
}

/// What one term costs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cost {
    /// The term.
    pub term: String,
    /// Look-ups that it needs, with all that it leads to.
    pub lookups: u32,
    /// How that is known.
    pub known: Known,
}

/// How a number of look-ups is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// By the standard alone.
    Exactly,
    /// Asked for in the DNS just now.
    Measured,
    /// From the catalogue, not measured.
    Catalogue,
    /// Nothing is known: at least one.
    AtLeast,
}

/// A record with its price.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SpfMade {
    /// What to publish.
    #[serde(flatten)]
    pub made: Generated,
    /// Look-ups in all, of ten.
    pub lookups: u32,
    /// Whether every number was measured or is exact.
    pub exact: bool,
    /// What each term costs.
    pub costs: Vec<Cost>,
}

/// Look-ups that a target of `include:` was seen to need below itself, by its name.
pub type Measured = BTreeMap<String, u32>;

impl Spf {
    /// The record. `measured`: what includes need below themselves, where the DNS was asked; the catalogue is taken else.
    ///
    /// # Errors
    /// `generate.spf-lookups` when it needs more than ten look-ups, with what each sender costs; `generate.spf-loop` when it would
    /// include itself.
    pub fn generate(&self, measured: &Measured) -> Result<SpfMade, Fault> {
        let answer = self.draft(measured)?;
        if answer.lookups <= MAX_LOOKUPS {
            return Ok(answer);
        }
        let by: Vec<String> = answer.costs.iter().map(|cost| format!("{} {}", cost.term, cost.lookups)).collect();
        Err(Fault::caller(
            "generate.spf-lookups",
            format!(
                "the record of {} would need {} look-ups, and every receiver stops at {MAX_LOOKUPS} ({}): leave out who no longer sends, \
                 move a service to a sub-domain of its own, or flatten the record (--flatten)",
                self.domain,
                answer.lookups,
                by.join(", ")
            ),
        ))
    }

    /// The record, be it too dear or not: what flattening begins with.
    ///
    /// # Errors
    /// `generate.spf-loop`
    pub fn draft(&self, measured: &Measured) -> Result<SpfMade, Fault> {
        let mut made = Generated::default();
        made.part("v=spf1", "this is an SPF record");
        let (mut terms, mut costs): (Vec<String>, Vec<Cost>) = (Vec::new(), Vec::new());
        for source in self.in_order() {
            let Some(Term { text, means, cost }) = self.term(source, measured, &mut made)? else { continue };
            if terms.contains(&text) {
                made.warn(format!("`{text}` is wanted twice and stands there once"));
                continue;
            }
            if let Some((lookups, known)) = cost {
                costs.push(Cost { term: text.clone(), lookups, known });
            }
            made.part(text.clone(), means);
            terms.push(text);
        }
        made.part(self.end.as_str(), self.end.means());
        terms.push(self.end.as_str().to_owned());
        let record =
            TxtRecord::new(self.domain.as_str(), format!("v=spf1 {}", terms.join(" ")), "who may send for the domain");
        let lookups = costs.iter().fold(0_u32, |sum, cost| sum.saturating_add(cost.lookups));
        self.beware(&mut made, &record, &costs, lookups);
        made.records.push(record);
        tell_idn(&mut made, &self.domain);
        let exact = costs.iter().all(|cost| matches!(cost.known, Known::Exactly | Known::Measured));
        Ok(SpfMade { made, lookups, exact, costs })
    }

    /// What costs nothing first: a receiver stops at the first match.
    fn in_order(&self) -> Vec<&Source> {
        let mut sources: Vec<&Source> = self.sources.iter().collect();
        sources.sort_by_key(|source| match source {
            Source::Network(_) => 0,
            Source::Addresses(_) => 1,
            Source::MailHosts(_) => 2,
            Source::Include(_) | Source::Service(_) => 3,
        });
        sources
    }

    fn beware(&self, made: &mut Generated, record: &TxtRecord, costs: &[Cost], lookups: u32) {
        let named = |known: Known| {
            let terms: Vec<&str> =
                costs.iter().filter(|cost| cost.known == known).map(|cost| cost.term.as_str()).collect();
            (!terms.is_empty()).then(|| terms.join(", "))
        };
        if let Some(terms) = named(Known::Catalogue) {
            let day = reference::senders_verified();
            made.note(format!("not measured: the cost of {terms} is the catalogue's of {day}"));
        }
        if let Some(terms) = named(Known::AtLeast) {
            made.warn(format!("what {terms} leads to is not known: it is counted as one look-up and may need more"));
        }
        if lookups == MAX_LOOKUPS {
            made.warn(format!(
                "all {MAX_LOOKUPS} look-ups are used: when a service adds one, every receiver ends in an error"
            ));
        }
        if record.value.len() > COMFORTABLE {
            let octets = record.value.len();
            made.warn(format!("the record has {octets} octets, and {COMFORTABLE} fit comfortably into an answer"));
        }
        if self.end == End::Neutral {
            made.warn("with ?all anybody's mail is as good as yours: use it only while you look for your senders");
        }
        if costs.is_empty() && record.value.len() < 12 {
            made.note("nobody may send for the domain: right for one that sends no mail");
        }
        made.note(
            "exactly one record that begins with v=spf1 may stand there: replace the old one, do not add a second",
        );
    }
}

#[cfg(test)]
mod tests;
