//! What the client knows of the folder that it has open, and how it is told what happened.

use store::{Flags, FolderChanges, FolderId, Uids};

use super::{Finish, Session};
use crate::words::{
    flag::Flag,
    response::{Code, FetchData, Response},
    set::{Ranges, SequenceSet},
};

/// The open folder as the client knows it.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) folder: FolderId,
    pub(super) read_only: bool,
    pub(super) uid_validity: u32,
    /// In the order of message numbers.
    pub(super) uids: Uids,
    /// Expunged, and the client does not know yet.
    pub(super) gone: Uids,
    /// UIDs from here on are new.
    pub(super) uid_next: u32,
    /// Everything up to here was told.
    pub(super) modseq: i64,
    pub(super) keywords: Vec<String>,
    /// `$`. RFC 5182
    pub(super) saved: Uids,
}

/// Flags that the client set itself.
#[derive(Debug)]
pub(super) struct Echo {
    pub(super) modseq: i64,
    pub(super) uids: Uids,
    /// They were told already: not even the modseq is.
    pub(super) told: bool,
}

impl Selected {
    /// The UIDs of the mails that a set means, those that are there.
    pub(super) fn resolve(&self, set: &SequenceSet, uid: bool) -> Uids {
        if *set == SequenceSet::Saved {
            return self.saved.and(&self.uids);
        }
        if uid {
            let last = self.uids.last().unwrap_or(0);
            return uids_of(&set.resolve(last, &Ranges::empty())).and(&self.uids);
        }
        let numbers = set.resolve(self.uids.count(), &Ranges::empty()).within(1, self.uids.count());
        Uids::new(numbers.ranges().iter().flat_map(|(first, last)| self.between(*first, *last)))
    }

    /// Whether a set of message numbers names one that is not there.
    pub(super) fn is_beyond(&self, set: &SequenceSet) -> bool {
        set.highest() > self.uids.count()
    }

    /// The UIDs of message numbers in a row, as ranges.
    fn between(&self, first: u32, last: u32) -> Vec<(u32, u32)> {
        match (self.uids.at(first), self.uids.at(last)) {
            (Some(first), Some(last)) => self.uids.and(&Uids::new([(first, last)])).ranges().collect(),
            _ => Vec::new(),
        }
    }

    /// The message numbers of UIDs.
    pub(super) fn numbers(&self, uids: &Uids) -> Vec<(u32, u32)> {
        let known = uids.and(&self.uids);
        let numbers = |(first, last): (u32, u32)| Some((self.uids.sequence(first)?, self.uids.sequence(last)?));
        known.ranges().filter_map(numbers).collect()
    }
}

/// As the store holds them.
pub(super) fn uids_of(ranges: &Ranges) -> Uids {
    Uids::new(ranges.ranges().iter().copied())
}

/// As they are written.
pub(super) fn ranges_of(uids: &Uids) -> Ranges {
    uids.ranges().collect()
}

/// Flags in the order in which they are told.
pub(super) fn flags_of(flags: &Flags) -> Vec<Flag> {
    let system = Flag::SYSTEM.into_iter().filter(|flag| flags.bits & bit(flag) != 0);
    system.chain(flags.keywords.iter().cloned().map(Flag::Keyword)).collect()
}

/// Flags as the store holds them.
pub(super) fn stored(flags: &[Flag]) -> Flags {
    let mut stored = Flags::default();
    for flag in flags {
        match flag {
            Flag::Keyword(word) => stored.keywords.push(word.clone()),
            system => stored.bits |= bit(system),
        }
    }
    stored
}

/// The bit of a system flag.
pub(super) fn bit(flag: &Flag) -> u8 {
    match flag {
        Flag::Seen => Flags::SEEN,
        Flag::Answered => Flags::ANSWERED,
        Flag::Flagged => Flags::FLAGGED,
        Flag::Deleted => Flags::DELETED,
        Flag::Draft => Flags::DRAFT,
        Flag::Keyword(_) => 0,
    }
}

impl Session {
    /// Tells what happened, then how the command went.
    pub(super) fn tell_and_end(&mut self, finish: Finish, changes: Option<Box<FolderChanges>>) {
        self.tell(changes, finish.renumber, finish.uid, finish.echo.as_ref());
        self.end(finish);
    }

