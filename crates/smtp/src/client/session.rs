//! The conversation around the deliveries: greeting, EHLO, TLS, AUTH, QUIT.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use wire::{Core, Step};

use super::{
    Answer, Outcome, Question, RecipientOutcome, Settings, Tls, offer::Offer, reading::Reading,
    transaction::Transaction,
};
use crate::{Reply, Stage};

/// One session with one server.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    reading: Reading,
    phase: Phase,
    outgoing: Vec<u8>,
    offer: Offer,
    tls: bool,
    greeted_once: bool,
    needs_rset: bool,
    failure: Option<RecipientOutcome>,
    outcome: Option<Outcome>,
}

#[derive(Debug)]
enum Phase {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    Auth,
    LoginName,
    LoginPassword,
    Ready,
    Asked,
    Delivering(Box<Transaction>),
    Quit,
    Closed,
}

impl Session {
    /// A session that waits for the greeting.
    pub fn new(settings: Settings) -> Self {
        let tls = settings.tls == Tls::Implicit;
        Self {
            settings,
            reading: Reading::new(),
            phase: Phase::Greeting,
            outgoing: Vec::new(),
            offer: Offer::default(),
            tls,
            greeted_once: false,
            needs_rset: false,
            failure: None,
            outcome: None,
        }
    }

    /// After the driver returned: how the session failed before it could carry a delivery (greeting, EHLO, TLS, AUTH
    /// refused or lost). Apply it to the delivery for which the connection was made. `None` when it got that far.
    pub fn failure(&mut self) -> Option<RecipientOutcome> {
        self.failure.take()
    }

    /// After the driver returned: the outcome of the delivery in hand when the connection ended, which
    /// [`Question::Next`] could not hand over.
    pub fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// Whether the server was ready for mail at least once.
    pub fn was_ready(&self) -> bool {
        self.greeted_once
    }

    fn say(&mut self, line: &str) {
        self.outgoing.extend_from_slice(line.as_bytes());
        self.outgoing.extend_from_slice(b"\r\n");
    }

    fn refused(&mut self, stage: Stage, reply: Reply) {
        let is_closing = reply.code == 421;
        self.failure = Some(RecipientOutcome::Refused { stage, reply });
        if is_closing { self.phase = Phase::Closed } else { self.quit() }
    }

    fn quit(&mut self) {
        self.say("QUIT");
        self.phase = Phase::Quit;
    }

    fn ehlo(&mut self) {
        self.say(&format!("EHLO {}", self.settings.hostname));
        self.phase = Phase::Ehlo;
    }

