//! One mailbox: `name <address>`, a bare address, and what people write instead.

use std::ops::Range;

use super::{Angle, Item};
use crate::inspect::{
    address::{self, Found},
    author::Author,
    faults::Faults,
    lex::{Token, What, lex, span_of},
    phrase,
    table::{
        ENCODED_ADDRESS, EXCHANGE_DN, MAILTO, MISSING_BRACKETS, MISSING_COMMA, NAME_IN_COMMENT, NO_ADDRESS,
        NULL_ADDRESS, OUTLOOK, PROVIDER_DOMAIN, ROUTE, SEVERAL, SPELLED_AT, STRAY_BRACKET, TRAILING_TEXT,
    },
};

/// Domains of mailbox providers with a DMARC policy that refuses mail by others.
const PROVIDERS: [&str; 10] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "aol.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "icloud.com",
    "gmx.de",
    "mail.ru",
];

/// Reads the items of one place of the list; adds one author, or more where commas are missing.
pub(super) fn read(items: Vec<Item<'_>>, faults: &mut Faults, authors: &mut Vec<Author>) {
    let mut name: Vec<Token<'_>> = Vec::new();
    let mut is_behind = false;
    for item in items {
        match item {
            Item::Token(token) => name.push(token),
            Item::Angle(angle) => {
                if is_behind {
                    faults.note(&MISSING_COMMA, angle.span.start..angle.span.start + 1);
                }
                authors.push(in_brackets(&std::mem::take(&mut name), &angle, faults));
                is_behind = true;
            }
        }
    }
    if !is_behind {
        return bare(&name, faults, authors);
    }
    trailing(&name, faults);
}

/// What stands behind an address: blanks and comments at most.
fn trailing(tokens: &[Token<'_>], faults: &mut Faults) {
    let Some(first) = tokens.iter().find(|token| !token.is_blank()) else { return };
    match first.what {
        What::Close => faults.note(&STRAY_BRACKET, first.span()),
        // Noted by the lexer.
        What::Stray if first.source == ")" => {}
        _ => {
            let span = span_of(tokens.iter().filter(|token| !token.is_blank())).unwrap_or(first.span());
            faults.note(&TRAILING_TEXT, span);
        }
    }
}

/// `name <address>`
fn in_brackets(name: &[Token<'_>], angle: &Angle<'_>, faults: &mut Faults) -> Author {
    let span = span_of(name.iter().filter(|token| token.what != What::Space));
    if let Some(author) = twice(name, angle, faults) {
        return author;
    }
    let name = phrase::inspect(name, faults);
    let address = inside(angle, faults);
    if let (Some(span), Some(address)) = (span, &address) {
        phrase::against(&name, span, address, faults);
    }
    named(name, address)
}

fn named(name: phrase::Name, address: Option<Found>) -> Author {
    let some = |text: String| (!text.is_empty()).then_some(text);
    Author { shown: some(name.shown), meant: some(name.meant), address }
}

/// `ann@example.com <mailto:ann@example.com>`, as Outlook shows it.
fn twice(name: &[Token<'_>], angle: &Angle<'_>, faults: &mut Faults) -> Option<Author> {
    let dense = |tokens: &[Token<'_>]| {
        tokens
            .iter()
            .filter(|token| token.what != What::Space)
            .map(|token| token.source)
            .collect::<String>()
            .to_lowercase()
    };
    let inner = dense(&angle.inner);
    let link = inner.strip_prefix("mailto:")?;
    if link != dense(name) {
        return None;
    }
    let span = span_of(name.iter().filter(|token| token.what != What::Space))?;
    faults.note(&OUTLOOK, span.start..angle.span.end);
    Some(Author { address: inspected(name, faults), ..Author::default() })
}

/// What stands in the brackets.
fn inside(angle: &Angle<'_>, faults: &mut Faults) -> Option<Found> {
    let tokens = unlinked(&angle.inner, faults);
    let tokens = first_of_several(unrouted(tokens, faults), faults);
    let Some(first) = tokens.iter().find(|token| !token.is_blank()) else {
        faults.note(&NULL_ADDRESS, angle.span.clone());
        return None;
    };
    if first.source.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("/o=")) {
        faults.note(&EXCHANGE_DN, angle.span.clone());
        return None;
    }
    inspected(tokens, faults)
}

/// The first of several addresses in one pair of brackets.
fn first_of_several<'a, 't>(tokens: &'a [Token<'t>], faults: &mut Faults) -> &'a [Token<'t>] {
    let ats = tokens.iter().filter(|token| token.what == What::At).count();
    let mark = tokens.iter().position(|token| matches!(token.what, What::Comma | What::Semicolon)).filter(|_| ats > 1);
    match mark.and_then(|mark| tokens.get(..mark).zip(tokens.get(mark))) {
        Some((first, mark)) if first.iter().any(|token| token.what == What::At) => {
            faults.note(&SEVERAL, mark.span());
            first
        }
        _ => tokens,
    }
}

