//! Walking a message: header fields, body, MIME parts. RFC 5322, RFC 2045.

use crate::{Kind, Malformed, decode};

/// Longest nesting of MIME parts that is followed.
const MAX_DEPTH: usize = 10;
/// Most leaves of a MIME tree that are told.
const MAX_PARTS: usize = 100;

/// A message that is looked at, not copied.
#[derive(Debug)]
pub struct Message<'a> {
    fields: Vec<Field<'a>>,
    header_octets: usize,
    body: &'a [u8],
}

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written.
    pub name: &'a str,
    /// The octets after the colon, folding and final line end included.
    pub raw: &'a [u8],
    /// Octets from the start of the message.
    pub offset: usize,
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
    /// Splits header and body. A line may end in LF alone: stored mail of others does.
    ///
    /// # Errors
    /// [`Malformed`] for a header line that is neither a field nor a continuation.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut start = 0;
        while let Some(end) = line_end(octets, start) {
            let line = octets.get(start..end).unwrap_or_default();
            if is_empty_line(line) {
                return Ok(Self { fields, header_octets: start, body: octets.get(end..).unwrap_or_default() });
            }
            match fields.last_mut() {
                Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                    last.raw = octets.get(end - last.raw.len() - line.len()..end).unwrap_or_default();
                }
                _ => fields.push(field(line, start)?),
            }
            start = end;
        }
        Ok(Self { fields, header_octets: start, body: &[] })
    }

    /// All fields in order.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// Octets of the header, without the empty line.
    pub fn header_octets(&self) -> usize {
        self.header_octets
    }

    /// All fields of that name (case-insensitive), in order.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Field<'a>> + 'm {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The unfolded, trimmed value of the first field of that name.
    pub fn value(&self, name: &str) -> Option<String> {
        self.all(name).next().map(Field::value)
    }

    /// The octets after the empty line.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The MIME leaves; one `text/plain` leaf for a message without MIME. At most 100, at most 10 deep.
    pub fn parts(&self) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        collect(self.fields.clone(), self.body, 0, &mut parts);
        parts
    }
}

impl Field<'_> {
    /// Unfolded and trimmed value; octets that are not UTF-8 are replaced.
    pub fn value(&self) -> String {
        let text = String::from_utf8_lossy(self.raw);
        let unfolded: String = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        unfolded.trim().to_owned()
    }

    /// The value with RFC 2047 encoded words read.
    pub fn decoded(&self) -> String {
        decode::words(&self.value())
    }
}

impl Part<'_> {
    /// The first field of that name, unfolded.
    pub fn value(&self, name: &str) -> Option<String> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(Field::value)
    }

    /// The octets with the transfer encoding undone.
    pub fn octets(&self) -> Vec<u8> {
        decode::decode_transfer(self.raw, &self.value("Content-Transfer-Encoding").unwrap_or_default()).into_owned()
    }

    /// The text with quoted-printable or base64 undone and the charset read.
    pub fn text(&self) -> String {
        let charset = self.parameters.iter().find(|(name, _)| name == "charset").map_or("utf-8", |(_, value)| value);
        decode::decode_charset(&self.octets(), charset)
    }
}

/// A message with fields put on top; `fields` holds whole fields with their line ends.
pub fn prepend(fields: &str, message: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(fields.len() + message.len());
    whole.extend_from_slice(fields.as_bytes());
    whole.extend_from_slice(message);
    whole
}

/// The message ids in a Message-ID, In-Reply-To or References value, without brackets.
pub fn message_ids(value: &str) -> Vec<String> {
    let between = |piece: &str| piece.split_once('>').map(|(id, _)| id.trim().to_owned());
    value.split('<').skip(1).filter_map(between).filter(|id| !id.is_empty()).collect()
}

/// Offset after the LF of the line that starts at `start`; `None` at the end.
fn line_end(octets: &[u8], start: usize) -> Option<usize> {
    let rest = octets.get(start..).filter(|rest| !rest.is_empty())?;
    Some(rest.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |index| start + index + 1))
}

fn is_empty_line(line: &[u8]) -> bool {
    line == b"\r\n" || line == b"\n"
}

fn field(line: &[u8], offset: usize) -> Result<Field<'_>, Malformed> {
    let malformed = Malformed::new(Kind::BadHeader, offset);
    let colon = line.iter().position(|octet| *octet == b':').ok_or(malformed)?;
    let (name, raw) = line.split_at(colon);
    // RFC 5322 §2.2: printable US-ASCII but no colon. Space before the colon is obsolete syntax (§4.5).
    let name = name.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(|octet| octet.is_ascii_graphic());
    let text = std::str::from_utf8(name).map_err(|_| malformed)?;
    if !is_name {
        return Err(malformed);
    }
    Ok(Field { name: text, raw: raw.get(1..).unwrap_or_default(), offset })
}

