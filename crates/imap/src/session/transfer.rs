//! COPY and MOVE. RFC 9051 §6.4.7, §6.4.8

use store::Copied;

use super::{Finish, Question, Session, Work};
use crate::words::{
    command::Transfer,
    response::{Code, Response},
};

impl Session {
    pub(super) fn transfer(&mut self, tag: String, transfer: &Transfer, moving: bool) {
        let Some(selected) = &self.selected else { return };
        if moving && selected.read_only {
            return self.no(tag, Some(Code::Cannot), "The mailbox is open for reading");
        }
        if !transfer.uid && selected.is_beyond(&transfer.set) {
            return self.refuse(&Response::bad(&tag, "There is no such message number"));
        }
        let question = Question::Transfer {
            folder: selected.folder,
            uids: selected.resolve(&transfer.set, transfer.uid),
            to: transfer.mailbox.as_str().to_owned(),
            moving,
        };
        self.ask(question, Work::Transfer { tag, moving, uid: transfer.uid });
    }

    pub(super) fn transferred(&mut self, tag: String, moving: bool, uid: bool, copied: Copied) {
        let code = (!copied.from.is_empty()).then(|| Code::CopyUid {
            uid_validity: copied.uid_validity,
            from: copied.from.iter().collect(),
            to: copied.to.iter().collect(),
        });
        let text = if moving { "Moved" } else { "Copied" };
        let mut finish = Finish { uid, code, ..Finish::ok(tag, text) };
        if moving && let Some(code) = finish.code.take() {
            // Before the EXPUNGEs. RFC 6851 §4.3
            self.say(&Response::untagged_ok(code, "Moved to"));
        }
        self.finish(finish);
    }
}
