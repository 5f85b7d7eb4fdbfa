//! One tokenizer for header fields and addresses: RFC 5322 §3.2 with what RFC 6532 adds, every token with its span.

use std::{borrow::Cow, ops::Range};

use super::{
    encoded,
    faults::Faults,
    table::{CONTROL, STRAY_PARENTHESIS, UNCLOSED_COMMENT, UNCLOSED_LITERAL, UNCLOSED_QUOTE},
};
use crate::address::is_atext;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A run of `atext`.
    Atom,
    /// An encoded word (RFC 2047 §2), also one that holds letters that none may hold in a phrase.
    Encoded,
    Dot,
    At,
    Comma,
    Semicolon,
    Colon,
    /// `<`
    Open,
    /// `>`
    Close,
    /// A backslash and a letter, outside quotes.
    Pair,
    Quoted,
    Comment,
    /// `[…]`
    Literal,
    /// A quote, parenthesis, bracket or backslash that begins or ends nothing.
    Stray,
    /// Blanks, tabs, folds.
    Space,
    Control,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub(super) what: What,
    pub(super) start: usize,
    pub(super) end: usize,
    /// As written.
    pub(super) source: &'t str,
    /// What it stands for: unquoted, unfolded.
    pub(super) value: Cow<'t, str>,
}

impl Token<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Blanks and comments.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.what, What::Space | What::Comment)
    }
}

/// Where the first and the last of these tokens stand.
pub(super) fn span_of<'a, 't: 'a>(tokens: impl IntoIterator<Item = &'a Token<'t>>) -> Option<Range<usize>> {
    tokens.into_iter().fold(None, |span: Option<Range<usize>>, token| match span {
        None => Some(token.span()),
        Some(span) => Some(span.start..token.end),
    })
}

/// The tokens of `text`, which starts at `base` of the input. Unclosed quotes and comments are noted and then read as single
/// letters, so that what follows is still seen. Linear in the length of the text.
pub(super) fn lex<'t>(text: &'t str, base: usize, faults: &mut Faults) -> Vec<Token<'t>> {
    let mut lexer = Lexer { text, base, at: 0, quotes: true, comments: true, faults };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'t, 'f> {
    text: &'t str,
    base: usize,
    at: usize,
    /// Whether a quote may still begin a string: after an unclosed one there is no second.
    quotes: bool,
    comments: bool,
    faults: &'f mut Faults,
}

