//! `BODY[…]`: which octets of a message are meant, and the octets. RFC 9051 §6.4.5.

use std::borrow::Cow;

use super::{
    command::Partial,
    header::{Field, fields},
    structure::{Content, Kept, Part, slice},
};

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

/// The part of these numbers; none for no numbers. RFC 9051 §6.4.5: the only part of a message that is no multipart is
/// its part 1; numbers behind an enclosed message go on in it.
pub fn part<'k>(kept: &'k Kept, numbers: &[u32]) -> Option<&'k Part> {
    let mut found: Option<&Part> = None;
    for number in numbers {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let holder = match found {
            None => &kept.structure,
            Some(part) => match &part.content {
                Content::Message(enclosed) => &enclosed.1,
                Content::Parts(_) => part,
                Content::Leaf => return None,
            },
        };
        found = match &holder.content {
            Content::Parts(parts) => Some(parts.get(index)?),
            _ => Some(holder).filter(|_| index == 0),
        };
        found?;
    }
    found
}

/// Where the octets of a section lie in the message (for `HEADER.FIELDS` the header from which they are taken), from the
/// first octet to the one behind the last: what lies behind need not be loaded. `None` when there is no such part.
pub fn range(kept: &Kept, section: &Section) -> Option<(u64, u64)> {
    let Some(part) = part(kept, &section.part) else {
        let structure = Some(&kept.structure).filter(|_| section.part.is_empty())?;
        return Some(match section.what {
            SectionText::All => (0, kept.octets),
            SectionText::Text => structure.body,
            _ => structure.header,
        });
    };
    match (&section.what, &part.content) {
        (SectionText::All, _) => Some(part.body),
        (SectionText::Mime, _) => Some(part.header),
        // RFC 9051 §6.4.5: with a part number these are of enclosed messages only.
        (SectionText::Text, Content::Message(enclosed)) => Some(enclosed.1.body),
        (_, Content::Message(enclosed)) => Some(enclosed.1.header),
        _ => None,
    }
}

/// The octets of a section; `None` when there is no such part. `message` may be cut off behind [`range`].
pub fn octets<'m>(message: &'m [u8], kept: &Kept, section: &Section) -> Option<Cow<'m, [u8]>> {
    let octets = slice(message, range(kept, section)?);
    match &section.what {
        SectionText::Fields(names) => Some(chosen(octets, names, true).into()),
        SectionText::FieldsNot(names) => Some(chosen(octets, names, false).into()),
        _ => Some(octets.into()),
    }
}

/// The octets of `<offset.length>`; beyond the end there are none, which is no error (RFC 9051 §6.4.5).
pub fn partial(octets: Cow<'_, [u8]>, partial: Partial) -> Cow<'_, [u8]> {
    let range = (partial.offset, partial.offset.saturating_add(partial.length));
    match octets {
        Cow::Borrowed(octets) => slice(octets, range).into(),
        Cow::Owned(octets) => slice(&octets, range).to_vec().into(),
    }
}

/// A transfer encoding that cannot be undone: the answer is NO [UNKNOWN-CTE] (RFC 3516 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownEncoding;

/// The octets of BINARY: the part with its transfer encoding undone; `None` when there is no such part.
///
/// # Errors
/// [`UnknownEncoding`]
pub fn binary<'m>(message: &'m [u8], kept: &Kept, numbers: &[u32]) -> Result<Option<Cow<'m, [u8]>>, UnknownEncoding> {
    if numbers.is_empty() {
        return Ok(Some(message.into()));
    }
    let Some(part) = part(kept, numbers) else { return Ok(None) };
    let raw = slice(message, part.body);
    if part.content == Content::Leaf && part.decoded_octets.is_none() {
        return Err(UnknownEncoding);
    }
    match part.content {
        Content::Leaf => Ok(Some(syntax::decode_transfer(raw, &part.encoding))),
        _ => Ok(Some(raw.into())),
    }
}

/// How many octets [`binary`] has, without the message.
///
/// # Errors
/// [`UnknownEncoding`]
pub fn binary_size(kept: &Kept, numbers: &[u32]) -> Result<Option<u64>, UnknownEncoding> {
    if numbers.is_empty() {
        return Ok(Some(kept.octets));
    }
    let Some(part) = part(kept, numbers) else { return Ok(None) };
    match part.content {
        Content::Leaf => part.decoded_octets.map(Some).ok_or(UnknownEncoding),
        _ => Ok(Some(part.body.1.saturating_sub(part.body.0))),
    }
}

/// The fields of these names (or all others), as they stand, and the empty line.
fn chosen(header: &[u8], names: &[String], wanted: bool) -> Vec<u8> {
    let is_chosen = |field: &Field<'_>| names.iter().any(|name| field.is(name)) == wanted;
    let mut out: Vec<u8> = fields(header).filter(is_chosen).flat_map(|field| field.raw.iter().copied()).collect();
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

#[cfg(test)]
mod tests;
