//! The octets of a command, and the small words that all commands are made of. RFC 9051 §9.

use crate::words::{
    Dialect,
    command::Why,
    flag::{Flag, is_atom_octet},
    frame::{Frame, Literal},
    name::{MailboxName, decode_utf7},
    set::SequenceSet,
};

/// Most flags in one list.
const MAX_FLAGS: usize = 100;
/// Longest quoted string, in octets.
const MAX_QUOTED: usize = 64 * 1024;

/// Something else was expected here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) why: Why,
}

pub(super) type Read<T> = Result<T, Fault>;

/// A place in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'f> {
    frame: &'f Frame,
    pub(super) at: usize,
    pub(super) dialect: Dialect,
}

impl<'f> Cursor<'f> {
    pub(super) fn new(frame: &'f Frame, dialect: Dialect) -> Self {
        Self { frame, at: 0, dialect }
    }

    pub(super) fn fault<T>(&self, why: Why) -> Read<T> {
        Err(Fault { offset: self.at, why })
    }

    pub(super) fn expected<T>(&self, what: &'static str) -> Read<T> {
        self.fault(Why::Expected(what))
    }

    fn rest(&self) -> &'f [u8] {
        self.frame.octets.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Takes this octet when it is next.
    pub(super) fn eat(&mut self, octet: u8) -> bool {
        let is_next = self.peek() == Some(octet);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, octet: u8, what: &'static str) -> Read<()> {
        if self.eat(octet) { Ok(()) } else { self.expected(what) }
    }

    /// One blank. Reality: clients and people at a prompt send several.
    pub(super) fn space(&mut self) -> Read<()> {
        self.expect(b' ', "a space")?;
        while self.eat(b' ') {}
        Ok(())
    }

    /// A blank when something follows it; blanks at the end of a list or command are read over.
    pub(super) fn more(&mut self) -> bool {
        let had_space = self.peek() == Some(b' ');
        while self.eat(b' ') {}
        had_space && !matches!(self.peek(), None | Some(b')'))
    }

    pub(super) fn end(&mut self) -> Read<()> {
        while self.eat(b' ') {}
        if self.peek().is_none() { Ok(()) } else { self.expected("the end of the command") }
    }

