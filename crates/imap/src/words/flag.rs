//! Flags and keywords. RFC 9051 §2.3.2.

use std::{fmt, hash};

/// Longest keyword, in octets: our own bound.
pub const MAX_KEYWORD: usize = 100;

/// A flag that a client can set. Keywords compare without regard to case (RFC 9051 §2.3.2).
#[derive(Debug, Clone)]
pub enum Flag {
    /// `\Seen`
    Seen,
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
    /// An atom, as the client spelled it.
    Keyword(String),
}

impl Flag {
    /// The system flags, in the order in which they are told.
    pub const SYSTEM: [Self; 5] = [Self::Answered, Self::Flagged, Self::Deleted, Self::Seen, Self::Draft];

    /// Reads `\Seen` or a keyword; `None` for anything else, `\Recent` among it.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('\\') {
            Some(name) => Self::SYSTEM.into_iter().find(|flag| flag.name().eq_ignore_ascii_case(name)),
            None => Self::keyword(text),
        }
    }

    /// A keyword: an atom of at most [`MAX_KEYWORD`] octets.
    pub fn keyword(text: &str) -> Option<Self> {
        let is_atom = !text.is_empty() && text.bytes().all(is_atom_octet);
        (is_atom && text.len() <= MAX_KEYWORD).then(|| Self::Keyword(text.to_owned()))
    }

    /// The name without the backslash.
    fn name(&self) -> &str {
        match self {
            Self::Seen => "Seen",
            Self::Answered => "Answered",
            Self::Flagged => "Flagged",
            Self::Deleted => "Deleted",
            Self::Draft => "Draft",
            Self::Keyword(name) => name,
        }
    }
}

/// `ATOM-CHAR` of RFC 9051 §9.
pub(crate) fn is_atom_octet(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

impl PartialEq for Flag {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.name().eq_ignore_ascii_case(other.name())
    }
}

impl Eq for Flag {}

impl hash::Hash for Flag {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        self.name().to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for Flag {
    /// As on the wire: `\Seen`, `$Forwarded`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if matches!(self, Self::Keyword(_)) { "" } else { "\\" };
        write!(f, "{mark}{}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_without_regard_to_case_and_written_as_the_rfc_has_them() {
        assert_eq!(Flag::parse("\\sEEN").map(|flag| flag.to_string()).as_deref(), Some("\\Seen"));
        assert_eq!(Flag::parse("$Forwarded").map(|flag| flag.to_string()).as_deref(), Some("$Forwarded"));
        assert_eq!(Flag::parse("$Junk"), Flag::parse("$JUNK"));
        assert_ne!(Flag::parse("Seen"), Flag::parse("\\Seen"));
    }

    #[test]
    fn what_is_no_flag_is_none() {
        for text in ["", "\\Recent", "\\Important", "\\", "a b", "a]", "(a", "ü", "a\r\nb"] {
            assert_eq!(Flag::parse(text), None, "{text:?}");
        }
        assert_eq!(Flag::parse(&"a".repeat(MAX_KEYWORD + 1)), None);
    }
}
