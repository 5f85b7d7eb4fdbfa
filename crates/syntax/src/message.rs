//! Walking a message: header fields, body, MIME parts. RFC 5322, RFC 2045.

use crate::Malformed;

/// A message that is looked at, not copied.
#[derive(Debug)]
pub struct Message<'a> {
    fields: Vec<Field<'a>>,
    body: &'a [u8],
}

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written.
    pub name: &'a str,
    /// The octets after the colon, folding and final CRLF included.
    pub raw: &'a [u8],
}

/// One leaf (or `message/rfc822`) of a MIME tree, in the order of appearance.
#[derive(Debug)]
pub struct Part<'a> {
    /// `type/subtype`, lower-case; `text/plain` when not stated.
    pub content_type: String,
    /// Parameters of Content-Type, names lower-case.
    pub parameters: Vec<(String, String)>,
    /// The part's own header fields.
    pub fields: Vec<Field<'a>>,
    /// The octets as transferred (transfer encoding not undone).
    pub raw: &'a [u8],
}

impl<'a> Message<'a> {
    /// Splits header and body.
    ///
    /// # Errors
    /// [`Malformed`] for a header line that is neither a field nor a continuation.
    pub fn parse(_octets: &'a [u8]) -> Result<Self, Malformed> {
        todo!()
    }
    /// All fields in order.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }
    /// All fields of that name (case-insensitive), in order.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Field<'a>> + 'm {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }
    /// The unfolded, trimmed value of the first field of that name.
    pub fn value(&self, _name: &str) -> Option<String> {
        todo!()
    }
    /// The octets after the empty line.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
    /// The MIME leaves; one `text/plain` leaf for a message without MIME. At most 100, at most 10 deep.
    pub fn parts(&self) -> Vec<Part<'a>> {
        todo!()
    }
}

impl Field<'_> {
    /// Unfolded and trimmed value; octets that are not UTF-8 are replaced.
    pub fn value(&self) -> String {
        todo!()
    }
}

impl Part<'_> {
    /// The text with quoted-printable or base64 undone and the charset read as UTF-8 (lossy).
    pub fn text(&self) -> String {
        todo!()
    }
}
