//! What each command does, and in which order they may come.

use std::net::IpAddr;

use wire::{Core, LineBuffer, LineFault, Step};

use super::{
    Answer, Question, Recipient, Settings, Transaction,
    command::{self, Command},
    content::{Content, Reader},
    login::{self, Exchange, Next},
};
use crate::{Reply, replies};

/// Longest command line, in octets with its CRLF. RFC 5321 §4.5.3.1.4 says 512; parameters of MAIL and UTF-8 addresses
/// (RFC 6531 §3.4) need more.
const COMMAND_LINE: usize = 2048;
/// Longest line while AUTH is offered. RFC 4954 §4.
const AUTH_LINE: usize = 12288;

/// One session with one client.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    peer: IpAddr,
    lines: LineBuffer,
    phase: Phase,
    outgoing: String,
    asking: Option<Question>,
    asked: Option<Asked>,
    tls: bool,
    helo: Option<String>,
    login: Option<String>,
    transaction: Option<Transaction>,
    errors: usize,
    auth_failures: usize,
}

#[derive(Debug)]
enum Phase {
    Command,
    Auth(Exchange),
    Content(Reader),
    /// Counted octets still to come; a refusal is said when they are through.
    Chunk {
        remaining: usize,
        last: bool,
        reader: Reader,
        refusal: Option<Reply>,
    },
    /// A chunk is acknowledged, and it was not the last.
    BetweenChunks(Reader),
    /// The greeting refused: nothing but QUIT is answered.
    Refused,
    StartTls,
    Closing,
    Dropped,
}

/// What the answer that is waited for is about.
#[derive(Debug)]
enum Asked {
    Connect,
    Helo { name: String, extended: bool },
    Auth(String),
    Mail(Transaction),
    Rcpt(Recipient),
    Data,
    Chunk { octets: usize, last: bool },
    Message,
}

impl Session {
    /// A session with a client at `peer`; its first step asks [`Question::Connect`].
    pub fn new(settings: Settings, peer: IpAddr) -> Self {
        let limit = if settings.auth { AUTH_LINE } else { COMMAND_LINE };
        Self {
            peer,
            lines: LineBuffer::new(limit),
            phase: Phase::Command,
            outgoing: String::new(),
            asking: Some(Question::Connect(peer)),
            asked: Some(Asked::Connect),
            tls: settings.implicit_tls,
            helo: None,
            login: None,
            transaction: None,
            errors: 0,
            auth_failures: 0,
            settings,
        }
    }

    /// Where the client is.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Who logged in.
    pub fn login(&self) -> Option<&str> {
        self.login.as_deref()
    }

    fn say(&mut self, reply: &Reply) {
        if self.settings.enhanced_codes {
            self.outgoing.push_str(&reply.write());
        } else {
            self.outgoing.push_str(&Reply { enhanced: None, ..reply.clone() }.write());
        }
    }

    /// Says a refusal of the protocol and counts it.
    fn refuse(&mut self, reply: &Reply) {
        self.say(reply);
        self.errors += 1;
        if self.errors >= self.settings.max_errors {
            self.say(&replies::too_many_errors());
            self.phase = Phase::Closing;
        }
    }

    fn ask(&mut self, question: Question, asked: Asked) {
        self.asking = Some(question);
        self.asked = Some(asked);
    }

