//! A message taken apart. Whatever it is, something is told, and within bounds.

use super::{
    Content, Kept, Part,
    parameters::{self, cut},
};
use crate::words::{
    envelope::Envelope,
    header::{Field, fields, header_end, is_field, line_end},
};

/// Deepest nesting of parts and enclosed messages; what lies deeper is told as text.
const MAX_DEPTH: usize = 20;
/// Most parts of one message; those behind are not told.
const MAX_PARTS: usize = 1000;
/// Longest kept value of a field that only describes, in octets.
const MAX_TEXT: usize = 4096;

/// Whole octets, and how many parts may still be told.
struct Reader<'m> {
    octets: &'m [u8],
    room: usize,
}

impl Kept {
    /// Takes a message apart. Never fails: what is broken is told as the text that it is.
    pub fn read(message: &[u8]) -> Self {
        let mut reader = Reader { octets: message, room: MAX_PARTS };
        let structure = reader.message(0, message.len(), 0);
        Self {
            envelope: Envelope::read(reader.slice(structure.header)),
            header_octets: structure.header.1,
            octets: place(message.len()),
            structure,
        }
    }
}

impl<'m> Reader<'m> {
    fn slice(&self, range: (u64, u64)) -> &'m [u8] {
        super::slice(self.octets, range)
    }

    /// A whole message: the header ends with the first empty line, whatever stands before it.
    fn message(&mut self, from: usize, to: usize, depth: usize) -> Part {
        let octets = self.octets.get(..to).unwrap_or_default();
        self.entity(from, header_end(octets, from), to, depth, "text/plain")
    }

    /// A part of a multipart. One whose first line is no field has no header: Reality: scripts that forget the empty line.
    fn part(&mut self, from: usize, to: usize, depth: usize, default: &str) -> Part {
        let octets = self.octets.get(..to).unwrap_or_default();
        let first = line_end(octets, from).and_then(|end| octets.get(from..end)).unwrap_or_default();
        let has_header = is_field(first) || first.trim_ascii().is_empty();
        let body = if has_header { header_end(octets, from) } else { from };
        self.entity(from, body, to, depth, default)
    }

    fn entity(&mut self, from: usize, body: usize, to: usize, depth: usize, default: &str) -> Part {
        self.room = self.room.saturating_sub(1);
        let mut part = described(self.octets.get(from..body).unwrap_or_default(), default);
        part.header = (place(from), place(body));
        part.body = (place(body), place(to));
        part.content = match part.kind.as_str() {
            "multipart" => self.parts(&part, body, to, depth),
            "message" if is_message(&part.subtype) => self.enclosed(&part, body, to, depth),
            _ => Content::Leaf,
        };
        let octets = self.octets.get(body..to).unwrap_or_default();
        part.lines = place(octets.iter().filter(|octet| **octet == b'\n').count());
        if part.content == Content::Leaf {
            as_leaf(&mut part);
            part.decoded_octets = decoded_octets(octets, &part.encoding);
        }
        part
    }

    fn parts(&mut self, part: &Part, from: usize, to: usize, depth: usize) -> Content {
        let boundary = part.parameters.iter().find(|(name, _)| name == "boundary").map(|(_, value)| value.trim_end());
        let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty() && depth < MAX_DEPTH) else {
            return Content::Leaf;
        };
        let default = if part.subtype == "digest" { "message/rfc822" } else { "text/plain" };
        let sections = sections(self.octets.get(..to).unwrap_or_default(), from, boundary, self.room);
        let mut parts = Vec::with_capacity(sections.len());
        for (from, to) in sections {
            if self.room > 0 {
                parts.push(self.part(from, to, depth + 1, default));
            }
        }
        if parts.is_empty() { Content::Leaf } else { Content::Parts(parts) }
    }

    /// An enclosed message, when it stands there as it is (RFC 2046 §5.2.1 allows no other encoding).
    fn enclosed(&mut self, part: &Part, from: usize, to: usize, depth: usize) -> Content {
        if depth >= MAX_DEPTH || self.room == 0 || !matches!(part.encoding.as_str(), "" | "7bit" | "8bit" | "binary") {
            return Content::Leaf;
        }
        let message = self.message(from, to, depth + 1);
        let envelope = Envelope::read(self.slice(message.header));
        Content::Message(Box::new((envelope, message)))
    }
}

