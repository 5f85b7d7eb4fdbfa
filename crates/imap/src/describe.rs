//! A message taken apart when it is stored: what FETCH tells, and the words that SEARCH looks in.

use store::{Describe, Described, Searched};
use syntax::{Message, Timestamp, content_type, decode_words, message_ids};

use crate::words::{date::Day, structure::Kept};

/// Octets of decoded text of one message that SEARCH looks in. What stands behind them is not found.
const MAX_TEXT: usize = 1024 * 1024;
/// Enclosed messages in enclosed messages that are looked into.
const MAX_DEPTH: usize = 4;
/// Octets of a header that SEARCH looks in.
const MAX_HEADER: usize = 256 * 1024;
const DAY_MICROS: i64 = 86_400_000_000;

/// Takes messages apart for the store.
#[derive(Debug, Clone, Copy)]
pub struct Reader;

impl Describe for Reader {
    fn describe(&self, content: &[u8]) -> Described {
        let kept = Kept::read(content);
        let header = usize::try_from(kept.header_octets).ok().and_then(|end| content.get(..end)).unwrap_or(content);
        let fields = fields(header.get(..MAX_HEADER).unwrap_or(header));
        let value = |name: &str| {
            let of_name = fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            of_name.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n")
        };
        let names = ["Message-ID", "In-Reply-To", "References"].map(|name| {
            let mut ids = message_ids(&value(name));
            // The nearest is the last of References.
            ids.reverse();
            ids
        });
        let mut body = String::new();
        add_text(content, &mut body, 0);
        let day = Day::of_date_field(&value("Date"));
        Described {
            kept: serde_json::to_string(&kept).unwrap_or_default(),
            header: header.to_vec(),
            sent_at: day.map(|day| Timestamp::from_micros(i64::from(day.0).saturating_mul(DAY_MICROS))),
            names: names.concat(),
            text: Searched {
                from: value("From"),
                to: value("To"),
                cc: value("Cc"),
                bcc: value("Bcc"),
                subject: value("Subject"),
                header: fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect(),
                body,
            },
        }
    }
}

/// Names and values, unfolded and decoded; lines that are no fields are left out.
fn fields(header: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(header);
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    let field = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim_end().to_owned(), decode_words(value.trim())))
    };
    lines.iter().filter_map(field).collect()
}

/// The text parts of a message, and of messages in it.
fn add_text(content: &[u8], text: &mut String, depth: usize) {
    let Ok(message) = Message::parse(content) else {
        return add(&String::from_utf8_lossy(content), text);
    };
    for part in message.parts() {
        if text.len() >= MAX_TEXT {
            return;
        }
        if part.content_type == "message/rfc822" && depth < MAX_DEPTH {
            add_text(&part.octets(), text, depth + 1);
        } else if part.content_type.starts_with("text/") || part.content_type.is_empty() {
            add(&part.text(), text);
        } else if let Some(value) = part.value("Content-Disposition") {
            // The name of an attachment is looked for too.
            let (_, parameters) = content_type(&value);
            let name = parameters.into_iter().find(|(name, _)| name == "filename");
            add(&decode_words(&name.map(|(_, value)| value).unwrap_or_default()), text);
        }
    }
}

fn add(more: &str, text: &mut String) {
    let room = MAX_TEXT.saturating_sub(text.len());
    let end = (0..=room.min(more.len())).rev().find(|end| more.is_char_boundary(*end)).unwrap_or(0);
    text.push_str(more.get(..end).unwrap_or_default());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_behind_every_encoding() {
        let message = "From: =?utf-8?q?J=C3=B6rg?= <j@example.net>\r\nSubject: a\r\n b\r\nMessage-ID: <1@x>\r\n\
            References: <3@x>\r\n <2@x>\r\nDate: Mon, 23 Nov 2026 23:00:00 -0800\r\nContent-Type: multipart/mixed; boundary=b\r\n\
            \r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            gr=FC=DFe\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGk8L2I+\r\n\
            --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"price list.pdf\"\r\n\r\nxx\r\n--b--\r\n";
        let described = Reader.describe(message.as_bytes());
        assert_eq!(described.text.from, "J\u{f6}rg <j@example.net>");
        assert_eq!(described.text.subject, "a b");
        for words in ["gr\u{fc}\u{df}e", "<b>hi</b>", "price list.pdf"] {
            assert!(described.text.body.contains(words), "{words}: {}", described.text.body);
        }
        assert_eq!(described.names, ["1@x", "2@x", "3@x"]);
        assert_eq!(described.sent_at.map(Timestamp::day).as_deref(), Some("20261123"));
        assert!(described.text.header.contains("\nSubject: a b\n"));
    }

    #[test]
    fn whatever_is_stored_can_be_described() {
        for content in ["", "\r\n", "no header at all", "From x\r\nTo: y\r\n\r\nz", "\u{0}\u{0}", "A: b"] {
            let described = Reader.describe(content.as_bytes());
            assert!(serde_json::from_str::<Kept>(&described.kept).is_ok(), "{content:?}");
        }
        let broken = Reader.describe(b"From x\r\nTo: y\r\n\r\nz");
        assert_eq!((broken.text.to.as_str(), broken.text.body.contains('z')), ("y", true));
    }

    #[test]
    fn text_is_bounded() {
        let long = format!("\r\n{}", "\u{e4}".repeat(2 * MAX_TEXT));
        assert!(Reader.describe(long.as_bytes()).text.body.len() <= MAX_TEXT + 2);
    }
}
