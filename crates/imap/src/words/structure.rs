//! BODYSTRUCTURE: a message taken apart once, at delivery. RFC 9051 §7.5.2.

use super::envelope::Envelope;

mod parameters;
mod read;

/// What is kept beside a message so that FETCH never parses it again. Goes into a store row as JSON.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    /// The envelope.
    pub envelope: Envelope,
    /// The tree of parts, from the message itself downward.
    pub structure: Part,
    /// Octets of the header with its empty line.
    pub header_octets: u64,
    /// Octets of the whole message.
    pub octets: u64,
}

/// One part: the message itself, a part of a multipart, or an enclosed message. Empty lists and absent values are
/// not written to JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Part {
    /// The part's header with its empty line: first octet and octet behind the last, from the start of the message.
    #[serde(rename = "h")]
    pub header: (u64, u64),
    /// The part's body, likewise.
    #[serde(rename = "b")]
    pub body: (u64, u64),
    /// Type, lower-case: `text`.
    #[serde(rename = "t")]
    pub kind: String,
    /// Subtype, lower-case: `plain`.
    #[serde(rename = "s")]
    pub subtype: String,
    /// Parameters of Content-Type, names lower-case.
    #[serde(rename = "p", skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    /// Content-ID
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Content-Description
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Content-Transfer-Encoding, lower-case; empty when not stated (7bit).
    #[serde(rename = "e", skip_serializing_if = "String::is_empty")]
    pub encoding: String,
    /// Content-MD5
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Content-Disposition: type lower-case, and parameters.
    #[serde(rename = "disp", skip_serializing_if = "Option::is_none")]
    pub disposition: Option<(String, Vec<(String, String)>)>,
    /// Content-Language
    #[serde(rename = "lang", skip_serializing_if = "Vec::is_empty")]
    pub language: Vec<String>,
    /// Content-Location
    #[serde(rename = "loc", skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Lines of the body.
    #[serde(rename = "n")]
    pub lines: u64,
    /// Octets with base64 or quoted-printable undone; `None` for a multipart, an enclosed message, or an encoding that
    /// is not known.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub decoded_octets: Option<u64>,
    /// What it holds.
    #[serde(rename = "c", skip_serializing_if = "Content::is_leaf")]
    pub content: Content,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Octets.
    #[default]
    Leaf,
    /// `multipart/*`: at least one part.
    Parts(Vec<Part>),
    /// `message/rfc822`, `message/global`: an enclosed message and its envelope.
    Message(Box<(Envelope, Part)>),
}

impl Content {
    fn is_leaf(&self) -> bool {
        *self == Self::Leaf
    }
}

/// The octets of a range, as far as they are there.
pub(crate) fn slice(message: &[u8], (from, to): (u64, u64)) -> &[u8] {
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(message.len());
    message.get(place(from)..place(to)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
