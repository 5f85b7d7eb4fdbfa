//! An IMAP session that only reads: LOGIN, LIST, EXAMINE, UID FETCH, LOGOUT. RFC 3501, RFC 9051. Nothing is marked as read.

use std::collections::VecDeque;

use wire::{Core, Step};

use super::said::{Cutter, LARGEST, Letter, Listed, Said, letter, number_after};

/// Most folders.
const FOLDERS: usize = 10_000;
/// Most messages of a folder that are looked at in one run.
const MESSAGES: usize = 1_000_000;
/// Messages that are asked for at a time.
const CHUNK: usize = 50;

/// What the session asks.
pub(super) enum Question {
    /// Which of these are fetched.
    Choose(Vec<Listed>),
    /// From which UID on.
    Begin { raw: Vec<u8>, uid_validity: u32 },
    /// A message.
    Take { raw: Vec<u8>, letter: Box<Letter> },
    /// A message that is not fetched.
    TooLarge { raw: Vec<u8>, uid: u32, octets: u64 },
    /// Everything of the folder up to this UID was given.
    Done { uid: u32 },
}

/// What it is answered.
pub(super) enum Answer {
    /// These, in this order.
    Open(Vec<Vec<u8>>),
    /// From this UID on.
    From(u32),
    /// Go on.
    Next,
    /// It came to nothing: say goodbye.
    Stop,
}

/// Why the session ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// The login was refused, with these words.
    Login(String),
    /// A command was refused, with these words.
    Refused(String),
    /// What was said cannot be read.
    Garbled(String),
    /// The connection ended.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    StartTls,
    Login,
    List,
    Examine,
    Sizes,
    Fetch,
    Logout,
    Closed,
}

pub(super) struct Session {
    login: (String, String),
    starttls: bool,
    cutter: Cutter,
    phase: Phase,
    tag: u32,
    outgoing: Vec<u8>,
    /// To be asked before anything else is read.
    questions: VecDeque<Question>,
    /// The last question was asked and is not answered.
    is_asking: bool,
    upgrade: bool,
    listed: Vec<Listed>,
    /// Folders to be opened, the next first.
    folders: VecDeque<Vec<u8>>,
    raw: Vec<u8>,
    uid_validity: u32,
    exists: u32,
    from: u32,
    /// UIDs to be fetched, the lowest first.
    uids: VecDeque<u32>,
    /// The highest of those that were asked for.
    asked: u32,
    /// Set when it ended early.
    pub broken: Option<Broken>,
}

impl Session {
    pub fn new(login: &str, password: &str, starttls: bool) -> Self {
        Self {
            login: (login.to_owned(), password.to_owned()),
            starttls,
            cutter: Cutter::new(),
            phase: Phase::Greeting,
            tag: 0,
            outgoing: Vec::new(),
            questions: VecDeque::new(),
            is_asking: false,
            upgrade: false,
            listed: Vec::new(),
            folders: VecDeque::new(),
            raw: Vec::new(),
            uid_validity: 0,
            exists: 0,
            from: 1,
            uids: VecDeque::new(),
            asked: 0,
            broken: None,
        }
    }

    fn say(&mut self, command: &[u8], phase: Phase) {
        self.tag += 1;
        self.outgoing.extend_from_slice(format!("p{} ", self.tag).as_bytes());
        self.outgoing.extend_from_slice(command);
        self.outgoing.extend_from_slice(b"\r\n");
        self.phase = phase;
    }

    fn log_in(&mut self) {
        let command = format!("LOGIN {} {}", quoted(&self.login.0), quoted(&self.login.1));
        self.say(command.as_bytes(), Phase::Login);
    }

    fn hear(&mut self, said: Said) {
        let tagged = said.text.strip_prefix(&format!("p{} ", self.tag)).map(str::to_owned);
        match tagged {
            Some(ended) => self.ended_with(&ended),
            None if said.text.starts_with("* ") => self.untagged(said),
            None => {}
        }
    }

    fn untagged(&mut self, said: Said) {
        let mut words = said.text.split(' ').skip(1).map(str::to_ascii_uppercase);
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (self.phase, first.as_str(), second.as_str()) {
            (Phase::Greeting, "OK", _) if self.starttls => self.say(b"STARTTLS", Phase::StartTls),
            (Phase::Greeting, "OK", _) => self.log_in(),
            // Before TLS a session that is logged in already is somebody else's.
            (Phase::Greeting, "PREAUTH", _) if !self.starttls => self.say(b"LIST \"\" \"*\"", Phase::List),
            (Phase::Greeting, ..) => self.give_up(Broken::Refused(said.text)),
            (Phase::List, "LIST", _) if self.listed.len() < FOLDERS => self.listed.extend(Listed::read(&said)),
            (Phase::Examine, "OK", _) => {
                if let Some(validity) = number_after(&said.text, "UIDVALIDITY ") {
                    self.uid_validity = validity;
                }
            }
            (Phase::Examine, count, "EXISTS") => self.exists = count.parse().unwrap_or(0),
            (Phase::Sizes, _, "FETCH") => self.size(&said),
            (Phase::Fetch, _, "FETCH") => {
                if let Some(letter) = letter(said) {
                    self.questions.push_back(Question::Take { raw: self.raw.clone(), letter: Box::new(letter) });
                }
            }
            (phase, "BYE", _) if phase != Phase::Logout => self.lost(),
            _ => {}
        }
    }

