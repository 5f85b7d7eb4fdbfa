//! The domain behind the @: labels, lengths, IDNA, names that lead nowhere. RFC 5321 §2.3.5, §4.1.2.

use std::ops::Range;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::char::is_combining_mark;

use super::{
    faults::Faults,
    lex::{Token, What, span_of},
    literal, script,
    table::{
        BAD_A_LABEL, BAD_U_LABEL, BARE_IP, COMMENT, DOMAIN_COMMA, DOMAIN_EMPTY, DOMAIN_EMPTY_LABEL, DOMAIN_LETTER,
        DOMAIN_SPACE, DOMAIN_TOO_LONG, DOMAIN_TRAILING_DOT, EXAMPLE_DOMAIN, FULLWIDTH, HYPHEN, INVISIBLE,
        LABEL_TOO_LONG, LOOKALIKE, MAPPED, MIXED_SCRIPT, NO_DOT, NUMERIC_TLD, OBSOLETE_SPACE, RESERVED_LABEL,
        RESERVED_TLD, SPACE, U_LABEL, UNDERSCORE, UNSAFE,
    },
};

/// Longest label, in octets. RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;
/// Longest name, in octets, without the root. RFC 1035 §2.3.4.
const MAX_DOMAIN: usize = 253;
/// Top-level domains that are never in public DNS. RFC 6761, RFC 6762, RFC 7686, RFC 9476; ICANN (internal).
const PRIVATE: [&str; 7] = ["local", "localhost", "invalid", "onion", "alt", "internal", "arpa"];
/// Names for documents and tests. RFC 2606 §2, §3.
const EXAMPLES: [&str; 5] = ["test", "example", "example.com", "example.net", "example.org"];

/// A label and where it stands.
struct Label {
    text: String,
    span: Range<usize>,
}

