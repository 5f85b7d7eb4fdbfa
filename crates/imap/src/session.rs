//! One session, without its socket: what each command does, and in which state it may come. RFC 9051 §3
//!
//! The core asks (`ask.rs`) and goes on when answered. Reading order: this file (states, the way of a command),
//! `selected.rs` (what a client knows of the folder that it has open), then a file for each family of commands.

mod append;
mod ask;
mod fetch;
mod flags;
mod list;
mod login;
mod mailbox;
mod search;
mod select;
mod selected;
mod transfer;
mod work;

pub use ask::{Answer, Opened, Question, Refusal, Row, Wait, Want};

use wire::{Core, Step};

use crate::{
    settings::Settings,
    words::{
        Dialect,
        command::{self, Command, Verb},
        frame::{self, Frame, Frames, Limits},
        response::{Code, Response, Status},
    },
};
use login::Exchange;
use selected::{Echo, Selected};
use work::Work;

/// Octets that are collected before they are sent.
const FLUSH: usize = 32 * 1024;
/// Longest command line; clients send long sets. Dovecot `imap_max_line_length` is 64 KiB.
const LINE: usize = 64 * 1024;
/// Longest command line before login.
const LINE_BEFORE_LOGIN: usize = 8 * 1024;
/// Octets of a literal that no memory is asked for.
const SMALL_LITERAL: usize = 64 * 1024;
/// Octets that LITERAL- allows to be sent unasked. RFC 7888 §5
const UNASKED: usize = 4096;
/// Commands that are none, after which the session ends.
const MAX_ERRORS: usize = 20;

/// One session with one client.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    frames: Frames,
    out: Vec<u8>,
    phase: Phase,
    tls: bool,
    /// The address of the mailbox that logged in.
    account: Option<String>,
    enabled: Enabled,
    selected: Option<Selected>,
    asking: Option<Question>,
    work: Option<Work>,
    /// UIDs that a FETCH with VANISHED names.
    vanishing: store::Uids,
    /// The command under way names mails by number: no EXPUNGE until it has ended. RFC 9051 §7.5.1
    numbered: bool,
    errors: usize,
    failures: usize,
}

#[derive(Debug)]
enum Phase {
    Command,
    Sasl { tag: String, exchange: Exchange },
    Idle { tag: String },
    StartTls,
    Closing,
    Dropped,
}

/// What the client has enabled. RFC 5161
#[derive(Debug, Clone, Copy, Default)]
struct Enabled {
    rev2: bool,
    utf8: bool,
    condstore: bool,
    qresync: bool,
}

/// How a command ends, once the client knows what happened meanwhile.
#[derive(Debug)]
struct Finish {
    tag: String,
    status: Status,
    code: Option<Code>,
    text: String,
    /// Whether message numbers may change now. RFC 9051 §7.5.1
    renumber: bool,
    /// UIDs are told with flags.
    uid: bool,
    echo: Option<Echo>,
}

impl Session {
    /// A session; its first octets are the greeting.
    pub fn new(settings: Settings, implicit_tls: bool) -> Self {
        let limits = Limits { line: LINE_BEFORE_LOGIN, literal: 1024, append: 1024, unasked: 1024, literals: 4 };
        let mut session = Self {
            settings,
            frames: Frames::new(limits),
            out: Vec::new(),
            phase: Phase::Command,
            tls: implicit_tls,
            account: None,
            enabled: Enabled::default(),
            selected: None,
            asking: None,
            work: None,
            vanishing: store::Uids::default(),
            numbered: false,
            errors: 0,
            failures: 0,
        };
        let code = Code::Capability(session.capabilities());
        let text = format!("{} ready", session.settings.hostname);
        session.say(&Response::Untagged { status: Status::Ok, code: Some(code), text });
        session
    }

    /// Whether somebody has logged in.
    pub fn is_logged_in(&self) -> bool {
        self.account.is_some()
    }

