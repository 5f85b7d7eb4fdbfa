//! Strings, names and numbers as they go onto the wire. RFC 9051 §4.

use crate::words::{
    Dialect,
    flag::{Flag, is_atom_octet},
    name::{MailboxName, encode_utf7},
};

/// Longest string that is sent in quotes, in octets: longer ones are literals.
const MAX_QUOTED: usize = 1000;

/// Octets that are being written.
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    dialect: Dialect,
}

impl<'o> Writer<'o> {
    pub(super) fn new(dialect: Dialect, out: &'o mut Vec<u8>) -> Self {
        Self { out, dialect }
    }

    /// Ends a chain of calls.
    pub(super) fn done(&self) {}

    /// Words of the protocol: never anything that came from outside.
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let number = number.into().to_string();
        self.raw(&number)
    }

    /// Words for people: controls become `?`, as do letters that the client did not say it can read. Never empty, and
    /// never taken for a code.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let may_be_sent = |letter: &char| !letter.is_control() && (letter.is_ascii() || self.dialect.utf8);
        let clean: String = text.chars().map(|letter| if may_be_sent(&letter) { letter } else { '?' }).collect();
        match clean.strip_prefix('[') {
            Some(rest) => self.raw("(").raw(rest),
            None if clean.is_empty() => self.raw("-"),
            None => self.raw(&clean),
        }
    }

    /// A tag, a capability, an id: what is no atom becomes `_`.
    pub(super) fn atom(&mut self, text: &str) -> &mut Self {
        let clean = text.bytes().map(|octet| if is_atom_octet(octet) || octet == b']' { octet } else { b'_' });
        self.out.extend(clean);
        self
    }

    /// Atoms with blanks between them.
    pub(super) fn atoms<'t>(&mut self, atoms: impl IntoIterator<Item = &'t str>) -> &mut Self {
        for (index, atom) in atoms.into_iter().enumerate() {
            self.raw(if index == 0 { "" } else { " " }).atom(atom);
        }
        self
    }

    /// `nstring`
    pub(super) fn nstring(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.string(text.as_bytes()),
            None => self.raw("NIL"),
        }
    }

    /// `string`: in quotes where that can be, else a literal.
    pub(super) fn string(&mut self, octets: &[u8]) -> &mut Self {
        let is_plain = |octet: &u8| matches!(octet, b'\t' | b' '..=b'~') || (self.dialect.utf8 && !octet.is_ascii());
        let is_text = self.dialect.utf8 && std::str::from_utf8(octets).is_ok_and(|text| !text.contains(is_c1));
        if octets.len() > MAX_QUOTED || !octets.iter().all(is_plain) || !(octets.is_ascii() || is_text) {
            return self.literal(octets);
        }
        self.out.push(b'"');
        for octet in octets {
            if matches!(octet, b'"' | b'\\') {
                self.out.push(b'\\');
            }
            self.out.push(*octet);
        }
        self.out.push(b'"');
        self
    }

    /// `{n}` and the octets. A NUL may not stand in it (RFC 9051 §4.3). Reality: it is replaced by 0x80, as Dovecot does,
    /// so that sizes stay true.
    pub(super) fn literal(&mut self, octets: &[u8]) -> &mut Self {
        self.raw("{").number(length(octets)).raw("}\r\n");
        let start = self.out.len();
        self.out.extend_from_slice(octets);
        let written = self.out.get_mut(start..).unwrap_or_default();
        written.iter_mut().filter(|octet| **octet == 0).for_each(|octet| *octet = 0x80);
        self
    }

    /// `literal8` where there is a NUL. RFC 3516 §4.2.
    pub(super) fn binary(&mut self, octets: &[u8]) -> &mut Self {
        if !octets.contains(&0) {
            return self.literal(octets);
        }
        self.raw("~{").number(length(octets)).raw("}\r\n");
        self.out.extend_from_slice(octets);
        self
    }

    /// `astring`
    pub(super) fn astring(&mut self, text: &str) -> &mut Self {
        let is_atom = !text.is_empty() && text.bytes().all(is_atom_octet) && !text.eq_ignore_ascii_case("NIL");
        if is_atom { self.raw(text) } else { self.string(text.as_bytes()) }
    }

    /// A mailbox name as the client reads it.
    pub(super) fn mailbox(&mut self, name: &MailboxName) -> &mut Self {
        match self.dialect.utf8 {
            true => self.astring(name.as_str()),
            false => self.astring(&encode_utf7(name.as_str())),
        }
    }

    /// `(\Seen $Forwarded)`; `last` is one more that is no flag of a client.
    pub(super) fn flags(&mut self, flags: &[Flag], last: Option<&str>) -> &mut Self {
        self.raw("(");
        let mut blank = "";
        for flag in flags {
            match flag {
                Flag::Keyword(name) => self.raw(blank).atom(name),
                flag => self.raw(blank).raw(&flag.to_string()),
            };
            blank = " ";
        }
        if let Some(last) = last {
            self.raw(blank).raw(last);
        }
        self.raw(")")
    }

    /// `(…)` of these, or NIL for none.
    pub(super) fn list_or_nil<T>(&mut self, items: &[T], between: &str, one: impl Fn(&mut Self, &T)) -> &mut Self {
        if items.is_empty() {
            return self.raw("NIL");
        }
        self.raw("(");
        for (index, item) in items.iter().enumerate() {
            self.raw(if index == 0 { "" } else { between });
            one(self, item);
        }
        self.raw(")")
    }
}

fn length(octets: &[u8]) -> u64 {
    u64::try_from(octets.len()).unwrap_or(u64::MAX)
}

/// Controls that are two octets in UTF-8.
fn is_c1(letter: char) -> bool {
    !letter.is_ascii() && letter.is_control()
}
