//! A bounded buffer that yields lines ended by CRLF, and nothing else.

/// Octets waiting to be cut into lines; never holds more than its limit and one read.
#[derive(Debug)]
pub struct LineBuffer {
    octets: Vec<u8>,
    /// Octets from the start that were searched and hold no line end.
    searched: usize,
    limit: usize,
    /// The rest of an over-long line is being dropped.
    dropping: bool,
}

/// Why a line cannot be yielded. The line is consumed all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// The line is longer than the limit; the rest of it, up to its CRLF, is dropped.
    TooLong,
    /// A CR without LF or an LF without CR. Never a line end (SMTP smuggling).
    BareLineEnd,
}

impl LineBuffer {
    /// A buffer whose lines are at most `limit` octets with their CRLF.
    pub fn new(limit: usize) -> Self {
        Self { octets: Vec::new(), searched: 0, limit, dropping: false }
    }

    /// Changes the limit for the lines that follow.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Adds octets that arrived. What belongs to an over-long line is not kept.
    pub fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Whether nothing is waiting.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Whether what waits is part of a line that is too long already, and whose end has not come.
    pub fn is_too_long(&self) -> bool {
        self.dropping
    }

    /// Octets waiting.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Forgets everything that waits: at STARTTLS (RFC 3207 §4.2).
    pub fn clear(&mut self) {
        self.octets.clear();
        self.searched = 0;
        self.dropping = false;
    }

    /// Takes up to `most` octets as they are, for counted content (RFC 3030).
    pub fn take(&mut self, most: usize) -> Vec<u8> {
        self.searched = 0;
        let end = most.min(self.octets.len());
        self.octets.drain(..end).collect()
    }

    /// The next line, without its CRLF; `None` when no whole line is there yet.
    pub fn line(&mut self) -> Option<Result<Vec<u8>, LineFault>> {
        loop {
            match self.find_crlf() {
                Some(end) => {
                    let mut line: Vec<u8> = self.octets.drain(..end + 2).collect();
                    self.searched = 0;
                    if std::mem::take(&mut self.dropping) || line.len() > self.limit {
                        return Some(Err(LineFault::TooLong));
                    }
                    line.truncate(end);
                    let is_bare = line.iter().any(|octet| matches!(octet, b'\r' | b'\n'));
                    return Some(if is_bare { Err(LineFault::BareLineEnd) } else { Ok(line) });
                }
                None if self.octets.len() >= self.limit && !self.dropping => self.dropping = true,
                None => {
                    if self.dropping {
                        // A CR at the end may be the first half of the CRLF.
                        let keep = usize::from(self.octets.last() == Some(&b'\r'));
                        self.octets.drain(..self.octets.len() - keep);
                        self.searched = 0;
                    }
                    return None;
                }
            }
        }
    }

    fn find_crlf(&mut self) -> Option<usize> {
        let rest = self.octets.get(self.searched..)?;
        match rest.windows(2).position(|pair| pair == b"\r\n") {
            Some(index) => Some(self.searched + index),
            None => {
                self.searched = self.octets.len().saturating_sub(1);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Line<'l> = Result<&'l [u8], LineFault>;

    /// However the octets are cut into pushes, the same lines come out.
    fn check(octets: &[u8], limit: usize, expect: &[Line<'_>]) {
        for size in 1..=octets.len() {
            let mut buffer = LineBuffer::new(limit);
            let mut lines = Vec::new();
            for piece in octets.chunks(size) {
                buffer.push(piece);
                while let Some(line) = buffer.line() {
                    lines.push(line);
                }
                assert!(buffer.len() < limit.max(2) + size);
            }
            let lines: Vec<Line<'_>> = lines.iter().map(|line| line.as_deref().map_err(|fault| *fault)).collect();
            assert_eq!(lines, expect, "{octets:?} in pieces of {size}");
        }
    }

    #[test]
    fn lines_end_with_crlf_only() {
        check(b"a\r\nbc\r\n", 10, &[Ok(b"a"), Ok(b"bc")]);
        check(b"a\nb\r\n", 10, &[Err(LineFault::BareLineEnd)]);
        check(b"a\rb\r\nc\r\n", 10, &[Err(LineFault::BareLineEnd), Ok(b"c")]);
        check(b"a\r\r\n", 10, &[Err(LineFault::BareLineEnd)]);
        check(b"no end", 10, &[]);
    }

    #[test]
    fn an_over_long_line_is_dropped_and_the_next_one_read() {
        check(b"0123456789\r\nok\r\n", 8, &[Err(LineFault::TooLong), Ok(b"ok")]);
        check(b"012345\r\n", 8, &[Ok(b"012345")]);
        check(b"0123456\r\n", 8, &[Err(LineFault::TooLong)]);
    }

    #[test]
    fn counted_octets_are_taken_as_they_are() {
        let mut buffer = LineBuffer::new(10);
        buffer.push(b"ab\ncd");
        assert_eq!(buffer.take(3), b"ab\n");
        assert_eq!(buffer.take(9), b"cd");
        assert!(buffer.is_empty());
    }
}
