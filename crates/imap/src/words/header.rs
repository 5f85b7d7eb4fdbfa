//! A header that is looked at as it stands, whatever is wrong with it. RFC 5322 §2.2.

use syntax::decode_charset;

/// Most lines of one header that are looked at as fields.
const MAX_FIELDS: usize = 5000;
/// Most octets of one value that are read; the rest is left out.
const MAX_VALUE: usize = 64 * 1024;

/// One field, or a line that is none (`name` is then empty).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'m> {
    /// All its lines with their ends.
    pub(crate) raw: &'m [u8],
    /// Before the colon.
    pub(crate) name: &'m [u8],
    /// Behind the colon.
    value: &'m [u8],
}

/// The octet behind the line that begins at `from`; `None` at the end.
pub(crate) fn line_end(octets: &[u8], from: usize) -> Option<usize> {
    let rest = octets.get(from..).filter(|rest| !rest.is_empty())?;
    Some(rest.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |index| from + index + 1))
}

/// The octet behind the empty line that ends the header beginning at `from`; the end when there is none.
pub(crate) fn header_end(octets: &[u8], from: usize) -> usize {
    let mut start = from;
    while let Some(end) = line_end(octets, start) {
        if is_empty_line(octets.get(start..end).unwrap_or_default()) {
            return end;
        }
        start = end;
    }
    octets.len().max(from)
}

/// Whether a line is `name:`, as a header begins.
pub(crate) fn is_field(line: &[u8]) -> bool {
    !name_of(line).is_empty()
}

pub(crate) fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n")
}

/// The fields of a header, up to its empty line.
pub(crate) fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut start = 0;
    let next = move || {
        let first = line_end(header, start)?;
        if is_empty_line(header.get(start..first)?) {
            return None;
        }
        let mut end = first;
        while let Some(more) = line_end(header, end).filter(|_| matches!(header.get(end), Some(b' ' | b'\t'))) {
            end = more;
        }
        let raw = header.get(start..end)?;
        start = end;
        let name = name_of(raw);
        let colon = raw.iter().position(|octet| *octet == b':').unwrap_or(0);
        let value = if name.is_empty() { raw } else { raw.get(colon + 1..).unwrap_or_default() };
        Some(Field { raw, name, value })
    };
    std::iter::from_fn(next).take(MAX_FIELDS)
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Unfolded and trimmed, encoded words not read. What is no UTF-8 is read as what it most likely was.
    pub(crate) fn value(&self) -> String {
        let value = self.value.get(..MAX_VALUE).unwrap_or(self.value);
        let unfolded: Vec<u8> = value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n' | 0)).collect();
        decode_charset(unfolded.trim_ascii(), "utf-8")
    }
}

/// Printable ASCII before a colon, blanks before the colon left out (RFC 5322 §4.5); empty when there is none.
fn name_of(line: &[u8]) -> &[u8] {
    let colon = line.iter().position(|octet| *octet == b':').unwrap_or(0);
    let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
    if name.iter().all(u8::is_ascii_graphic) { name } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_with_their_lines() {
        let header = b"From x\nA: b\r\n c\r\n\td\r\nE :f\nG:\r\n\r\nbody: x\r\n";
        let found: Vec<_> = fields(header).map(|field| (String::from_utf8_lossy(field.name), field.value())).collect();
        let expect = [("", "From x"), ("A", "b c\td"), ("E", "f"), ("G", "")];
        assert_eq!(found, expect.map(|(name, value)| (name.into(), value.to_owned())));
        assert_eq!(header_end(header, 0), header.len() - 9);
        assert_eq!(header_end(b"A: b", 0), 4);
        assert_eq!(header_end(b"\r\nx", 0), 2);
        assert!(fields(header).any(|field| field.is("e")));
    }

    #[test]
    fn octets_of_an_old_charset_are_read() {
        let value = fields(b"Subject: Gr\xfc\xdfe\r\n").next().map(|field| field.value());
        assert_eq!(value.as_deref(), Some("Grüße"));
    }
}
