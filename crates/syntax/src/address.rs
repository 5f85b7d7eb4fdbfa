//! A mailbox address: `Local-part "@" Domain`. RFC 5321 §4.1.2, RFC 6531 §3.3.

use crate::{Domain, Kind, Malformed};

/// Longest local part, in octets. RFC 5321 §4.5.3.1.1.
pub(crate) const MAX_LOCAL: usize = 64;

/// One address. Its `Debug` hides most of the local part; its `Display` does not.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

impl Address {
    /// Reads `local@domain` (dot-string or quoted-string local part, UTF-8 allowed).
    ///
    /// # Errors
    /// [`Malformed`] with the offset of the first fault.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::new(Kind::Empty, 0));
        }
        let (local, end) = if text.starts_with('"') { quoted_local(text)? } else { dotted_local(text)? };
        let rest = text.get(end..).unwrap_or_default();
        let Some(domain) = rest.strip_prefix('@') else { return Err(Malformed::new(Kind::NoAt, end)) };
        let domain = Domain::parse(domain).map_err(|fault| as_domain_fault(fault).shifted(end + 1))?;
        check_local(&local)?;
        Ok(Self { local, domain })
    }

    /// Puts an address together. `local` is given unquoted.
    ///
    /// # Errors
    /// [`Malformed`] when `local` is empty, longer than 64 octets, or holds a control character.
    pub fn new(local: &str, domain: Domain) -> Result<Self, Malformed> {
        check_local(local)?;
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The local part, unquoted.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form under which two spellings of one mailbox compare equal: local part lower-cased.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// Whether it can be sent without SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }
}

/// `atext` of RFC 5322 §3.2.3, with UTF-8 as RFC 6532 §3.2 adds it.
pub(crate) fn is_atext(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter) || !letter.is_ascii()
}

fn dotted_local(text: &str) -> Result<(String, usize), Malformed> {
    let end = text.find('@').ok_or(Malformed::new(Kind::NoAt, text.len()))?;
    let local = text.get(..end).unwrap_or_default();
    let mut previous = '.';
    for (offset, letter) in local.char_indices() {
        let double_dot = letter == '.' && previous == '.';
        if double_dot || (letter != '.' && !is_atext(letter)) {
            return Err(Malformed::new(Kind::BadLocalPart, offset));
        }
        previous = letter;
    }
    if previous == '.' {
        return Err(Malformed::new(Kind::BadLocalPart, end.saturating_sub(1)));
    }
    Ok((local.to_owned(), end))
}

fn quoted_local(text: &str) -> Result<(String, usize), Malformed> {
    let mut local = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((offset, letter)) = letters.next() {
        let (offset, letter) = match letter {
            '"' => return Ok((local, offset + 1)),
            '\\' => match letters.next() {
                Some(escaped) => escaped,
                None => break,
            },
            letter => (offset, letter),
        };
        // Told here: without the quotes and backslashes it stands elsewhere.
        if letter.is_control() {
            return Err(Malformed::new(Kind::Control, offset));
        }
        local.push(letter);
    }
    Err(Malformed::new(Kind::Unclosed, 0))
}

fn check_local(local: &str) -> Result<(), Malformed> {
    if local.is_empty() || local.len() > MAX_LOCAL {
        return Err(Malformed::new(Kind::BadLocalPart, 0));
    }
    match local.find(char::is_control) {
        Some(offset) => Err(Malformed::new(Kind::Control, offset)),
        None => Ok(()),
    }
}

fn as_domain_fault(fault: Malformed) -> Malformed {
    let kind = if fault.kind == Kind::Empty { Kind::BadDomain } else { fault.kind };
    Malformed { kind, ..fault }
}

/// Whether the local part is no dot-string.
pub(crate) fn needs_quotes(local: &str) -> bool {
    let is_dot_string = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    !is_dot_string
}

/// The local part as it is written: quoted where it must be.
pub(crate) fn spelled(local: &str) -> String {
    if !needs_quotes(local) {
        return local.to_owned();
    }
    format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\""))
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", spelled(&self.local), self.domain)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}…@{}", self.local.chars().next().unwrap_or('?'), self.domain)
    }
}

impl TryFrom<String> for Address {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl std::str::FromStr for Address {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&str, (Kind, usize)>) {
        let found = Address::parse(text).map(|address| address.to_string());
        let found = found.as_deref().map_err(|fault| (fault.kind, fault.offset));
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn addresses_are_read() {
        check("ann@Example.com", Ok("ann@example.com"));
        check("ann.doe+west@example.com", Ok("ann.doe+west@example.com"));
        check("\"ann doe\"@example.com", Ok("\"ann doe\"@example.com"));
        check("\"ann\"@example.com", Ok("ann@example.com"));
        check("\"a\\\"b\"@example.com", Ok("\"a\\\"b\"@example.com"));
        check("añn@bücher.example", Ok("añn@xn--bcher-kva.example"));
    }

    #[test]
    fn what_is_no_address_is_refused_where_it_breaks() {
        check("", Err((Kind::Empty, 0)));
        check("ann", Err((Kind::NoAt, 3)));
        check("@example.com", Err((Kind::BadLocalPart, 0)));
        check("a..b@example.com", Err((Kind::BadLocalPart, 2)));
        check("a.@example.com", Err((Kind::BadLocalPart, 1)));
        check("ann doe@example.com", Err((Kind::BadLocalPart, 3)));
        check("ann@", Err((Kind::BadDomain, 4)));
        check("ann@exa mple.com", Err((Kind::BadDomain, 7)));
        check("ann@[127.0.0.1]", Err((Kind::AddressLiteral, 4)));
        check("\"ann@example.com", Err((Kind::Unclosed, 0)));
        check("\"a\"b@example.com", Err((Kind::NoAt, 3)));
    }

    #[test]
    fn a_control_character_in_quotes_is_told_where_it_stands_in_the_text() {
        check("\"a\u{7}\"@example.com", Err((Kind::Control, 2)));
        check("\"\\\"ʿ\u{0}b\"@example.com", Err((Kind::Control, 5)));
        check("\"a\\\u{7}\"@example.com", Err((Kind::Control, 3)));
        check("\u{85}ann@example.com", Err((Kind::Control, 0)));
    }

    #[test]
    fn debug_does_not_show_who_it_is() {
        assert_eq!(format!("{:?}", Address::parse("ann@example.com").unwrap()), "a…@example.com");
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = Address::parse(&text);
        }

        #[test]
        fn what_is_written_is_read_again(local in "[ -~é]{1,30}", domain in "[a-z]{1,10}\\.[a-z]{2,5}") {
            let address = Address::new(&local, Domain::parse(&domain).unwrap()).unwrap();
            proptest::prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }
    }
}
