//! What an IMAP server says: whole responses out of lines and literals, folders, messages. RFC 3501, RFC 9051.

use imap::words::{date::parse_date_time, name::decode_utf7};
use syntax::Timestamp;
use wire::LineBuffer;

/// Longest line, in octets.
const LINE: usize = 256 * 1024;
/// Octets of one response beside the message in it.
const RESPONSE: usize = 1024 * 1024;
/// Octets of the largest message that is fetched.
pub(super) const LARGEST: u64 = 64 * 1024 * 1024;

/// A response: its text, in which each literal is only announced, and the literals.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub text: String,
    pub literals: Vec<Vec<u8>>,
}

/// Cuts octets into responses.
pub(super) struct Cutter {
    lines: LineBuffer,
    said: Said,
    /// Octets of the last literal that have not come.
    missing: usize,
}

impl Cutter {
    pub fn new() -> Self {
        Self { lines: LineBuffer::new(LINE), said: Said::default(), missing: 0 }
    }

    pub fn push(&mut self, octets: &[u8]) {
        self.lines.push(octets);
    }

    /// What was said in clear does not count. RFC 3501 §6.2.1
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Whether it is in the middle of a literal.
    pub fn is_in_literal(&self) -> bool {
        self.missing > 0
    }

    /// The next whole response.
    ///
    /// # Errors
    /// What no server may say.
    pub fn next(&mut self) -> Option<Result<Said, String>> {
        loop {
            if self.missing > 0 {
                let piece = self.lines.take(self.missing);
                if piece.is_empty() {
                    return None;
                }
                self.missing -= piece.len();
                self.said.literals.last_mut()?.extend(piece);
                continue;
            }
            let line = match self.lines.line()? {
                Ok(line) => line,
                Err(fault) => return Some(Err(format!("a line that cannot be read ({fault:?})"))),
            };
            self.said.text.push_str(&String::from_utf8_lossy(&line));
            let literal = announced(&line);
            let held: usize = self.said.literals.iter().map(Vec::len).sum();
            match literal {
                None => return Some(Ok(std::mem::take(&mut self.said))),
                Some(octets) if octets > LARGEST => return Some(Err(format!("a literal of {octets} octets"))),
                Some(_) if self.said.text.len() + held > RESPONSE => {
                    return Some(Err(String::from("a response without end")));
                }
                Some(octets) => {
                    self.missing = usize::try_from(octets).unwrap_or(usize::MAX);
                    self.said.literals.push(Vec::new());
                }
            }
        }
    }
}

/// `… {123}` at the end of a line.
fn announced(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let digits = line.strip_suffix('}')?.rsplit_once('{')?.1;
    digits.trim_end_matches('+').parse().ok()
}

/// A folder of LIST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// As it is named on the wire.
    pub raw: Vec<u8>,
    /// For people, and parts with `/`.
    pub name: String,
    marks: Vec<String>,
}

impl Listed {
    /// `LIST (\HasNoChildren \Sent) "." "INBOX.Sent"`; `None` for what cannot be opened.
    pub fn read(said: &Said) -> Option<Self> {
        let (_, rest) = said.text.split_once('(')?;
        let (marks, rest) = rest.split_once(')')?;
        let marks: Vec<String> = marks.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
        if marks.iter().any(|mark| mark == "\\noselect" || mark == "\\nonexistent") {
            return None;
        }
        let (separator, rest) = word(rest.trim_start())?;
        let raw = match rest.trim_start() {
            literal if literal.starts_with('{') => said.literals.first()?.clone(),
            quoted if quoted.starts_with('"') => word(quoted)?.0.into_bytes(),
            atom => atom.trim_end().as_bytes().to_vec(),
        };
        let text = String::from_utf8(raw.clone()).ok()?;
        let text = decode_utf7(&text).unwrap_or(text);
        let name = match separator.as_str() {
            "NIL" | "" | "/" => text,
            other => text.replace(other, "/"),
        };
        let is_inbox = name.eq_ignore_ascii_case("INBOX");
        Some(Self { raw, name: if is_inbox { String::from("INBOX") } else { name }, marks })
    }

    /// Whether it holds what others hold too. RFC 6154 `\All`, `\Flagged`.
    pub fn is_all_mail(&self) -> bool {
        self.has("\\all") || self.has("\\flagged") || self.has("\\important")
    }

    /// The name that it gets here. RFC 6154
    pub fn here(&self) -> String {
        let special = [
            ("\\sent", "Sent"),
            ("\\drafts", "Drafts"),
            ("\\junk", "Junk"),
            ("\\trash", "Trash"),
            ("\\archive", "Archive"),
            ("\\all", "Archive"),
        ];
        let special = special.iter().find(|(mark, _)| self.has(mark)).map(|(_, name)| (*name).to_owned());
        special.unwrap_or_else(|| self.name.clone())
    }

    fn has(&self, mark: &str) -> bool {
        self.marks.iter().any(|one| one == mark)
    }
}

