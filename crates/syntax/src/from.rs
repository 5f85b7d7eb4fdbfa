//! The From header: exactly one mailbox for the mail we send. RFC 5322 §3.4, §3.6.2.

use crate::{Address, Kind, Malformed, compose, decode};

/// What a From field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromField {
    /// The display name, decoded (RFC 2047), when there is one.
    pub display: Option<String>,
    /// The address.
    pub address: Address,
}

/// Reads the value of a From field that must hold exactly one mailbox.
///
/// # Errors
/// [`Malformed`] with the offset of the fault in `value`; two addresses or a group are
/// [`crate::Kind::TwoAddresses`].
pub fn parse_from(value: &str) -> Result<FromField, Malformed> {
    let plain = blank_comments(value)?;
    let trimmed = plain.trim();
    if trimmed.is_empty() {
        return Err(Malformed::new(Kind::Empty, 0));
    }
    let start = plain.len() - plain.trim_start().len();
    match find_outside_quotes(&plain, '<') {
        Some(open) => in_brackets(&plain, start, open),
        None => bare(&plain, trimmed, start),
    }
}

/// `Display Name <address>`
fn in_brackets(plain: &str, start: usize, open: usize) -> Result<FromField, Malformed> {
    let name = plain.get(start..open).unwrap_or_default();
    if let Some(offset) = list_mark(name) {
        return Err(Malformed::new(Kind::TwoAddresses, start + offset));
    }
    let inner = plain.get(open + 1..).unwrap_or_default();
    let close = find_outside_quotes(inner, '>').ok_or(Malformed::new(Kind::Unclosed, open))?;
    let after = inner.get(close + 1..).unwrap_or_default();
    if let Some(offset) = after.find(|letter: char| !letter.is_whitespace()) {
        let kind = if after.contains([',', '<', ';']) { Kind::TwoAddresses } else { Kind::Trailing };
        return Err(Malformed::new(kind, open + 1 + close + 1 + offset));
    }
    let text = inner.get(..close).unwrap_or_default();
    let inset = text.len() - text.trim_start().len();
    let address = Address::parse(text.trim()).map_err(|fault| fault.shifted(open + 1 + inset))?;
    check_display(name, start)?;
    let display = unquote(name.trim());
    Ok(FromField { display: (!display.is_empty()).then_some(display), address })
}

/// `address`
fn bare(plain: &str, trimmed: &str, start: usize) -> Result<FromField, Malformed> {
    if let Some(offset) = find_outside_quotes(plain, '>') {
        return Err(Malformed::new(Kind::Unclosed, offset));
    }
    if let Some(offset) = list_mark(trimmed) {
        return Err(Malformed::new(Kind::TwoAddresses, start + offset));
    }
    let address = Address::parse(trimmed).map_err(|fault| fault.shifted(start))?;
    Ok(FromField { display: None, address })
}

/// A display name holds words: atoms, quoted strings, encoded words; dots as RFC 5322 §4.1 tolerates.
fn check_display(name: &str, start: usize) -> Result<(), Malformed> {
    let mut quoted = false;
    let mut escaped = false;
    for (offset, letter) in name.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            '@' if !quoted => return Err(Malformed::new(Kind::TwoAddresses, start + offset)),
            '(' | ')' | '<' | '>' | '[' | ']' if !quoted => return Err(Malformed::new(Kind::Unclosed, start + offset)),
            letter if letter.is_control() && letter != '\t' => {
                return Err(Malformed::new(Kind::Control, start + offset));
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    if quoted { Err(Malformed::new(Kind::Unclosed, start)) } else { Ok(()) }
}

fn unquote(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('"') || inner.contains("\\\"") => {
            let mut out = String::new();
            let mut letters = inner.chars();
            while let Some(letter) = letters.next() {
                out.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
            }
            out
        }
        _ => decode::words(name),
    }
}

/// Where a list or a group begins: a comma, or the colon of a group, outside quotes.
fn list_mark(text: &str) -> Option<usize> {
    [',', ';', ':'].into_iter().filter_map(|mark| find_outside_quotes(text, mark)).min()
}

fn find_outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (offset, letter) in text.char_indices() {
        if letter == '"' && !escaped {
            quoted = !quoted;
        } else if letter == wanted && !quoted {
            return Some(offset);
        }
        escaped = letter == '\\' && !escaped;
    }
    None
}

