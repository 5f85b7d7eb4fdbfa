//! The name before an address: words, encoded words, quotes, comments, and what deceives in it. RFC 5322 §3.2.5, RFC 2047 §5.

use std::ops::Range;

use super::{
    address::Found,
    encoded,
    faults::Faults,
    lex::{Token, What, span_of},
    script::{self, Odd},
    table::{
        BIDI_NAME, COMMENT_SWALLOWS, CURLY_QUOTES, EMPTY_NAME, ENCODED_ADJACENT, ENCODED_BROKEN, ENCODED_IN_QUOTES,
        INVISIBLE_NAME, MIXED_NAME, OTHER_ADDRESS, RAW_UTF8, SAME_ADDRESS, SINGLE_QUOTES, UNQUOTED_AT, UNQUOTED_COLON,
        UNQUOTED_DOT, UNQUOTED_SEMICOLON, UNQUOTED_SPECIAL,
    },
};
use crate::decode;

/// A name: as receivers show it, and as it was meant.
#[derive(Debug, Default)]
pub(super) struct Name {
    pub(super) shown: String,
    pub(super) meant: String,
}

/// Looks at the tokens before the angle bracket.
pub(super) fn inspect(tokens: &[Token<'_>], faults: &mut Faults) -> Name {
    let Some(span) = span_of(tokens.iter().filter(|token| token.what != What::Space)) else { return Name::default() };
    let mut name = Name::default();
    let mut before: Option<&Token<'_>> = None;
    let mut gap = false;
    for token in tokens {
        if token.what == What::Space {
            gap = before.is_some();
            continue;
        }
        // Blanks between two encoded words are not shown: RFC 2047 §6.2.
        let is_pair = token.what == What::Encoded && before.is_some_and(|before| before.what == What::Encoded);
        if gap && !is_pair {
            // A comment between two words leaves one blank.
            name.push(if name.shown.ends_with(' ') { "" } else { " " }, " ");
        }
        adjacent(before, token, gap, faults);
        name.piece(token, faults);
        (before, gap) = (Some(token), false);
    }
    special(tokens, faults);
    broken(tokens, &span, &mut name, faults);
    name.finish(tokens, &span, faults);
    name
}

impl Name {
    fn push(&mut self, shown: &str, meant: &str) {
        self.shown.push_str(shown);
        self.meant.push_str(meant);
    }

    fn piece(&mut self, token: &Token<'_>, faults: &mut Faults) {
        match token.what {
            What::Encoded => {
                let shown = encoded::inspect(token, faults);
                self.push(&shown, &shown);
            }
            What::Quoted => {
                let decoded = decode::words(&token.value);
                if decoded != token.value {
                    faults.note(&ENCODED_IN_QUOTES, token.span());
                }
                self.push(&token.value, &decoded);
            }
            What::Comment => {
                faults.add(
                    &COMMENT_SWALLOWS,
                    token.span(),
                    format!("`{}` is a comment and is not shown", token.source),
                );
                self.push("", &format!("({})", decode::words(&token.value)));
            }
            // An unclosed quote: only the letter that was meant to quote.
            What::Stray if token.source == "\"" => {}
            What::Literal => self.push(token.source, token.source),
            _ => self.push(&token.value, &token.value),
        }
    }

    /// What can be told of the whole.
    fn finish(&mut self, tokens: &[Token<'_>], span: &Range<usize>, faults: &mut Faults) {
        let is_quoted = tokens.iter().any(|token| token.what == What::Quoted);
        if !is_quoted || tokens.iter().any(|token| token.what == What::Comment) {
            self.shown = self.shown.trim().to_owned();
        }
        let meant = self.meant.trim();
        self.meant = if is_quoted { meant.to_owned() } else { meant.trim_end_matches(',').to_owned() };
        if self.shown.is_empty() && self.meant.is_empty() {
            faults.note(&EMPTY_NAME, span.clone());
        }
        raw_letters(tokens, faults);
        deceiving(self, tokens, span, faults);
        if self.meant.len() > 2 && self.meant.starts_with('\'') && self.meant.ends_with('\'') && !is_quoted {
            faults.note(&SINGLE_QUOTES, span.clone());
        }
        if self.meant.contains(['\u{201C}', '\u{201D}', '\u{201E}']) && !is_quoted {
            faults.note(&CURLY_QUOTES, span.clone());
            self.meant = self.meant.trim_matches(['\u{201C}', '\u{201D}', '\u{201E}']).to_owned();
        }
        let invisible: Vec<char> = script::odd_letters(&self.meant).map(|(_, letter, _)| letter).collect();
        self.meant = self.meant.chars().filter(|letter| !invisible.contains(letter) && !letter.is_control()).collect();
    }
}

/// Encoded words are set apart by blanks. RFC 2047 §5 (3).
fn adjacent(before: Option<&Token<'_>>, token: &Token<'_>, gap: bool, faults: &mut Faults) {
    let Some(before) = before.filter(|before| !gap && before.what != What::Comment && token.what != What::Comment)
    else {
        return;
    };
    if before.what == What::Encoded || token.what == What::Encoded {
        let encoded = if before.what == What::Encoded { before } else { token };
        faults.note(&ENCODED_ADJACENT, encoded.span());
    }
}

/// Letters that a phrase may hold in quotes only.
fn special(tokens: &[Token<'_>], faults: &mut Faults) {
    let mut is_first = true;
    for token in tokens.iter().filter(|token| !token.is_blank()) {
        let span = token.span();
        match token.what {
            What::Dot if is_first => {
                faults.add(&UNQUOTED_SPECIAL, span, "a dot at the start of the name, outside quotes")
            }
            What::Dot => faults.note(&UNQUOTED_DOT, span),
            What::At => faults.note(&UNQUOTED_AT, span),
            What::Colon => faults.note(&UNQUOTED_COLON, span),
            What::Semicolon => faults.note(&UNQUOTED_SEMICOLON, span),
            What::Pair | What::Literal | What::Close => {
                faults.add(&UNQUOTED_SPECIAL, span, format!("`{}` in the name, outside quotes", token.source));
            }
            // Unclosed ones are noted where they begin.
            What::Stray if token.source == "]" || token.source == "\\" => {
                faults.add(&UNQUOTED_SPECIAL, span, format!("`{}` in the name, outside quotes", token.source));
            }
            _ => {}
        }
        is_first = false;
    }
}

/// What looks like an encoded word and is none: with blanks inside, or without its end.
fn broken(tokens: &[Token<'_>], span: &Range<usize>, name: &mut Name, faults: &mut Faults) {
    let Some(start) = tokens.iter().find(|token| token.what == What::Atom && token.source.starts_with("=?")) else {
        return;
    };
    let end = tokens.iter().rev().find(|token| token.source.ends_with("?=")).map_or(start.end, |token| token.end);
    if end.max(start.end) <= span.end {
        faults.note(&ENCODED_BROKEN, start.start..end.max(start.end));
    }
    if let Some(mended) = encoded::mended(&name.meant) {
        name.meant = mended;
    }
}

fn raw_letters(tokens: &[Token<'_>], faults: &mut Faults) {
    let raw = tokens.iter().filter(|token| !token.is_blank() && !token.source.is_ascii());
    if let Some(span) = span_of(raw) {
        faults.note(&RAW_UTF8, span);
    }
}

/// Invisible letters, turned direction, mixed scripts: in what is written, and in what is decoded.
fn deceiving(name: &Name, tokens: &[Token<'_>], span: &Range<usize>, faults: &mut Faults) {
    for token in tokens.iter().filter(|token| token.what != What::Space) {
        let decoded = decode::words(token.source);
        let is_raw = decoded == token.source;
        for (offset, letter, odd) in script::odd_letters(&decoded) {
            let here =
                if is_raw { token.start + offset..token.start + offset + letter.len_utf8() } else { token.span() };
            let kind = if odd == Odd::Bidi { &BIDI_NAME } else { &INVISIBLE_NAME };
            // Blanks of other kinds are harmless in a name, line separators are not.
            if odd != Odd::Blank || matches!(letter, '\u{2028}' | '\u{2029}') {
                faults.add(kind, here, format!("{} (U+{:04X}) in the name", odd.name(), u32::from(letter)));
            }
        }
    }
    let words = name
        .meant
        .split(|letter: char| !letter.is_alphanumeric() && !script::begins_with_mark(letter.encode_utf8(&mut [0; 4])));
    for word in words {
        if let Some((one, other)) = script::mixed(word) {
            faults.add(&MIXED_NAME, span.clone(), format!("`{word}` mixes {one} and {other}"));
        }
    }
}

/// Whether the name holds an address, and whether it is another than the mailbox's.
pub(super) fn against(name: &Name, span: Range<usize>, address: &Found, faults: &mut Faults) {
    let is_part = |letter: char| letter.is_alphanumeric() || "@.!#$%&'*+-/=?^_`{|}~".contains(letter);
    let own = format!("{}@{}", address.local, address.domain).to_lowercase();
    for word in name.meant.split(|letter| !is_part(letter)) {
        let word = word.trim_matches(['.', '\'', '-']).to_lowercase();
        let is_address = word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        if is_address && word != own {
            return faults.add(&OTHER_ADDRESS, span, format!("the name shows `{word}`, the mailbox is another"));
        }
        if is_address {
            return faults.note(&SAME_ADDRESS, span);
        }
    }
}