    fn size(&mut self, said: &Said) {
        let (Some(uid), Some(octets)) = (number_after(&said.text, "UID "), number_after(&said.text, "RFC822.SIZE "))
        else {
            return;
        };
        if uid < self.from {
            // `9:*` names the last message also when its UID is below 9. RFC 9051 §6.4.9
        } else if octets > LARGEST {
            self.questions.push_back(Question::TooLarge { raw: self.raw.clone(), uid, octets });
        } else if self.uids.len() < MESSAGES {
            self.uids.push_back(uid);
        }
    }

    fn ended_with(&mut self, ended: &str) {
        let is_ok = ended.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK"));
        match self.phase {
            Phase::StartTls if is_ok => self.upgrade = true,
            Phase::Login if !is_ok => self.give_up(Broken::Login(ended.to_owned())),
            Phase::Login => self.say(b"LIST \"\" \"*\"", Phase::List),
            Phase::List if is_ok => self.questions.push_back(Question::Choose(std::mem::take(&mut self.listed))),
            // A folder that is listed and cannot be opened is passed over.
            Phase::Examine if !is_ok => self.next_folder(),
            Phase::Examine if self.exists == 0 => self.next_folder(),
            Phase::Examine => {
                let question = Question::Begin { raw: self.raw.clone(), uid_validity: self.uid_validity };
                self.questions.push_back(question);
            }
            Phase::Sizes if is_ok => {
                self.uids.make_contiguous().sort_unstable();
                self.next_chunk();
            }
            Phase::Fetch if is_ok => {
                self.questions.push_back(Question::Done { uid: self.asked });
                self.next_chunk();
            }
            Phase::Greeting | Phase::Logout | Phase::Closed => self.phase = Phase::Closed,
            Phase::StartTls | Phase::List | Phase::Sizes | Phase::Fetch => {
                self.give_up(Broken::Refused(ended.to_owned()));
            }
        }
    }

    fn next_folder(&mut self) {
        let Some(raw) = self.folders.pop_front() else { return self.say(b"LOGOUT", Phase::Logout) };
        let Ok(name) = std::str::from_utf8(&raw) else { return self.next_folder() };
        let command = format!("EXAMINE {}", quoted(name));
        (self.raw, self.uid_validity, self.exists) = (raw, 0, 0);
        self.say(command.as_bytes(), Phase::Examine);
    }

    fn next_chunk(&mut self) {
        let chunk: Vec<String> = self
            .uids
            .drain(..CHUNK.min(self.uids.len()))
            .inspect(|uid| self.asked = *uid)
            .map(|uid| uid.to_string())
            .collect();
        if chunk.is_empty() {
            return self.next_folder();
        }
        let command = format!("UID FETCH {} (UID FLAGS INTERNALDATE BODY.PEEK[])", chunk.join(","));
        self.say(command.as_bytes(), Phase::Fetch);
    }

    fn give_up(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
        self.questions.clear();
        self.say(b"LOGOUT", Phase::Logout);
    }

    fn lost(&mut self) {
        self.broken.get_or_insert(Broken::Lost);
        self.phase = Phase::Closed;
    }
}

impl Core for Session {
    type Question = Question;
    type Answer = Answer;

