//! Composing a plain message.

use base64::Engine as _;

use crate::{Address, FromField, Timestamp, write};

/// Longest line that is aimed at, in octets without CRLF. RFC 5322 §2.1.1.
const LINE: usize = 78;
/// Longest encoded line. RFC 2045 §6.7 rule 5.
const ENCODED_LINE: usize = 75;
/// Octets of text in one encoded word, so that it stays under 75. RFC 2047 §2.
const WORD_OCTETS: usize = 42;
/// Longest word of unstructured text that is written as it is: a line ends at 998 octets. RFC 5322 §2.1.1
const PLAIN_WORD: usize = 900;

/// A text message to be composed. The result has CRLF line ends, encoded words where needed, and
/// a `text/plain; charset=utf-8` body in 7bit or quoted-printable.
#[derive(Debug, Clone)]
pub struct Draft {
    /// From.
    pub from: FromField,
    /// To.
    pub to: Vec<Address>,
    /// Subject, unencoded.
    pub subject: String,
    /// Body; any line ends.
    pub text: String,
    /// Date.
    pub date: Timestamp,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// More fields (name, unfolded value), in order: `In-Reply-To`, `Auto-Submitted`…
    pub more: Vec<(String, String)>,
}

impl Draft {
    /// The message.
    pub fn write(&self) -> Vec<u8> {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        let mut message = String::new();
        message.push_str(&write::write_from(std::slice::from_ref(&self.from)));
        message.push_str("\r\n");
        message.push_str(&field("To", &to.join(", ")));
        message.push_str(&field("Subject", &words(&self.subject)));
        message.push_str(&field("Date", &self.date.rfc5322()));
        message.push_str(&field("Message-ID", &format!("<{}>", self.message_id)));
        for (name, value) in &self.more {
            message.push_str(&field(name, &words(value)));
        }
        let (encoding, body) = encode(&self.text);
        message.push_str("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
        message.push_str(&field("Content-Transfer-Encoding", encoding));
        message.push_str("\r\n");
        message.push_str(&body);
        message.into_bytes()
    }
}

/// A whole field, folded at spaces, with its CRLF. Control characters become spaces: nobody can add a field by a value.
pub fn field(name: &str, value: &str) -> String {
    let mut out = format!("{name}:");
    let mut line = out.len();
    let clean: String = value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    for word in clean.split(' ').filter(|word| !word.is_empty()) {
        if line + 1 + word.len() > LINE && line > name.len() + 1 {
            out.push_str("\r\n");
            line = 0;
        }
        out.push(' ');
        out.push_str(word);
        line += 1 + word.len();
    }
    out.push_str("\r\n");
    out
}

/// A display name: as it is, quoted, or as encoded words. Control characters become blanks: nobody can add a field by a name.
pub(crate) fn phrase(display: &str) -> String {
    let display: String = display.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let is_long = display.split(' ').any(|word| word.len() > WORD_OCTETS);
    if !display.is_ascii() || display.contains("=?") || is_long {
        return encoded_words(&display);
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(letter);
    if display.chars().all(is_plain) && !display.contains("  ") && display.trim() == display {
        return display;
    }
    format!("\"{}\"", display.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Unstructured text: as it is, or as encoded words.
fn words(text: &str) -> String {
    let is_plain = text.is_ascii() && !text.contains("=?") && text.split(' ').all(|word| word.len() <= PLAIN_WORD);
    if is_plain { text.to_owned() } else { encoded_words(text) }
}

fn encoded_words(text: &str) -> String {
    let mut chunks = vec![String::new()];
    for letter in text.chars() {
        if chunks.last().is_some_and(|chunk| chunk.len() + letter.len_utf8() > WORD_OCTETS) {
            chunks.push(String::new());
        }
        chunks.last_mut().into_iter().for_each(|chunk| chunk.push(letter));
    }
    let encode = |chunk: &String| format!("=?utf-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(chunk));
    chunks.iter().map(encode).collect::<Vec<_>>().join(" ")
}

/// The body with CRLF line ends, 7bit when it may be, else quoted-printable.
fn encode(text: &str) -> (&'static str, String) {
    let lines = text.lines().map(|line| line.trim_end_matches('\r'));
    let is_plain =
        |line: &str| line.len() <= LINE && line.bytes().all(|octet| octet == b'\t' || (32..127).contains(&octet));
    if text.lines().all(is_plain) {
        return ("7bit", lines.map(|line| format!("{line}\r\n")).collect());
    }
    ("quoted-printable", lines.map(quoted_printable).collect())
}

fn quoted_printable(line: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    let last = line.len().saturating_sub(1);
    for (index, octet) in line.bytes().enumerate() {
        let is_literal = (33..127).contains(&octet) && octet != b'=' || (octet == b' ' && index != last);
        let piece = if is_literal { char::from(octet).to_string() } else { format!("={octet:02X}") };
        if width + piece.len() > ENCODED_LINE {
            out.push_str("=\r\n");
            width = 0;
        }
        width += piece.len();
        out.push_str(&piece);
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn draft(subject: &str, text: &str) -> Draft {
        Draft {
            from: FromField { display: Some("Doe, Ann".into()), address: Address::parse("ann@example.com").unwrap() },
            to: vec![Address::parse("dana@example.net").unwrap()],
            subject: subject.into(),
            text: text.into(),
            date: Timestamp::from_micros(1_795_474_490_000_000),
            message_id: "1@example.com".into(),
            more: vec![("Auto-Submitted".into(), "auto-replied".into())],
        }
    }

    #[test]
    fn a_plain_draft_is_written_plainly() {
        let message = draft("Hello", "One\nTwo\n").write();
        let expect = "From: \"Doe, Ann\" <ann@example.com>\r\nTo: dana@example.net\r\nSubject: Hello\r\n\
            Date: Mon, 23 Nov 2026 22:54:50 +0000\r\nMessage-ID: <1@example.com>\r\nAuto-Submitted: auto-replied\r\n\
            MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nOne\r\nTwo\r\n";
        assert_eq!(String::from_utf8(message).unwrap(), expect);
    }

    #[test]
    fn anything_else_is_encoded_and_read_again() {
        let subject = "Grüße aus Köln, und noch viel mehr Text, damit es mehrere Wörter werden";
        let text = format!("Schöne Grüße = \n{}\nend ", "lang ".repeat(40));
        let octets = draft(subject, &text).write();
        assert!(octets.is_ascii());
        assert!(octets.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE + 1));
        let message = Message::parse(&octets).unwrap();
        assert_eq!(message.all("Subject").next().unwrap().decoded(), subject);
        assert_eq!(message.parts()[0].text(), format!("{}\r\n", text.replace('\n', "\r\n")));
    }

    #[test]
    fn a_word_longer_than_a_line_is_encoded() {
        let subject = "x".repeat(1200);
        let octets = draft(&subject, "").write();
        assert!(octets.split(|octet| *octet == b'\n').all(|line| line.len() < 998));
        assert_eq!(Message::parse(&octets).unwrap().all("Subject").next().unwrap().decoded(), subject);
    }

    #[test]
    fn a_value_cannot_add_a_field() {
        assert_eq!(field("Subject", "a\r\nBcc: b@c"), "Subject: a Bcc: b@c\r\n");
    }
}
