//! The value of a From field: mailboxes, lists, groups. RFC 5322 §3.4, §4.4; RFC 6854.

use std::ops::Range;

use super::{
    author::Author,
    faults::Faults,
    lex::{Token, What, lex, span_of},
    table::{
        BRACKETS, DOUBLE_BRACKETS, EMPTY, EMPTY_ELEMENT, FULLWIDTH, GROUP, HTML_ENTITIES, NOT_BARE, SEMICOLON_LIST,
        SEVERAL, SEVERAL_MAILBOXES, TEMPLATE, TRAILING_TEXT, UNCLOSED_BRACKET, UNQUOTED_COMMA, UNQUOTED_SEMICOLON,
    },
};

mod mailbox;

/// A token, or a pair of angle brackets with what stands between.
#[derive(Debug, Clone)]
pub(super) enum Item<'t> {
    Token(Token<'t>),
    Angle(Angle<'t>),
}

/// `<…>`
#[derive(Debug, Clone)]
pub(super) struct Angle<'t> {
    pub(super) span: Range<usize>,
    pub(super) inner: Vec<Token<'t>>,
}

impl<'t> Item<'t> {
    fn is_blank(&self) -> bool {
        matches!(self, Self::Token(token) if token.is_blank())
    }

    fn span(&self) -> Range<usize> {
        match self {
            Self::Token(token) => token.span(),
            Self::Angle(angle) => angle.span.clone(),
        }
    }

    /// The token, or what stands in the brackets as if it were one.
    fn into_token(self) -> Option<Token<'t>> {
        match self {
            Self::Token(token) => Some(token),
            Self::Angle(_) => None,
        }
    }

    /// An @, or something in brackets.
    fn is_address(&self) -> bool {
        match self {
            Self::Angle(_) => true,
            Self::Token(token) => token.what == What::At || (token.what == What::Literal && token.source.contains('@')),
        }
    }
}

/// One place of the list.
#[derive(Debug, Default)]
struct Element<'t> {
    items: Vec<Item<'t>>,
    /// What ended it: a comma or semicolon; nothing at the end.
    end: Option<Token<'t>>,
    in_group: bool,
    /// Between the semicolon of a group and a comma.
    after_group: bool,
}

/// Looks at a field's value, which starts at `base` of the input.
pub(super) fn inspect(value: &str, base: usize, faults: &mut Faults) -> Vec<Author> {
    if let Some(authors) = written_otherwise(value, base, faults) {
        return authors;
    }
    let tokens = lex(value, base, faults);
    let Some(span) = span_of(tokens.iter().filter(|token| token.what != What::Space)) else {
        faults.note(&EMPTY, base..base + value.len());
        return Vec::new();
    };
    template(value, base, faults);
    let elements = elements(items(tokens, faults), faults);
    let authors = authors(elements, faults);
    if authors.iter().filter(|author| author.address.is_some()).count() > 1 && faults.valid() {
        faults.add(&SEVERAL_MAILBOXES, span, format!("{} authors", authors.len()));
    }
    authors
}

/// A variable of a template that nobody filled in: `{{first_name}}`, `*|FNAME|*`, `%FIRSTNAME%`.
fn template(value: &str, base: usize, faults: &mut Faults) {
    let between = |open: &str, close: &str| {
        let start = value.find(open)?;
        let length = value.get(start + open.len()..)?.find(close)?;
        Some(start..start + open.len() + length + close.len())
    };
    let is_name = |span: &Range<usize>| {
        let name = value.get(span.start + 1..span.end - 1).unwrap_or_default();
        name.len() > 2 && name.bytes().all(|octet| octet.is_ascii_uppercase() || octet == b'_')
    };
    let found = between("{{", "}}").or_else(|| between("*|", "|*")).or_else(|| between("%", "%").filter(is_name));
    if let Some(span) = found {
        faults.note(&TEMPLATE, base + span.start..base + span.end);
    }
}

/// Text that stands for a field in another dress: HTML, full-width letters.
fn written_otherwise(value: &str, base: usize, faults: &mut Faults) -> Option<Vec<Author>> {
    let lower = value.to_ascii_lowercase();
    let (kind, span, text) = if let (Some(open), Some(close)) = (lower.find("&lt;"), lower.rfind("&gt;")) {
        let text = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        (&HTML_ENTITIES, base + open..base + close + 4, text.replace("&LT;", "<").replace("&GT;", ">"))
    } else {
        let (offset, letter) = value.char_indices().find(|(_, letter)| matches!(letter, '＠' | '＜' | '＞'))?;
        let text = value.chars().map(|letter| super::script::narrow(letter).unwrap_or(letter)).collect();
        (&FULLWIDTH, base + offset..base + offset + letter.len_utf8(), text)
    };
    if span.end < span.start || (kind.id == FULLWIDTH.id && value.contains('@')) {
        return None;
    }
    faults.note(kind, span.clone());
    let mut quiet = Faults::new(faults.is_field());
    let tokens = lex(&text, 0, &mut quiet);
    let mut authors = authors(elements(items(tokens, &mut quiet), &mut quiet), &mut quiet);
    for address in authors.iter_mut().filter_map(|author| author.address.as_mut()) {
        address.span = base..base + value.len();
    }
    Some(authors)
}

