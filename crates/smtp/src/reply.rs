//! One reply. RFC 5321 §4.2.

use crate::Enhanced;

/// A reply of one or more lines. Lines hold no code, no enhanced code and no line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced status code that its lines start with.
    pub enhanced: Option<Enhanced>,
    /// At least one line of text.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line with an enhanced code.
    pub fn new(code: u16, enhanced: Enhanced, text: impl Into<String>) -> Self {
        Self { code, enhanced: Some(enhanced), lines: vec![text.into()] }
    }
    /// A reply of one line without enhanced code.
    pub fn bare(code: u16, text: impl Into<String>) -> Self {
        Self { code, enhanced: None, lines: vec![text.into()] }
    }
    /// Reads complete reply lines (with or without CRLF between them): `550-5.7.26 …\r\n550 5.7.26 …`.
    /// Tolerant: an enhanced code on some lines only is still taken. `None` when it is no reply.
    pub fn parse(_text: &str) -> Option<Self> {
        todo!()
    }
    /// As sent, CRLF after every line.
    pub fn write(&self) -> String {
        todo!()
    }
    /// Lines joined by a space, without codes.
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }
    /// 2yz or 3yz.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }
    /// 4yz.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }
    /// 5yz.
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }
}

impl std::fmt::Display for Reply {
    /// One line: `550 5.1.1 No such mailbox`.
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
