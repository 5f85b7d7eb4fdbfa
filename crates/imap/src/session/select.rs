//! SELECT, EXAMINE, CLOSE, EXPUNGE. RFC 9051 §6.3.2, RFC 7162 §3.2.5

use store::{FolderChanges, Uids};

use super::{
    Opened, Question, Session, Work,
    mailbox::mailbox_id,
    selected::{Selected, flags_of, ranges_of, uids_of},
};
use crate::words::{
    command::{Qresync, Select},
    name::MailboxName,
    response::{Code, FetchData, ListEntry, Response, Status},
    set::{Ranges, SequenceSet},
};

impl Session {
    pub(super) fn select(&mut self, tag: String, select: Select) {
        if select.qresync.is_some() && !self.enabled.qresync {
            return self.refuse(&Response::bad(&tag, "ENABLE QRESYNC first"));
        }
        if self.selected.take().is_some() {
            self.say(&Response::untagged_ok(Code::Closed, "The mailbox that was open is closed"));
        }
        self.enabled.condstore |= select.condstore;
        let modseq = |known: &Qresync| (known.uid_validity, i64::try_from(known.mod_seq).unwrap_or(i64::MAX));
        let question =
            Question::Open { name: select.mailbox.as_str().to_owned(), since: select.qresync.as_ref().map(modseq) };
        self.ask(question, Work::Open { tag, select: Box::new(select) });
    }

    pub(super) fn opened(&mut self, tag: String, select: &Select, opened: Opened) {
        let Opened { folder, uids, unseen, changes } = opened;
        self.say_flags(&folder.keywords, select.read_only);
        self.say(&Response::Exists(uids.count()));
        if !self.enabled.rev2 {
            self.say(&Response::Recent(0));
            if let Some(number) = unseen.and_then(|uid| uids.sequence(uid)) {
                self.say(&Response::untagged_ok(Code::Unseen(number), "First that was not seen"));
            }
        }
        self.say(&Response::untagged_ok(Code::UidValidity(folder.uid_validity), "UIDs are valid"));
        self.say(&Response::untagged_ok(Code::UidNext(folder.uid_next), "Next UID"));
        self.say(&Response::untagged_ok(Code::HighestModSeq(folder.modseq.unsigned_abs()), "Highest modseq"));
        self.say(&Response::untagged_ok(Code::MailboxId(mailbox_id(&folder)), "Id of the mailbox"));
        if self.enabled.rev2
            && let Some(mailbox) = MailboxName::new(&folder.name)
        {
            let entry = ListEntry { attributes: Vec::new(), mailbox, child_info: Vec::new(), old_name: None };
            self.say(&Response::List(entry));
        }
        if let (Some(known), Some(changes)) = (&select.qresync, changes) {
            self.resynchronize(known, &uids, &changes);
        }
        let next = uids.last().map_or(1, |uid| uid.saturating_add(1));
        self.selected = Some(Selected {
            folder: folder.id,
            read_only: select.read_only,
            uid_validity: folder.uid_validity,
            uid_next: folder.uid_next.max(next),
            uids,
            gone: Uids::default(),
            modseq: folder.modseq,
            keywords: folder.keywords,
            saved: Uids::default(),
        });
        let (code, text) = match select.read_only {
            true => (Code::ReadOnly, "Opened for reading"),
            false => (Code::ReadWrite, "Opened"),
        };
        self.say(&Response::tagged(&tag, Status::Ok, Some(code), text));
    }

    /// What a client that comes back has missed. RFC 7162 §3.2.5.2
    fn resynchronize(&mut self, known: &Qresync, uids: &Uids, changes: &FolderChanges) {
        let named = match &known.known_uids {
            Some(set) => uids_of(&set.resolve(uids.last().unwrap_or(0), &Ranges::empty())),
            None => Uids::new([(1, changes.folder.uid_next.saturating_sub(1))]),
        };
        let gone = vanished(&named, uids, changes);
        if !gone.is_empty() {
            self.say(&Response::Vanished { earlier: true, uids: ranges_of(&gone) });
        }
        for (uid, flags, modseq) in
            changes.changed.iter().filter(|(uid, ..)| named.contains(*uid) || known.known_uids.is_none())
        {
            if let Some(number) = uids.sequence(*uid) {
                let items = vec![
                    FetchData::Uid(*uid),
                    FetchData::Flags { flags: flags_of(flags), recent: false },
                    FetchData::ModSeq(modseq.unsigned_abs()),
                ];
                self.say(&Response::Fetch { number, items });
            }
        }
    }

    /// Expunges without telling. RFC 9051 §6.4.1
    pub(super) fn close(&mut self, tag: String) {
        match self.selected.take() {
            Some(selected) if !selected.read_only => {
                self.ask(Question::Expunge(selected.folder, None), Work::Close { tag });
            }
            _ => self.closed(tag),
        }
    }

    pub(super) fn closed(&mut self, tag: String) {
        self.ok(tag, "Closed");
    }

    pub(super) fn expunge(&mut self, tag: String, uids: Option<&SequenceSet>) {
        let Some(selected) = &self.selected else { return };
        if selected.read_only {
            return self.no(tag, Some(Code::Cannot), "The mailbox is open for reading");
        }
        let uids = uids.map(|set| selected.resolve(set, true));
        self.ask(Question::Expunge(selected.folder, uids), Work::Expunge { tag });
    }
}

/// Those of the known UIDs that are gone; all that are not there, when it is forgotten what went when.
pub(super) fn vanished(known: &Uids, there: &Uids, changes: &FolderChanges) -> Uids {
    match changes.complete {
        true => changes.expunged.and(known).without(there),
        false => known.and(&Uids::new([(1, changes.folder.uid_next.saturating_sub(1))])).without(there),
    }
}