/// Puts angle brackets together.
fn items<'t>(tokens: Vec<Token<'t>>, faults: &mut Faults) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        if token.what == What::Open {
            let (angle, after) = angle(token, after, faults);
            items.push(Item::Angle(angle));
            rest = after;
        } else {
            items.push(Item::Token(token.clone()));
            rest = after;
        }
    }
    items
}

/// What `open` begins, and what follows it. Without its end it reaches to the next comma or bracket.
fn angle<'t, 'a>(open: &Token<'t>, rest: &'a [Token<'t>], faults: &mut Faults) -> (Angle<'t>, &'a [Token<'t>]) {
    let blanks = rest.iter().take_while(|token| token.is_blank()).count();
    let second = rest.get(blanks).filter(|token| token.what == What::Open);
    if let Some(second) = second {
        faults.note(&DOUBLE_BRACKETS, second.span());
    }
    let rest = if second.is_some() { rest.get(blanks + 1..).unwrap_or_default() } else { rest };
    let end = rest.iter().position(|token| matches!(token.what, What::Close | What::Open));
    let closes = end.and_then(|end| rest.get(end)).filter(|token| token.what == What::Close);
    let Some(close) = closes else {
        faults.note(&UNCLOSED_BRACKET, open.span());
        let open_end = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let cut = open_end.iter().position(|token| matches!(token.what, What::Comma | What::Semicolon));
        let (inner, after) = rest.split_at(cut.unwrap_or(open_end.len()).min(rest.len()));
        let last = inner.last().map_or(open.end, |token| token.end);
        return (Angle { span: open.start..last, inner: inner.to_vec() }, after);
    };
    let (inner, after) = rest.split_at(end.unwrap_or(0));
    let mut after = after.get(1..).unwrap_or_default();
    let mut last = close.end;
    if let Some((token, rest)) = after.split_first().filter(|(token, _)| second.is_some() && token.what == What::Close)
    {
        (after, last) = (rest, token.end);
    }
    (Angle { span: open.start..last, inner: inner.to_vec() }, after)
}

/// The places of the list: split at commas, semicolons, and the ends of groups.
fn elements<'t>(items: Vec<Item<'t>>, faults: &mut Faults) -> Vec<Element<'t>> {
    let is_semicolon = |item: &Item<'_>| matches!(item, Item::Token(token) if token.what == What::Semicolon);
    let last_semicolon = items.iter().rposition(is_semicolon).unwrap_or(0);
    let mut elements = vec![Element::default()];
    let mut group: Option<usize> = None;
    for (index, item) in items.into_iter().enumerate() {
        let Some(element) = elements.last_mut() else { break };
        let what = if let Item::Token(token) = &item { Some(token.what) } else { None };
        match (what, item) {
            (Some(What::Colon), Item::Token(colon))
                if group.is_none() && index < last_semicolon && element.is_name() && !element.ends_in_mailto() =>
            {
                let start =
                    element.items.iter().find(|item| !item.is_blank()).map_or(colon.start, |item| item.span().start);
                group = Some(start);
                *element = Element { in_group: true, ..Element::default() };
            }
            (Some(What::Semicolon), Item::Token(token)) if group.is_some() => {
                faults.note(&GROUP, group.take().unwrap_or(token.start)..token.end);
                elements.push(Element { after_group: true, ..Element::default() });
            }
            (Some(What::Comma | What::Semicolon), Item::Token(token)) => {
                element.end = Some(token);
                elements.push(Element { in_group: group.is_some(), ..Element::default() });
            }
            (_, item) => element.items.push(item),
        }
    }
    elements
}

impl Element<'_> {
    fn is_empty(&self) -> bool {
        self.items.iter().all(Item::is_blank)
    }

    fn has_address(&self) -> bool {
        self.items.iter().any(Item::is_address)
    }

    fn is_name(&self) -> bool {
        !self.is_empty() && !self.has_address()
    }

    fn ends_in_mailto(&self) -> bool {
        let last = self.items.iter().rev().find(|item| !item.is_blank());
        matches!(last, Some(Item::Token(token)) if token.source.eq_ignore_ascii_case("mailto"))
    }
}

/// The author of each place. A place without an address is the beginning of the next one's name, cut off by its comma.
fn authors(elements: Vec<Element<'_>>, faults: &mut Faults) -> Vec<Author> {
    let last = elements.iter().rposition(|element| !element.is_empty());
    let mut reader = Reader { authors: Vec::new(), waiting: Vec::new(), cuts: Vec::new(), before: None, faults };
    for (index, element) in elements.into_iter().enumerate() {
        match element.is_empty() {
            true if element.in_group || element.after_group => continue,
            true if last.is_some() => reader.empty(element.end),
            _ => reader.take(element, last == Some(index)),
        }
    }
    reader.end()
}

