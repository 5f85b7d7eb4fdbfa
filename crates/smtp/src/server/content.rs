//! The content after DATA: where it ends, and what it must not hold.
//!
//! Only CRLF.CRLF is an end. A bare CR or LF anywhere is noted, and the message is refused *after* its true end, so
//! nothing after a false end is ever read as a command (SMTP smuggling).

/// Where in a line the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// After CRLF, or at the very start.
    LineStart,
    /// After a dot at the start of a line.
    Dot,
    /// After a dot and CR at the start of a line.
    DotCr,
    /// Within a line.
    Middle,
    /// After CR within a line.
    Cr,
}

/// Reads content until its end.
#[derive(Debug)]
pub(crate) struct Reader {
    at: At,
    content: Vec<u8>,
    limit: usize,
    is_too_large: bool,
    has_bare_line_end: bool,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The octets, dots unstuffed.
    Whole(Vec<u8>),
    /// More than the limit.
    TooLarge,
    /// CR without LF or LF without CR.
    BareLineEnd,
}

impl Reader {
    pub fn new(limit: usize) -> Self {
        Self { at: At::LineStart, content: Vec::new(), limit, is_too_large: false, has_bare_line_end: false }
    }

    /// Reads on. When the end is among `octets`: how many were used.
    pub fn read(&mut self, octets: &[u8]) -> Option<usize> {
        for (index, octet) in octets.iter().enumerate() {
            if self.step(*octet) {
                return Some(index + 1);
            }
        }
        None
    }

    /// Adds octets that were counted (BDAT): no dots, no end to be looked for. RFC 3030 §2.
    pub fn add(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.keep(*octet));
    }

    /// What was read, for counted octets.
    pub fn finish_counted(mut self) -> Content {
        let mut previous = 0;
        for octet in &self.content {
            self.has_bare_line_end |= (*octet == b'\n') != (previous == b'\r');
            previous = *octet;
        }
        self.has_bare_line_end |= previous == b'\r';
        self.finish()
    }

    /// What was read.
    pub fn finish(self) -> Content {
        match (self.has_bare_line_end, self.is_too_large) {
            (true, _) => Content::BareLineEnd,
            (_, true) => Content::TooLarge,
            _ => Content::Whole(self.content),
        }
    }

    /// Takes one octet; whether it was the last.
    fn step(&mut self, octet: u8) -> bool {
        self.at = match (self.at, octet) {
            (At::DotCr, b'\n') => return true,
            (At::LineStart, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, octet) => {
                self.bare();
                self.keep(b'\r');
                self.begin(octet)
            }
            (At::Cr, b'\n') => {
                self.keep(b'\r');
                self.keep(b'\n');
                At::LineStart
            }
            (At::Cr, octet) => {
                self.bare();
                self.keep(b'\r');
                self.begin(octet)
            }
            // A dot at the start of a line was stuffed: it is dropped (RFC 5321 §4.5.2).
            (At::LineStart | At::Dot | At::Middle, octet) => self.begin(octet),
        };
        false
    }

    fn begin(&mut self, octet: u8) -> At {
        match octet {
            b'\r' => At::Cr,
            b'\n' => {
                self.bare();
                self.keep(octet);
                At::Middle
            }
            octet => {
                self.keep(octet);
                At::Middle
            }
        }
    }

    fn bare(&mut self) {
        self.has_bare_line_end = true;
    }

    fn keep(&mut self, octet: u8) {
        if self.content.len() < self.limit {
            self.content.push(octet);
        } else {
            self.is_too_large = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the octets are cut, the same comes out; the rest after the end is left.
    fn check(octets: &[u8], expect: Option<(Content, &[u8])>) {
        for size in 1..=octets.len() {
            let mut reader = Reader::new(20);
            let mut used = None;
            let mut offset = 0;
            for piece in octets.chunks(size) {
                used = reader.read(piece).map(|used| offset + used);
                offset += piece.len();
                if used.is_some() {
                    break;
                }
            }
            match &expect {
                None => assert_eq!(used, None, "{octets:?}"),
                Some((content, rest)) => {
                    assert_eq!(&octets[used.unwrap()..], *rest, "{octets:?}");
                    assert_eq!(reader.finish(), *content, "{octets:?}");
                }
            }
        }
    }

    #[test]
    fn content_ends_with_crlf_dot_crlf_only() {
        check(b"a\r\n.\r\nQUIT\r\n", Some((Content::Whole(b"a\r\n".to_vec()), b"QUIT\r\n")));
        check(b".\r\n", Some((Content::Whole(Vec::new()), b"")));
        check(b"..a\r\n..\r\n.\r\n", Some((Content::Whole(b".a\r\n.\r\n".to_vec()), b"")));
        check(b"a\r\n.b\r\n.\r\n", Some((Content::Whole(b"a\r\nb\r\n".to_vec()), b"")));
        for false_end in
            ["a\n.\n", "a\r.\r", "a\n.\r\n", "a\r\n.\n", "a\r\n.\r", "a\r.\r\n", "a\r\n\n.\r\n", "a\r\n.\r.\r\n"]
        {
            check(false_end.as_bytes(), None);
            let whole = format!("{false_end}b\r\n.\r\nX");
            check(whole.as_bytes(), Some((Content::BareLineEnd, b"X")));
        }
    }

    #[test]
    fn too_much_is_read_to_its_end_and_dropped() {
        check(b"0123456789012345678901\r\n.\r\nX", Some((Content::TooLarge, b"X")));
    }

    #[test]
    fn counted_content_must_have_whole_line_ends_too() {
        let read = |octets: &[u8]| {
            let mut reader = Reader::new(20);
            reader.add(octets);
            reader.finish_counted()
        };
        assert_eq!(read(b".a\r\n"), Content::Whole(b".a\r\n".to_vec()));
        for bare in [&b"a\nb"[..], b"a\rb", b"a\r", b"\n", b"a\r\r\n"] {
            assert_eq!(read(bare), Content::BareLineEnd, "{bare:?}");
        }
        assert_eq!(read(&[b'x'; 21]), Content::TooLarge);
    }
}
