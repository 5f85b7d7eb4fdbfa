//! One reply. RFC 5321 §4.2.

use crate::Enhanced;

/// Longest text of one line, so that a reply line stays within 512 octets. RFC 5321 §4.5.3.1.5.
const MAX_TEXT: usize = 480;

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
    pub fn parse(text: &str) -> Option<Self> {
        let mut reply: Option<Self> = None;
        for line in text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty()) {
            let (code, rest) = split_code(line)?;
            let whole = reply.get_or_insert_with(|| Self { code, enhanced: None, lines: Vec::new() });
            if whole.code != code {
                return None;
            }
            let (enhanced, rest) = split_enhanced(code, rest);
            whole.enhanced = whole.enhanced.or(enhanced);
            whole.lines.push(rest.to_owned());
        }
        reply
    }

    /// As sent, CRLF after every line; long texts go over several lines, control characters become spaces.
    pub fn write(&self) -> String {
        let enhanced = self.enhanced.map(|code| format!("{code} ")).unwrap_or_default();
        let lines: Vec<String> = self.lines.iter().flat_map(|line| pieces(line)).collect();
        let last = lines.len().saturating_sub(1);
        let mut out = String::new();
        for (index, line) in lines.iter().enumerate() {
            let mark = if index == last { ' ' } else { '-' };
            let whole = format!("{}{mark}{enhanced}{line}", self.code);
            out.push_str(whole.trim_end_matches(' '));
            out.push_str("\r\n");
        }
        out
    }

    /// Lines joined by a space, without codes.
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// 2yz or 3yz.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// 2yz: it was done. RFC 5321 §4.2.1.
    pub fn is_completion(&self) -> bool {
        (200..300).contains(&self.code)
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

fn split_code(line: &str) -> Option<(u16, &str)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = digits.parse().ok().filter(|code| (200..600).contains(code))?;
    match rest.chars().next() {
        None => Some((code, "")),
        Some(' ' | '-') => rest.get(1..).map(|rest| (code, rest)),
        Some(_) => None,
    }
}

/// An enhanced code counts only when its class is that of the reply (RFC 2034 §4).
fn split_enhanced(code: u16, rest: &str) -> (Option<Enhanced>, &str) {
    let (first, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    match Enhanced::parse(first) {
        Some(enhanced) if u16::from(enhanced.class) == code / 100 => (Some(enhanced), tail),
        _ => (None, rest),
    }
}

fn pieces(line: &str) -> Vec<String> {
    let clean: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let mut pieces = vec![String::new()];
    for word in clean.split_inclusive(' ').flat_map(cut) {
        let is_full = pieces.last().is_some_and(|piece| !piece.is_empty() && piece.len() + word.len() > MAX_TEXT);
        if is_full {
            pieces.push(String::new());
        }
        pieces.last_mut().into_iter().for_each(|piece| piece.push_str(word));
    }
    pieces
}

/// A word that is longer than a line, in pieces that are not.
fn cut(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some((piece, after)) =
        rest.split_at_checked(rest.floor_char_boundary(MAX_TEXT)).filter(|_| rest.len() > MAX_TEXT)
    {
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

impl std::fmt::Display for Reply {
    /// One line: `550 5.1.1 No such mailbox`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.enhanced {
            Some(enhanced) => write!(f, "{} {enhanced} {}", self.code, self.text()),
            None => write!(f, "{} {}", self.code, self.text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_line_by_line() {
        let reply = Reply::parse("550-5.7.26 This mail\r\n550 5.7.26 is blocked\r\n").unwrap();
        assert_eq!((reply.code, reply.enhanced), (550, Some(Enhanced::new(5, 7, 26))));
        assert_eq!(reply.text(), "This mail is blocked");
        assert_eq!(reply.to_string(), "550 5.7.26 This mail is blocked");
        let mixed = Reply::parse("421-busy\n421 4.7.0 later").unwrap();
        assert_eq!(mixed.enhanced, Some(Enhanced::new(4, 7, 0)));
        assert_eq!(Reply::parse("250").unwrap().text(), "");
        assert_eq!(Reply::parse("250 5.1.1 odd").unwrap().enhanced, None);
    }

    #[test]
    fn blanks_that_are_not_ascii_stay_with_the_text_they_end() {
        let reply = Reply::parse("421 4.7.1\u{2000}").unwrap();
        assert_eq!((reply.enhanced, reply.text().as_str()), (None, "4.7.1\u{2000}"));
        assert_eq!(Reply::parse(&reply.write()), Some(reply), "what was no code becomes none");
    }

    #[test]
    fn what_is_no_reply_is_not_read() {
        for text in ["", "hello", "25", "999 x", "250x", "250-a\r\n550 b", "2é0 x"] {
            assert_eq!(Reply::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_goes_over_several_lines_and_cannot_break_out() {
        let text = format!("{}\r\n250 ok", "word ".repeat(200));
        let written = Reply::new(550, Enhanced::new(5, 7, 1), text).write();
        assert!(written.lines().count() > 1);
        assert!(written.lines().all(|line| line.len() < 511 && line.starts_with("550")), "{written}");
    }

    #[test]
    fn a_word_that_fits_no_line_is_cut() {
        let written = Reply::bare(250, format!("mx.test greets {}", "é".repeat(1000))).write();
        assert!(written.lines().count() > 4 && written.lines().all(|line| line.len() <= 510), "{written}");
        assert_eq!(written.matches('é').count(), 1000);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(code in 200_u16..600, lines in proptest::collection::vec("[a-z]{1,20}( [a-z]{1,9}){0,9}", 1..4)) {
            let reply = Reply { code, enhanced: None, lines };
            proptest::prop_assert_eq!(Reply::parse(&reply.write()), Some(reply));
        }

        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = Reply::parse(&text);
        }
    }
}
