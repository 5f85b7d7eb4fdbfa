//! A tolerant walk through a message: whatever is wrong with it, something is read.
//!
//! [`syntax::Message`] refuses what is no header; bounces are written by every program there ever
//! was, cut off in the middle and labelled wrongly. Everything here has a bound.

use syntax::{content_type, decode_charset, decode_transfer, decode_words};

/// Most octets of a message that are looked at; what follows is the returned message's body.
const MAX_OCTETS: usize = 2 * 1024 * 1024;
/// Most octets of one header.
const MAX_HEADER: usize = 128 * 1024;
/// Most fields of one header.
const MAX_FIELDS: usize = 500;
/// Most octets of one decoded text.
const MAX_TEXT: usize = 256 * 1024;
/// Deepest nesting.
const MAX_DEPTH: usize = 6;
/// Most leaves.
const MAX_LEAVES: usize = 40;

/// A header: names lower-case, values unfolded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header(Vec<(String, String)>);

/// One leaf of the tree.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// `type/subtype`, lower-case.
    pub kind: String,
    /// The text, decoded; of a returned message the text as it stands.
    pub text: String,
}

/// A message taken apart.
#[derive(Debug)]
pub(crate) struct Mail {
    pub header: Header,
    pub leaves: Vec<Leaf>,
}

impl Header {
    /// The first field of that (lower-case) name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
    /// All fields of that (lower-case) name.
    pub(crate) fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> + use<'h> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
    /// The field with its encoded words read, lower-case; empty when there is none.
    pub(crate) fn lower(&self, name: &str) -> String {
        self.value(name).map(|value| decode_words(value).to_lowercase()).unwrap_or_default()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Leaf {
    /// Whether it is the message that another one is about, or that message's header. RFC 6522, RFC 6533.
    pub(crate) fn is_returned(&self) -> bool {
        const KINDS: [&str; 4] = ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"];
        KINDS.contains(&self.kind.as_str())
    }
    /// Whether it holds the fields of a notification. RFC 3464 §2.1, RFC 6533.
    pub(crate) fn is_status(&self) -> bool {
        matches!(self.kind.as_str(), "message/delivery-status" | "message/global-delivery-status")
    }
}

impl Mail {
    /// Takes a message apart.
    pub(crate) fn read(octets: &[u8]) -> Self {
        let octets = octets.get(..octets.len().min(MAX_OCTETS)).unwrap_or_default();
        let (header, body) = split(without_mbox_line(octets));
        let mut leaves = Vec::new();
        walk(&header, body, 0, &mut leaves);
        Self { header, leaves }
    }
}

/// Whether the octets begin like a message: a few header fields that mail has.
pub fn looks_like_mail(octets: &[u8]) -> bool {
    const NAMES: [&str; 14] = [
        "return-path",
        "received",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "x-failed-recipients",
        "auto-submitted",
        "reply-to",
        "x-original-to",
    ];
    let head = octets.get(..octets.len().min(16 * 1024)).unwrap_or_default();
    let (header, _) = split(without_mbox_line(head));
    header.0.iter().filter(|(name, _)| NAMES.contains(&name.as_str())).count() >= 2
}

/// Without the `From ` line of an mbox and blank lines at the start.
fn without_mbox_line(octets: &[u8]) -> &[u8] {
    let octets = octets.trim_ascii_start();
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    if octets.starts_with(b"From ") {
        let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
        return octets.get(end..).unwrap_or_default();
    }
    octets
}

/// Header and body. A line that is no field ends the header and belongs to the body.
pub(crate) fn split(octets: &[u8]) -> (Header, &[u8]) {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while at < octets.len().min(MAX_HEADER) && fields.len() < MAX_FIELDS {
        let end = octets
            .get(at..)
            .and_then(|rest| rest.iter().position(|octet| *octet == b'\n'))
            .map_or(octets.len(), |found| at + found + 1);
        let line = octets.get(at..end).unwrap_or_default();
        let text = line.trim_ascii_end();
        if text.is_empty() {
            return (Header(fields), octets.get(end..).unwrap_or_default());
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(&String::from_utf8_lossy(text.trim_ascii_start()));
            }
        } else {
            let Some((name, value)) = field(text) else {
                return (Header(fields), octets.get(at..).unwrap_or_default());
            };
            fields.push((name, value));
        }
        at = end;
    }
    (Header(fields), octets.get(at..).unwrap_or_default())
}

fn field(line: &[u8]) -> Option<(String, String)> {
    let colon = line.iter().position(|octet| *octet == b':')?;
    let (name, value) = line.split_at(colon);
    let name = name.trim_ascii_end();
    if name.is_empty() || name.len() > 80 || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default()).trim().to_owned();
    Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value))
}