/// A quoted string or an atom at the start, and what follows.
fn word(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        return Some((text.get(..end)?.to_owned(), text.get(end..)?));
    };
    let (mut word, mut letters) = (String::new(), quoted.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((word, quoted.get(at + 1..)?)),
            '\\' => word.push(letters.next()?.1),
            other => word.push(other),
        }
    }
    None
}

/// What a folder has, of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub uid: u32,
    pub flags: Vec<String>,
    pub internal_at: Option<Timestamp>,
    pub content: Vec<u8>,
}

/// `* 12 FETCH (UID 5 FLAGS (\Seen) INTERNALDATE "…" BODY[] {342}…)`; `None` when it is not a whole message.
pub(super) fn letter(said: Said) -> Option<Letter> {
    let uid = number_after(&said.text, "UID ")?;
    let flags = said.text.split_once("FLAGS (").and_then(|(_, rest)| rest.split_once(')'));
    let flags = flags.map(|(flags, _)| flags.split_ascii_whitespace().map(str::to_owned).collect()).unwrap_or_default();
    let date = said.text.split_once("INTERNALDATE \"").and_then(|(_, rest)| rest.split_once('"'));
    let internal_at = date.and_then(|(date, _)| parse_date_time(date));
    said.text.contains("BODY[] {").then_some(())?;
    let content = said.literals.into_iter().next_back()?;
    Some(Letter { uid, flags, internal_at, content })
}

/// The number that stands behind a word, the word not in the middle of another.
pub(super) fn number_after<N: std::str::FromStr>(text: &str, word: &str) -> Option<N> {
    let starts = text.match_indices(word).map(|(at, _)| at);
    let mut whole =
        starts.filter(|at| text.get(..*at).is_none_or(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric())));
    let rest = text.get(whole.next()? + word.len()..)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], piece: usize) -> Vec<Result<Said, String>> {
        let mut cutter = Cutter::new();
        let mut all = Vec::new();
        for piece in text.chunks(piece) {
            cutter.push(piece);
            all.extend(std::iter::from_fn(|| cutter.next()));
        }
        all
    }

    #[test]
    fn responses_are_the_same_however_the_octets_come() {
        let text = b"* 1 FETCH (UID 7 FLAGS (\\Seen work) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[] {9}\r\na: b\r\n\r\nx)\r\nt1 OK done\r\n";
        let whole = cut(text, text.len());
        assert_eq!(whole.len(), 2);
        for piece in 1..text.len() {
            assert_eq!(cut(text, piece), whole, "{piece}");
        }
        let letter = letter(whole.into_iter().next().unwrap().unwrap()).unwrap();
        assert_eq!((letter.uid, letter.flags.as_slice()), (7, ["\\Seen".to_owned(), "work".to_owned()].as_slice()));
        assert_eq!(letter.content, b"a: b\r\n\r\nx");
        assert_eq!(letter.internal_at.unwrap().to_string(), "1996-07-17T09:44:25.000Z");
    }

    #[test]
    fn an_empty_literal_and_one_that_is_too_large() {
        assert_eq!(cut(b"* LIST () \"/\" {0}\r\n\r\n", 3).len(), 1);
        assert!(cut(b"* 1 FETCH (BODY[] {99999999999}\r\n", 5)[0].is_err());
    }

    fn listed(text: &str, literal: Option<&str>) -> Option<Listed> {
        let literals = literal.map(|text| text.as_bytes().to_vec()).into_iter().collect();
        Listed::read(&Said { text: text.into(), literals })
    }

    #[test]
    fn folders_are_read_with_their_separator_letters_and_marks() {
        let sent = listed(r#"* LIST (\HasNoChildren \Sent) "." "INBOX.Gesendet""#, None).unwrap();
        assert_eq!(
            (sent.name.as_str(), sent.here().as_str(), sent.raw.as_slice()),
            ("INBOX/Gesendet", "Sent", b"INBOX.Gesendet".as_slice())
        );
        let name = |text: &str, literal| listed(text, literal).unwrap().name;
        assert_eq!(name(r#"* LIST () "/" "Entw&APw-rfe""#, None), "Entwürfe");
        assert_eq!(name(r#"* LIST () "/" Work"#, None), "Work");
        assert_eq!(name(r#"* LIST () NIL inbox"#, None), "INBOX");
        assert_eq!(name(r#"* LIST () "/" {6}"#, Some("a \"b\" c")), "a \"b\" c");
        assert_eq!(name(r#"* LIST () "\\" "a\\b""#, None), "a/b");
        assert_eq!(listed(r#"* LIST (\Noselect) "/" "[Gmail]""#, None), None);
        assert!(listed(r#"* LIST (\All) "/" "[Gmail]/All Mail""#, None).unwrap().is_all_mail());
        for broken in ["* LIST", "* LIST (", "* LIST () \"", "* LIST () \"/\" \"a"] {
            assert_eq!(listed(broken, None), None, "{broken}");
        }
    }

    #[test]
    fn a_number_belongs_to_its_word() {
        assert_eq!(number_after("* 3 FETCH (XUID 1 UID 5)", "UID "), Some(5));
        assert_eq!(number_after::<u32>("* 3 FETCH (UID x)", "UID "), None);
    }
}