/// Looks at the tokens behind the @; `after` is where they would start. Gives the domain as it should be written: A-labels in
/// lower case, a literal with its brackets, or what was typed when it is neither.
pub(super) fn inspect(tokens: &[Token<'_>], at: Range<usize>, faults: &mut Faults) -> String {
    let Some(first) = tokens.iter().find(|token| !token.is_blank()) else {
        blanks(tokens, faults);
        faults.note(&DOMAIN_EMPTY, at);
        return String::new();
    };
    if first.what == What::Literal {
        return with_literal(tokens, first, faults);
    }
    let labels = labels(tokens, at, faults);
    let typed = labels.iter().map(|label| label.text.as_str()).collect::<Vec<_>>().join(".");
    let Some(span) = labels.first().zip(labels.last()).map(|(first, last)| first.span.start..last.span.end) else {
        return typed;
    };
    for label in &labels {
        look(label, faults);
    }
    let ascii = to_ascii(&typed).unwrap_or_else(|| typed.clone());
    if ascii.len() > MAX_DOMAIN {
        faults.add(
            &DOMAIN_TOO_LONG,
            span.clone(),
            format!("the domain has {} octets, {MAX_DOMAIN} are allowed", ascii.len()),
        );
    }
    if breaks_bidi(&ascii) && !faults.has(&BAD_U_LABEL) && !faults.has(&BAD_A_LABEL) {
        let message = "beside a label that is read from the right, every label must begin with a letter (RFC 5893 §2)";
        faults.add(&BAD_U_LABEL, span.clone(), String::from(message));
    }
    name(&ascii, &labels, span, faults);
    ascii
}

/// Whether the labels are permitted one by one, and not beside each other. RFC 5893 §1.4
fn breaks_bidi(ascii: &str) -> bool {
    let wrong = |text: &str| {
        let (_, result) = Uts46::new().to_unicode(text.as_bytes(), AsciiDenyList::URL, Hyphens::Allow);
        result.is_err()
    };
    ascii.contains("xn--") && wrong(ascii) && !ascii.split('.').any(wrong)
}

fn with_literal(tokens: &[Token<'_>], first: &Token<'_>, faults: &mut Faults) -> String {
    blanks(tokens, faults);
    literal::inspect(first, faults);
    let rest = tokens.iter().filter(|token| !token.is_blank()).skip(1);
    if let Some(span) = span_of(rest) {
        faults.add(&DOMAIN_LETTER, span, "text behind the address literal");
    }
    first.source.to_owned()
}

fn blanks(tokens: &[Token<'_>], faults: &mut Faults) {
    for token in tokens {
        match token.what {
            What::Comment => faults.note(&COMMENT, token.span()),
            What::Space => faults.note(&SPACE, token.span()),
            _ => {}
        }
    }
}

/// The labels as far as they can be told; empty ones, blanks, comments and wrong letters are noted.
fn labels(tokens: &[Token<'_>], at: Range<usize>, faults: &mut Faults) -> Vec<Label> {
    let mut reader = Reader { labels: Vec::new(), previous: What::At, end: at, gap: None, faults };
    for token in tokens {
        reader.take(token);
    }
    let Reader { labels, previous, end, gap, faults } = reader;
    if let Some(gap) = gap {
        faults.note(&SPACE, gap);
    }
    if previous == What::Dot && !labels.is_empty() {
        faults.note(&DOMAIN_TRAILING_DOT, end);
    }
    labels
}

/// Reads labels and dots in turn.
struct Reader<'f> {
    labels: Vec<Label>,
    /// Dot, comma, At at the start, or Atom for any piece of a label.
    previous: What,
    end: Range<usize>,
    gap: Option<Range<usize>>,
    faults: &'f mut Faults,
}

impl Reader<'_> {
    fn take(&mut self, token: &Token<'_>) {
        match token.what {
            What::Comment => return self.faults.note(&COMMENT, token.span()),
            What::Space => {
                self.gap = Some(token.span());
                return;
            }
            What::Dot => {
                self.blank();
                if self.previous != What::Atom {
                    self.faults.add(&DOMAIN_EMPTY_LABEL, token.span(), "a dot without a label before it");
                }
                self.previous = What::Dot;
            }
            What::Comma if self.previous == What::Atom => {
                self.faults.note(&DOMAIN_COMMA, token.span());
                self.previous = What::Comma;
            }
            _ => self.piece(token),
        }
        self.end = token.span();
    }

    /// Blanks at the rim are tolerated in a header field, those around a dot are obsolete.
    fn blank(&mut self) {
        if let Some(gap) = self.gap.take() {
            self.faults.note(if self.previous == What::At { &SPACE } else { &OBSOLETE_SPACE }, gap);
        }
    }

    /// A label, or more of one that something cut apart.
    fn piece(&mut self, token: &Token<'_>) {
        letters(token, self.faults);
        match self.labels.last_mut().filter(|_| self.previous == What::Atom) {
            Some(last) => {
                if let Some(gap) = self.gap.take() {
                    self.faults.note(&DOMAIN_SPACE, gap);
                }
                last.text.push_str(token.source);
                last.span.end = token.end;
            }
            None => {
                self.blank();
                self.labels.push(Label { text: token.source.to_owned(), span: token.span() });
            }
        }
        self.previous = What::Atom;
    }
}

/// Letters that no domain holds.
fn letters(token: &Token<'_>, faults: &mut Faults) {
    if !matches!(token.what, What::Atom | What::Encoded) {
        return faults.add(&DOMAIN_LETTER, token.span(), format!("`{}` in the domain", token.source));
    }
    for (offset, letter) in token.source.char_indices().filter(|(_, letter)| letter.is_ascii()) {
        let here = token.start + offset..token.start + offset + 1;
        match letter {
            '_' => faults.note(&UNDERSCORE, here),
            '-' => {}
            letter if letter.is_ascii_alphanumeric() => {}
            _ => faults.add(&DOMAIN_LETTER, here, format!("`{letter}` in the domain")),
        }
    }
    for (offset, letter, odd) in script::odd_letters(token.source) {
        let here = token.start + offset..token.start + offset + letter.len_utf8();
        let kind = if matches!(odd, script::Odd::Invisible | script::Odd::Bidi) { &INVISIBLE } else { &UNSAFE };
        faults.add(kind, here, format!("{} (U+{:04X}) in the domain", odd.name(), u32::from(letter)));
    }
}

fn look(label: &Label, faults: &mut Faults) {
    let Label { text, span } = label;
    if text.starts_with('-') {
        faults.add(&HYPHEN, span.start..span.start + 1, "a hyphen at the start of a label");
    }
    if text.ends_with('-') && text.len() > 1 {
        faults.add(&HYPHEN, span.end - 1..span.end, "a hyphen at the end of a label");
    }
    if text.is_ascii() { ascii_label(text, span, faults) } else { unicode_label(text, span, faults) }
}

fn ascii_label(text: &str, span: &Range<usize>, faults: &mut Faults) {
    if text.len() > MAX_LABEL {
        faults.add(&LABEL_TOO_LONG, span.clone(), format!("a label of {} octets, {MAX_LABEL} are allowed", text.len()));
    }
    let is_a_label = text.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"));
    if !is_a_label {
        if text.get(2..4) == Some("--") {
            faults.note(&RESERVED_LABEL, span.clone());
        }
        return;
    }
    match decoded(text) {
        Some(unicode) => suspicious(&unicode, span, faults),
        None => faults.note(&BAD_A_LABEL, span.clone()),
    }
}

/// The U-label of an A-label; `None` when it is none.
fn decoded(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (unicode, result) = Uts46::new().to_unicode(lower.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast);
    let is_other = result.is_ok() && unicode != lower.as_str() && unicode.chars().all(is_idna_letter);
    is_other.then(|| unicode.into_owned())
}

fn unicode_label(text: &str, span: &Range<usize>, faults: &mut Faults) {
    if text.chars().any(|letter| script::narrow(letter).is_some_and(|narrow| ".@-".contains(narrow))) {
        return faults.note(&FULLWIDTH, span.clone());
    }
    if script::odd_letters(text).next().is_some() {
        return;
    }
    let Some(ascii) = to_ascii(text) else { return faults.note(&BAD_U_LABEL, span.clone()) };
    let unicode = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast).0;
    if let Some(letter) = unicode.chars().find(|letter| !is_idna_letter(*letter)) {
        return faults.add(&BAD_U_LABEL, span.clone(), format!("`{letter}` is not permitted in a domain"));
    }
    if ascii.len() > MAX_LABEL {
        let message = format!("a label of {} octets as `xn--…`, {MAX_LABEL} are allowed", ascii.len());
        faults.add(&LABEL_TOO_LONG, span.clone(), message);
    }
    if unicode.as_ref() != text.to_lowercase() {
        faults.add(&MAPPED, span.clone(), format!("read as `{unicode}`"));
    }
    if !ascii.eq_ignore_ascii_case(text) {
        faults.add(&U_LABEL, span.clone(), format!("DNS is asked for `{ascii}`"));
    }
    suspicious(&unicode, span, faults);
}

fn suspicious(unicode: &str, span: &Range<usize>, faults: &mut Faults) {
    if let Some((one, other)) = script::mixed(unicode) {
        faults.add(&MIXED_SCRIPT, span.clone(), format!("`{unicode}` mixes {one} and {other}"));
    }
    if let Some(seen) = script::lookalike(unicode) {
        faults.add(&LOOKALIKE, span.clone(), format!("`{unicode}` looks like `{seen}`"));
    }
}

/// Letters, digits and marks, and the few others that IDNA 2008 takes. RFC 5892 §2.
fn is_idna_letter(letter: char) -> bool {
    const OTHERS: &str = "-\u{B7}\u{375}\u{5F3}\u{5F4}\u{F0B}\u{6FD}\u{6FE}\u{200C}\u{200D}\u{3007}\u{30FB}";
    letter.is_alphanumeric() || is_combining_mark(letter) || OTHERS.contains(letter)
}

/// The A-label form, lower case; `None` for what has none. ASCII is only lower-cased.
fn to_ascii(text: &str) -> Option<String> {
    if text.is_ascii() {
        return Some(text.to_ascii_lowercase());
    }
    let ascii = Uts46::new().to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Ignore);
    ascii.ok().map(std::borrow::Cow::into_owned)
}

/// What the name as a whole tells.
fn name(ascii: &str, labels: &[Label], span: Range<usize>, faults: &mut Faults) {
    let top = ascii.rsplit('.').next().unwrap_or_default();
    let last = labels.last().map_or(span.clone(), |label| label.span.clone());
    let is_digits = |label: &str| !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_digit());
    if ascii.parse::<std::net::Ipv4Addr>().is_ok() {
        return faults.note(&BARE_IP, span);
    }
    if is_digits(top) {
        faults.note(&NUMERIC_TLD, last.clone());
    }
    if PRIVATE.contains(&top) {
        faults.add(&RESERVED_TLD, last, format!("`.{top}` is never in public DNS, or holds no mail"));
    } else if EXAMPLES.iter().any(|name| ascii == *name || ascii.ends_with(&format!(".{name}"))) {
        faults.note(&EXAMPLE_DOMAIN, span.clone());
    }
    if !ascii.contains('.') {
        faults.note(&NO_DOT, span);
    }
}
