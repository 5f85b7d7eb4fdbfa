//! Encoded words in a display name. RFC 2047 §2, §5.

use super::{
    faults::Faults,
    lex::Token,
    table::{ENCODED_BROKEN, ENCODED_CHARSET, ENCODED_CONTROL, ENCODED_LETTER, ENCODED_LONG},
};
use crate::decode;

/// Longest encoded word, in octets. RFC 2047 §2.
const LONGEST: usize = 75;
/// How far an end is looked for.
const HORIZON: usize = 998;

/// Length of what claims to be an encoded word at the start: `=?charset?encoding?text?=` without blanks.
pub(super) fn length(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("=?")?;
    let (charset, inner) = piece(inner)?;
    let (encoding, inner) = piece(inner)?;
    let mut previous = '\0';
    for (offset, letter) in inner.char_indices().take(HORIZON) {
        match letter {
            '=' if previous == '?' => return Some(2 + charset + 1 + encoding + 1 + offset + 1),
            letter if letter.is_whitespace() || letter.is_control() => return None,
            letter => previous = letter,
        }
    }
    None
}

/// Octets up to the next `?`, and what follows it.
fn piece(text: &str) -> Option<(usize, &str)> {
    let fits = |letter: char| letter.is_ascii_graphic() && !"<>@,;:\"()[].".contains(letter);
    let end = text.char_indices().take(LONGEST).find(|(_, letter)| *letter == '?' || !fits(*letter))?;
    let rest = text.get(end.0..)?.strip_prefix('?')?;
    (end.0 > 0).then_some((end.0, rest))
}

/// Notes what is wrong with an encoded word and gives what receivers show for it.
pub(super) fn inspect(token: &Token<'_>, faults: &mut Faults) -> String {
    let mut pieces = token.source.splitn(4, '?').skip(1);
    let (charset, encoding) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
    let content = pieces.next().and_then(|text| text.strip_suffix("?=")).unwrap_or_default();
    if token.source.len() > LONGEST {
        let message = format!("an encoded word of {} octets, {LONGEST} are allowed", token.source.len());
        faults.add(&ENCODED_LONG, token.span(), message);
    }
    let broken = match encoding {
        "B" | "b" => {
            let digits = content.trim_end_matches('=');
            !digits.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/".contains(letter))
                || digits.len() % 4 == 1
        }
        "Q" | "q" => escapes_broken(content),
        _ => true,
    };
    if broken {
        faults.note(&ENCODED_BROKEN, token.span());
    } else if !decode::knows_charset(charset.split('*').next().unwrap_or_default()) {
        faults.add(&ENCODED_CHARSET, token.span(), format!("no charset is called `{charset}`"));
    }
    if encoding.eq_ignore_ascii_case("q") {
        letters(token, content, faults);
    }
    let shown = decode::words(token.source);
    if shown.chars().any(|letter| letter.is_control() && letter != '\t') {
        faults.note(&ENCODED_CONTROL, token.span());
    }
    shown
}

/// Letters of a Q word that may not stand there in a phrase. RFC 2047 §5 (3).
fn letters(token: &Token<'_>, content: &str, faults: &mut Faults) {
    let offset = token.source.len().saturating_sub(content.len() + 2);
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "!*+-/=_".contains(letter);
    if let Some((at, letter)) = content.char_indices().find(|(_, letter)| !fits(*letter)) {
        let start = token.start + offset + at;
        faults.add(&ENCODED_LETTER, start..start + letter.len_utf8(), format!("`{letter}` inside an encoded word"));
    }
}

fn escapes_broken(content: &str) -> bool {
    let mut rest = content;
    while let Some((_, after)) = rest.split_once('=') {
        let is_hex = after.get(..2).is_some_and(|hex| hex.chars().all(|digit| digit.is_ascii_hexdigit()));
        if !is_hex {
            return true;
        }
        rest = after.get(2..).unwrap_or_default();
    }
    false
}

/// What was meant by text with encoded words that hold blanks: `=?utf-8?Q?J=C3=BCrgen Doe?=`.
pub(super) fn mended(text: &str) -> Option<String> {
    let start = text.find("=?")?;
    let end = text.rfind("?=")? + 2;
    let word = text.get(start..end)?;
    let dense = word.replace(' ', "_");
    length(&dense).filter(|length| *length == dense.len())?;
    let shown = decode::words(&dense);
    Some(format!("{}{shown}{}", text.get(..start)?, text.get(end..)?))
}
