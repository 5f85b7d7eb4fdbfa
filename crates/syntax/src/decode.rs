//! Undoing encodings: quoted-printable, base64, encoded words, Content-Type parameters.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 as mail has it: padding or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Quoted-printable; what is no escape is kept. RFC 2045 §6.7.
pub(crate) fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => out.push(*first),
        }
    }
    out
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0)
}

/// Base64 with line ends and whatever else crept in; what was cut off in the middle is read up to there.
pub(crate) fn base64(octets: &[u8]) -> Vec<u8> {
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    let mut dense: Vec<u8> = octets.iter().copied().filter(is_digit).collect();
    if dense.len() % 4 == 1 {
        dense.pop();
    }
    LENIENT.decode(dense).unwrap_or_default()
}

/// Undoes a Content-Transfer-Encoding; one that is not known changes nothing. RFC 2045 §6.
pub fn decode_transfer<'a>(octets: &'a [u8], encoding: &str) -> std::borrow::Cow<'a, [u8]> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "quoted-printable" => quoted_printable(octets).into(),
        "base64" => base64(octets).into(),
        _ => octets.into(),
    }
}

/// Text in a charset, by its MIME name; what is not known is read as UTF-8 or, failing that, as
/// Windows-1252. Octets that are no character are replaced.
pub fn decode_charset(octets: &[u8], charset: &str) -> String {
    let named = encoding_rs::Encoding::for_label_no_replacement(charset.trim().as_bytes());
    // Reality: ISO-2022-JP that is labelled us-ascii or not at all is told by its escapes.
    let escapes = octets.windows(3).any(|octets| matches!(octets, b"\x1b$B" | b"\x1b$@" | b"\x1b(J"));
    let encoding = match named {
        _ if escapes => encoding_rs::ISO_2022_JP,
        named => {
            if let Ok(text) = std::str::from_utf8(octets)
                && named.is_none_or(encoding_rs::Encoding::is_ascii_compatible)
            {
                return text.to_owned();
            }
            named.filter(|encoding| *encoding != encoding_rs::UTF_8).unwrap_or(encoding_rs::WINDOWS_1252)
        }
    };
    encoding.decode_without_bom_handling(octets).0.into_owned()
}

/// Whether there is a charset of that name.
pub(crate) fn knows_charset(charset: &str) -> bool {
    encoding_rs::Encoding::for_label_no_replacement(charset.as_bytes()).is_some()
}

/// RFC 2047 encoded words read, in whatever charset.
pub fn decode_words(value: &str) -> String {
    words(value)
}

/// Base64 of a setting or a key; `None` when it is none.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.trim()).ok()
}

/// Base64 without line ends.
pub fn encode_base64(octets: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// Encoded words read; text around them kept, space between two of them dropped. RFC 2047 §6.2.
pub(crate) fn words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    // Without an end there is no word.
    let last = value.rfind("?=").unwrap_or(0);
    while let Some(start) = rest.find("=?").filter(|start| value.len() - rest.len() + start < last) {
        let (before, candidate) = rest.split_at(start);
        let Some((word, tail)) = encoded_word(candidate) else {
            out.push_str(before);
            out.push_str("=?");
            rest = candidate.get(2..).unwrap_or_default();
            after_word = false;
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&word);
        rest = tail;
        after_word = true;
    }
    out.push_str(rest);
    out
}

/// `=?charset?encoding?text?=` at the start, and what follows.
fn encoded_word(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    let (encoding, inner) = inner.split_once('?')?;
    if charset.contains(' ') || !matches!(encoding, "B" | "b" | "Q" | "q") {
        return None;
    }
    // Not looked for behind a blank: text full of beginnings stays linear.
    let dense = inner.find(' ').unwrap_or(inner.len());
    let (content, _) = inner.get(..dense)?.split_once("?=")?;
    let tail = inner.get(content.len() + 2..)?;
    let octets = match encoding {
        "B" | "b" => base64(content.as_bytes()),
        _ => quoted_printable(content.replace('_', " ").as_bytes()),
    };
    // RFC 2231 §5 lets a language stand behind the charset: `utf-8*en`.
    let charset = charset.split('*').next().unwrap_or_default();
    Some((decode_charset(&octets, charset), tail))
}

/// `type/subtype; name=value; name="value"`. RFC 2045 §5.1.
pub fn content_type(value: &str) -> (String, Vec<(String, String)>) {
    let mut pieces = pieces(value).into_iter();
    let kind = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
    let parameters = pieces.filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        Some((name.trim().to_ascii_lowercase(), value.replace("\\\"", "\"")))
    });
    (kind, parameters.collect())
}

/// Split at semicolons outside quotes.
fn pieces(value: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for letter in value.chars() {
        if letter == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = letter == '\\' && !escaped;
        match (letter, quoted) {
            (';', false) => pieces.push(String::new()),
            _ => pieces.last_mut().into_iter().for_each(|piece| piece.push(letter)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_read() {
        let check = |value: &str, expect: &str| assert_eq!(words(value), expect, "{value:?}");
        check("plain", "plain");
        check("=?UTF-8?Q?Gr=C3=BC=C3=9Fe_an?= Ann", "Grüße an Ann");
        check("=?utf-8?B?R3LDvMOfZQ==?= =?utf-8?q?!?=", "Grüße!");
        check("=?iso-8859-1?Q?M=FCller?=", "Müller");
        check("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語");
        check("=?koi8-r?B?8NLJ18XU?=", "Привет");
        check("1 =? 2", "1 =? 2");
        check("=?utf-8?X?abc?=", "=?utf-8?X?abc?=");
    }

    #[test]
    fn parameters_are_split_outside_quotes() {
        let (kind, parameters) = content_type("Multipart/Mixed; boundary=\"a;b\"; Charset=UTF-8");
        assert_eq!(kind, "multipart/mixed");
        assert_eq!(parameters, [("boundary".into(), "a;b".into()), ("charset".into(), "UTF-8".into())]);
    }

    #[test]
    fn charsets_are_read_even_when_they_lie() {
        assert_eq!(decode_charset(b"\x1b$BF|K\\8l\x1b(B", "us-ascii"), "日本語");
        assert_eq!(decode_charset("Grüße".as_bytes(), "iso-8859-1"), "Grüße");
        assert_eq!(decode_charset(b"Gr\xfc\xdfe", "utf-8"), "Grüße");
        assert_eq!(decode_charset(b"plain", "no-such-charset"), "plain");
        assert_eq!(decode_transfer(b"SGVsbG8gdG8geW91IQ", "Base64").as_ref(), b"Hello to you!");
    }

    #[test]
    fn quoted_printable_keeps_what_is_no_escape() {
        assert_eq!(quoted_printable(b"a=3Db=\r\nc=zz="), b"a=bc=zz=");
    }
}