    fn step(&mut self) -> Step<Question> {
        loop {
            // A message that came is put away before the next is read: memory holds one.
            if let Some(question) = self.questions.pop_front() {
                self.is_asking = true;
                return Step::Ask(question);
            }
            if !self.outgoing.is_empty() {
                return Step::Send(std::mem::take(&mut self.outgoing));
            }
            if self.phase == Phase::Closed {
                return Step::Close;
            }
            if self.upgrade {
                return Step::StartTls;
            }
            match self.cutter.next() {
                Some(Ok(said)) => self.hear(said),
                Some(Err(what)) => {
                    self.broken.get_or_insert(Broken::Garbled(what));
                    self.phase = Phase::Closed;
                }
                None if self.cutter.is_in_literal() => return Step::Body,
                None => return Step::Read,
            }
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.cutter.push(octets);
    }

    fn answer(&mut self, answer: Answer) {
        if !std::mem::take(&mut self.is_asking) {
            return;
        }
        match answer {
            Answer::Open(folders) => {
                self.folders = folders.into();
                self.next_folder();
            }
            Answer::From(uid) => {
                (self.from, self.asked) = (uid, 0);
                self.say(format!("UID FETCH {uid}:* (UID RFC822.SIZE)").as_bytes(), Phase::Sizes);
            }
            Answer::Next => {}
            Answer::Stop => {
                self.questions.clear();
                self.outgoing.clear();
                self.say(b"LOGOUT", Phase::Logout);
            }
        }
    }

    fn secured(&mut self) {
        self.upgrade = false;
        self.cutter.clear();
        self.log_in();
    }

    fn ended(&mut self) {
        if self.phase != Phase::Logout {
            self.lost();
        }
        self.phase = Phase::Closed;
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds what a server says; what the session said, and a word for each question.
    fn play(session: &mut Session, said: &str, answers: &mut Vec<Answer>) -> Vec<String> {
        session.feed(said.as_bytes());
        let mut happened = Vec::new();
        loop {
            match session.step() {
                Step::Send(octets) => happened.push(String::from_utf8(octets).unwrap().trim_end().to_owned()),
                Step::Ask(question) => {
                    happened.push(match question {
                        Question::Choose(listed) => format!("choose of {}", listed.len()),
                        Question::Begin { uid_validity, .. } => format!("begin {uid_validity}"),
                        Question::Take { letter, .. } => format!("take {} of {}", letter.uid, letter.content.len()),
                        Question::TooLarge { uid, .. } => format!("too large {uid}"),
                        Question::Done { uid } => format!("done {uid}"),
                    });
                    session.answer(if answers.is_empty() { Answer::Next } else { answers.remove(0) });
                }
                Step::StartTls => {
                    happened.push("TLS".into());
                    session.secured();
                }
                Step::Close => {
                    happened.push("closed".into());
                    return happened;
                }
                _ => return happened,
            }
        }
    }

    #[test]
    fn folders_are_fetched_from_where_an_earlier_run_ended() {
        let mut session = Session::new("bob", "p\"w", false);
        let mut answers = vec![Answer::Open(vec![b"INBOX".to_vec()]), Answer::From(5)];
        let mut says = |text: &str| play(&mut session, text, &mut answers);
        assert_eq!(says("* OK hello\r\n"), ["p1 LOGIN \"bob\" \"p\\\"w\""]);
        assert_eq!(says("p1 OK in\r\n"), ["p2 LIST \"\" \"*\""]);
        assert_eq!(says("* LIST () \"/\" INBOX\r\np2 OK\r\n"), ["choose of 1", "p3 EXAMINE \"INBOX\""]);
        let opened = says("* 3 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\np3 OK [READ-ONLY]\r\n");
        assert_eq!(opened, ["begin 9", "p4 UID FETCH 5:* (UID RFC822.SIZE)"]);
        let sizes = "* 1 FETCH (UID 4 RFC822.SIZE 10)\r\n* 3 FETCH (UID 8 RFC822.SIZE 10)\r\n* 2 FETCH (RFC822.SIZE 99999999999 UID 7)\r\np4 OK\r\n";
        assert_eq!(says(sizes), ["too large 7", "p5 UID FETCH 8 (UID FLAGS INTERNALDATE BODY.PEEK[])"]);
        let mail = "* 3 FETCH (BODY[] {4}\r\na\r\nb UID 8 FLAGS ())\r\n* 1 FETCH (FLAGS ())\r\np5 OK\r\n";
        assert_eq!(says(mail), ["take 8 of 4", "done 8", "p6 LOGOUT"]);
        assert_eq!(says("* BYE\r\np6 OK\r\n"), ["closed"]);
        assert_eq!(session.broken, None);
    }

    #[test]
    fn nothing_that_was_said_before_tls_counts() {
        let mut session = Session::new("bob", "pw", true);
        let mut none = Vec::new();
        assert_eq!(play(&mut session, "* OK\r\n", &mut none), ["p1 STARTTLS"]);
        let said = play(&mut session, "p1 OK go\r\np2 OK injected\r\n", &mut none);
        assert_eq!(said, ["TLS", "p2 LOGIN \"bob\" \"pw\""]);
        let mut session = Session::new("bob", "pw", true);
        assert_eq!(play(&mut session, "* PREAUTH\r\n", &mut none), ["p1 LOGOUT"]);
        assert!(matches!(session.broken, Some(Broken::Refused(_))));
    }

    #[test]
    fn refusals_and_broken_servers_end_it_with_their_words() {
        let mut none = Vec::new();
        let mut session = Session::new("bob", "pw", false);
        play(&mut session, "* OK\r\n", &mut none);
        assert_eq!(play(&mut session, "p1 NO wrong\r\n", &mut none), ["p2 LOGOUT"]);
        assert_eq!(session.broken, Some(Broken::Login("NO wrong".into())));
        let mut session = Session::new("bob", "pw", false);
        play(&mut session, "* BYE busy\r\n", &mut none);
        assert!(session.broken.is_some());
        let mut session = Session::new("bob", "pw", false);
        assert_eq!(play(&mut session, "* OK {99999999999}\r\n", &mut none), ["closed"]);
        assert!(matches!(session.broken, Some(Broken::Garbled(_))));
        let mut session = Session::new("bob", "pw", false);
        session.ended();
        assert_eq!(session.broken, Some(Broken::Lost));
    }
}
