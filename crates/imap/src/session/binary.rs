//! BINARY: a part with its transfer encoding undone. RFC 3516, RFC 9051 §6.4.5

use std::borrow::Cow;

use crate::words::structure::{Content, Kept, Part};

/// The part of these numbers.
pub(super) fn part<'k>(kept: &'k Kept, numbers: &[u32]) -> Option<&'k Part> {
    let mut part = &kept.structure;
    for (level, number) in numbers.iter().enumerate() {
        // The numbers go into an enclosed message, not to it.
        if level > 0
            && let Content::Message(enclosed) = &part.content
        {
            part = &enclosed.1;
        }
        let index = usize::try_from(*number).ok()?.checked_sub(1)?;
        part = match &part.content {
            Content::Parts(parts) => parts.get(index)?,
            Content::Leaf | Content::Message(_) if index == 0 && level == 0 => part,
            Content::Leaf | Content::Message(_) if index == 0 && level + 1 == numbers.len() => part,
            Content::Leaf | Content::Message(_) => return None,
        };
    }
    Some(part)
}

/// Its octets; the outer `None` when its encoding is not known, the inner one when there is no such part.
pub(super) fn octets<'m>(message: &'m [u8], kept: &Kept, numbers: &[u32]) -> Option<Option<Cow<'m, [u8]>>> {
    if numbers.is_empty() {
        return Some(Some(Cow::Borrowed(message)));
    }
    let Some(part) = part(kept, numbers) else { return Some(None) };
    if !is_known(&part.encoding) {
        return None;
    }
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let raw = message.get(place(part.body.0)..place(part.body.1)).unwrap_or_default();
    Some(Some(syntax::decode_transfer(raw, &part.encoding)))
}

/// How many; `None` when the encoding is not known. Of a part that is not there: none.
pub(super) fn size(kept: &Kept, numbers: &[u32]) -> Option<u64> {
    if numbers.is_empty() {
        return Some(kept.octets);
    }
    let Some(part) = part(kept, numbers) else { return Some(0) };
    match part.decoded_octets {
        Some(octets) => Some(octets),
        None if is_known(&part.encoding) => Some(part.body.1.saturating_sub(part.body.0)),
        None => None,
    }
}

fn is_known(encoding: &str) -> bool {
    ["", "7bit", "8bit", "binary", "base64", "quoted-printable"].contains(&encoding)
}
