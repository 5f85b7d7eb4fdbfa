//! Address literals: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. RFC 5321 §4.1.3.

use super::{
    faults::Faults,
    lex::Token,
    table::{LITERAL, LITERAL_IPV4, LITERAL_IPV6, LITERAL_TAG},
};

/// Groups of an IPv6 address.
const GROUPS: usize = 8;
/// Groups beside a `::`, which stands for two or more. RFC 5321 §4.1.3 (IPv6-comp).
const GROUPS_BESIDE: usize = 6;

/// Notes what is wrong with a literal, and that even a right one is seldom taken.
pub(super) fn inspect(token: &Token<'_>, faults: &mut Faults) {
    let inner = token.source.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or_default();
    let tag = inner.split_once(':');
    match tag {
        _ if is_ipv4(inner) => faults.note(&LITERAL, token.span()),
        Some((tag, ip)) if tag.eq_ignore_ascii_case("ipv6") => match ipv6_fault(ip) {
            None => faults.note(&LITERAL, token.span()),
            Some(why) => faults.add(&LITERAL_IPV6, token.span(), format!("`{ip}` is no IPv6 address: {why}")),
        },
        Some(_) if inner.parse::<std::net::Ipv6Addr>().is_ok() => {
            faults.add(&LITERAL_TAG, token.span(), "an IPv6 address without `IPv6:` before it");
        }
        Some((tag, _)) => faults.add(&LITERAL_TAG, token.span(), format!("no literal has the tag `{tag}`")),
        None => faults.add(&LITERAL_IPV4, token.span(), format!("`{inner}` is no IPv4 address")),
    }
}

fn is_ipv4(text: &str) -> bool {
    let snum = |part: &str| {
        matches!(part.len(), 1..=3) && part.bytes().all(|octet| octet.is_ascii_digit()) && part.parse::<u8>().is_ok()
    };
    text.split('.').count() == 4 && text.split('.').all(snum)
}

fn ipv6_fault(text: &str) -> Option<&'static str> {
    let (groups, has_gap) = match text.split_once("::") {
        Some((_, after)) if after.contains("::") || after.starts_with(':') => return Some("`::` may stand once"),
        Some((before, after)) => (groups(before, false).zip(groups(after, true)).map(|(one, two)| one + two), true),
        None => (groups(text, true), false),
    };
    match groups {
        None => Some("a group is one to four hexadecimal digits"),
        Some(groups) if has_gap && groups > GROUPS_BESIDE => Some("`::` stands for two groups or more"),
        Some(groups) if !has_gap && groups != GROUPS => Some("it has eight groups"),
        Some(_) => None,
    }
}

/// Groups of sixteen bits in that piece; `None` when one is malformed.
fn groups(text: &str, may_end_in_ipv4: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let last = text.split(':').count() - 1;
    let mut groups = 0;
    for (index, group) in text.split(':').enumerate() {
        let is_hex = matches!(group.len(), 1..=4) && group.bytes().all(|octet| octet.is_ascii_hexdigit());
        groups += match is_hex {
            true => 1,
            false if may_end_in_ipv4 && index == last && is_ipv4(group) => 2,
            false => return None,
        };
    }
    Some(groups)
}