impl<'t> Lexer<'t, '_> {
    fn next(&mut self) -> Option<Token<'t>> {
        let rest = self.text.get(self.at..)?;
        let letter = rest.chars().next()?;
        let single = |what| (what, letter.len_utf8(), None);
        let (what, length, value) = match letter {
            ' ' | '\t' | '\r' | '\n' => {
                let blank = |letter: char| matches!(letter, ' ' | '\t' | '\r' | '\n');
                (What::Space, rest.find(|letter| !blank(letter)).unwrap_or(rest.len()), Some(String::from(" ")))
            }
            '.' => single(What::Dot),
            '@' => single(What::At),
            ',' => single(What::Comma),
            ';' => single(What::Semicolon),
            ':' => single(What::Colon),
            '<' => single(What::Open),
            '>' => single(What::Close),
            '"' => self.quoted(rest),
            '(' => self.comment(rest),
            '[' => self.literal(rest),
            '\\' => pair(rest),
            ')' | ']' => self.stray(letter),
            letter if letter.is_control() => {
                let message = format!("control character U+{:04X}", u32::from(letter));
                self.faults.add(&CONTROL, self.base + self.at..self.base + self.at + letter.len_utf8(), message);
                single(What::Control)
            }
            _ => word(rest),
        };
        Some(self.token(what, length, value))
    }

    fn token(&mut self, what: What, length: usize, value: Option<String>) -> Token<'t> {
        let source = self.text.get(self.at..self.at + length).unwrap_or_default();
        let start = self.base + self.at;
        self.at += length.max(1);
        Token { what, start, end: start + length, source, value: value.map_or(Cow::Borrowed(source), Cow::Owned) }
    }

    fn here(&self, length: usize) -> Range<usize> {
        self.base + self.at..self.base + self.at + length
    }

    fn quoted(&mut self, rest: &str) -> (What, usize, Option<String>) {
        if self.quotes {
            match enclosed(rest, '"', '"') {
                Some((length, value)) => {
                    self.control_inside(rest, length);
                    return (What::Quoted, length, Some(value));
                }
                None => self.faults.note(&UNCLOSED_QUOTE, self.here(1)),
            }
            self.quotes = false;
        }
        (What::Stray, 1, None)
    }

    fn comment(&mut self, rest: &str) -> (What, usize, Option<String>) {
        if self.comments {
            match enclosed(rest, '(', ')') {
                Some((length, value)) => {
                    self.control_inside(rest, length);
                    return (What::Comment, length, Some(value));
                }
                None => self.faults.note(&UNCLOSED_COMMENT, self.here(1)),
            }
            self.comments = false;
        }
        (What::Stray, 1, None)
    }

    fn literal(&mut self, rest: &str) -> (What, usize, Option<String>) {
        match enclosed(rest, '[', ']').filter(|(length, _)| !rest.get(1..*length).unwrap_or_default().contains('[')) {
            Some((length, value)) => {
                self.control_inside(rest, length);
                (What::Literal, length, Some(value))
            }
            None => {
                self.faults.note(&UNCLOSED_LITERAL, self.here(1));
                (What::Stray, 1, None)
            }
        }
    }

    fn stray(&mut self, letter: char) -> (What, usize, Option<String>) {
        if letter == ')' && self.comments {
            self.faults.note(&STRAY_PARENTHESIS, self.here(1));
        }
        (What::Stray, 1, None)
    }

    fn control_inside(&mut self, rest: &str, length: usize) {
        let inside = rest.get(..length).unwrap_or_default().char_indices();
        for (offset, letter) in inside.filter(|(_, letter)| letter.is_control() && !"\t\r\n".contains(*letter)) {
            let start = self.base + self.at + offset;
            let message = format!("control character U+{:04X}", u32::from(letter));
            self.faults.add(&CONTROL, start..start + letter.len_utf8(), message);
        }
    }
}

/// A run of letters, or an encoded word.
fn word(rest: &str) -> (What, usize, Option<String>) {
    if let Some(length) = encoded::length(rest) {
        return (What::Encoded, length, None);
    }
    let end = rest.char_indices().find(|(_, letter)| !is_atext(*letter) || letter.is_control());
    (What::Atom, end.map_or(rest.len(), |(offset, _)| offset), None)
}

fn pair(rest: &str) -> (What, usize, Option<String>) {
    match rest.chars().nth(1) {
        Some(letter) if !letter.is_control() => (What::Pair, 1 + letter.len_utf8(), Some(letter.to_string())),
        _ => (What::Stray, 1, None),
    }
}

/// Length and content of what `open` begins at the start of `rest`; comments nest. Folds are undone, backslashes taken off.
fn enclosed(rest: &str, open: char, close: char) -> Option<(usize, String)> {
    let mut value = String::new();
    let mut depth = 0_usize;
    let mut letters = rest.char_indices();
    while let Some((offset, letter)) = letters.next() {
        match letter {
            '\\' => value.push(letters.next()?.1),
            '\r' | '\n' => {}
            letter if letter == close && depth > 0 && (open == close || depth == 1) => {
                return Some((offset + 1, value));
            }
            letter if letter == open && depth == 0 => depth = 1,
            // A second bracket inside a literal closes nothing; the caller throws it out.
            '[' if open == '[' => return None,
            letter => {
                depth = match letter {
                    _ if open == close => depth,
                    letter if letter == open => depth + 1,
                    letter if letter == close => depth - 1,
                    _ => depth,
                };
                value.push(letter);
            }
        }
    }
    None
}
