//! An address: local part, @, domain. RFC 5321 §4.1.2, §4.5.3.1; RFC 5322 §3.4.1 where it stands in a header.

use std::ops::Range;

use super::{
    domain,
    faults::Faults,
    lex::{Token, What, span_of},
    script,
    table::{
        BACKSLASH, COMMENT, EMPTY_QUOTES, ENCODED_LOCAL, INVISIBLE, LEADING_HYPHEN, LINE_BREAK, LOCAL_DOUBLE_DOT,
        LOCAL_EMPTY, LOCAL_LEADING_DOT, LOCAL_LETTER, LOCAL_SPACE, LOCAL_TOO_LONG, LOCAL_TRAILING_DOT, MIXED_QUOTES,
        MIXED_SCRIPT, NEEDLESS_QUOTES, NO_AT, NO_REPLY, NOT_COMPOSED, OBSOLETE_LOCAL, OBSOLETE_SPACE, ODD_LETTER,
        QUOTED_LETTER, QUOTED_LOCAL, SMTPUTF8, SPACE, TOO_LONG_ADDRESS, TWO_ATS, UNSAFE,
    },
};
use crate::address::{MAX_LOCAL, needs_quotes};

/// Longest address, in octets: a path of 256 less its brackets. RFC 5321 §4.5.3.1.3.
const MAX_ADDRESS: usize = 254;
/// Letters that are `atext` and refused by many: what routed, piped or expanded something once. Yahoo refuses the first four.
const ODD: &str = "$%?{}!/|`^";

/// An address as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Without quotes.
    pub(super) local: String,
    /// As [`domain::inspect`] gives it.
    pub(super) domain: String,
    /// Where it stands.
    pub(super) span: Range<usize>,
}

/// Looks at the tokens of one address. `None` when there is no @.
pub(super) fn inspect(tokens: &[Token<'_>], faults: &mut Faults) -> Option<Found> {
    let span = span_of(tokens.iter().filter(|token| !token.is_blank())).or_else(|| span_of(tokens))?;
    let ats: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| token.what == What::At).map(|(at, _)| at).collect();
    let Some((at, others)) = ats.split_last() else {
        faults.note(&NO_AT, span);
        return None;
    };
    let mark = tokens.get(*at)?;
    if !faults.is_field() {
        line_breaks(tokens, faults);
    }
    if let Some(first) = others.first().and_then(|first| tokens.get(*first)) {
        faults.add(&TWO_ATS, first.span(), format!("one of {} @", others.len() + 1));
    }
    let local = local(tokens.get(..*at).unwrap_or_default(), mark, faults);
    let domain = domain::inspect(tokens.get(at + 1..).unwrap_or_default(), mark.span(), faults);
    let written = written(tokens);
    // To a server without SMTPUTF8 the domain goes as A-labels, which are longer.
    let local_octets = written.rfind('@').unwrap_or_default();
    let octets = written.len().max(local_octets + 1 + domain.len());
    if octets > MAX_ADDRESS {
        let message = format!("the address has {octets} octets, {MAX_ADDRESS} are allowed");
        faults.add(&TOO_LONG_ADDRESS, span.clone(), message);
    }
    Some(Found { local, domain, span })
}

