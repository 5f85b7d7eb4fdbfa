//! What is wrong with a piece of text, and where.

/// A fault in the text that was given, with the offset (in octets) at which it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub kind: Kind,
    /// Octets from the start of the text.
    pub offset: usize,
}

/// What can be wrong. Extend freely; each has a stable kebab-case id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Nothing was given.
    Empty,
    /// No `@` between local part and domain.
    NoAt,
    /// The local part is empty, too long, or holds a character that needs quoting.
    BadLocalPart,
    /// The domain is not a host name (RFC 1035 §2.3.1, RFC 5890).
    BadDomain,
    /// Angle brackets, quotes or comments that are not closed.
    Unclosed,
    /// More than one address where one is required.
    TwoAddresses,
    /// Text after the end of the value.
    Trailing,
    /// A header line that is neither a field nor a continuation.
    BadHeader,
    /// A control character.
    Control,
}

impl Kind {
    /// Stable public id, kebab-case: `address.no-at`.
    pub fn id(self) -> &'static str {
        todo!()
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at offset {}", self.kind.id(), self.offset)
    }
}

impl std::error::Error for Malformed {}