/// Reads place after place.
struct Reader<'t, 'f> {
    authors: Vec<Author>,
    /// Names that wait for their address, with the commas between.
    waiting: Vec<Item<'t>>,
    /// Those commas.
    cuts: Vec<Token<'t>>,
    /// What ended the place before.
    before: Option<Token<'t>>,
    faults: &'f mut Faults,
}

impl<'t> Reader<'t, '_> {
    /// Told at the comma behind it; at the end of the list at the one before.
    fn empty(&mut self, end: Option<Token<'t>>) {
        let comma = end.as_ref().or(self.before.as_ref());
        if let Some(comma) = comma.filter(|mark| mark.what == What::Comma) {
            self.faults.note(&EMPTY_ELEMENT, comma.span());
        }
        self.before = end;
    }

    fn take(&mut self, element: Element<'t>, is_last: bool) {
        let is_mailbox = element.has_address();
        self.waiting.extend(element.items);
        self.before.clone_from(&element.end);
        if !is_mailbox {
            self.waiting.extend(element.end.clone().map(Item::Token));
            return self.cuts.extend(element.end);
        }
        cut(&std::mem::take(&mut self.cuts), self.faults);
        if let Some(end) = element.end.filter(|end| end.what == What::Semicolon) {
            self.faults.note(if is_last { &UNQUOTED_SEMICOLON } else { &SEMICOLON_LIST }, end.span());
        }
        mailbox::read(std::mem::take(&mut self.waiting), self.faults, &mut self.authors);
    }

    /// A name without an address may be left: at the end of the list, or all by itself.
    fn end(mut self) -> Vec<Author> {
        let mut seen = self.waiting.iter().filter(|item| !item.is_blank()).map(Item::span);
        let Some(span) = seen.next().map(|first| first.start..seen.next_back().map_or(first.end, |last| last.end))
        else {
            return self.authors;
        };
        if !self.authors.is_empty() {
            self.faults.add(&TRAILING_TEXT, span, "what follows the comma holds no address");
            return self.authors;
        }
        cut(&self.cuts, self.faults);
        let tokens: Vec<Token<'_>> = self.waiting.into_iter().filter_map(Item::into_token).collect();
        self.authors.push(mailbox::without_address(&tokens, span, self.faults));
        self.authors
    }
}

fn cut(cuts: &[Token<'_>], faults: &mut Faults) {
    for token in cuts {
        faults.note(if token.what == What::Comma { &UNQUOTED_COMMA } else { &UNQUOTED_SEMICOLON }, token.span());
    }
}

/// Looks at a bare address; what a header would have around it is told as such.
pub(super) fn bare_address(input: &str, faults: &mut Faults) -> Vec<Author> {
    if let Some(authors) = written_otherwise(input, 0, faults) {
        return authors;
    }
    let tokens = lex(input, 0, faults);
    if tokens.iter().all(|token| token.what == What::Space) {
        faults.note(&EMPTY, 0..input.len());
        return Vec::new();
    }
    let is_dressed = tokens.iter().any(|token| token.what == What::Open);
    let ats = tokens.iter().filter(|token| token.what == What::At).count();
    let mark = tokens.iter().find(|token| matches!(token.what, What::Comma | What::Semicolon));
    let is_list = ats > 1 && mark.is_some();
    if !is_dressed && !is_list {
        return vec![mailbox::bare_address(&tokens, faults)];
    }
    let mut quiet = Faults::new(true);
    let elements = elements(items(tokens.clone(), &mut quiet), &mut quiet);
    let authors = authors(elements, &mut quiet);
    match (ats > 1, mark) {
        (true, Some(mark)) => faults.note(&SEVERAL, mark.span()),
        _ => dressed(&tokens, faults),
    }
    authors
}

/// Angle brackets, with or without a name before them.
fn dressed(tokens: &[Token<'_>], faults: &mut Faults) {
    let Some(open) = tokens.iter().position(|token| token.what == What::Open) else { return };
    let name = tokens.get(..open).unwrap_or_default();
    match span_of(name.iter().filter(|token| token.what != What::Space)) {
        Some(span) => faults.note(&NOT_BARE, span),
        None => {
            let span = tokens.get(open).map_or(0..0, Token::span);
            faults.note(&BRACKETS, span);
        }
    }
    let close = tokens.iter().rposition(|token| token.what == What::Close).unwrap_or(tokens.len());
    let inner = tokens.get(open + 1..close).unwrap_or_default();
    if inner.iter().any(|token| !token.is_blank()) {
        mailbox::bare_address(inner, faults);
    }
    if close == tokens.len() {
        let span = tokens.get(open).map_or(0..0, Token::span);
        faults.note(&UNCLOSED_BRACKET, span);
    }
}