/// Comments as spaces, so that offsets stay. RFC 5322 §3.2.2.
fn blank_comments(value: &str) -> Result<String, Malformed> {
    let mut out = String::with_capacity(value.len());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut opened = 0;
    for (offset, letter) in value.char_indices() {
        match letter {
            '"' if depth == 0 && !escaped => quoted = !quoted,
            '(' if !quoted && !escaped => {
                opened = if depth == 0 { offset } else { opened };
                depth += 1;
            }
            ')' if !quoted && !escaped && depth > 0 => {
                depth -= 1;
                out.push(' ');
                continue;
            }
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        match depth {
            0 => out.push(letter),
            _ => (0..letter.len_utf8()).for_each(|_| out.push(' ')),
        }
    }
    match (depth, quoted) {
        (0, false) => Ok(out),
        (0, true) => Err(Malformed::new(Kind::Unclosed, value.find('"').unwrap_or(0))),
        _ => Err(Malformed::new(Kind::Unclosed, opened)),
    }
}

impl std::fmt::Display for FromField {
    /// The field's value, quoted and encoded as needed: `"Doe, Ann" <ann@example.com>`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.display {
            Some(display) => write!(f, "{} <{}>", compose::phrase(display), self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: Result<(Option<&str>, &str), (Kind, usize)>) {
        let found = parse_from(value);
        let found = found.as_ref().map(|from| (from.display.clone(), from.address.to_string()));
        let expect = expect.map(|(display, address)| (display.map(String::from), String::from(address)));
        assert_eq!(found.map_err(|fault| (fault.kind, fault.offset)), expect, "{value:?}");
    }

    #[test]
    fn one_mailbox_is_read_in_every_dress() {
        check("ann@example.com", Ok((None, "ann@example.com")));
        check(" <ann@example.com> ", Ok((None, "ann@example.com")));
        check("Ann Doe <ann@example.com>", Ok((Some("Ann Doe"), "ann@example.com")));
        check("\"Doe, Ann\" <ann@example.com>", Ok((Some("Doe, Ann"), "ann@example.com")));
        check("=?utf-8?Q?J=C3=BCrgen?= <j@example.com>", Ok((Some("Jürgen"), "j@example.com")));
        check("Ann (of <Acme>) <ann@example.com>", Ok((Some("Ann"), "ann@example.com")));
        check("\"a@b\" <ann@example.com>", Ok((Some("a@b"), "ann@example.com")));
        check("Ann Q. Doe <ann@example.com>", Ok((Some("Ann Q. Doe"), "ann@example.com")));
    }

    #[test]
    fn what_is_not_one_mailbox_is_refused_where_it_breaks() {
        check("", Err((Kind::Empty, 0)));
        check("Ann Doe ann@example.com>", Err((Kind::Unclosed, 23)));
        check("Ann Doe <ann@example.com", Err((Kind::Unclosed, 8)));
        check("ann@example.com, ben@example.com", Err((Kind::TwoAddresses, 15)));
        check("Ann <ann@example.com>, Ben <ben@example.com>", Err((Kind::TwoAddresses, 21)));
        check("ann@example.com <ben@example.com>", Err((Kind::TwoAddresses, 3)));
        check("team: ann@example.com;", Err((Kind::TwoAddresses, 4)));
        check("Ann Doe", Err((Kind::NoAt, 7)));
        check("Ann <ann at example.com>", Err((Kind::NoAt, 23)));
        check("Ann <ann@exa mple.com>", Err((Kind::BadDomain, 12)));
        check("\"Ann <ann@example.com>", Err((Kind::Unclosed, 0)));
        check("Ann <ann@example.com> x", Err((Kind::Trailing, 22)));
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(value in ".*") {
            let _ = parse_from(&value);
        }

        #[test]
        fn what_is_written_is_read_again(display in "[ -~äß]{0,20}") {
            let display = display.trim().to_owned();
            let from = FromField {
                display: (!display.is_empty()).then_some(display),
                address: Address::parse("ann@example.com").unwrap(),
            };
            proptest::prop_assert_eq!(parse_from(&from.to_string()), Ok(from));
        }
    }
}
