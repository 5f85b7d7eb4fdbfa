//! What is wrong with a piece of text, and where.

/// A fault in the text that was given, with the offset (in octets) at which it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub kind: Kind,
    /// Octets from the start of the text.
    pub offset: usize,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $text:literal;)*) => {
        /// What can be wrong. Each kind has a stable public id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Stable public id, kebab-case: `address.no-at`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What is wrong, in words.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// Nothing was given.
    Empty = "text.empty", "nothing is there";
    /// No `@` between local part and domain.
    NoAt = "address.no-at", "there is no @ between local part and domain";
    /// The local part is empty, too long, or holds a character that needs quoting.
    BadLocalPart = "address.bad-local-part", "the part before the @ is not a valid local part";
    /// The domain is not a host name (RFC 1035 §2.3.1, RFC 5890).
    BadDomain = "address.bad-domain", "the domain is not a valid host name";
    /// An address literal, `user@[192.0.2.1]`: mail from and to bare addresses is not for people.
    AddressLiteral = "address.literal", "an address literal in brackets is not accepted, use a domain";
    /// Angle brackets, quotes or comments that are not closed or not opened.
    Unclosed = "from.unclosed", "a bracket, quote or comment is not closed or not opened";
    /// More than one address where one is required.
    TwoAddresses = "from.two-addresses", "there is more than one address where one is required";
    /// Text after the end of the value.
    Trailing = "text.trailing", "there is text after the end";
    /// A header line that is neither a field nor a continuation.
    BadHeader = "message.bad-header", "a header line is neither a field nor a continuation";
    /// A control character.
    Control = "text.control", "there is a control character";
    /// Not a date-time.
    BadDate = "date.bad", "this is not a date-time";
}

impl Malformed {
    /// A fault at an offset.
    pub const fn new(kind: Kind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The same fault in a larger text in which this one starts at `start`.
    #[must_use]
    pub const fn shifted(self, start: usize) -> Self {
        Self { kind: self.kind, offset: self.offset + start }
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at offset {})", self.kind.text(), self.offset)
    }
}

impl std::error::Error for Malformed {}
