//! Whole replies out of the octets that arrive.

use wire::LineBuffer;

use crate::Reply;

/// Longest reply line that is read. RFC 5321 §4.5.3.1.5 says 512; some write more.
const REPLY_LINE: usize = 4096;
/// Most lines of one reply.
const REPLY_LINES: usize = 128;

/// What arrived and is not a whole reply yet.
#[derive(Debug)]
pub(super) struct Reading {
    lines: LineBuffer,
    reply: Vec<String>,
}

impl Reading {
    pub fn new() -> Self {
        Self { lines: LineBuffer::new(REPLY_LINE), reply: Vec::new() }
    }

    pub fn push(&mut self, octets: &[u8]) {
        self.lines.push(octets);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.reply.clear();
    }

    /// Whether nothing has arrived that was not taken.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.reply.is_empty()
    }

    /// Takes one whole reply; `Some(None)` when what came is not SMTP.
    pub fn reply(&mut self) -> Option<Option<Reply>> {
        loop {
            // Nobody needs to see the end of a line that has none.
            let Some(line) = self.lines.line() else { return self.lines.is_too_long().then_some(None) };
            let line = match line {
                Ok(line) => String::from_utf8_lossy(&line).into_owned(),
                Err(_) => return Some(None),
            };
            let is_last = line.as_bytes().get(3) != Some(&b'-');
            if !line.bytes().take(3).all(|octet| octet.is_ascii_digit()) {
                return Some(None);
            }
            self.reply.push(line);
            if is_last || self.reply.len() > REPLY_LINES {
                let text = std::mem::take(&mut self.reply).join("\r\n");
                return Some(Reply::parse(&text).filter(|_| is_last));
            }
        }
    }
}
