//! A mailbox address: `Local-part "@" Domain`. RFC 5321 §4.1.2, RFC 6531 §3.3.

use crate::{Domain, Malformed};

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
    pub fn parse(_text: &str) -> Result<Self, Malformed> {
        todo!()
    }
    /// Puts an address together. `local` is given unquoted.
    ///
    /// # Errors
    /// [`Malformed`] when `local` is empty, longer than 64 octets, or holds a control character.
    pub fn new(_local: &str, _domain: Domain) -> Result<Self, Malformed> {
        todo!()
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

impl std::fmt::Display for Address {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
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
