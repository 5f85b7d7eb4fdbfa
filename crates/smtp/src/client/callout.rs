//! Asking a server about recipients, without a message: MAIL, one RCPT after another, QUIT. Never DATA.
//!
//! The core asks the house for each next address and tells it what came of the one before, so that whoever judges the
//! replies can stop at any of them.

use syntax::Address;
use wire::{Core, Step};

use super::{offer::Offer, reading::Reading};
use crate::{Reply, Stage};

/// How a callout is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// EHLO argument: the PTR name of the IP that asks.
    pub hostname: String,
    /// Reverse-path; `None` is `<>`.
    pub mail_from: Option<Address>,
    /// Whether STARTTLS is used where it is offered.
    pub starttls: bool,
}

/// What the server said about an address, or before it could be asked about any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A reply, whatever it says, at this stage.
    Said(Stage, Reply),
    /// The connection ended, or the time was over, at this stage.
    Lost(Stage),
}

/// What the core asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whom to ask about next; what was said about the one before.
    Next(Option<Heard>),
}

/// What the house says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Ask about this address.
    Rcpt(Address),
    /// Enough: QUIT.
    Quit,
}

/// One callout session. After the driver returned, [`Callout::take_ending`] tells how it ended early, if it did.
#[derive(Debug)]
pub struct Callout {
    settings: Settings,
    reading: Reading,
    phase: Phase,
    outgoing: Vec<u8>,
    offer: Offer,
    tls: bool,
    heard: Option<Heard>,
    ending: Option<Heard>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    Mail,
    Ready,
    Asked,
    Rcpt,
    Quit,
    Closed,
}

impl Callout {
    /// A callout that waits for the greeting.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            reading: Reading::new(),
            phase: Phase::Greeting,
            outgoing: Vec::new(),
            offer: Offer::default(),
            tls: false,
            heard: None,
            ending: None,
        }
    }

    /// What was heard that [`Question::Next`] could not hand over: a refusal before any RCPT, or the end of the connection.
    pub fn take_ending(&mut self) -> Option<Heard> {
        self.ending.take()
    }

    fn say(&mut self, line: &str, phase: Phase) {
        self.outgoing.extend_from_slice(line.as_bytes());
        self.outgoing.extend_from_slice(b"\r\n");
        self.phase = phase;
    }

    fn take_reply(&mut self, reply: Reply) {
        match self.phase {
            Phase::Greeting if reply.code == 220 => self.say(&format!("EHLO {}", self.settings.hostname), Phase::Ehlo),
            Phase::Ehlo if reply.is_positive() => {
                self.offer = Offer::read(&reply);
                self.after_ehlo();
            }
            // RFC 5321 §4.1.1.1: a server without extensions.
            Phase::Ehlo if reply.is_permanent() && !self.tls => {
                self.say(&format!("HELO {}", self.settings.hostname), Phase::Helo);
            }
            Phase::Helo if reply.is_positive() => self.mail(),
            Phase::StartTls if reply.code == 220 => self.phase = Phase::Handshake,
            Phase::StartTls if reply.code != 421 => self.mail(),
            Phase::Mail if reply.is_positive() => self.phase = Phase::Ready,
            Phase::Rcpt if reply.code != 421 => {
                self.heard = Some(Heard::Said(Stage::Rcpt, reply));
                self.phase = Phase::Ready;
            }
            Phase::Quit | Phase::Closed => self.phase = Phase::Closed,
            _ => self.refused(reply),
        }
    }

    /// Refused before anybody could be asked about, or 421: nothing more is asked.
    fn refused(&mut self, reply: Reply) {
        let is_closing = reply.code == 421;
        self.ending = Some(Heard::Said(self.stage(), reply));
        if is_closing { self.phase = Phase::Closed } else { self.say("QUIT", Phase::Quit) }
    }

    fn after_ehlo(&mut self) {
        if self.settings.starttls && self.offer.starttls && !self.tls {
            self.say("STARTTLS", Phase::StartTls);
        } else {
            self.mail();
        }
    }

    fn mail(&mut self) {
        let path = self.settings.mail_from.as_ref().map(ToString::to_string).unwrap_or_default();
        self.say(&format!("MAIL FROM:<{path}>"), Phase::Mail);
    }

    fn stage(&self) -> Stage {
        match self.phase {
            Phase::Greeting => Stage::Greeting,
            Phase::Ehlo | Phase::Helo => Stage::Helo,
            Phase::StartTls | Phase::Handshake => Stage::StartTls,
            Phase::Mail => Stage::Mail,
            _ => Stage::Rcpt,
        }
    }
}

impl Core for Callout {
    type Question = Question;
    type Answer = Answer;

