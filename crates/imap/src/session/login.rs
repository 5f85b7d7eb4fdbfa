//! LOGIN and AUTHENTICATE. RFC 9051 §6.2, RFC 4616, draft-murchison-sasl-login

use super::{Answer, Question, Session, Work};
use crate::words::{
    command::Secret,
    frame::Limits,
    response::{Code, Response, Status},
};

/// Wrong passwords after which a session ends.
const MAX_FAILURES: usize = 3;
/// Octets of literals in a command that is no APPEND.
const LITERAL: usize = 256 * 1024;
/// Literals in one command.
const LITERALS: usize = 64;

/// Where a SASL exchange stands.
#[derive(Debug)]
pub(super) enum Exchange {
    /// PLAIN, waiting for all of it.
    Plain,
    /// LOGIN, waiting for the name.
    Name,
    /// LOGIN, waiting for the password of this name.
    Password(String),
}

impl Session {
    pub(super) fn login(&mut self, tag: String, user: String, password: Secret) {
        if self.may_log_in(&tag) {
            self.ask(Question::Login { user, password }, Work::Login { tag });
        }
    }

    pub(super) fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<Secret>) {
        if !self.may_log_in(&tag) {
            return;
        }
        let (exchange, challenge) = match mechanism {
            "PLAIN" => (Exchange::Plain, ""),
            "LOGIN" => (Exchange::Name, "VXNlcm5hbWU6"),
            _ => return self.refuse(&Response::no(&tag, Code::Cannot, "Mechanism not known")),
        };
        match initial {
            Some(Secret(octets)) => self.sasl(tag, exchange, octets),
            None => self.challenge(tag, exchange, challenge),
        }
    }

    fn challenge(&mut self, tag: String, exchange: Exchange, challenge: &str) {
        self.say(&Response::Continue(challenge.to_owned()));
        self.phase = super::Phase::Sasl { tag, exchange };
    }

    fn may_log_in(&mut self, tag: &str) -> bool {
        if !self.tls {
            let no = Response::no(tag, Code::PrivacyRequired, "Use STARTTLS first, or the TLS port");
            self.refuse(&no);
        } else if self.account.is_some() {
            self.refuse(&Response::bad(tag, "You are logged in"));
        }
        self.tls && self.account.is_none()
    }

    pub(super) fn sasl_line(&mut self, tag: String, exchange: Exchange, line: &[u8]) {
        if line == b"*" {
            return self.refuse(&Response::bad(&tag, "Cancelled"));
        }
        let text = std::str::from_utf8(line).ok();
        match text.and_then(syntax::decode_base64) {
            Some(octets) => self.sasl(tag, exchange, octets),
            None => self.refuse(&Response::bad(&tag, "Expected base64")),
        }
    }

    fn sasl(&mut self, tag: String, exchange: Exchange, octets: Vec<u8>) {
        let Ok(text) = String::from_utf8(octets) else {
            return self.refuse(&Response::bad(&tag, "Expected UTF-8"));
        };
        match exchange {
            Exchange::Name => self.challenge(tag, Exchange::Password(text), "UGFzc3dvcmQ6"),
            Exchange::Password(user) => self.login(tag, user, Secret(text.into_bytes())),
            Exchange::Plain => {
                let parts: Vec<&str> = text.split('\0').collect();
                match parts.as_slice() {
                    // Acting for somebody else is not offered.
                    [as_whom, user, password] if as_whom.is_empty() || as_whom == user => {
                        let password = Secret(password.as_bytes().to_vec());
                        self.login(tag, (*user).to_owned(), password);
                    }
                    [_, _, _] => {
                        let no = Response::no(&tag, Code::AuthorizationFailed, "Not allowed");
                        self.refuse(&no);
                    }
                    _ => self.refuse(&Response::bad(&tag, "Expected authzid NUL authcid NUL password")),
                }
            }
        }
    }

    pub(super) fn logged_in(&mut self, tag: String, answer: Answer) {
        match answer {
            Answer::LoggedIn(address) => {
                self.account = Some(address);
                self.frames.set_limits(Limits {
                    line: super::LINE,
                    literal: LITERAL,
                    append: self.settings.max_message_octets,
                    unasked: super::UNASKED,
                    literals: LITERALS,
                });
                let code = Code::Capability(self.capabilities());
                self.say(&Response::Tagged { tag, status: Status::Ok, code: Some(code), text: "Welcome".to_owned() });
            }
            Answer::No(refusal) => {
                self.say(&Response::Tagged { tag, status: Status::No, code: refusal.code, text: refusal.text });
                self.failures += 1;
                if self.failures >= MAX_FAILURES {
                    self.bye("Too many wrong passwords");
                }
            }
            _ => self.bye("Something went wrong here"),
        }
    }
}