fn walk(header: &Header, body: &[u8], depth: usize, leaves: &mut Vec<Leaf>) {
    if leaves.len() >= MAX_LEAVES {
        return;
    }
    let (kind, parameters) = content_type(header.value("content-type").unwrap_or("text/plain"));
    let parameter = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if kind.starts_with("multipart/") && depth < MAX_DEPTH {
        let sections = parameter("boundary").map(|boundary| sections(body, boundary)).unwrap_or_default();
        if !sections.is_empty() {
            for section in sections {
                let (header, body) = split(section);
                walk(&header, body, depth + 1, leaves);
            }
            return;
        }
        // A boundary that never comes: the body is what people see.
    }
    let encoding = header.value("content-transfer-encoding").unwrap_or_default();
    let body = body.get(..body.len().min(MAX_TEXT)).unwrap_or_default();
    let octets = decode_transfer(body, encoding);
    let text = decode_charset(&octets, parameter("charset").unwrap_or("utf-8"));
    let text = if text.contains('\0') { text.replace('\0', "") } else { text };
    let kind = if kind.starts_with("multipart/") || !kind.contains('/') { "text/plain".to_owned() } else { kind };
    leaves.push(Leaf { kind, text });
}

/// The octets between the delimiter lines. RFC 2046 §5.1.1.
fn sections<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{}", boundary.trim());
    let mut sections = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while at < body.len() && sections.len() < MAX_LEAVES {
        let end = body
            .get(at..)
            .and_then(|rest| rest.iter().position(|octet| *octet == b'\n'))
            .map_or(body.len(), |found| at + found + 1);
        let line = body.get(at..end).unwrap_or_default().trim_ascii_end();
        if let Some(rest) = line.strip_prefix(delimiter.as_bytes())
            && (rest.is_empty() || rest == b"--")
        {
            if let Some(from) = open {
                sections.push(body.get(from..at).unwrap_or_default());
            }
            open = rest.is_empty().then_some(end);
        }
        at = end;
    }
    // A tree that was cut off still shows what it has.
    sections.extend(open.and_then(|from| body.get(from..)));
    sections
}

/// From `</name` on, in whatever case; looked for once, so that a text full of styles stays linear.
fn from_close<'h>(html: &'h str, name: &str) -> &'h str {
    let close = format!("</{name}");
    let is_close = |found: &[u8]| found.eq_ignore_ascii_case(close.as_bytes());
    let at = html.as_bytes().windows(close.len()).position(is_close);
    at.and_then(|at| html.get(at..)).unwrap_or_default()
}

/// The words of an HTML text.
pub fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some((front, tail)) = rest.split_once('<') {
        out.push_str(front);
        // `<ann@example.com>` is an address, no tag.
        let Some((tag, after)) = tail.split_once('>') else {
            rest = tail;
            break;
        };
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\t', '\r', '\n', '/'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match name.as_str() {
            _ if tag.contains('@') && !tag.contains('=') => out.push_str(&format!("<{tag}>")),
            "style" | "script" | "head" | "title" if !tag.starts_with('/') => {
                rest = from_close(after, &name);
                continue;
            }
            "br" | "p" | "div" | "tr" | "table" | "li" | "h1" | "h2" | "h3" | "pre" | "blockquote" => out.push('\n'),
            "td" | "th" => out.push(' '),
            _ => {}
        }
        rest = after;
    }
    out.push_str(rest);
    for (entity, letter) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#64;", "@"),
        ("&amp;", "&"),
    ] {
        if out.contains(entity) {
            out = out.replace(entity, letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_message_is_still_read() {
        let mail = Mail::read(b"From x@y Mon\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: multipart/report; boundary=\"no such\"\n\nhello\nworld\n");
        assert_eq!(mail.header.lower("subject"), "grüße");
        assert_eq!(mail.leaves.len(), 1);
        assert_eq!((mail.leaves[0].kind.as_str(), mail.leaves[0].text.as_str()), ("text/plain", "hello\nworld\n"));
        let cut = Mail::read(b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe");
        assert_eq!(cut.leaves[0].text, "Grüße");
        assert!(Mail::read(b"").leaves[0].text.is_empty());
    }

    #[test]
    fn a_line_that_is_no_field_ends_the_header() {
        let (header, body) = split(b"A: b\n c\nThis is text\n\nmore");
        assert_eq!(header.value("a"), Some("b c"));
        assert_eq!(body, b"This is text\n\nmore");
    }

    #[test]
    fn tags_are_taken_away_and_addresses_kept() {
        let text = without_tags(
            "<html><head><style>p{}</style></head><body><p>To <b>ann</b> <ann@a.test>&nbsp;failed<br>550 &lt;x&gt;</body>",
        );
        assert_eq!(text, "\nTo ann <ann@a.test> failed\n550 <x>");
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let mail = Mail::read(&octets);
            mail.leaves.iter().for_each(|leaf| drop(without_tags(&leaf.text)));
        }
    }
}