    fn take_reply(&mut self, reply: Reply) {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Greeting if reply.code == 220 => self.ehlo(),
            Phase::Greeting => self.refused(Stage::Greeting, reply),
            Phase::Ehlo if reply.is_positive() => {
                self.offer = Offer::read(&reply);
                self.after_ehlo();
            }
            // RFC 5321 §4.1.1.1: a server without extensions; 421 and 4yz mean what they say.
            Phase::Ehlo if reply.is_permanent() && !self.tls => {
                self.say(&format!("HELO {}", self.settings.hostname));
                self.phase = Phase::Helo;
            }
            Phase::Helo if reply.is_positive() => {
                self.offer = Offer::default();
                self.after_ehlo();
            }
            Phase::Ehlo | Phase::Helo => self.refused(Stage::Helo, reply),
            Phase::StartTls if reply.code == 220 => self.phase = Phase::Handshake,
            Phase::StartTls if self.settings.tls == Tls::Opportunistic && reply.code != 421 => self.after_tls(),
            Phase::StartTls => self.refused(Stage::StartTls, reply),
            Phase::LoginName if reply.code == 334 => self.login_name(),
            Phase::LoginPassword if reply.code == 334 => self.login_password(),
            // A further challenge (334) is no success: there is nothing more to say.
            Phase::Auth if reply.is_completion() => self.phase = Phase::Ready,
            Phase::Auth | Phase::LoginName | Phase::LoginPassword => self.refused(Stage::Auth, reply),
            Phase::Delivering(transaction) => self.delivering(transaction, reply),
            // Not asked for, as `421` before closing an idle connection.
            Phase::Ready | Phase::Asked | Phase::Handshake | Phase::Quit | Phase::Closed => self.phase = Phase::Closed,
        }
    }

    fn after_ehlo(&mut self) {
        let wants = matches!(self.settings.tls, Tls::Opportunistic | Tls::Required) && !self.tls;
        match (wants, self.offer.starttls) {
            (true, true) => {
                self.say("STARTTLS");
                self.phase = Phase::StartTls;
            }
            (true, false) if self.settings.tls == Tls::Required => {
                self.failure = Some(RecipientOutcome::Lost(Stage::StartTls));
                self.quit();
            }
            _ => self.after_tls(),
        }
    }

    fn after_tls(&mut self) {
        let Some((login, password)) = self.settings.login.clone() else {
            self.phase = Phase::Ready;
            return;
        };
        if self.offer.auth_plain || !self.offer.auth_login {
            let response = STANDARD.encode(format!("\0{login}\0{}", password.0));
            self.say(&format!("AUTH PLAIN {response}"));
            self.phase = Phase::Auth;
        } else {
            self.say("AUTH LOGIN");
            self.phase = Phase::LoginName;
        }
    }

    fn login_name(&mut self) {
        let login = self.settings.login.as_ref().map(|(login, _)| STANDARD.encode(login)).unwrap_or_default();
        self.say(&login);
        self.phase = Phase::LoginPassword;
    }

    fn login_password(&mut self) {
        let password = self.settings.login.as_ref().map(|(_, password)| STANDARD.encode(&password.0));
        self.say(&password.unwrap_or_default());
        self.phase = Phase::Auth;
    }

    fn delivering(&mut self, mut transaction: Box<Transaction>, reply: Reply) {
        if reply.code == 421 {
            self.outcome = Some(transaction.closing(&reply));
            self.phase = Phase::Closed;
            return;
        }
        if transaction.expects_data() && reply.code == 354 && !self.reading.is_empty() {
            // It answers content that it has not seen: what it says of the message means nothing.
            self.outcome = Some(transaction.lost());
            self.phase = Phase::Closed;
            return;
        }
        let octets = transaction.reply(reply);
        self.outgoing.extend_from_slice(&octets);
        self.go_on(transaction);
    }

    fn go_on(&mut self, mut transaction: Box<Transaction>) {
        let octets = transaction.send();
        self.outgoing.extend_from_slice(&octets);
        if transaction.is_done() {
            self.outcome = Some(transaction.outcome());
            self.needs_rset = !transaction.is_completed();
            self.phase = Phase::Ready;
        } else {
            self.phase = Phase::Delivering(transaction);
        }
    }

    fn stage(&self) -> Stage {
        match self.phase {
            Phase::Greeting => Stage::Greeting,
            Phase::StartTls | Phase::Handshake => Stage::StartTls,
            Phase::Auth | Phase::LoginName | Phase::LoginPassword => Stage::Auth,
            Phase::Ready | Phase::Asked | Phase::Delivering(_) => Stage::Mail,
            _ => Stage::Helo,
        }
    }
}

impl Core for Session {
    type Question = Question;
    type Answer = Answer;

    fn step(&mut self) -> Step<Question> {
        loop {
            if !self.outgoing.is_empty() {
                return Step::Send(std::mem::take(&mut self.outgoing));
            }
            if let Phase::Delivering(transaction) = &mut self.phase
                && let Some(dot) = transaction.final_dot()
            {
                return Step::Send(dot);
            }
            match self.phase {
                Phase::Closed => return Step::Close,
                Phase::Handshake => return Step::StartTls,
                Phase::Ready => {
                    self.greeted_once = true;
                    self.phase = Phase::Asked;
                    return Step::Ask(Question::Next(self.outcome.take()));
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
            Answer::Quit => self.quit(),
            Answer::Deliver(delivery) => match Transaction::new(delivery, &self.offer, self.needs_rset) {
                Ok(transaction) => self.go_on(Box::new(transaction)),
                Err(outcome) => {
                    self.outcome = Some(outcome);
                    self.phase = Phase::Ready;
                }
            },
        }
    }

    fn secured(&mut self) {
        self.reading.clear();
        self.tls = true;
        if self.settings.tls == Tls::Implicit {
            self.phase = Phase::Greeting;
        } else {
            self.ehlo();
        }
    }

    fn ended(&mut self) {
        let stage = self.stage();
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Delivering(mut transaction) => self.outcome = Some(transaction.lost()),
            Phase::Ready | Phase::Asked | Phase::Quit | Phase::Closed => {}
            _ => self.failure = Some(RecipientOutcome::Lost(stage)),
        }
    }
}