    /// What it can do now. RFC 9051 §6.1.1
    fn capabilities(&self) -> Vec<String> {
        let mut words = vec!["IMAP4rev1", "IMAP4rev2"];
        if self.account.is_none() {
            match self.tls {
                true => words.extend(["AUTH=PLAIN", "AUTH=LOGIN", "SASL-IR"]),
                false => words.extend(["STARTTLS", "LOGINDISABLED"]),
            }
        }
        words.extend(["LITERAL-", "ID", "ENABLE", "IDLE"]);
        if self.account.is_some() {
            words.extend([
                "UIDPLUS",
                "MOVE",
                "SPECIAL-USE",
                "NAMESPACE",
                "CHILDREN",
                "LIST-EXTENDED",
                "LIST-STATUS",
                "STATUS=SIZE",
                "ESEARCH",
                "SEARCHRES",
                "WITHIN",
                "CONDSTORE",
                "QRESYNC",
                "UNSELECT",
                "BINARY",
                "UTF8=ACCEPT",
                "OBJECTID",
                "QUOTA",
                "QUOTA=RES-STORAGE",
                "QUOTA=RES-MESSAGE",
            ]);
        }
        let mut words: Vec<String> = words.into_iter().map(String::from).collect();
        if self.account.is_some() {
            words.push(format!("APPENDLIMIT={}", self.settings.max_message_octets));
        }
        words
    }

    fn dialect(&self) -> Dialect {
        Dialect { utf8: self.enabled.utf8 || self.enabled.rev2 }
    }

    fn say(&mut self, response: &Response<'_>) {
        response.write(self.dialect(), &mut self.out);
    }

    fn ask(&mut self, question: Question, work: Work) {
        self.asking = Some(question);
        self.work = Some(work);
    }

    fn bye(&mut self, text: &str) {
        self.say(&Response::Bye { code: None, text: text.to_owned() });
        self.phase = Phase::Closing;
    }

    /// Says something that is no command; too many of them end the session.
    fn refuse(&mut self, response: &Response<'_>) {
        self.say(response);
        self.errors += 1;
        if self.errors >= MAX_ERRORS {
            self.bye("Too many commands that are none");
        }
    }

    /// The command is done: what happened in the open folder is told first.
    fn finish(&mut self, finish: Finish) {
        let finish = self.keeping_numbers(finish);
        match &self.selected {
            Some(selected) => {
                let question = Question::Changes { folder: selected.folder, since: selected.modseq, thorough: false };
                self.ask(question, Work::Finish(finish));
            }
            None => self.end(finish),
        }
    }

    /// Nothing happened; but what was kept back may be told now.
    fn end_quietly(&mut self, finish: Finish) {
        let finish = self.keeping_numbers(finish);
        if finish.renumber
            && let Some(mut selected) = self.selected.take()
        {
            self.tell_expunged(&mut selected);
            self.selected = Some(selected);
        }
        self.end(finish);
    }

    /// Also a refusal must not change numbers while the client has named mails by them.
    fn keeping_numbers(&self, finish: Finish) -> Finish {
        Finish { renumber: finish.renumber && !self.numbered, ..finish }
    }

    fn end(&mut self, finish: Finish) {
        let Finish { tag, status, code, text, .. } = finish;
        self.say(&Response::Tagged { tag, status, code, text });
    }

    fn ok(&mut self, tag: String, text: &str) {
        self.finish(Finish::ok(tag, text));
    }

    fn no(&mut self, tag: String, code: Option<Code>, text: &str) {
        self.finish(Finish { status: Status::No, code, ..Finish::ok(tag, text) });
    }

    fn command(&mut self, frame: &Frame) {
        let Command { tag, verb } = match command::parse(frame, self.dialect()) {
            Ok(command) => command,
            Err(malformed) => return self.refuse(&malformed.response()),
        };
        self.numbered = match &verb {
            Verb::Fetch(fetch) => !fetch.uid,
            Verb::Store(store) => !store.uid,
            Verb::Search(search) => !search.uid,
            _ => false,
        };
        match verb {
            Verb::Capability => {
                let words = self.capabilities();
                self.say(&Response::Capability(words));
                self.ok(tag, "Capabilities told");
            }
            Verb::Noop | Verb::Check => self.noop(tag),
            Verb::Logout => {
                self.say(&Response::Bye { code: None, text: "Logging out".to_owned() });
                self.say(&Response::ok(&tag, "Bye"));
                self.phase = Phase::Closing;
            }
            Verb::Id(_) => {
                self.say(&Response::Id(vec![("name".to_owned(), Some("ColdRelay".to_owned()))]));
                self.ok(tag, "Nice to meet you");
            }
            Verb::StartTls => self.start_tls(&tag),
            Verb::Login { user, password } => self.login(tag, user, password),
            Verb::Authenticate { mechanism, initial } => self.authenticate(tag, &mechanism, initial),
            _ if self.account.is_none() => self.refuse(&Response::bad(&tag, "Log in first")),
            verb => self.command_of_mailbox(tag, verb, frame),
        }
    }

