//! The From validator: a whole From field or a bare address looked at, every fault with its span, its id, why it matters, and
//! the header that is right.
//!
//! Where [`crate::parse_from`] decides whether we send a message, this tells a person what is wrong. Reading order:
//! [`Inspection`], `lex` (one tokenizer with spans), `header` (the field's lines), `field` (mailboxes, groups), `address`,
//! `domain`, `phrase`, `table` (what every id means), `show`.

mod address;
mod author;
mod domain;
mod encoded;
mod faults;
mod field;
mod header;
mod lex;
mod literal;
mod phrase;
mod repair;
mod script;
mod show;
mod table;

pub use faults::{Severity, TextFault};
pub use table::{FaultKind, Verdict};

use author::Author;
use faults::Faults;

/// Longest input that is looked at, in octets: some sixty lines of the greatest length (RFC 5322 §2.1.1).
pub const MAX_INSPECTED: usize = 64 * 1024;

/// What was found out about a From field or an address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Inspection {
    /// The input. Octets that are no UTF-8 stand as `?`, one for each, so that offsets fit both.
    pub input: String,
    /// Whether there is no error; warnings and notes leave it valid.
    pub valid: bool,
    /// Everything found, in the order of the text.
    pub faults: Vec<TextFault>,
    /// The header (or address) that is right, when it differs from the input and one can be told: a whole field without its
    /// last CRLF, folded.
    pub repaired: Option<String>,
    /// Local part of the (first) address, without quotes.
    pub local_part: Option<String>,
    /// Its domain: in A-label form when it is one, as typed when it is not; a literal with its brackets.
    pub domain: Option<String>,
    /// Its display name as receivers show it.
    pub display_name: Option<String>,
    /// All mailboxes of the field, in order.
    pub mailboxes: Vec<Mailbox>,
}

/// One mailbox of a field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mailbox {
    /// As receivers show it.
    pub display_name: Option<String>,
    /// Without quotes.
    pub local_part: String,
    /// As in [`Inspection::domain`].
    pub domain: String,
    /// Where the address starts, in octets of the input.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Inspection {
    /// As a compiler shows it: each fault with its line, a caret under the span, the reasons; then the repaired form.
    pub fn shown(&self) -> String {
        show::inspection(self)
    }
}

/// Every kind of fault that can be found, for the docs and the reference.
pub fn fault_kinds() -> Vec<&'static FaultKind> {
    table::all()
}

/// Looks at a whole From field, with or without `From:` before it. Comments and folding are judged as a header field may
/// hold them; obsolete forms are told as such.
pub fn inspect_from(input: &[u8]) -> Inspection {
    inspected(input, Faults::new(true), header::inspect, repair::field)
}

/// Looks at a bare address as a person types it: a Mailbox of RFC 5321 §4.1.2 with what RFC 6531 adds. Comments, folding and
/// brackets are faults here.
pub fn inspect_address(input: &[u8]) -> Inspection {
    inspected(input, Faults::new(false), field::bare_address, repair::address)
}

fn inspected(
    input: &[u8],
    mut faults: Faults,
    read: fn(&str, &mut Faults) -> Vec<Author>,
    repair: fn(&str, &[Author], &Faults) -> Option<String>,
) -> Inspection {
    let inspect = if faults.is_field() { inspect_from } else { inspect_address };
    let text = as_text(input.get(..MAX_INSPECTED).unwrap_or(input), &mut faults);
    if input.len() > MAX_INSPECTED {
        let message = format!("{} octets; more than {MAX_INSPECTED} are not looked at", input.len());
        faults.add(&table::TOO_LONG, 0..text.len(), message);
        return told(text, faults, Vec::new(), None);
    }
    let authors = read(&text, &mut faults);
    let repaired = match faults.has(&table::NOT_UTF8) {
        // What was meant by octets of an old charset is seen when they are read as such.
        true => inspect(crate::decode_charset(input, "windows-1252").as_bytes()).repaired,
        false => repair(&text, &authors, &faults),
    };
    told(text, faults, authors, repaired)
}

/// As UTF-8; each octet that is none becomes `?`, so that no offset shifts.
fn as_text(octets: &[u8], faults: &mut Faults) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let start = text.len();
            text.push_str(&"?".repeat(chunk.invalid().len()));
            let shown: String = chunk.invalid().iter().map(|octet| format!("{octet:02X} ")).collect();
            faults.add(&table::NOT_UTF8, start..text.len(), format!("{}is no UTF-8", shown));
        }
    }
    text
}

fn told(input: String, faults: Faults, found: Vec<Author>, repaired: Option<String>) -> Inspection {
    let valid = faults.valid();
    let mailboxes: Vec<Mailbox> = found.into_iter().filter_map(Author::mailbox).collect();
    let first = mailboxes.first();
    Inspection {
        valid,
        local_part: first.map(|mailbox| mailbox.local_part.clone()),
        domain: first.map(|mailbox| mailbox.domain.clone()),
        display_name: first.and_then(|mailbox| mailbox.display_name.clone()),
        faults: faults.into_list(),
        repaired,
        mailboxes,
        input,
    }
}