    /// As many octets as are like this.
    pub(super) fn run(&mut self, is_like: impl Fn(u8) -> bool) -> &'f str {
        let rest = self.rest();
        let end = rest.iter().position(|octet| !octet.is_ascii() || !is_like(*octet)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).and_then(|run| std::str::from_utf8(run).ok()).unwrap_or_default()
    }

    pub(super) fn atom(&mut self, what: &'static str) -> Read<&'f str> {
        let start = self.at;
        let atom = self.run(is_atom_octet);
        if atom.is_empty() { Err(Fault { offset: start, why: Why::Expected(what) }) } else { Ok(atom) }
    }

    /// An atom in capitals.
    pub(super) fn keyword(&mut self, what: &'static str) -> Read<String> {
        self.atom(what).map(str::to_ascii_uppercase)
    }

    /// Takes this word, whatever its case, when it stands here as a whole.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let is_next = ahead.run(is_atom_octet).eq_ignore_ascii_case(word);
        if is_next {
            self.at = ahead.at;
        }
        is_next
    }

    /// Digits; `what` names the number.
    pub(super) fn number64(&mut self, what: &'static str) -> Read<u64> {
        let start = self.at;
        let digits = self.run(|octet| octet.is_ascii_digit());
        digits.parse().or(Err(Fault { offset: start, why: Why::Expected(what) }))
    }

    pub(super) fn number(&mut self, what: &'static str) -> Read<u32> {
        let start = self.at;
        let number = self.number64(what)?;
        number.try_into().or(Err(Fault { offset: start, why: Why::Expected(what) }))
    }

    /// A number from 1.
    pub(super) fn nz_number(&mut self, what: &'static str) -> Read<u32> {
        let start = self.at;
        match self.number(what)? {
            0 => Err(Fault { offset: start, why: Why::Expected(what) }),
            number => Ok(number),
        }
    }

    /// The literal that stands here.
    pub(super) fn literal(&mut self) -> Option<&'f Literal> {
        let index = self.frame.literals.binary_search_by_key(&self.at, |literal| literal.announced).ok()?;
        let literal = self.frame.literals.get(index)?;
        self.at = literal.octets.end;
        Some(literal)
    }

    fn literal_octets(&mut self) -> Option<&'f [u8]> {
        let range = self.literal()?.octets.clone();
        self.frame.octets.get(range)
    }

    /// `string`: quoted or literal.
    pub(super) fn string(&mut self, what: &'static str) -> Read<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            _ => match self.literal_octets() {
                Some(octets) => Ok(octets.to_vec()),
                None => self.expected(what),
            },
        }
    }

    fn quoted(&mut self) -> Read<Vec<u8>> {
        let start = self.at;
        let mut text = Vec::new();
        let mut octets = self.rest().iter().enumerate().skip(1);
        while let Some((offset, octet)) = octets.next() {
            let octet = match octet {
                b'"' => {
                    self.at = start + offset + 1;
                    return Ok(text);
                }
                // Reality: `\` before another letter than `"` and `\` is sent by clients that escape too much.
                b'\\' => octets.next().map_or(b'\\', |(_, escaped)| *escaped),
                octet => *octet,
            };
            if matches!(octet, 0 | b'\r' | b'\n') || text.len() >= MAX_QUOTED {
                self.at = start + offset;
                return self.expected("a quoted string without line ends");
            }
            text.push(octet);
        }
        self.expected("a quoted string with its end")
    }

    /// `astring`: an atom (in which `]` may stand) or a string.
    pub(super) fn astring(&mut self, what: &'static str) -> Read<Vec<u8>> {
        let atom = self.run(|octet| is_atom_octet(octet) || octet == b']');
        if atom.is_empty() { self.string(what) } else { Ok(atom.as_bytes().to_vec()) }
    }

    /// An astring that is text in UTF-8.
    pub(super) fn text(&mut self, what: &'static str) -> Read<String> {
        let start = self.at;
        let octets = self.astring(what)?;
        String::from_utf8(octets).or(Err(Fault { offset: start, why: Why::Expected("text in UTF-8") }))
    }

    /// A mailbox name.
    pub(super) fn mailbox(&mut self) -> Read<MailboxName> {
        let start = self.at;
        let octets = self.astring("a mailbox name")?;
        let name = wire_name(octets, self.dialect).and_then(|name| MailboxName::new(&name));
        name.ok_or(Fault { offset: start, why: Why::Expected(name_rule(self.dialect)) })
    }

    /// The pattern of LIST: a name in which `*` and `%` may stand unquoted.
    pub(super) fn pattern(&mut self) -> Read<String> {
        let start = self.at;
        let atom = self.run(|octet| is_atom_octet(octet) || matches!(octet, b']' | b'*' | b'%'));
        let octets = if atom.is_empty() { self.string("a mailbox pattern")? } else { atom.as_bytes().to_vec() };
        let pattern = wire_name(octets, self.dialect).filter(|text| text.len() <= crate::words::name::MAX_NAME);
        pattern.ok_or(Fault { offset: start, why: Why::Expected(name_rule(self.dialect)) })
    }

    /// A sequence set.
    pub(super) fn set(&mut self) -> Read<SequenceSet> {
        let start = self.at;
        let text = self.run(|octet| octet.is_ascii_digit() || matches!(octet, b':' | b',' | b'*' | b'$'));
        SequenceSet::parse(text).ok_or(Fault { offset: start, why: Why::Expected("a sequence set") })
    }

    /// `(a b c)`, also `()`; each by `one`, at most `most`.
    pub(super) fn list<T>(
        &mut self,
        what: &'static str,
        most: usize,
        mut one: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        self.expect(b'(', "an opening parenthesis")?;
        let mut found = Vec::new();
        while self.eat(b' ') {}
        while !self.eat(b')') {
            if found.len() >= most {
                return self.fault(Why::TooMany(what));
            }
            found.push(one(self)?);
            if !self.more() && self.peek() != Some(b')') {
                return self.expected("a space or a closing parenthesis");
            }
        }
        Ok(found)
    }

    /// `(\Seen $Forwarded)`. Reality: some clients send `\Recent` back; it is read over.
    pub(super) fn flags(&mut self) -> Read<Vec<Flag>> {
        Ok(self.list("flags", MAX_FLAGS, Self::flag)?.into_iter().flatten().collect())
    }

    /// One flag; `None` is `\Recent`.
    pub(super) fn flag(&mut self) -> Read<Option<Flag>> {
        let start = self.at;
        let backslash = if self.eat(b'\\') { "\\" } else { "" };
        let name = format!("{backslash}{}", self.run(is_atom_octet));
        if name.eq_ignore_ascii_case("\\Recent") {
            return Ok(None);
        }
        let flag = Flag::parse(&name).map(Some);
        flag.ok_or(Fault { offset: start, why: Why::Expected("a flag or a keyword of at most 100 octets") })
    }
}

/// A name as it came, in UTF-8. Reality: clients send UTF-8 without having enabled it; what is not ASCII cannot be
/// modified UTF-7.
fn wire_name(octets: Vec<u8>, dialect: Dialect) -> Option<String> {
    let text = String::from_utf8(octets).ok()?;
    if dialect.utf8 || !text.is_ascii() { Some(text) } else { decode_utf7(&text) }
}

fn name_rule(dialect: Dialect) -> &'static str {
    match dialect.utf8 {
        true => "a mailbox name in UTF-8 without controls, wildcards or empty levels",
        false => "a mailbox name in modified UTF-7 without controls, wildcards or empty levels",
    }
}