    fn command_of_mailbox(&mut self, tag: String, verb: Verb, frame: &Frame) {
        match verb {
            Verb::Enable(words) => self.enable(tag, &words),
            Verb::Select(select) => self.select(tag, select),
            Verb::Create { mailbox, uses } => self.create(tag, &mailbox, &uses),
            Verb::Delete(mailbox) => self.delete(tag, &mailbox),
            Verb::Rename { from, to } => self.rename(tag, &from, &to),
            Verb::Subscribe(mailbox) => self.subscribe(tag, &mailbox, true),
            Verb::Unsubscribe(mailbox) => self.subscribe(tag, &mailbox, false),
            Verb::List(list) => self.list(tag, list),
            Verb::Lsub { reference, pattern } => self.lsub(tag, &reference, &pattern),
            Verb::Namespace => {
                self.say(&Response::Namespace);
                self.ok(tag, "Namespaces told");
            }
            Verb::Status { mailbox, items } => self.status(tag, mailbox, items),
            Verb::Append(append) => self.append(tag, append, frame),
            Verb::Idle => {
                self.say(&Response::Continue("idling".to_owned()));
                self.phase = Phase::Idle { tag };
            }
            Verb::GetQuota(root) => self.quota(tag, &root),
            Verb::GetQuotaRoot(mailbox) => self.quota_root(tag, mailbox),
            _ if self.selected.is_none() => self.refuse(&Response::bad(&tag, "Select a mailbox first")),
            Verb::Close => self.close(tag),
            Verb::Unselect => {
                self.selected = None;
                self.ok(tag, "Unselected");
            }
            Verb::Expunge { uids } => self.expunge(tag, uids.as_ref()),
            Verb::Search(search) => self.search(tag, search),
            Verb::Fetch(fetch) => self.fetch(tag, fetch),
            Verb::Store(store) => self.store(tag, store),
            Verb::Copy(transfer) => self.transfer(tag, &transfer, false),
            Verb::Move(transfer) => self.transfer(tag, &transfer, true),
            // All others were answered before login counts.
            _ => self.refuse(&Response::bad(&tag, "Not now")),
        }
    }

    /// Looks at the store itself: a client that asks wants to know.
    fn noop(&mut self, tag: String) {
        self.ok(tag, "Done");
        if let Some(Question::Changes { thorough, .. }) = &mut self.asking {
            *thorough = true;
        }
    }

    fn start_tls(&mut self, tag: &str) {
        if self.tls || self.account.is_some() {
            return self.refuse(&Response::bad(tag, "TLS is there already"));
        }
        self.say(&Response::ok(tag, "Begin TLS"));
        self.phase = Phase::StartTls;
    }

    fn enable(&mut self, tag: String, words: &[String]) {
        let mut done = Vec::new();
        for word in words {
            let known = match word.as_str() {
                "CONDSTORE" => &mut self.enabled.condstore,
                "QRESYNC" => {
                    self.enabled.condstore = true;
                    &mut self.enabled.qresync
                }
                "IMAP4REV2" => &mut self.enabled.rev2,
                "UTF8=ACCEPT" => &mut self.enabled.utf8,
                _ => continue,
            };
            *known = true;
            let word = if word == "IMAP4REV2" { "IMAP4rev2" } else { word };
            done.push(word.to_owned());
        }
        self.say(&Response::Enabled(done));
        self.ok(tag, "Enabled");
    }

    /// The first command that speaks of modseqs turns them on. RFC 7162 §3.1.2
    fn use_modseq(&mut self) {
        if !std::mem::replace(&mut self.enabled.condstore, true)
            && let Some(selected) = &self.selected
        {
            let code = Code::HighestModSeq(selected.modseq.unsigned_abs());
            self.say(&Response::untagged_ok(code, "Modseqs are told from now on"));
        }
    }

    /// Leave for a literal: a big one needs a place among those in memory.
    fn literal(&mut self, octets: usize) {
        if octets > SMALL_LITERAL {
            self.ask(Question::Room(octets), Work::Literal);
        } else {
            self.accept_literal();
        }
    }

    fn accept_literal(&mut self) {
        self.frames.accept();
        self.say(&Response::Continue("OK".to_owned()));
    }

