//! An IMAP session that only looks: LOGIN, LIST, EXAMINE, UID SEARCH, LOGOUT. RFC 3501, RFC 6154. Nothing is marked as read.

use wire::{Core, LineBuffer, Step};

/// Longest line that is read, in octets.
const LINE: usize = 64 * 1024;
/// Most lines that a server may say in one session.
const LINES: usize = 10_000;
/// Names of junk folders where the server does not mark them (RFC 6154 `\Junk`). Practice of large providers.
const JUNK: &[&str] =
    &["junk", "spam", "junk e-mail", "junk email", "bulk mail", "bulk", "[gmail]/spam", "[google mail]/spam"];

/// Where a message was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Inbox,
    Junk,
}

/// Why the session ended before it had looked everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// The login was refused, with these words.
    Login(String),
    /// A command was refused, with these words.
    Refused(String),
    /// The connection ended, or the server said too much.
    Lost,
}

/// A session that looks for messages by their Message-ID.
pub(super) struct Session {
    login: (String, String),
    ids: Vec<String>,
    lines: LineBuffer,
    said: usize,
    phase: Phase,
    outgoing: Vec<u8>,
    tag: u32,
    /// The name of a folder whose LIST line ended with a literal.
    literal: Option<String>,
    /// Folders to be looked into, the next last.
    folders: Vec<(Place, String)>,
    place: Place,
    /// Where each message was found.
    pub found: Vec<Option<Place>>,
    /// Set when it ended early.
    pub broken: Option<Broken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    Login,
    List,
    Examine,
    /// The place in `ids` that is searched for.
    Search(usize),
    Logout,
    Closed,
}

impl Session {
    /// Looks for these Message-IDs, without angle brackets.
    pub fn new(login: &str, password: &str, ids: &[String]) -> Self {
        Self {
            login: (login.to_owned(), password.to_owned()),
            ids: ids.to_vec(),
            lines: LineBuffer::new(LINE),
            said: 0,
            phase: Phase::Greeting,
            outgoing: Vec::new(),
            tag: 0,
            literal: None,
            folders: vec![(Place::Inbox, String::from("INBOX"))],
            place: Place::Inbox,
            found: vec![None; ids.len()],
            broken: None,
        }
    }

    fn say(&mut self, command: &str, phase: Phase) {
        self.tag += 1;
        self.outgoing.extend_from_slice(format!("p{} {command}\r\n", self.tag).as_bytes());
        self.phase = phase;
    }

    fn line(&mut self, line: &str) {
        self.said += 1;
        if self.said > LINES {
            return self.lost();
        }
        if let Some(before) = self.literal.take() {
            return self.folder(&format!("{before}{}", quoted(line)));
        }
        let tagged = line.strip_prefix(&format!("p{} ", self.tag)).map(str::to_owned);
        match (tagged, line.strip_prefix("* ")) {
            (Some(ended), _) => self.ended_with(&ended),
            (None, Some(said)) => self.untagged(said),
            (None, None) => {}
        }
    }

    fn untagged(&mut self, said: &str) {
        let word = said.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match (self.phase, word.as_str()) {
            (Phase::Greeting, "OK") => {
                let command = format!("LOGIN {} {}", quoted(&self.login.0), quoted(&self.login.1));
                self.say(&command, Phase::Login);
            }
            (Phase::Greeting, "PREAUTH") => self.say("LIST \"\" \"*\"", Phase::List),
            (Phase::Greeting, _) => self.refused(said),
            (Phase::List, "LIST") => match said.rsplit_once('{') {
                Some((before, rest)) if rest.ends_with('}') => self.literal = Some(before.to_owned()),
                _ => self.folder(said),
            },
            (Phase::Search(place), "SEARCH" | "ESEARCH") if has_number(said) => {
                if let Some(found) = self.found.get_mut(place) {
                    found.get_or_insert(self.place);
                }
            }
            (phase, "BYE") if phase != Phase::Logout => self.lost(),
            _ => {}
        }
    }

