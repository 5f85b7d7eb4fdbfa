//! The text of an SPF record taken apart. Pure. RFC 7208 §4.6.1, §12.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::macros::MacroString;

/// A record whose whole syntax is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Mechanisms in order.
    pub directives: Vec<Directive>,
    /// `redirect=`
    pub redirect: Option<MacroString>,
    /// `exp=`
    pub explanation: Option<MacroString>,
}

/// One mechanism with its qualifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// What a match means.
    pub qualifier: Qualifier,
    /// What matches.
    pub mechanism: Mechanism,
    /// As written.
    pub text: String,
}

/// What a match means. RFC 7208 §4.6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// `+`
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

/// What matches. RFC 7208 §5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    /// Everything.
    All,
    /// What passes for another domain.
    Include(MacroString),
    /// The addresses of a name.
    A(Option<MacroString>, Lengths),
    /// The addresses of a domain's mail hosts.
    Mx(Option<MacroString>, Lengths),
    /// A name that the client's address leads to and back from.
    Ptr(Option<MacroString>),
    /// A network.
    Ip4(Ipv4Addr, u8),
    /// A network.
    Ip6(Ipv6Addr, u8),
    /// A name that exists.
    Exists(MacroString),
}

/// Prefix lengths of `a` and `mx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// For IPv4.
    pub v4: u8,
    /// For IPv6.
    pub v6: u8,
}

/// Why a record has a syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTerm {
    /// The term.
    pub term: String,
    /// What is wrong with it.
    pub why: String,
}

impl Mechanism {
    /// Whether it counts towards the ten look-ups. RFC 7208 §4.6.4.
    pub fn looks_up(&self) -> bool {
        !matches!(self, Self::All | Self::Ip4(..) | Self::Ip6(..))
    }
}

/// Whether a TXT record is an SPF record at all. RFC 7208 §4.5.
pub fn is_spf(text: &str) -> bool {
    let Some(version) = text.get(..6) else { return false };
    version.eq_ignore_ascii_case("v=spf1") && matches!(text.as_bytes().get(6), None | Some(b' '))
}

/// Reads the terms behind `v=spf1`.
///
/// # Errors
/// The first term that is wrong; one is enough to make the whole record wrong.
pub fn parse(text: &str) -> Result<Record, BadTerm> {
    let bad = |term: &str, why: &str| BadTerm { term: term.to_owned(), why: why.to_owned() };
    if let Some(letter) = text.chars().find(|letter| !letter.is_ascii() || letter.is_ascii_control()) {
        return Err(bad(&letter.escape_default().to_string(), "the record holds something other than printable ASCII"));
    }
    let mut record = Record { directives: Vec::new(), redirect: None, explanation: None };
    for term in text.get(6..).unwrap_or_default().split(' ').filter(|term| !term.is_empty()) {
        let Some((name, value)) = modifier(term) else {
            record.directives.push(directive(term).map_err(|why| bad(term, &why))?);
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "redirect" | "exp" => {
                let target = MacroString::domain_spec(value).map_err(|why| bad(term, &why))?;
                let slot =
                    if name.eq_ignore_ascii_case("exp") { &mut record.explanation } else { &mut record.redirect };
                if slot.replace(target).is_some() {
                    return Err(bad(term, "it stands twice"));
                }
            }
            // Unknown modifiers are passed over, once their syntax is right. RFC 7208 §6.
            _ => drop(MacroString::parse(value, false).map_err(|why| bad(term, &why))?),
        }
    }
    Ok(record)
}

/// `name=value`, when the term is a modifier.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut letters = name.bytes();
    let begins = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.'));
    (begins && goes_on).then_some((name, value))
}

fn directive(term: &str) -> Result<Directive, String> {
    let (qualifier, rest) = match term.as_bytes().first() {
        Some(b'+') => (Qualifier::Pass, term.get(1..)),
        Some(b'-') => (Qualifier::Fail, term.get(1..)),
        Some(b'~') => (Qualifier::SoftFail, term.get(1..)),
        Some(b'?') => (Qualifier::Neutral, term.get(1..)),
        _ => (Qualifier::Pass, Some(term)),
    };
    let rest = rest.unwrap_or_default();
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, argument) = rest.split_at(end);
    Ok(Directive { qualifier, mechanism: mechanism(&name.to_ascii_lowercase(), argument)?, text: term.to_owned() })
}