/// As written, without blanks and comments.
fn written(tokens: &[Token<'_>]) -> String {
    tokens.iter().filter(|token| !token.is_blank()).map(|token| token.source).collect()
}

fn line_breaks(tokens: &[Token<'_>], faults: &mut Faults) {
    let inside =
        tokens.iter().filter(|token| matches!(token.what, What::Space | What::Comment | What::Quoted | What::Literal));
    for token in inside {
        if let Some(offset) = token.source.find(['\r', '\n']) {
            faults.note(&LINE_BREAK, token.start + offset..token.start + offset + 1);
        }
    }
}

/// The local part, unquoted. `mark` is the @ behind it.
fn local(tokens: &[Token<'_>], mark: &Token<'_>, faults: &mut Faults) -> String {
    let mut reader = Local { text: String::new(), previous: None, gap: None, words: 0, quoted: 0, faults };
    for token in tokens {
        reader.take(token);
    }
    let (previous, gap, words, quoted) = (reader.previous, reader.gap.take(), reader.words, reader.quoted);
    let text = reader.text;
    if let Some(gap) = gap {
        faults.note(&SPACE, gap);
    }
    match previous {
        None => faults.note(&LOCAL_EMPTY, mark.span()),
        Some((What::Dot, span)) => faults.note(&LOCAL_TRAILING_DOT, span),
        Some(_) => {}
    }
    let Some(span) = span_of(tokens.iter().filter(|token| !token.is_blank())) else { return text };
    let octets = written(tokens).len();
    if octets > MAX_LOCAL {
        faults.add(
            &LOCAL_TOO_LONG,
            span.clone(),
            format!("the local part has {octets} octets, {MAX_LOCAL} are allowed"),
        );
    }
    match (quoted, words) {
        (1, 1) => whole_quoted(&text, &span, faults),
        (quoted, _) if quoted > 0 && !faults.has(&MIXED_QUOTES) => faults.note(&OBSOLETE_LOCAL, span.clone()),
        (quoted, _) if quoted > 0 => {}
        _ => plain(tokens, &text, &span, faults),
    }
    letters(tokens, &text, &span, faults);
    text
}

/// Reads words and dots in turn.
struct Local<'f> {
    text: String,
    previous: Option<(What, Range<usize>)>,
    gap: Option<Range<usize>>,
    words: usize,
    quoted: usize,
    faults: &'f mut Faults,
}

impl Local<'_> {
    fn take(&mut self, token: &Token<'_>) {
        let is_after_word = self.previous.as_ref().is_some_and(|(what, _)| *what != What::Dot);
        match token.what {
            What::Comment => self.faults.note(&COMMENT, token.span()),
            What::Space if self.previous.is_none() => self.faults.note(&SPACE, token.span()),
            What::Space => self.gap = Some(token.span()),
            What::Dot => {
                self.obsolete_gap();
                match &self.previous {
                    None => self.faults.note(&LOCAL_LEADING_DOT, token.span()),
                    Some((What::Dot, before)) => {
                        let span = before.start..token.end;
                        self.faults.note(&LOCAL_DOUBLE_DOT, span);
                    }
                    Some(_) => {}
                }
                self.text.push('.');
                self.previous = Some((What::Dot, token.span()));
            }
            _ => {
                if !is_after_word {
                    self.obsolete_gap();
                }
                self.between(token, is_after_word);
                self.word(token);
            }
        }
    }

    /// What stands between two words that no dot separates.
    fn between(&mut self, token: &Token<'_>, is_after_word: bool) {
        let Some((before, _)) = &self.previous else { return };
        match self.gap.take() {
            Some(gap) if is_after_word => {
                self.faults.note(&LOCAL_SPACE, gap);
                self.text.push(' ');
            }
            _ if is_after_word && (*before == What::Quoted || token.what == What::Quoted) => {
                self.faults.note(&MIXED_QUOTES, token.span());
            }
            _ => {}
        }
    }

    fn obsolete_gap(&mut self) {
        if let Some(gap) = self.gap.take() {
            self.faults.note(&OBSOLETE_SPACE, gap);
        }
    }

    fn word(&mut self, token: &Token<'_>) {
        self.words += 1;
        match token.what {
            What::Atom | What::Encoded => {}
            What::Quoted => {
                self.quoted += 1;
                quoted_letters(token, self.faults);
            }
            What::Pair => self.faults.note(&BACKSLASH, token.span()),
            // Noted by the lexer, or as a second @.
            What::Control | What::At => {}
            _ => {
                let message = format!("`{}` in the local part, outside quotes", token.source);
                self.faults.add(&LOCAL_LETTER, token.span(), message);
            }
        }
        self.text.push_str(&token.value);
        self.previous = Some((token.what, token.span()));
    }
}

/// What may not stand in quotes either: tabs, and other letters than ASCII behind a backslash. RFC 5321 §4.1.2, RFC 6531 §3.3.
fn quoted_letters(token: &Token<'_>, faults: &mut Faults) {
    let mut escaped = false;
    for (offset, letter) in token.source.char_indices() {
        let start = token.start + offset;
        if letter == '\t' || (escaped && !letter.is_ascii()) {
            faults.add(&QUOTED_LETTER, start..start + letter.len_utf8(), format!("{letter:?} in quotes"));
        }
        escaped = letter == '\\' && !escaped;
    }
}

fn whole_quoted(text: &str, span: &Range<usize>, faults: &mut Faults) {
    match text {
        "" => faults.note(&EMPTY_QUOTES, span.clone()),
        text if needs_quotes(text) => faults.note(&QUOTED_LOCAL, span.clone()),
        _ => faults.note(&NEEDLESS_QUOTES, span.clone()),
    }
}

/// Practice: what is legal in a local part without quotes and refused by some.
fn plain(tokens: &[Token<'_>], text: &str, span: &Range<usize>, faults: &mut Faults) {
    if let Some(token) = tokens.iter().find(|token| token.what == What::Encoded) {
        faults.note(&ENCODED_LOCAL, token.span());
    }
    for token in tokens.iter().filter(|token| token.what == What::Atom) {
        if let Some((offset, letter)) = token.source.char_indices().find(|(_, letter)| ODD.contains(*letter)) {
            let start = token.start + offset;
            faults.add(&ODD_LETTER, start..start + 1, format!("`{letter}` in the local part"));
        }
    }
    if text.starts_with('-') {
        faults.note(&LEADING_HYPHEN, span.start..span.start + 1);
    }
    let dense: String = text.to_ascii_lowercase().chars().filter(|letter| !"-_.".contains(*letter)).collect();
    if matches!(dense.as_str(), "noreply" | "donotreply" | "nichtantworten" | "nepasrepondre") {
        faults.note(&NO_REPLY, span.clone());
    }
}

/// Letters beyond ASCII.
fn letters(tokens: &[Token<'_>], text: &str, span: &Range<usize>, faults: &mut Faults) {
    if text.is_ascii() {
        return;
    }
    faults.note(&SMTPUTF8, span.clone());
    for token in tokens.iter().filter(|token| !token.is_blank()) {
        for (offset, letter, odd) in script::odd_letters(token.source) {
            let here = token.start + offset..token.start + offset + letter.len_utf8();
            let kind = if matches!(odd, script::Odd::Invisible | script::Odd::Bidi) { &INVISIBLE } else { &UNSAFE };
            faults.add(kind, here, format!("{} (U+{:04X}) in the local part", odd.name(), u32::from(letter)));
        }
        if token.what == What::Atom && script::begins_with_mark(token.source) {
            faults.add(&UNSAFE, token.span(), "a mark without a letter before it");
        }
    }
    if !script::is_composed(text) {
        faults.note(&NOT_COMPOSED, span.clone());
    }
    if let Some((one, other)) = text.split(|letter: char| !letter.is_alphanumeric()).find_map(script::mixed) {
        faults.add(&MIXED_SCRIPT, span.clone(), format!("the local part mixes {one} and {other} in one word"));
    }
}