    /// `LIST (\HasNoChildren \Junk) "/" "Spam"`
    fn folder(&mut self, said: &str) {
        let Some((attributes, rest)) = said.split_once('(').and_then(|(_, rest)| rest.split_once(')')) else { return };
        let Some(name) = last_word(rest) else { return };
        let marks: Vec<String> = attributes.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
        let plain = name.to_ascii_lowercase();
        let below_inbox = plain.strip_prefix("inbox").and_then(|rest| rest.get(1..)).unwrap_or(&plain);
        let is_junk = marks.iter().any(|mark| mark == "\\junk") || JUNK.contains(&below_inbox);
        if is_junk && !marks.iter().any(|mark| mark == "\\noselect") {
            self.folders.insert(0, (Place::Junk, name));
        }
    }

    fn ended_with(&mut self, ended: &str) {
        let is_ok = ended.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK"));
        match self.phase {
            Phase::Login if !is_ok => {
                self.broken = Some(Broken::Login(ended.to_owned()));
                self.say("LOGOUT", Phase::Logout);
            }
            Phase::Login => self.say("LIST \"\" \"*\"", Phase::List),
            Phase::List | Phase::Search(_) if !is_ok => self.refused(ended),
            Phase::List => self.next_folder(),
            // A junk folder that is listed and cannot be opened is passed over.
            Phase::Examine if !is_ok => self.next_folder(),
            Phase::Examine => self.search(0),
            Phase::Search(place) => self.search(place + 1),
            Phase::Greeting | Phase::Logout | Phase::Closed => self.phase = Phase::Closed,
        }
    }

    fn next_folder(&mut self) {
        match self.folders.pop() {
            Some((place, name)) => {
                self.place = place;
                self.say(&format!("EXAMINE {}", quoted(&name)), Phase::Examine);
            }
            None => self.say("LOGOUT", Phase::Logout),
        }
    }

    fn search(&mut self, place: usize) {
        match self.ids.get(place) {
            Some(id) => {
                let command = format!("UID SEARCH HEADER Message-ID {}", quoted(&format!("<{id}>")));
                self.say(&command, Phase::Search(place));
            }
            None => self.next_folder(),
        }
    }

    fn refused(&mut self, said: &str) {
        self.broken = Some(Broken::Refused(said.to_owned()));
        self.say("LOGOUT", Phase::Logout);
    }

    fn lost(&mut self) {
        self.broken.get_or_insert(Broken::Lost);
        self.phase = Phase::Closed;
    }
}

impl Core for Session {
    type Question = ();
    type Answer = ();

