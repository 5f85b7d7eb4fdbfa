//! Correct headers from parts: names quoted or encoded as they must be, lines folded. RFC 5322 §2.2.3, §3.4; RFC 2047.

use crate::{FromField, compose};

/// Longest line that is aimed at, in octets without CRLF. RFC 5322 §2.1.1.
const LINE: usize = 78;

/// A whole From field without its last CRLF, folded: `From: "Doe, Ann" <ann@example.com>`. With several authors a Sender
/// field with the first follows on a line of its own, as RFC 5322 §3.6.2 demands.
///
/// Reading it with [`crate::parse_from`] (one author) or [`crate::inspect_from`] gives the same parts.
pub fn write_from(authors: &[FromField]) -> String {
    let addresses: Vec<String> = authors.iter().map(|author| author.address.to_string()).collect();
    let pairs: Vec<(Option<&str>, &str)> =
        authors.iter().zip(&addresses).map(|(author, address)| (author.display.as_deref(), address.as_str())).collect();
    let from = field("From", &pairs);
    match pairs.as_slice() {
        [(_, first), _, ..] => format!("{from}\r\n{}", field("Sender", &[(None, first)])),
        _ => from,
    }
}

/// A field of mailboxes, folded, without its last CRLF.
pub(crate) fn field(name: &str, mailboxes: &[(Option<&str>, &str)]) -> String {
    let mut line = Line { text: format!("{name}:"), width: name.len() + 1 };
    let last = mailboxes.len().saturating_sub(1);
    for (index, (display, address)) in mailboxes.iter().enumerate() {
        let comma = if index < last { "," } else { "" };
        match display.filter(|display| !display.is_empty()) {
            Some(display) => {
                line.phrase(&compose::phrase(display));
                line.word(&format!("<{address}>{comma}"));
            }
            None => line.word(&format!("{address}{comma}")),
        }
    }
    line.text
}

/// Text that is folded before a word that does not fit.
struct Line {
    text: String,
    width: usize,
}

impl Line {
    /// A blank and the word, folded before the blank where the line would be too long.
    fn word(&mut self, word: &str) {
        self.spaced(" ", word);
    }

    fn spaced(&mut self, blanks: &str, word: &str) {
        if self.width + blanks.len() + word.len() > LINE && self.width > blanks.len() && !word.is_empty() {
            self.text.push_str("\r\n");
            self.width = 0;
        }
        self.text.push_str(blanks);
        self.text.push_str(word);
        self.width += blanks.len() + word.len();
    }

    /// A phrase word by word; all its blanks are kept, so that it unfolds to what it was.
    fn phrase(&mut self, phrase: &str) {
        let mut blanks = String::from(" ");
        let mut word = String::new();
        for letter in phrase.chars() {
            if letter == ' ' && !word.is_empty() {
                self.spaced(&blanks, &std::mem::take(&mut word));
                blanks.clear();
            }
            if letter == ' ' { blanks.push(' ') } else { word.push(letter) }
        }
        self.spaced(&blanks, &word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, parse_from};

    fn from(display: &str, address: &str) -> FromField {
        let display = (!display.is_empty()).then(|| display.to_owned());
        FromField { display, address: Address::parse(address).unwrap() }
    }

    #[test]
    fn parts_make_a_correct_header() {
        let check = |display: &str, expect: &str| {
            let from = from(display, "ann@example.com");
            let text = write_from(std::slice::from_ref(&from));
            assert_eq!(text, expect);
            assert_eq!(parse_from(&text.replace("\r\n", "")[5..]), Ok(from));
        };
        check("", "From: ann@example.com");
        check("Ann Doe", "From: Ann Doe <ann@example.com>");
        check("Doe, Ann", "From: \"Doe, Ann\" <ann@example.com>");
        check("Ann \"A\" Doe", "From: \"Ann \\\"A\\\" Doe\" <ann@example.com>");
        check("Jürgen", "From: =?utf-8?B?SsO8cmdlbg==?= <ann@example.com>");
        check("A  B.", "From: \"A  B.\" <ann@example.com>");
        let long = "Department, of ".repeat(8);
        let text = write_from(&[from(long.trim(), "ann@example.com")]);
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.len() <= LINE), "{text}");
        assert_eq!(parse_from(&text.replace("\r\n", "")[5..]).unwrap().display.as_deref(), Some(long.trim()));
    }

    #[test]
    fn several_authors_have_a_sender() {
        let text = write_from(&[from("Ann", "ann@example.com"), from("", "ben@example.com")]);
        assert_eq!(text, "From: Ann <ann@example.com>, ben@example.com\r\nSender: ann@example.com");
    }

    #[test]
    fn a_name_adds_no_header_line() {
        let text = write_from(&[from("Ann\r\nBcc: x@example.com", "ann@example.com")]);
        assert_eq!(text, "From: \"Ann  Bcc: x@example.com\" <ann@example.com>");
    }
}
