//! APPEND. RFC 9051 §6.3.12

use super::{Question, Session, Work, selected::stored};
use crate::words::{
    command::Append,
    frame::Frame,
    response::{Code, Response},
};

impl Session {
    pub(super) fn append(&mut self, tag: String, append: Append, frame: &Frame) {
        let Some(content) = frame.octets.get(append.message.clone()) else {
            return self.refuse(&Response::bad(&tag, "Expected a message"));
        };
        if append.utf8 && !self.enabled.utf8 && !self.enabled.rev2 {
            return self.refuse(&Response::bad(&tag, "ENABLE UTF8=ACCEPT first"));
        }
        let question = Question::Append {
            to: append.mailbox.as_str().to_owned(),
            flags: stored(&append.flags),
            date: append.date,
            content: content.to_vec(),
        };
        self.ask(question, Work::Append { tag });
    }

    pub(super) fn appended(&mut self, tag: String, uid_validity: u32, uid: u32) {
        let code = Some(Code::AppendUid { uid_validity, uid });
        self.finish(super::Finish { code, ..super::Finish::ok(tag, "Appended") });
    }
}
