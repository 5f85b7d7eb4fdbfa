//! A bounded buffer that yields lines ended by CRLF, and nothing else.

/// Octets waiting to be cut into lines; never holds more than its limit.
#[derive(Debug)]
pub struct LineBuffer {
    octets: Vec<u8>,
    limit: usize,
}

/// Why a line cannot be yielded.
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
        Self { octets: Vec::new(), limit }
    }
}
