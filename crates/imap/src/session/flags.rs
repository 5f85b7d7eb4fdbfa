//! STORE. RFC 9051 §6.4.6, RFC 7162 §3.1.3

use store::{FlagChange, FlagsStored, Uids};

use super::{
    Finish, Question, Row, Session, Work,
    ask::Want,
    selected::{Echo, flags_of, ranges_of, stored},
};
use crate::words::{
    command::{self, Store},
    response::{Code, FetchData, Response},
};

/// A STORE under way.
#[derive(Debug)]
pub(super) struct Storing {
    pub(super) tag: String,
    uid: bool,
    silent: bool,
    /// The client named a modseq: it is told the new ones. RFC 7162 §3.1.3
    conditional: bool,
    uids: Uids,
    stored: FlagsStored,
}

impl Session {
    pub(super) fn store(&mut self, tag: String, store: Store) {
        if store.unchanged_since.is_some() {
            self.use_modseq();
        }
        let Some(selected) = &self.selected else { return };
        if selected.read_only {
            return self.no(tag, Some(Code::Cannot), "The mailbox is open for reading");
        }
        if !store.uid && selected.is_beyond(&store.set) {
            return self.refuse(&Response::bad(&tag, "There is no such message number"));
        }
        let uids = selected.resolve(&store.set, store.uid);
        let question = Question::Flags {
            folder: selected.folder,
            uids: uids.clone(),
            change: match store.change {
                command::FlagChange::Replace => FlagChange::Set,
                command::FlagChange::Add => FlagChange::Add,
                command::FlagChange::Remove => FlagChange::Remove,
            },
            flags: stored(&store.flags),
            unchanged_since: store.unchanged_since.map(|since| i64::try_from(since).unwrap_or(i64::MAX)),
        };
        let storing = Storing {
            tag,
            uid: store.uid,
            silent: store.silent,
            conditional: store.unchanged_since.is_some(),
            uids,
            stored: FlagsStored::default(),
        };
        self.ask(question, Work::Store(Box::new(storing)));
    }

    pub(super) fn flags_stored(&mut self, mut storing: Box<Storing>, stored: FlagsStored) {
        storing.stored = stored;
        let Some(selected) = &self.selected else { return };
        if storing.silent && !storing.conditional {
            return self.store_done(*storing);
        }
        // Also those that had the flags already: the client asked for what is so now.
        let question = Question::Rows {
            folder: selected.folder,
            uids: storing.uids.without(&storing.stored.modified),
            want: Want::default(),
            since: 0,
        };
        self.ask(question, Work::StoreEcho(storing));
    }

    pub(super) fn store_echoed(&mut self, storing: Storing, rows: &[Row]) {
        let Some(selected) = self.selected.take() else { return };
        for row in rows {
            let Some(number) = selected.uids.sequence(row.entry.uid) else { continue };
            let mut items = Vec::new();
            if storing.uid || self.enabled.qresync {
                items.push(FetchData::Uid(row.entry.uid));
            }
            if !storing.silent {
                items.push(FetchData::Flags { flags: flags_of(&row.entry.flags), recent: false });
            }
            if self.enabled.condstore {
                items.push(FetchData::ModSeq(row.entry.modseq.unsigned_abs()));
            }
            self.say(&Response::Fetch { number, items });
        }
        self.selected = Some(selected);
        self.store_done(storing);
    }

    fn store_done(&mut self, storing: Storing) {
        let told = !storing.silent || storing.conditional;
        let modified = self.as_told(&storing.stored.modified, storing.uid);
        let echo = storing.stored.modseq.map(|modseq| Echo { modseq, uids: storing.uids, told });
        let code = (!modified.is_empty()).then(|| Code::Modified(ranges_of(&modified)));
        let finish =
            Finish { uid: storing.uid, renumber: storing.uid, echo, code, ..Finish::ok(storing.tag, "Stored") };
        self.finish(finish);
    }

    /// UIDs as the command named mails: by UID, or by message number.
    pub(super) fn as_told(&self, uids: &Uids, uid: bool) -> Uids {
        match &self.selected {
            Some(selected) if !uid => Uids::new(selected.numbers(uids)),
            _ => uids.clone(),
        }
    }
}