    fn step(&mut self) -> Step<()> {
        loop {
            if !self.outgoing.is_empty() {
                return Step::Send(std::mem::take(&mut self.outgoing));
            }
            if self.phase == Phase::Closed {
                return Step::Close;
            }
            match self.lines.line() {
                None => return Step::Read,
                Some(Ok(line)) => {
                    let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
                    self.line(&line);
                }
                Some(Err(_)) => self.lost(),
            }
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.lines.push(octets);
    }

    fn answer(&mut self, (): ()) {}

    fn secured(&mut self) {}

    fn ended(&mut self) {
        if self.phase == Phase::Logout { self.phase = Phase::Closed } else { self.lost() }
    }
}

/// A quoted string. RFC 3501 §4.3.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The last word of a LIST line: quoted, or an atom.
fn last_word(text: &str) -> Option<String> {
    let text = text.trim_end();
    let Some(inner) = text.strip_suffix('"') else { return text.rsplit(' ').next().map(str::to_owned) };
    // The opening quote is the last one that is not escaped.
    let open = inner.rmatch_indices('"').map(|(at, _)| at).find(|at| {
        let slashes = inner.get(..*at).unwrap_or_default().bytes().rev().take_while(|octet| *octet == b'\\').count();
        slashes % 2 == 0
    })?;
    Some(inner.get(open + 1..)?.replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn has_number(said: &str) -> bool {
    said.split_ascii_whitespace().skip(1).any(|word| word.bytes().all(|octet| octet.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a server that answers each command by its first words; what the client sent, and the session.
    fn play(answers: &[(&str, &str)], ids: &[&str]) -> (Vec<String>, Session) {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let mut session = Session::new("me", "pa\"ss", &ids);
        session.feed(b"* OK ready\r\n");
        let mut sent = Vec::new();
        loop {
            match session.step() {
                Step::Send(octets) => {
                    let line = String::from_utf8(octets).unwrap().trim_end().to_owned();
                    let (tag, command) = line.split_once(' ').unwrap();
                    let answer =
                        answers.iter().find(|(start, _)| command.starts_with(start)).map(|(_, answer)| *answer);
                    session.feed(answer.unwrap_or("TAG OK done\r\n").replace("TAG", tag).as_bytes());
                    sent.push(command.to_owned());
                }
                Step::Close => return (sent, session),
                Step::Read => session.ended(),
                _ => {}
            }
        }
    }

    const LIST: &str =
        "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Junk) \"/\" \"My \\\"bad\\\" mail\"\r\nTAG OK\r\n";

    #[test]
    fn each_message_is_looked_for_in_the_inbox_and_in_the_junk() {
        let answers = [
            ("LIST", LIST),
            ("UID SEARCH HEADER Message-ID \"<one@a>\"", "* SEARCH 7 9\r\nTAG OK\r\n"),
            ("UID SEARCH HEADER Message-ID \"<two@a>\"", "* SEARCH\r\nTAG OK\r\n"),
        ];
        let (sent, session) = play(&answers, &["one@a", "two@a"]);
        assert_eq!(sent[0], "LOGIN \"me\" \"pa\\\"ss\"");
        let examined: Vec<&String> = sent.iter().filter(|line| line.starts_with("EXAMINE")).collect();
        assert_eq!(examined, ["EXAMINE \"INBOX\"", "EXAMINE \"My \\\"bad\\\" mail\""]);
        assert!(!sent.iter().any(|line| line.starts_with("SELECT") || line.starts_with("FETCH")), "it only looks");
        assert_eq!((session.found, session.broken), (vec![Some(Place::Inbox), None], None));
    }

    #[test]
    fn junk_is_known_by_its_name_where_it_is_not_marked() {
        for (line, is_junk) in [
            ("LIST (\\HasNoChildren) \".\" INBOX.Spam", true),
            ("LIST () \"/\" \"[Gmail]/Spam\"", true),
            ("LIST () \"/\" \"Junk E-mail\"", true),
            ("LIST (\\Noselect \\Junk) \"/\" Junk", false),
            ("LIST () \"/\" \"Spammers\"", false),
            ("LIST () NIL Trash", false),
        ] {
            let mut session = Session::new("", "", &[]);
            session.folder(line);
            assert_eq!(session.folders.len() == 2, is_junk, "{line}");
        }
    }

    #[test]
    fn a_name_as_a_literal_is_read() {
        let (sent, _) = play(&[("LIST", "* LIST (\\Junk) \"/\" {4}\r\nJu\"k\r\nTAG OK\r\n")], &["one@a"]);
        assert!(sent.contains(&String::from("EXAMINE \"Ju\\\"k\"")), "{sent:?}");
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let (sent, session) = play(&[("LOGIN", "TAG NO [AUTHENTICATIONFAILED] bad password\r\n")], &["one@a"]);
        assert_eq!(sent.last().unwrap(), "LOGOUT");
        assert!(matches!(session.broken, Some(Broken::Login(words)) if words.contains("bad password")));
        let (_, session) = play(&[("LIST", "* BYE going down\r\n")], &["one@a"]);
        assert_eq!(session.broken, Some(Broken::Lost));
        let (_, session) = play(&[("EXAMINE", "TAG NO gone\r\n")], &["one@a"]);
        assert_eq!((session.found, session.broken), (vec![None], None));
    }
}
