//! The frame of a field: its name, its lines, and what follows them. RFC 5322 §2.1.1, §2.2, §3.2.2.

use std::ops::Range;

use super::{
    author::Author,
    faults::Faults,
    field,
    table::{
        BARE_CR, BARE_LF, BLANK_FOLD, INJECTION, LEADING_BLANK, LINE_LONG, LINE_TOO_LONG, MBOX_LINE,
        SPACE_BEFORE_COLON, TWO_FIELDS, WRONG_FIELD,
    },
};

/// Longest line, in octets without CRLF. RFC 5322 §2.1.1.
const MAX_LINE: usize = 998;
/// Longest line that is aimed at. RFC 5322 §2.1.1.
const GOOD_LINE: usize = 78;
/// Fields that hold addresses too; a group could be called so, but has a semicolon.
const OTHERS: [&str; 8] = ["sender", "reply-to", "to", "cc", "bcc", "resent-from", "return-path", "subject"];

/// Looks at a whole field.
pub(super) fn inspect(input: &str, faults: &mut Faults) -> Vec<Author> {
    let end = lines(input, faults);
    let field = input.get(..end).unwrap_or(input);
    rest(input, end, faults);
    let start = name(field, faults);
    let value = field.get(start..).unwrap_or_default();
    let trimmed = value.trim_end_matches(['\r', '\n']);
    field::inspect(trimmed, start, faults)
}

/// Goes through the lines and gives where the field ends: before the first line that does not go on with a blank.
fn lines(input: &str, faults: &mut Faults) -> usize {
    let mut start = 0;
    loop {
        let rest = input.get(start..).unwrap_or_default();
        let Some(length) = rest.find('\n') else {
            line(input, start..input.len(), faults);
            return input.len();
        };
        let is_crlf = rest.get(..length).is_some_and(|line| line.ends_with('\r'));
        let end = start + length - usize::from(is_crlf);
        let next = start + length + 1;
        line(input, start..end, faults);
        let goes_on = input.get(next..).is_some_and(|next| next.starts_with([' ', '\t']));
        if !goes_on {
            return end;
        }
        if !is_crlf {
            faults.note(&BARE_LF, end..next);
        }
        start = next;
    }
}

fn line(input: &str, span: Range<usize>, faults: &mut Faults) {
    let text = input.get(span.clone()).unwrap_or_default();
    if text.len() > MAX_LINE {
        faults.add(&LINE_TOO_LONG, span.clone(), format!("a line of {} octets, {MAX_LINE} are allowed", text.len()));
    } else if text.len() > GOOD_LINE {
        faults.add(&LINE_LONG, span.clone(), format!("a line of {} octets", text.len()));
    }
    if let Some(offset) = text.find('\r') {
        faults.note(&BARE_CR, span.start + offset..span.start + offset + 1);
    }
    if span.start > 0 && text.trim().is_empty() {
        faults.note(&BLANK_FOLD, span);
    }
}

/// What stands behind the end of the field: nothing, a Sender field, or what must not be there.
fn rest(input: &str, end: usize, faults: &mut Faults) {
    let mut at = end;
    for line in input.get(end..).unwrap_or_default().split_inclusive('\n') {
        let span = at..at + line.trim_end().len().max(1);
        at += line.len();
        let name = line.split(':').next().unwrap_or_default().trim_end().to_ascii_lowercase();
        match name.as_str() {
            "" if line.trim().is_empty() => {}
            "from" => faults.note(&TWO_FIELDS, span),
            "sender" => {}
            _ if line.starts_with([' ', '\t']) => {}
            _ => faults.add(&INJECTION, span, format!("`{}` begins another line of the header", line.trim_end())),
        }
    }
}

/// Where the value starts: behind `From:` where it stands.
fn name(field: &str, faults: &mut Faults) -> usize {
    // A byte order mark, or a blank that came along: the name is still told.
    let lead = field.len() - field.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']).len();
    let is_named = field.get(lead..lead + 5).is_some_and(|name| name.eq_ignore_ascii_case("from:"));
    if lead > 0 && is_named {
        faults.note(&LEADING_BLANK, 0..lead);
        return lead + 5;
    }
    let Some((before, _)) = field.split_once(':') else {
        if field.get(..5) == Some("From ") && is_mbox_line(field) {
            faults.note(&MBOX_LINE, 0..field.len());
        }
        return 0;
    };
    let name = before.trim_end_matches([' ', '\t']);
    if name.eq_ignore_ascii_case("from") {
        if name.len() < before.len() {
            faults.note(&SPACE_BEFORE_COLON, name.len()..before.len());
        }
        return before.len() + 1;
    }
    if field.get(..5) == Some("From ") && is_mbox_line(field) {
        faults.note(&MBOX_LINE, 0..field.len());
        return field.len().min(5);
    }
    if OTHERS.contains(&name.to_ascii_lowercase().as_str()) && !field.contains(';') {
        faults.add(&WRONG_FIELD, 0..name.len(), format!("this is a {name} field"));
        return before.len() + 1;
    }
    0
}

/// `From ann@example.com Tue Nov 24 12:00:00 2026`
fn is_mbox_line(field: &str) -> bool {
    let words: Vec<&str> = field.split_ascii_whitespace().collect();
    matches!(words.as_slice(), [_, address, day, _, ..]
        if address.contains('@') && ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(day))
}