    /// Tells what happened: expunged mails (when message numbers may change), new ones, other flags.
    pub(super) fn tell(&mut self, changes: Option<Box<FolderChanges>>, renumber: bool, uid: bool, echo: Option<&Echo>) {
        let Some(mut selected) = self.selected.take() else { return };
        let is_same = |changes: &FolderChanges| changes.folder.uid_validity == selected.uid_validity;
        let Some(changes) = changes.filter(|changes| is_same(changes)) else {
            // It was deleted, or numbered anew: whatever the client knows of it is void.
            return self.bye("The mailbox is no more what it was");
        };
        selected.gone = selected.gone.or(&changes.expunged.and(&selected.uids));
        if renumber {
            self.tell_expunged(&mut selected);
        }
        self.tell_keywords(&mut selected, &changes.folder.keywords);
        let is_new = |(uid, ..): &&(u32, Flags, i64)| *uid >= selected.uid_next;
        let new: Vec<u32> = changes.changed.iter().filter(is_new).map(|(uid, ..)| *uid).collect();
        for (known, flags, modseq) in &changes.changed {
            if *known < selected.uid_next {
                self.tell_flags(&selected, (*known, flags, *modseq), uid, echo);
            }
        }
        for uid in &new {
            selected.uids.push(*uid);
        }
        if !new.is_empty() {
            self.say(&Response::Exists(selected.uids.count()));
        }
        if self.enabled.qresync {
            // VANISHED names UIDs: a client that counts by number must know those of the new ones too.
            for (uid, flags, modseq) in changes.changed.iter().filter(|(uid, ..)| new.binary_search(uid).is_ok()) {
                self.tell_flags(&selected, (*uid, flags, *modseq), true, None);
            }
        }
        let seen = new.last().map_or(0, |uid| uid.saturating_add(1));
        selected.uid_next = selected.uid_next.max(changes.folder.uid_next).max(seen);
        selected.modseq = selected.modseq.max(changes.folder.modseq);
        self.selected = Some(selected);
    }

    pub(super) fn tell_expunged(&mut self, selected: &mut Selected) {
        if selected.gone.is_empty() {
            return;
        }
        if self.enabled.qresync {
            self.say(&Response::Vanished { earlier: false, uids: ranges_of(&selected.gone) });
        } else {
            // From the last: the numbers before it stay as they are.
            for (first, last) in selected.numbers(&selected.gone).into_iter().rev() {
                for number in (first..=last).rev() {
                    self.say(&Response::Expunge(number));
                }
            }
        }
        selected.uids = selected.uids.without(&selected.gone);
        selected.saved = selected.saved.without(&selected.gone);
        selected.gone = Uids::default();
    }

    fn tell_keywords(&mut self, selected: &mut Selected, keywords: &[String]) {
        if keywords != selected.keywords.as_slice() {
            selected.keywords = keywords.to_vec();
            self.say_flags(keywords, selected.read_only);
        }
    }

    /// FLAGS and PERMANENTFLAGS.
    pub(super) fn say_flags(&mut self, keywords: &[String], read_only: bool) {
        let mut flags = Flag::SYSTEM.to_vec();
        flags.extend(keywords.iter().cloned().map(Flag::Keyword));
        self.say(&Response::Flags(flags.clone()));
        let code = match read_only {
            true => Code::PermanentFlags { flags: Vec::new(), any: false },
            false => Code::PermanentFlags { flags, any: true },
        };
        self.say(&Response::untagged_ok(code, "Flags that stay"));
    }

    fn tell_flags(&mut self, selected: &Selected, entry: (u32, &Flags, i64), uid: bool, echo: Option<&Echo>) {
        let (known, flags, modseq) = entry;
        let Some(number) = selected.uids.sequence(known).filter(|_| !selected.gone.contains(known)) else { return };
        let own = echo.filter(|echo| echo.modseq == modseq && echo.uids.contains(known));
        if own.is_some_and(|own| own.told || !self.enabled.condstore) {
            return;
        }
        let mut items = Vec::new();
        if uid || self.enabled.qresync {
            items.push(FetchData::Uid(known));
        }
        if own.is_none() {
            items.push(FetchData::Flags { flags: flags_of(flags), recent: false });
        }
        if self.enabled.condstore {
            items.push(FetchData::ModSeq(modseq.unsigned_abs()));
        }
        self.say(&Response::Fetch { number, items });
    }
}
