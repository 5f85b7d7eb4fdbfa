//! The header that is right, made of what could be read. It is offered only when it has no error itself.

use super::{
    address::Found,
    author::Author,
    faults::Faults,
    script,
    table::{TWO_ATS, UNCLOSED_COMMENT, UNCLOSED_QUOTE},
};
use crate::{Domain, address, write};

/// The whole field, with a Sender field behind it where there are several authors; nothing when the input needs no repair
/// or none can be told.
pub(super) fn field(input: &str, authors: &[Author], faults: &Faults) -> Option<String> {
    let mailboxes: Vec<(Option<&str>, String)> = authors
        .iter()
        .filter_map(|author| author.address.as_ref().map(|found| (author.meant.as_deref(), spelling(found))))
        .collect();
    if mailboxes.is_empty() || !faults.any() || is_guess(authors, faults) {
        return None;
    }
    let pairs: Vec<(Option<&str>, &str)> = mailboxes.iter().map(|(name, address)| (*name, address.as_str())).collect();
    let mut text = write::field("From", &pairs);
    if let [(_, first), _, ..] = pairs.as_slice() {
        text.push_str("\r\n");
        text.push_str(&write::field("Sender", &[(None, first)]));
    }
    let is_as_given = input.trim_end() == text || text.strip_prefix("From: ") == Some(input.trim());
    (!is_as_given && is_right(&text)).then_some(text)
}

/// Whether a local part came out of quotes or comments that are not closed, or of several addresses: putting quotes around
/// all of it would name a mailbox that nobody meant.
fn is_guess(authors: &[Author], faults: &Faults) -> bool {
    let is_torn = [&TWO_ATS, &UNCLOSED_QUOTE, &UNCLOSED_COMMENT].iter().any(|kind| faults.has(kind));
    let mut found = authors.iter().filter_map(|author| author.address.as_ref());
    is_torn && found.any(|found| address::needs_quotes(&found.local))
}

fn is_right(text: &str) -> bool {
    let mut faults = Faults::new(true);
    let authors = super::header::inspect(text, &mut faults);
    faults.valid() && !authors.is_empty()
}

/// The bare address.
pub(super) fn address(input: &str, authors: &[Author], faults: &Faults) -> Option<String> {
    let found = authors.first()?.address.as_ref()?;
    if !faults.any() || is_guess(authors, faults) {
        return None;
    }
    let text = spelling(found);
    let mut again = Faults::new(false);
    super::field::bare_address(&text, &mut again);
    (text != input && again.valid()).then_some(text)
}

/// As it is written: quoted where it must be, without letters that nobody sees.
fn spelling(found: &Found) -> String {
    let local = seen(&script::composed(&found.local));
    let narrow = |letter: char| script::narrow(letter).unwrap_or(letter);
    let domain = match Domain::parse(&seen(&found.domain).chars().map(narrow).collect::<String>()) {
        Ok(domain) if !found.domain.is_ascii() => domain.to_string(),
        _ => found.domain.clone(),
    };
    format!("{}@{domain}", address::spelled(&local))
}

/// Without letters that nobody sees.
fn seen(text: &str) -> String {
    let odd: Vec<char> = script::odd_letters(text).map(|(_, letter, _)| letter).collect();
    text.chars().filter(|letter| !odd.contains(letter)).collect()
}