fn collect<'a>(fields: Vec<Field<'a>>, body: &'a [u8], depth: usize, parts: &mut Vec<Part<'a>>) {
    if parts.len() >= MAX_PARTS {
        return;
    }
    let value = fields.iter().find(|field| field.name.eq_ignore_ascii_case("Content-Type")).map(Field::value);
    let (content_type, parameters) = decode::content_type(value.as_deref().unwrap_or("text/plain"));
    let boundary = parameters.iter().find(|(name, _)| name == "boundary").map(|(_, value)| value.clone());
    match boundary {
        Some(boundary) if content_type.starts_with("multipart/") && depth < MAX_DEPTH => {
            for section in sections(body, &boundary) {
                if let Ok(part) = Message::parse(section) {
                    collect(part.fields, part.body, depth + 1, parts);
                }
            }
        }
        _ => parts.push(Part { content_type, parameters, fields, raw: body }),
    }
}

/// The octets between the delimiter lines. RFC 2046 §5.1.1.
fn sections<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let mut sections = Vec::new();
    let (mut start, mut open) = (0, None);
    while let Some(end) = line_end(body, start) {
        let line = body.get(start..end).unwrap_or_default().trim_ascii_end();
        if line.starts_with(delimiter.as_bytes()) {
            if let Some(from) = open {
                sections.push(without_last_line_end(body.get(from..start).unwrap_or_default()));
            }
            let is_close = line.get(delimiter.len()..) == Some(b"--");
            open = (!is_close).then_some(end);
            if is_close || sections.len() >= MAX_PARTS {
                return sections;
            }
        }
        start = end;
    }
    // A tree that was cut off still shows what it has.
    sections.extend(open.and_then(|from| body.get(from..)));
    sections
}

fn without_last_line_end(section: &[u8]) -> &[u8] {
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    section.strip_suffix(b"\r").unwrap_or(section)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &[u8] = b"From: a@b.test\r\nSubject: one\r\n two\r\nContent-Type: multipart/report;\r\n boundary=\"x y\"\r\n\r\n\
        preamble\r\n--x y\r\n\r\nhello\r\n--x y\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n--x y\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n--x y--\r\nend";

    #[test]
    fn fields_are_unfolded_and_found_by_name() {
        let message = Message::parse(REPORT).unwrap();
        assert_eq!(message.value("subject").as_deref(), Some("one two"));
        assert_eq!(message.fields().len(), 3);
        assert_eq!(message.all("FROM").count(), 1);
        assert_eq!(message.fields()[1].offset, 16);
    }

    #[test]
    fn parts_are_told_in_order_with_their_encoding_undone() {
        let message = Message::parse(REPORT).unwrap();
        let parts = message.parts();
        let types: Vec<&str> = parts.iter().map(|part| part.content_type.as_str()).collect();
        assert_eq!(types, ["text/plain", "message/delivery-status", "text/plain"]);
        assert_eq!(parts[0].text(), "hello");
        assert_eq!(parts[1].text(), "Action: failed\r\n");
        assert_eq!(parts[2].text(), "Grüße");
    }

    #[test]
    fn a_message_without_mime_is_one_text() {
        let message = Message::parse(b"A: b\n\nbody\n").unwrap();
        assert_eq!(message.parts()[0].text(), "body\n");
        assert_eq!(message.parts()[0].content_type, "text/plain");
    }

    #[test]
    fn a_header_line_that_is_no_field_is_refused_where_it_stands() {
        for (text, offset) in [("A: b\r\nnonsense\r\n\r\n", 6), (" folded first\r\n\r\n", 0), (": x\r\n\r\n", 0)] {
            let found = Message::parse(text.as_bytes()).unwrap_err();
            assert_eq!((found.kind, found.offset), (Kind::BadHeader, offset), "{text:?}");
        }
    }

    #[test]
    fn a_message_may_be_header_only() {
        let message = Message::parse(b"A: b\r\nC: d").unwrap();
        assert_eq!(message.value("C").as_deref(), Some("d"));
        assert_eq!(message.body(), b"");
    }

    #[test]
    fn ids_come_without_brackets() {
        assert_eq!(message_ids("<a@b> (x)\r\n <c@d>"), ["a@b", "c@d"]);
        assert_eq!(message_ids("nothing"), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            if let Ok(message) = Message::parse(&octets) {
                let _ = message.parts().iter().map(Part::text).count();
            }
        }
    }
}
