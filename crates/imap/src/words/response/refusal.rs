//! Answers to what could not be read.

use super::{Code, Response, Status};
use crate::words::{
    command::{Malformed, Why},
    frame::{FrameFault, Refusal},
};

impl Malformed {
    /// The answer to a command that is none: `BAD`, or `NO [BADCHARSET]`.
    pub fn response(&self) -> Response<'static> {
        let at = format!(" (octet {})", self.offset);
        let (status, code, text) = match &self.why {
            Why::Expected(what) => (Status::Bad, None, format!("Expected {what}{at}")),
            Why::UnknownCommand => (Status::Bad, None, "Unknown command".to_owned()),
            Why::TooMany(what) => (Status::Bad, Some(Code::Limit), format!("Too many {what}{at}")),
            Why::BadCharset => {
                let charsets = ["UTF-8", "US-ASCII", "ISO-8859-1"].map(str::to_owned).to_vec();
                (Status::No, Some(Code::BadCharset(charsets)), "Charset not known".to_owned())
            }
        };
        answer(self.tag.as_deref(), status, code, text)
    }
}

impl Refusal {
    /// The answer to a command that was dropped. When [`Refusal::close`] is set a BYE follows it.
    pub fn response(&self) -> Response<'static> {
        let (status, code, text) = match self.fault {
            FrameFault::LineTooLong => (Status::Bad, Some(Code::Limit), "Command too long".to_owned()),
            FrameFault::LiteralTooLarge { octets, limit } => {
                (Status::No, Some(Code::TooBig), format!("Literal of {octets} octets, at most {limit} are taken"))
            }
            FrameFault::TooManyLiterals => (Status::Bad, Some(Code::Limit), "Too many literals".to_owned()),
            FrameFault::Nul => (Status::Bad, None, "NUL in a literal: send it as a literal8, ~{n}".to_owned()),
        };
        answer(self.tag.as_deref(), status, code, text)
    }
}

fn answer(tag: Option<&str>, status: Status, code: Option<Code>, text: String) -> Response<'static> {
    match tag {
        Some(tag) => Response::Tagged { tag: tag.to_owned(), status, code, text },
        None => Response::Untagged { status, code, text },
    }
}