/// Looks at an address and at whose domain it is.
fn inspected(tokens: &[Token<'_>], faults: &mut Faults) -> Option<Found> {
    let Some(found) = address::inspect(tokens, faults) else { return spelled(tokens, faults) };
    if faults.is_field() && PROVIDERS.contains(&found.domain.as_str()) {
        faults.add(
            &PROVIDER_DOMAIN,
            found.span.clone(),
            format!("only {}'s own servers may send for it", found.domain),
        );
    }
    Some(found)
}

/// Without `mailto:` at the start.
fn unlinked<'a, 't>(tokens: &'a [Token<'t>], faults: &mut Faults) -> &'a [Token<'t>] {
    let start = tokens.iter().position(|token| !token.is_blank()).unwrap_or(0);
    match tokens.get(start..) {
        Some([link, colon, rest @ ..])
            if colon.what == What::Colon && link.source.eq_ignore_ascii_case("mailto") && !rest.is_empty() =>
        {
            faults.note(&MAILTO, link.start..colon.end);
            rest
        }
        _ => tokens,
    }
}

/// Without a source route at the start: `@relay,@relay:`. RFC 5322 §4.4.
fn unrouted<'a, 't>(tokens: &'a [Token<'t>], faults: &mut Faults) -> &'a [Token<'t>] {
    let first = tokens.iter().find(|token| !token.is_blank());
    let colon = tokens.iter().position(|token| token.what == What::Colon);
    match (first, colon.and_then(|colon| tokens.get(colon).map(|token| (colon, token.end)))) {
        (Some(first), Some((colon, end))) if matches!(first.what, What::At | What::Comma) => {
            faults.note(&ROUTE, first.start..end);
            tokens.get(colon + 1..).unwrap_or_default()
        }
        _ => tokens,
    }
}