/// What the header of a part says.
fn described(header: &[u8], default: &str) -> Part {
    let mut part = Part::default();
    let mut content_type = None;
    for field in fields(header) {
        if field.is("Content-Type") {
            content_type.get_or_insert_with(|| field.value());
        } else if field.name.len() > 8 {
            describe(&mut part, &field);
        }
    }
    let (kind, parameters) = parameters::read(content_type.as_deref().unwrap_or(default));
    match kind.split_once('/').filter(|(kind, subtype)| is_token(kind) && is_token(subtype)) {
        Some((kind, subtype)) => (part.kind, part.subtype, part.parameters) = (kind.into(), subtype.into(), parameters),
        // RFC 2045 §5.2: what cannot be read is plain text.
        None => (part.kind, part.subtype) = ("text".into(), "plain".into()),
    }
    part
}

fn describe(part: &mut Part, field: &Field<'_>) {
    let text = || Some(cut(&field.value(), MAX_TEXT).to_owned());
    if field.is("Content-ID") {
        part.id = part.id.take().or_else(text);
    } else if field.is("Content-Description") {
        part.description = part.description.take().or_else(text);
    } else if field.is("Content-Transfer-Encoding") && part.encoding.is_empty() {
        part.encoding = cut(&parameters::read(&field.value()).0, 100).to_owned();
    } else if field.is("Content-MD5") {
        part.md5 = part.md5.take().or_else(text);
    } else if field.is("Content-Location") {
        part.location = part.location.take().or_else(text);
    } else if field.is("Content-Disposition") && part.disposition.is_none() {
        let read = parameters::read(cut(&field.value(), 16 * MAX_TEXT));
        part.disposition = Some(read).filter(|(kind, _)| !kind.is_empty());
    } else if field.is("Content-Language") && part.language.is_empty() {
        let value = field.value();
        let tags = value.split(',').map(|tag| cut(tag.trim(), 100)).filter(|tag| !tag.is_empty());
        part.language = tags.take(20).map(str::to_owned).collect();
    }
}

/// A multipart without parts and an enclosed message that is not looked into cannot be told as such.
fn as_leaf(part: &mut Part) {
    if part.kind == "multipart" {
        (part.kind, part.subtype) = ("text".into(), "plain".into());
        part.parameters = Vec::new();
    } else if part.kind == "message" && is_message(&part.subtype) {
        let is_text = matches!(part.encoding.as_str(), "" | "7bit" | "8bit" | "binary");
        let (kind, subtype) = if is_text { ("text", "plain") } else { ("application", "octet-stream") };
        (part.kind, part.subtype) = (kind.into(), subtype.into());
    }
}

fn is_message(subtype: &str) -> bool {
    matches!(subtype, "rfc822" | "global")
}

/// `token` of RFC 2045 §5.1.
fn is_token(text: &str) -> bool {
    let is_one = |octet: u8| octet.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&octet);
    !text.is_empty() && text.len() <= 127 && text.bytes().all(is_one)
}

fn decoded_octets(octets: &[u8], encoding: &str) -> Option<u64> {
    match encoding {
        "" | "7bit" | "8bit" | "binary" => Some(place(octets.len())),
        "base64" | "quoted-printable" => Some(place(syntax::decode_transfer(octets, encoding).len())),
        _ => None,
    }
}

/// Where the parts between the delimiter lines are, at most `most`. The line end before a delimiter belongs to the
/// delimiter (RFC 2046 §5.1.1). A multipart that was cut off still shows what it has.
fn sections(octets: &[u8], from: usize, boundary: &str, most: usize) -> Vec<(usize, usize)> {
    let mut sections = Vec::new();
    let mut open = None;
    let mut start = from;
    while let Some(end) = line_end(octets, start) {
        if let Some(is_last) = delimiter(octets.get(start..end).unwrap_or_default(), boundary) {
            if let Some(from) = open {
                sections.push((from, before_line_end(octets, from, start)));
            }
            open = (!is_last).then_some(end);
            if is_last || sections.len() >= most {
                return sections;
            }
        }
        start = end;
    }
    sections.extend(open.map(|from| (from, octets.len())));
    sections
}

/// Whether the line is `--boundary` (`false`) or `--boundary--` (`true`).
fn delimiter(line: &[u8], boundary: &str) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

fn before_line_end(octets: &[u8], from: usize, to: usize) -> usize {
    let section = octets.get(from..to).unwrap_or_default();
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    from + section.strip_suffix(b"\r").unwrap_or(section).len()
}

fn place(offset: usize) -> u64 {
    u64::try_from(offset).unwrap_or(u64::MAX)
}