    fn line(&mut self, line: &[u8]) {
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Auth(exchange) => match std::str::from_utf8(line) {
                Ok(text) => self.login_step(login::read(exchange, text)),
                Err(_) => self.refuse(&replies::bad_syntax()),
            },
            Phase::Refused => {
                self.phase = Phase::Refused;
                match command::read(line, &self.settings.hostname) {
                    Ok(Command::Quit) => self.quit(),
                    _ => self.refuse(&replies::bad_sequence()),
                }
            }
            phase => {
                self.phase = phase;
                match command::read(line, &self.settings.hostname) {
                    Ok(command) => self.command(command),
                    Err(reply) => self.refuse(&reply),
                }
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Helo { name, extended } => {
                let question = Question::Helo { name: name.clone(), extended, tls: self.tls };
                self.ask(question, Asked::Helo { name, extended });
            }
            Command::StartTls => self.start_tls(),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial.as_deref()),
            Command::Mail { reverse_path, parameters } => {
                self.mail(Transaction { reverse_path, parameters, recipients: Vec::new() });
            }
            Command::Rcpt { address, parameters } => self.rcpt(Recipient { address, parameters }),
            Command::Data => self.data(),
            Command::Bdat { octets, last } => self.bdat(octets, last),
            Command::Rset => {
                self.transaction = None;
                self.say(&replies::ok());
            }
            Command::Noop => self.say(&replies::ok()),
            Command::Vrfy => self.say(&replies::cannot_verify()),
            Command::Help => self.say(&Reply::bare(214, "RFC 5321; ask your operator, or read the reference")),
            Command::Quit => self.quit(),
        }
    }

    fn quit(&mut self) {
        self.say(&replies::bye());
        self.phase = Phase::Closing;
    }

    fn start_tls(&mut self) {
        if self.tls || !self.settings.starttls {
            return self.refuse(&replies::bad_sequence());
        }
        self.say(&replies::ready_for_tls());
        self.phase = Phase::StartTls;
    }

    fn auth(&mut self, mechanism: &str, initial: Option<&str>) {
        if !self.settings.auth {
            return self.refuse(&replies::command_not_implemented());
        }
        if !self.tls {
            return self.refuse(&replies::tls_required());
        }
        if self.helo.is_none() || self.login.is_some() || self.transaction.is_some() {
            return self.refuse(&replies::bad_sequence());
        }
        self.login_step(login::begin(mechanism, initial));
    }

    fn login_step(&mut self, next: Next) {
        match next {
            Next::Challenge(exchange, challenge) => {
                self.say(&challenge);
                self.phase = Phase::Auth(exchange);
            }
            Next::Credentials(login, password) => {
                self.ask(Question::Auth { login: login.clone(), password }, Asked::Auth(login));
            }
            Next::Refuse(reply) => self.refuse(&reply),
        }
    }

    fn mail(&mut self, transaction: Transaction) {
        if self.helo.is_none() || self.transaction.is_some() {
            return self.refuse(&replies::bad_sequence());
        }
        if self.settings.auth && self.login.is_none() {
            return self.refuse(&replies::authentication_required());
        }
        if transaction.parameters.size.is_some_and(|size| size > self.settings.max_message_octets) {
            return self.refuse(&replies::message_too_large());
        }
        let question = Question::Mail {
            reverse_path: transaction.reverse_path.clone(),
            parameters: transaction.parameters.clone(),
        };
        self.ask(question, Asked::Mail(transaction));
    }

    fn rcpt(&mut self, recipient: Recipient) {
        let Some(transaction) = &self.transaction else { return self.refuse(&replies::bad_sequence()) };
        if transaction.recipients.len() >= self.settings.max_recipients {
            // Not an error of the client: it is told to come again (RFC 5321 §4.5.3.1.10).
            return self.say(&replies::too_many_recipients());
        }
        let question = Question::Rcpt { address: recipient.address.clone(), parameters: recipient.parameters.clone() };
        self.ask(question, Asked::Rcpt(recipient));
    }

    fn data(&mut self) {
        match &self.transaction {
            None => self.refuse(&replies::bad_sequence()),
            Some(transaction) if transaction.recipients.is_empty() => self.refuse(&replies::no_valid_recipients()),
            Some(_) => self.ask(Question::Data, Asked::Data),
        }
    }

    fn bdat(&mut self, octets: usize, last: bool) {
        let reader = Reader::new(self.settings.max_message_octets);
        let refusal = match &self.transaction {
            None => Some(replies::bad_sequence()),
            Some(transaction) if transaction.recipients.is_empty() => Some(replies::no_valid_recipients()),
            Some(_) => None,
        };
        match refusal {
            None => self.ask(Question::Data, Asked::Chunk { octets, last }),
            refusal => self.phase = Phase::Chunk { remaining: octets, last, reader, refusal },
        }
    }

    /// A further chunk: the house was asked before the first.
    fn next_chunk(&mut self, line: &[u8], reader: Reader) {
        match command::read(line, &self.settings.hostname) {
            Ok(Command::Bdat { octets, last }) => {
                self.phase = Phase::Chunk { remaining: octets, last, reader, refusal: None };
            }
            Ok(Command::Rset) => {
                self.transaction = None;
                self.say(&replies::ok());
            }
            Ok(Command::Quit) => self.quit(),
            Ok(Command::Noop) => {
                self.say(&replies::ok());
                self.phase = Phase::BetweenChunks(reader);
            }
            // RFC 3030 §2: after BDAT only BDAT goes on.
            _ => self.refuse_between_chunks(&replies::bad_sequence(), reader),
        }
    }

    /// What came before stays: a message without its beginning must not be taken.
    fn refuse_between_chunks(&mut self, reply: &Reply, reader: Reader) {
        self.refuse(reply);
        if !matches!(self.phase, Phase::Closing) {
            self.phase = Phase::BetweenChunks(reader);
        }
    }

    fn content(&mut self, content: Content) {
        let Some(transaction) = self.transaction.take() else { return self.refuse(&replies::bad_sequence()) };
        match content {
            Content::Whole(content) => self.ask(Question::Message { transaction, content }, Asked::Message),
            Content::TooLarge => self.refuse(&replies::message_too_large()),
            Content::BareLineEnd => self.refuse(&replies::bare_line_end()),
        }
    }

    fn keywords(&self) -> Vec<String> {
        let mut keywords: Vec<String> =
            ["PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"].map(String::from).to_vec();
        keywords.push(format!("SIZE {}", self.settings.max_message_octets));
        if self.settings.enhanced_codes {
            keywords.push(String::from("ENHANCEDSTATUSCODES"));
        }
        if self.settings.starttls && !self.tls {
            keywords.push(String::from("STARTTLS"));
        }
        if self.settings.auth && self.tls {
            keywords.push(String::from("AUTH PLAIN LOGIN"));
        }
        keywords
    }

    fn greeted(&mut self, name: String, extended: bool) {
        let mut lines = vec![format!("{} greets {name}", self.settings.hostname)];
        if extended {
            lines.extend(self.keywords());
        }
        // RFC 2034 §3: no enhanced code in the reply to EHLO.
        self.outgoing.push_str(&Reply { code: 250, enhanced: None, lines }.write());
        self.helo = Some(name);
        self.transaction = None;
    }

    /// The house said yes.
    fn granted(&mut self, asked: Asked, reply: Reply) {
        match asked {
            Asked::Connect => {
                let text = if reply.code == 220 { reply.text() } else { format!("{} ESMTP", self.settings.hostname) };
                self.outgoing.push_str(&Reply::bare(220, text).write());
            }
            Asked::Helo { name, extended } => self.greeted(name, extended),
            Asked::Auth(login) => {
                self.login = Some(login);
                self.say(&reply);
            }
            Asked::Mail(transaction) => {
                self.transaction = Some(transaction);
                self.say(&reply);
            }
            Asked::Rcpt(recipient) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients.push(recipient);
                }
                self.say(&reply);
            }
            Asked::Data => {
                self.say(&Reply::bare(354, "End with a dot on a line of its own"));
                self.phase = Phase::Content(Reader::new(self.settings.max_message_octets));
            }
            Asked::Chunk { octets, last } => {
                let reader = Reader::new(self.settings.max_message_octets);
                self.phase = Phase::Chunk { remaining: octets, last, reader, refusal: None };
            }
            Asked::Message => self.say(&reply),
        }
    }

    /// The house said no.
    fn denied(&mut self, asked: Asked, reply: Reply) {
        match asked {
            Asked::Connect => {
                self.say(&reply);
                self.phase = Phase::Refused;
            }
            Asked::Chunk { octets, last } => {
                let reader = Reader::new(0);
                self.phase = Phase::Chunk { remaining: octets, last, reader, refusal: Some(reply) };
            }
            Asked::Auth(_) => {
                self.auth_failures += 1;
                self.refuse(&reply);
                if self.auth_failures >= self.settings.max_auth_failures && !matches!(self.phase, Phase::Closing) {
                    self.say(&replies::too_many_errors());
                    self.phase = Phase::Closing;
                }
            }
            // What is put off is no error of the client's.
            _ if reply.is_transient() => self.say(&reply),
            _ => self.refuse(&reply),
        }
    }

    /// Goes on with what has arrived; `None` when something is to be done first.
    fn advance(&mut self) -> Option<Step<Question>> {
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Dropped => Some(self.stay(Phase::Dropped, Step::Close)),
            Phase::Closing => Some(self.stay(Phase::Closing, Step::Close)),
            Phase::StartTls => Some(self.stay(Phase::StartTls, Step::StartTls)),
            Phase::Content(mut reader) => {
                let octets = self.lines.take(usize::MAX);
                match reader.read(&octets) {
                    Some(used) => {
                        self.lines.push(octets.get(used..).unwrap_or_default());
                        self.content(reader.finish());
                        None
                    }
                    None => Some(self.stay(Phase::Content(reader), Step::Body)),
                }
            }
            Phase::BetweenChunks(reader) => self.between_chunks(reader),
            Phase::Chunk { remaining: 0, last, reader, refusal } => {
                self.chunk_done(last, reader, refusal);
                None
            }
            Phase::Chunk { remaining, last, mut reader, refusal } => {
                let octets = self.lines.take(remaining);
                if refusal.is_none() {
                    reader.add(&octets);
                }
                let remaining = remaining - octets.len();
                let is_waiting = remaining > 0;
                self.phase = Phase::Chunk { remaining, last, reader, refusal };
                is_waiting.then_some(Step::Body)
            }
            phase => {
                self.phase = phase;
                self.next_line()
            }
        }
    }

    fn chunk_done(&mut self, last: bool, reader: Reader, refusal: Option<Reply>) {
        match (refusal, last) {
            (Some(reply), _) => {
                self.transaction = None;
                self.refuse(&reply);
            }
            (None, true) => self.content(reader.finish_counted()),
            (None, false) => {
                self.say(&replies::ok());
                self.phase = Phase::BetweenChunks(reader);
            }
        }
    }

    fn between_chunks(&mut self, reader: Reader) -> Option<Step<Question>> {
        match self.lines.line() {
            None => return Some(self.stay(Phase::BetweenChunks(reader), Step::Read)),
            Some(Ok(line)) => self.next_chunk(&line, reader),
            Some(Err(_)) => self.refuse_between_chunks(&replies::bad_syntax(), reader),
        }
        None
    }

    fn next_line(&mut self) -> Option<Step<Question>> {
        match self.lines.line() {
            None => return Some(Step::Read),
            Some(Ok(line)) => self.line(&line),
            Some(Err(LineFault::TooLong)) => self.refuse(&replies::line_too_long()),
            Some(Err(LineFault::BareLineEnd)) => self.refuse(&replies::bare_line_end_in_command()),
        }
        None
    }

    fn stay(&mut self, phase: Phase, step: Step<Question>) -> Step<Question> {
        self.phase = phase;
        step
    }
}

