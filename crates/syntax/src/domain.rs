//! A domain name as mail uses it.

use crate::Malformed;

/// A domain in lower-case A-label form, without the final dot. RFC 5321 §2.3.5, RFC 5890.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// Reads a domain in A-label or U-label form; a final dot is accepted and dropped.
    ///
    /// # Errors
    /// [`Malformed`] when it is not a domain of at most 253 octets and labels of at most 63.
    pub fn parse(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
    /// The A-label form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The U-label form, for people.
    pub fn unicode(&self) -> String {
        todo!()
    }
    /// `label.self`; `label` may hold several labels and underscores (`_dmarc`, `sel._domainkey`).
    pub fn child(&self, label: &str) -> Self {
        Self(format!("{label}.{}", self.0))
    }
    /// The domain without its first label; `None` for a top-level domain.
    pub fn parent(&self) -> Option<Self> {
        todo!()
    }
    /// Whether `self` is `other` or below it.
    pub fn is_within(&self, _other: &Self) -> bool {
        todo!()
    }
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