    fn step(&mut self) -> Step<Question> {
        loop {
            if !self.outgoing.is_empty() {
                return Step::Send(std::mem::take(&mut self.outgoing));
            }
            match self.phase {
                Phase::Closed => return Step::Close,
                Phase::Handshake => return Step::StartTls,
                Phase::Ready => {
                    self.phase = Phase::Asked;
                    return Step::Ask(Question::Next(self.heard.take()));
                }
                _ => {}
            }
            match self.reading.reply() {
                None => return Step::Read,
                Some(Some(reply)) => self.take_reply(reply),
                // Not SMTP: as good as a lost connection.
                Some(None) => self.ended(),
            }
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        if !matches!(self.phase, Phase::Handshake | Phase::Closed) {
            self.reading.push(octets);
        }
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Rcpt(address) => self.say(&format!("RCPT TO:<{address}>"), Phase::Rcpt),
            Answer::Quit => self.say("QUIT", Phase::Quit),
        }
    }

    fn secured(&mut self) {
        self.reading.clear();
        self.tls = true;
        self.say(&format!("EHLO {}", self.settings.hostname), Phase::Ehlo);
    }

    fn ended(&mut self) {
        if !matches!(self.phase, Phase::Quit | Phase::Closed) {
            self.ending = Some(Heard::Lost(self.stage()));
        }
        self.phase = Phase::Closed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays `S:` lines to a callout that asks about these; what the client sent, what was heard, and the ending.
    fn play(server: &[&str], asked: &[&str]) -> (Vec<String>, Vec<Heard>, Option<Heard>) {
        let settings = Settings { hostname: "probe.example.net".into(), mail_from: None, starttls: false };
        let mut core = Callout::new(settings);
        let (mut server, mut asked) = (server.iter(), asked.iter());
        let (mut sent, mut heard) = (Vec::new(), Vec::new());
        loop {
            match core.step() {
                Step::Send(octets) => sent.push(String::from_utf8(octets).unwrap().trim_end().to_owned()),
                Step::Read | Step::Body => match server.next() {
                    Some(line) => core.feed(format!("{line}\r\n").as_bytes()),
                    None => core.ended(),
                },
                Step::Ask(Question::Next(before)) | Step::ReadOr(Question::Next(before)) => {
                    heard.extend(before);
                    core.answer(match asked.next() {
                        Some(address) => Answer::Rcpt(Address::parse(address).unwrap()),
                        None => Answer::Quit,
                    });
                }
                Step::StartTls => core.secured(),
                Step::Close => return (sent, heard, core.take_ending()),
            }
        }
    }

    fn said(stage: Stage, text: &str) -> Heard {
        Heard::Said(stage, Reply::parse(text).unwrap())
    }

    #[test]
    fn each_address_is_asked_on_one_connection_and_no_message_is_sent() {
        let server = ["220 hi", "250-mx\r\n250 SIZE 1", "250 ok", "250 2.1.5 ok", "550 5.1.1 unknown", "221 bye"];
        let (sent, heard, ending) = play(&server, &["ann@a.test", "x@a.test"]);
        let expect = ["EHLO probe.example.net", "MAIL FROM:<>", "RCPT TO:<ann@a.test>", "RCPT TO:<x@a.test>", "QUIT"];
        assert_eq!(sent, expect);
        assert_eq!(heard, [said(Stage::Rcpt, "250 2.1.5 ok"), said(Stage::Rcpt, "550 5.1.1 unknown")]);
        assert_eq!(ending, None);
    }

    #[test]
    fn a_refusal_before_rcpt_ends_it_with_its_stage() {
        let (sent, heard, ending) = play(&["421 4.7.0 busy"], &["ann@a.test"]);
        assert_eq!((sent.len(), heard.len()), (0, 0));
        assert_eq!(ending, Some(said(Stage::Greeting, "421 4.7.0 busy")));
        let (sent, _, ending) = play(&["220 hi", "250 mx", "550 5.7.1 no", "221 bye"], &["ann@a.test"]);
        assert_eq!(sent.last().unwrap(), "QUIT");
        assert_eq!(ending, Some(said(Stage::Mail, "550 5.7.1 no")));
    }

    #[test]
    fn a_server_without_extensions_is_greeted_with_helo() {
        let (sent, _, ending) = play(&["220 hi", "502 what", "250 mx", "250 ok", "250 ok", "221 bye"], &["ann@a.test"]);
        assert_eq!(sent.get(1).unwrap(), "HELO probe.example.net");
        assert_eq!(ending, None);
    }

    #[test]
    fn an_end_in_the_middle_is_told_with_its_stage() {
        let (_, heard, ending) = play(&["220 hi", "250 mx", "250 ok", "250 ok"], &["ann@a.test", "x@a.test"]);
        assert_eq!((heard.len(), ending), (1, Some(Heard::Lost(Stage::Rcpt))));
        let (_, _, ending) = play(&["220 hi", "250 mx", "250 ok", "421 4.7.0 too many"], &["ann@a.test"]);
        assert_eq!(ending, Some(said(Stage::Rcpt, "421 4.7.0 too many")));
        assert_eq!(play(&["hello"], &[]).2, Some(Heard::Lost(Stage::Greeting)));
    }
}