/// An address without an @ but with a word for it: `ann at example.com`, `ann[at]example.com`.
fn spelled(tokens: &[Token<'_>], faults: &mut Faults) -> Option<Found> {
    let at =
        tokens.iter().position(|token| matches!(token.value.to_ascii_lowercase().as_str(), "at" | "(at)" | "[at]"))?;
    let (mark, span) = (tokens.get(at)?, span_of(tokens)?);
    let before: String =
        tokens.get(..at)?.iter().filter(|token| token.what != What::Space).map(|token| token.source).collect();
    let after: String =
        tokens.get(at + 1..)?.iter().filter(|token| token.what != What::Space).map(|token| token.source).collect();
    let text = format!("{before}@{after}");
    let mut quiet = Faults::new(false);
    let found = address::inspect(&lex(&text, 0, &mut quiet), &mut quiet).filter(|_| quiet.valid())?;
    faults.note(&SPELLED_AT, mark.span());
    Some(Found { span, ..found })
}

/// An address without brackets, with or without something around it.
fn bare(tokens: &[Token<'_>], faults: &mut Faults, authors: &mut Vec<Author>) {
    let tokens = unlinked(tokens, faults);
    let Some(mark) = tokens.iter().position(|token| token.what == What::At) else {
        return authors.push(in_square_brackets(tokens, faults));
    };
    let (start, end) = (reach(tokens, mark, false), reach(tokens, mark, true));
    let before = tokens.get(..start).unwrap_or_default();
    let after = tokens.get(end..).unwrap_or_default();
    let own = tokens.get(start..end).unwrap_or_default();
    let name = phrase_before(before, own, faults);
    let address = inspected(own, faults);
    let around = |at: &usize| !(start..end).contains(at);
    let comment = tokens.iter().enumerate().find(|(at, token)| token.what == What::Comment && around(at));
    let comment = comment.map(|(_, token)| token);
    let name = match comment.filter(|_| name.shown.is_empty()) {
        Some(comment) => {
            faults.add(&NAME_IN_COMMENT, comment.span(), format!("`{}` is a comment, not a name", comment.source));
            phrase::Name { shown: String::new(), meant: crate::decode::words(&comment.value) }
        }
        None => name,
    };
    authors.push(named(name, address));
    if after.iter().any(|token| token.what == What::At) {
        let span = after.iter().find(|token| !token.is_blank()).map_or(0..0, Token::span);
        faults.note(&MISSING_COMMA, span);
        return;
    }
    trailing(after, faults);
}

fn phrase_before(before: &[Token<'_>], own: &[Token<'_>], faults: &mut Faults) -> phrase::Name {
    if before.iter().all(Token::is_blank) {
        return phrase::Name::default();
    }
    faults.note(&MISSING_BRACKETS, span_of(own).unwrap_or(0..0));
    phrase::inspect(before, faults)
}

/// How far the address reaches from its @: blanks and comments belong to it only beside a dot or an @.
fn reach(tokens: &[Token<'_>], mark: usize, forward: bool) -> usize {
    let step = |at: usize| if forward { at.checked_add(1) } else { at.checked_sub(1) };
    let joins = |at: Option<&Token<'_>>| at.is_some_and(|token| matches!(token.what, What::Dot | What::At));
    let mut edge = mark;
    let mut at = step(mark);
    while let Some(token) = at.and_then(|at| tokens.get(at)) {
        if token.what == What::Close || token.what == What::Open {
            break;
        }
        if !token.is_blank() {
            let is_joined = at.zip(step(edge)).is_some_and(|(at, next)| at == next)
                || joins(tokens.get(edge))
                || joins(Some(token));
            if !is_joined {
                break;
            }
            edge = at.unwrap_or(edge);
        }
        at = at.and_then(step);
    }
    if forward { edge + 1 } else { edge }
}

/// `Ann Doe [ann@example.com]`, `Ann Doe [mailto:ann@example.com]`.
fn in_square_brackets(tokens: &[Token<'_>], faults: &mut Faults) -> Author {
    let is_address =
        |token: &Token<'_>| matches!(token.what, What::Literal | What::Comment) && token.source.contains('@');
    let Some(place) = tokens.iter().position(is_address) else {
        let span = span_of(tokens).unwrap_or(0..0);
        return without_address(tokens, span, faults);
    };
    let (before, rest) = tokens.split_at(place);
    let mut author = Author::default();
    if let Some((token, after)) = rest.split_first() {
        faults.note(&OUTLOOK, token.span());
        let name = phrase::inspect(before, faults);
        let value = token.value.trim();
        let link = value.get(..7).filter(|link| link.eq_ignore_ascii_case("mailto:")).map_or(0, str::len);
        let text = value.get(link..).unwrap_or_default();
        let mut quiet = Faults::new(false);
        let found = address::inspect(&lex(text, 0, &mut quiet), &mut quiet).filter(|_| quiet.valid());
        author = named(name, found.map(|found| Found { span: token.span(), ..found }));
        trailing(after, faults);
    }
    author
}

/// A name and no address.
pub(super) fn without_address(tokens: &[Token<'_>], span: Range<usize>, faults: &mut Faults) -> Author {
    if tokens.iter().any(|token| token.what == What::Comment && token.source.contains('@')) {
        return in_square_brackets(tokens, faults);
    }
    if let Some(author) = encoded(tokens, &span, faults) {
        return author;
    }
    if let Some(found) = spelled(tokens, faults) {
        return Author { address: Some(found), ..Author::default() };
    }
    faults.note(&NO_ADDRESS, span);
    named(phrase::inspect(tokens, faults), None)
}

/// A whole mailbox inside encoded words: `=?utf-8?Q?Ann_=3Cann=40example.com=3E?=`.
fn encoded(tokens: &[Token<'_>], span: &Range<usize>, faults: &mut Faults) -> Option<Author> {
    let word = tokens.iter().find(|token| token.what == What::Encoded)?;
    let source: String = tokens.iter().map(|token| token.source).collect();
    let text = crate::decode::words(&source);
    if !text.contains('@') || text.contains("=?") {
        return None;
    }
    faults.note(&ENCODED_ADDRESS, word.span());
    let mut quiet = Faults::new(true);
    let mut authors =
        super::authors(super::elements(super::items(lex(&text, 0, &mut quiet), &mut quiet), &mut quiet), &mut quiet);
    let mut author = if authors.len() == 1 { authors.pop()? } else { Author::default() };
    author.address = author.address.map(|found| Found { span: span.clone(), ..found });
    Some(author)
}

/// A bare address by itself.
pub(super) fn bare_address(tokens: &[Token<'_>], faults: &mut Faults) -> Author {
    let blanks = tokens.iter().rev().take_while(|token| token.is_blank()).count();
    let tokens =
        match tokens.len().checked_sub(blanks + 1).and_then(|last| Some((tokens.get(..last)?, tokens.get(last)?))) {
            Some((before, last)) if last.what == What::Close => {
                faults.note(&STRAY_BRACKET, last.span());
                before
            }
            _ => tokens,
        };
    let tokens = unlinked(tokens, faults);
    let tokens = unrouted(tokens, faults);
    Author { address: inspected(tokens, faults), ..Author::default() }
}