    fn refuse_literal(&mut self, refusal: Refusal) {
        let tag = self.frames.refuse();
        let Refusal { code, text } = refusal;
        let response = match tag {
            Some(tag) => Response::Tagged { tag, status: Status::No, code, text },
            None => Response::Untagged { status: Status::No, code, text },
        };
        self.say(&response);
    }

    fn refused_frame(&mut self, refusal: &frame::Refusal) {
        self.refuse(&refusal.response());
        if refusal.close {
            self.bye("Cannot tell where the command ends");
        }
    }

    fn idle_line(&mut self, tag: String, line: &[u8]) {
        if line.eq_ignore_ascii_case(b"DONE") {
            return self.ok(tag, "Idle ended");
        }
        self.refuse(&Response::bad(&tag, "Expected DONE"));
    }

    /// What arrived, as far as it goes; `None` when something is to be said or asked.
    fn read(&mut self) -> Option<Step<Question>> {
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Command => match self.frames.next_event() {
                frame::Event::Command(frame) => self.command(&frame),
                frame::Event::Continue { octets } => self.literal(octets),
                frame::Event::Refused(refusal) => self.refused_frame(&refusal),
                frame::Event::Read if !self.out.is_empty() => return Some(self.send()),
                frame::Event::Read if self.account.is_none() => return Some(Step::ReadOr(Question::LoginLimit)),
                // In the middle of a command there is less time.
                frame::Event::Read if !self.frames.is_empty() => return Some(Step::Body),
                // Until the client says something, or for too long.
                frame::Event::Read => return Some(Step::ReadOr(Question::Wait(None))),
            },
            Phase::Sasl { tag, exchange } => match self.frames.line() {
                Some(Ok(line)) => self.sasl_line(tag, exchange, &line),
                Some(Err(_)) => self.refuse(&Response::bad(&tag, "Line too long")),
                None => {
                    self.phase = Phase::Sasl { tag, exchange };
                    return Some(if self.out.is_empty() { Step::ReadOr(Question::LoginLimit) } else { self.send() });
                }
            },
            Phase::Idle { tag } => match self.frames.line() {
                Some(Ok(line)) => self.idle_line(tag, &line),
                Some(Err(_)) => self.refuse(&Response::bad(&tag, "Line too long")),
                None => {
                    self.phase = Phase::Idle { tag };
                    return Some(if self.out.is_empty() { self.wait() } else { self.send() });
                }
            },
            Phase::StartTls => {
                self.phase = Phase::StartTls;
                return Some(if self.out.is_empty() { Step::StartTls } else { self.send() });
            }
            Phase::Closing => {
                self.phase = Phase::Closing;
                return Some(if self.out.is_empty() { Step::Close } else { self.send() });
            }
            Phase::Dropped => {
                self.phase = Phase::Dropped;
                return Some(Step::Close);
            }
        }
        None
    }

    fn send(&mut self) -> Step<Question> {
        Step::Send(std::mem::take(&mut self.out))
    }

    fn wait(&mut self) -> Step<Question> {
        self.work = Some(Work::Idle);
        let folder = self.selected.as_ref().map(|selected| Wait { folder: selected.folder, since: selected.modseq });
        Step::ReadOr(Question::Wait(folder))
    }
}

impl Finish {
    fn ok(tag: String, text: &str) -> Self {
        Self { tag, status: Status::Ok, code: None, text: text.to_owned(), renumber: true, uid: false, echo: None }
    }
}

impl Core for Session {
    type Question = Question;
    type Answer = Answer;

    fn step(&mut self) -> Step<Question> {
        loop {
            if self.out.len() >= FLUSH {
                return self.send();
            }
            if let Some(question) = self.asking.take() {
                return Step::Ask(question);
            }
            if let Some(step) = self.read() {
                return step;
            }
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.work = None;
        self.frames.feed(octets);
    }

    fn answer(&mut self, answer: Answer) {
        match (self.work.take(), answer) {
            (_, Answer::Bye(text)) => self.bye(text),
            (Some(work), answer) => self.answered(work, answer),
            // The octets that ended the waiting came first.
            (None, _) => {}
        }
    }

    fn secured(&mut self) {
        self.frames.clear();
        self.tls = true;
        self.phase = Phase::Command;
    }

    fn ended(&mut self) {
        self.phase = Phase::Dropped;
    }
}