impl Core for Session {
    type Question = Question;
    type Answer = Answer;

    fn step(&mut self) -> Step<Question> {
        loop {
            if matches!(self.phase, Phase::Dropped) {
                return Step::Close;
            }
            if let Some(question) = self.asking.take() {
                return Step::Ask(question);
            }
            if !self.outgoing.is_empty() {
                return Step::Send(std::mem::take(&mut self.outgoing).into_bytes());
            }
            if let Some(step) = self.advance() {
                return step;
            }
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        // RFC 3207 §4.2: what was sent in clear behind STARTTLS is not for us.
        if !matches!(self.phase, Phase::StartTls | Phase::Closing | Phase::Dropped) {
            self.lines.push(octets);
        }
    }

    fn answer(&mut self, answer: Answer) {
        let Some(asked) = self.asked.take() else { return };
        match answer {
            Answer::Reply(reply) if reply.is_positive() => self.granted(asked, reply),
            Answer::Reply(reply) => self.denied(asked, reply),
            Answer::ReplyAndClose(reply) => {
                self.say(&reply);
                self.phase = Phase::Closing;
            }
            Answer::Drop => self.phase = Phase::Dropped,
        }
    }

    fn secured(&mut self) {
        self.lines.clear();
        self.tls = true;
        self.helo = None;
        self.login = None;
        self.transaction = None;
        self.phase = Phase::Command;
    }

    fn ended(&mut self) {
        self.phase = Phase::Dropped;
    }
}
