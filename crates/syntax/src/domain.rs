//! A domain name as mail uses it.

use crate::{Kind, Malformed};

/// Longest domain, in octets. RFC 1035 §2.3.4, less the root label.
const MAX_DOMAIN: usize = 253;
/// Longest label, in octets. RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;

/// A domain in lower-case A-label form, without the final dot. RFC 5321 §2.3.5, RFC 5890.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// Reads a domain in A-label or U-label form; a final dot is accepted and dropped.
    ///
    /// # Errors
    /// [`Malformed`] when it is not a domain of at most 253 octets and labels of at most 63.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(Malformed::new(Kind::Empty, 0));
        }
        if text.starts_with('[') {
            return Err(Malformed::new(Kind::AddressLiteral, 0));
        }
        let ascii = to_ascii(text)?;
        // In the A-label form the offset is another.
        check_labels(&ascii).map_err(|fault| if text.is_ascii() { fault } else { Malformed { offset: 0, ..fault } })?;
        Ok(Self(ascii))
    }

    /// The A-label form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The U-label form, for people.
    pub fn unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// `label.self`; `label` may hold several labels and underscores (`_dmarc`, `sel._domainkey`).
    #[must_use]
    pub fn child(&self, label: &str) -> Self {
        Self(format!("{}.{}", label.to_ascii_lowercase(), self.0))
    }

    /// The domain without its first label; `None` for a top-level domain.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, rest)| Self(rest.to_owned()))
    }

    /// The domain that was registered: one label below a public suffix (publicsuffix.org); `None` for a suffix itself.
    pub fn registrable(&self) -> Option<Self> {
        psl::domain_str(&self.0).map(|domain| Self(domain.to_owned()))
    }

    /// Whether `self` is `other` or below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_suffix(&other.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn to_ascii(text: &str) -> Result<String, Malformed> {
    if text.is_ascii() {
        return Ok(text.to_ascii_lowercase());
    }
    idna::domain_to_ascii(text).map_err(|_| Malformed::new(Kind::BadDomain, 0))
}

fn check_labels(ascii: &str) -> Result<(), Malformed> {
    if ascii.len() > MAX_DOMAIN {
        return Err(Malformed::new(Kind::BadDomain, MAX_DOMAIN));
    }
    let mut offset = 0;
    for label in ascii.split('.') {
        let wrong = label.bytes().position(|octet| !octet.is_ascii_alphanumeric() && octet != b'-' && octet != b'_');
        let hyphen_at_rim = label.starts_with('-') || label.ends_with('-');
        if label.is_empty() || label.len() > MAX_LABEL || hyphen_at_rim || wrong.is_some() {
            return Err(Malformed::new(Kind::BadDomain, offset + wrong.unwrap_or(0)));
        }
        offset += label.len() + 1;
    }
    Ok(())
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Domain {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

impl std::str::FromStr for Domain {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&str, (Kind, usize)>) {
        let found = Domain::parse(text);
        let found = found.as_ref().map(Domain::as_str).map_err(|fault| (fault.kind, fault.offset));
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn domains_are_read_into_a_label_form() {
        check("Example.COM", Ok("example.com"));
        check("example.com.", Ok("example.com"));
        check("bücher.example", Ok("xn--bcher-kva.example"));
        check("_dmarc.example.com", Ok("_dmarc.example.com"));
        check("test", Ok("test"));
    }

    #[test]
    fn what_is_no_domain_is_refused_where_it_breaks() {
        check("", Err((Kind::Empty, 0)));
        check("a..b", Err((Kind::BadDomain, 2)));
        check("exa mple.com", Err((Kind::BadDomain, 3)));
        check("-a.com", Err((Kind::BadDomain, 0)));
        check("[127.0.0.1]", Err((Kind::AddressLiteral, 0)));
        check(&format!("{}.com", "a".repeat(64)), Err((Kind::BadDomain, 0)));
        check(&format!("{}com", "a.".repeat(126)), Err((Kind::BadDomain, 253)));
        // Its A-label form breaks behind the end of what was given.
        check("bücher。", Err((Kind::BadDomain, 0)));
    }

    #[test]
    fn below_means_at_a_label_border() {
        let domain = |text| Domain::parse(text).unwrap();
        assert!(domain("a.example.com").is_within(&domain("example.com")));
        assert!(domain("example.com").is_within(&domain("example.com")));
        assert!(!domain("badexample.com").is_within(&domain("example.com")));
        assert_eq!(domain("a.b").parent(), Some(domain("b")));
        assert_eq!(domain("b").parent(), None);
        assert_eq!(domain("a.b.example.co.uk").registrable(), Some(domain("example.co.uk")));
        assert_eq!(domain("co.uk").registrable(), None);
        assert_eq!(domain("mail.a.test").registrable(), Some(domain("a.test")));
        assert_eq!(domain("b.c").child("_dmarc").as_str(), "_dmarc.b.c");
    }
}