/// `argument` begins with `:` or `/`, or is empty.
fn mechanism(name: &str, argument: &str) -> Result<Mechanism, String> {
    let needed = || argument.strip_prefix(':').filter(|value| !value.is_empty());
    match name {
        "all" if argument.is_empty() => Ok(Mechanism::All),
        "all" => Err("`all` takes no argument".into()),
        "include" => Ok(Mechanism::Include(MacroString::domain_spec(needed().ok_or("`include` needs a domain")?)?)),
        "exists" => Ok(Mechanism::Exists(MacroString::domain_spec(needed().ok_or("`exists` needs a domain")?)?)),
        "a" | "mx" => {
            let (domain, lengths) = domain_and_lengths(argument)?;
            Ok(if name == "a" { Mechanism::A(domain, lengths) } else { Mechanism::Mx(domain, lengths) })
        }
        "ptr" => match argument.strip_prefix(':') {
            Some(domain) => Ok(Mechanism::Ptr(Some(MacroString::domain_spec(domain)?))),
            None if argument.is_empty() => Ok(Mechanism::Ptr(None)),
            None => Err("`ptr` takes no prefix length".into()),
        },
        "ip4" => {
            let (address, length) = network(needed().ok_or("`ip4` needs an address")?, 32)?;
            Ok(Mechanism::Ip4(address.parse().map_err(|_| format!("`{address}` is no IPv4 address"))?, length))
        }
        "ip6" => {
            let (address, length) = network(needed().ok_or("`ip6` needs an address")?, 128)?;
            Ok(Mechanism::Ip6(address.parse().map_err(|_| format!("`{address}` is no IPv6 address"))?, length))
        }
        _ => Err(format!("there is no mechanism `{name}`")),
    }
}

fn network(text: &str, longest: u8) -> Result<(&str, u8), String> {
    match text.split_once('/') {
        None => Ok((text, longest)),
        Some((address, length)) => Ok((address, prefix_length(length, longest)?)),
    }
}

/// Digits without leading zero, at most `longest`. RFC 7208 §12 `ip4-cidr-length`.
fn prefix_length(text: &str, longest: u8) -> Result<u8, String> {
    let well_formed = text == "0" || (!text.starts_with('0') && text.bytes().all(|digit| digit.is_ascii_digit()));
    let length = text.parse::<u8>().ok().filter(|length| well_formed && *length <= longest);
    length.ok_or_else(|| format!("`/{text}` is no prefix length from 0 to {longest}"))
}

/// `[:domain-spec][/n][//m]`
fn domain_and_lengths(argument: &str) -> Result<(Option<MacroString>, Lengths), String> {
    let mut rest = argument;
    let mut lengths = Lengths { v4: 32, v6: 128 };
    if let Some((before, digits)) = rest.rsplit_once("//").filter(|(_, digits)| is_number(digits)) {
        lengths.v6 = prefix_length(digits, 128)?;
        rest = before;
    }
    if let Some((before, digits)) = rest.rsplit_once('/').filter(|(_, digits)| is_number(digits)) {
        lengths.v4 = prefix_length(digits, 32)?;
        rest = before;
    }
    match rest.strip_prefix(':') {
        Some(domain) => Ok((Some(MacroString::domain_spec(domain)?), lengths)),
        None if rest.is_empty() => Ok((None, lengths)),
        None => Err(format!("`{rest}` is neither a domain nor a prefix length")),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_makes_a_record() {
        for text in ["v=spf1", "V=SPF1 -all", "v=spf1 "] {
            assert!(is_spf(text), "{text:?}");
        }
        for text in [" v=spf1", "v=spf10", "v=spf1-all", "spf1", "", "v=spf1\u{a0}-all"] {
            assert!(!is_spf(text), "{text:?}");
        }
    }

    #[test]
    fn terms_are_told_apart() {
        let record =
            parse("v=spf1 a/24//64 mx:b.test/28 ip4:192.0.2.0/24 ~include:c.test moo=cow exp=e.test -ALL").unwrap();
        let texts: Vec<&str> = record.directives.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, ["a/24//64", "mx:b.test/28", "ip4:192.0.2.0/24", "~include:c.test", "-ALL"]);
        assert_eq!(record.directives[0].mechanism, Mechanism::A(None, Lengths { v4: 24, v6: 64 }));
        assert_eq!(record.directives[3].qualifier, Qualifier::SoftFail);
        assert!(record.explanation.is_some() && record.redirect.is_none());
    }

    #[test]
    fn a_wrong_term_is_named() {
        for (text, term) in [
            ("v=spf1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1"),
            ("v=spf1 ip4:192.0.2.300", "ip4:192.0.2.300"),
            ("v=spf1 ip4:192.0.2.1/33", "ip4:192.0.2.1/33"),
            ("v=spf1 ip4:192.0.2.1/08", "ip4:192.0.2.1/08"),
            ("v=spf1 a/33", "a/33"),
            ("v=spf1 a//129", "a//129"),
            ("v=spf1 a:", "a:"),
            ("v=spf1 include", "include"),
            ("v=spf1 -all.", "-all."),
            ("v=spf1 -all:x", "-all:x"),
            ("v=spf1 redirect=a.test redirect=b.test", "redirect=b.test"),
            ("v=spf1 exp=", "exp="),
            ("v=spf1 a:foo.111", "a:foo.111"),
            ("v=spf1 moo=%a", "moo=%a"),
            ("v=spf1 ptr/24", "ptr/24"),
        ] {
            assert_eq!(parse(text).unwrap_err().term, term, "{text}");
        }
    }
}
