//! FETCH. RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 3516

use std::borrow::Cow;

use store::{FlagChange, Flags, FolderChanges, Uids};

use super::{
    Finish, Question, Row, Session, Work,
    ask::Want,
    select::vanished,
    selected::{flags_of, ranges_of, uids_of},
};
use crate::words::{
    command::{Fetch, FetchItem, Partial},
    response::{Code, FetchData, Response, Status},
    section::{self, Section, SectionText},
    set::Ranges,
    structure::{Kept, Part},
};

/// Mails asked for at once.
const BATCH: u32 = 256;

/// A FETCH under way.
#[derive(Debug)]
pub(super) struct Fetching {
    pub(super) tag: String,
    uid: bool,
    items: Vec<FetchItem>,
    since: i64,
    want: Want,
    /// Still to be fetched.
    rest: Uids,
    /// Some that the client knows were gone already.
    missing: bool,
    /// A part of a message has an encoding that is not known.
    unknown_encoding: bool,
}

/// What a row holds, made ready for its items.
struct Ready<'r> {
    row: &'r Row,
    kept: Option<Cow<'r, Kept>>,
    message: &'r [u8],
}

impl Session {
    pub(super) fn fetch(&mut self, tag: String, fetch: Fetch) {
        if fetch.changed_since.is_some() || fetch.items.contains(&FetchItem::ModSeq) {
            self.use_modseq();
        }
        if fetch.vanished && !self.enabled.qresync {
            return self.refuse(&Response::bad(&tag, "ENABLE QRESYNC first"));
        }
        let Some(selected) = &self.selected else { return };
        if !fetch.uid && selected.is_beyond(&fetch.set) {
            return self.refuse(&Response::bad(&tag, "There is no such message number"));
        }
        let since = fetch.changed_since.map_or(0, |since| i64::try_from(since).unwrap_or(i64::MAX));
        let rest = selected.resolve(&fetch.set, fetch.uid).without(&selected.gone);
        let sees = !selected.read_only && fetch.items.iter().any(marks_seen);
        let folder = selected.folder;
        let named = uids_of(&fetch.set.resolve(selected.uids.last().unwrap_or(0), &Ranges::empty()));
        let want = want(&fetch.items);
        let fetching = Box::new(Fetching {
            tag,
            uid: fetch.uid,
            items: fetch.items,
            since,
            want,
            rest,
            missing: false,
            unknown_encoding: false,
        });
        if fetch.vanished {
            self.vanishing = named;
            let question = Question::Changes { folder, since, thorough: true };
            return self.ask(question, Work::FetchVanished(fetching));
        }
        if sees && !fetching.rest.is_empty() {
            let question = Question::Flags {
                folder,
                uids: fetching.rest.clone(),
                change: FlagChange::Add,
                flags: Flags { bits: Flags::SEEN, keywords: Vec::new() },
                unchanged_since: None,
            };
            return self.ask(question, Work::FetchSeen(fetching));
        }
        self.fetch_more(fetching);
    }

    /// VANISHED comes before the FETCHes. RFC 7162 §3.2.6
    pub(super) fn fetch_vanished(&mut self, fetching: Box<Fetching>, changes: Option<Box<FolderChanges>>) {
        let named = std::mem::take(&mut self.vanishing);
        if let (Some(changes), Some(selected)) = (changes, &self.selected) {
            let gone = vanished(&named, &selected.uids.without(&selected.gone), &changes);
            if !gone.is_empty() {
                self.say(&Response::Vanished { earlier: true, uids: ranges_of(&gone) });
            }
        }
        self.fetch_more(fetching);
    }

    pub(super) fn fetch_more(&mut self, fetching: Box<Fetching>) {
        let Some(selected) = &self.selected else { return };
        if fetching.rest.is_empty() {
            return self.fetch_done(*fetching);
        }
        let (uids, _) = fetching.rest.split(BATCH);
        let question = Question::Rows { folder: selected.folder, uids, want: fetching.want, since: fetching.since };
        self.ask(question, Work::Fetch(fetching));
    }

    pub(super) fn fetched(&mut self, mut fetching: Box<Fetching>, rows: &[Row], through: u32) {
        let Some(selected) = self.selected.take() else { return };
        for row in rows {
            let Some(number) = selected.uids.sequence(row.entry.uid) else { continue };
            if fetching.want.content && row.content.is_none() {
                fetching.missing = true;
                continue;
            }
            let ready = Ready::new(row, fetching.want);
            let mut items = Vec::with_capacity(fetching.items.len());
            for item in &fetching.items {
                match ready.datum(item) {
                    Some(datum) => items.push(datum),
                    None => fetching.unknown_encoding = true,
                }
            }
            self.say(&Response::Fetch { number, items });
        }
        let done = fetching.rest.and(&Uids::new([(1, through)]));
        let asked = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        fetching.missing |= fetching.since == 0 && asked < done.count();
        fetching.rest = fetching.rest.without(&done);
        self.selected = Some(selected);
        self.fetch_more(fetching);
    }

    fn fetch_done(&mut self, fetching: Fetching) {
        let Fetching { tag, uid, missing, unknown_encoding, .. } = fetching;
        let ok = Finish { uid, renumber: uid, ..Finish::ok(tag, "Fetched") };
        let finish = match (unknown_encoding, missing) {
            (true, _) => Finish {
                status: Status::No,
                code: Some(Code::UnknownCte),
                text: "Some parts cannot be decoded".to_owned(),
                ..ok
            },
            (false, true) => {
                Finish { code: Some(Code::ExpungeIssued), text: "Some of these are no more".to_owned(), ..ok }
            }
            (false, false) => ok,
        };
        self.finish(finish);
    }
}

/// Reading these marks a mail as seen.
fn marks_seen(item: &FetchItem) -> bool {
    match item {
        FetchItem::Section { peek, .. } | FetchItem::Binary { peek, .. } => !peek,
        FetchItem::Rfc822 | FetchItem::Rfc822Text => true,
        _ => false,
    }
}

/// The least that holds all items.
fn want(items: &[FetchItem]) -> Want {
    let mut want = Want::default();
    for item in items {
        match item {
            FetchItem::Section { section, .. } if is_own_header(section) => want.header = true,
            FetchItem::Rfc822Header => want.header = true,
            FetchItem::Section { section, .. } if *section == Section::default() => want.content = true,
            FetchItem::Rfc822 => want.content = true,
            FetchItem::Section { .. } | FetchItem::Rfc822Text | FetchItem::Binary { .. } => {
                want.content = true;
                want.kept = true;
            }
            FetchItem::Envelope
            | FetchItem::Body
            | FetchItem::BodyStructure
            | FetchItem::BinarySize { .. }
            | FetchItem::ThreadId => want.kept = true,
            FetchItem::Flags
            | FetchItem::Uid
            | FetchItem::InternalDate
            | FetchItem::Size
            | FetchItem::ModSeq
            | FetchItem::EmailId => {}
        }
    }
    want
}

/// Something of the message's own header.
fn is_own_header(section: &Section) -> bool {
    let of_header = matches!(section.what, SectionText::Header | SectionText::Fields(_) | SectionText::FieldsNot(_));
    section.part.is_empty() && of_header
}

impl<'r> Ready<'r> {
    fn new(row: &'r Row, want: Want) -> Self {
        let kept = row.entry.kept.as_ref();
        let header = kept.map_or(&[][..], |kept| kept.header.as_slice());
        let message = row.content.as_deref().unwrap_or(header);
        let read = kept.filter(|_| want.kept).and_then(|kept| serde_json::from_str(&kept.kept).ok());
        let kept = match read {
            Some(kept) => Some(Cow::Owned(kept)),
            None if want.header && row.content.is_none() => Some(Cow::Owned(header_alone(header.len()))),
            // Written by another version of this program, or not at all.
            None => row.content.as_deref().map(|content| Cow::Owned(Kept::read(content))),
        };
        Self { row, kept, message }
    }

    /// `None` only when an encoding is not known.
    fn datum(&self, item: &FetchItem) -> Option<FetchData<'_>> {
        let entry = &self.row.entry;
        Some(match item {
            FetchItem::Flags => FetchData::Flags { flags: flags_of(&entry.flags), recent: false },
            FetchItem::Uid => FetchData::Uid(entry.uid),
            FetchItem::InternalDate => FetchData::InternalDate(entry.internal_at),
            FetchItem::Size => FetchData::Size(entry.octets),
            FetchItem::ModSeq => FetchData::ModSeq(entry.modseq.unsigned_abs()),
            FetchItem::EmailId => FetchData::EmailId(entry.mail.0.clone()),
            FetchItem::ThreadId => FetchData::ThreadId(entry.kept.as_ref().and_then(|kept| kept.thread.clone())),
            FetchItem::Envelope => FetchData::Envelope(&self.kept.as_deref()?.envelope),
            FetchItem::Body => FetchData::Body(&self.kept.as_deref()?.structure),
            FetchItem::BodyStructure => FetchData::BodyStructure(&self.kept.as_deref()?.structure),
            FetchItem::Section { section, partial, .. } => {
                let octets = self.section(section);
                let (octets, origin) = cut(octets, *partial);
                FetchData::Section { section: section.clone(), origin, octets }
            }
            FetchItem::Rfc822 => FetchData::Rfc822(Cow::Borrowed(self.message)),
            FetchItem::Rfc822Header => FetchData::Rfc822Header(self.whole(SectionText::Header)),
            FetchItem::Rfc822Text => FetchData::Rfc822Text(self.whole(SectionText::Text)),
            FetchItem::Binary { part, partial, .. } => {
                let (octets, origin) = cut(self.binary(part)?, *partial);
                FetchData::Binary { part: part.clone(), origin, octets }
            }
            FetchItem::BinarySize { part } => {
                FetchData::BinarySize { part: part.clone(), octets: self.binary_octets(part)? }
            }
        })
    }

    fn section(&self, section: &Section) -> Option<Cow<'_, [u8]>> {
        if *section == Section::default() {
            return Some(Cow::Borrowed(self.message));
        }
        section::octets(self.message, self.kept.as_deref()?, section)
    }

    fn whole(&self, what: SectionText) -> Cow<'_, [u8]> {
        self.section(&Section { part: Vec::new(), what }).unwrap_or_default()
    }

    /// A part with its encoding undone; the inner `None` when there is no such part.
    fn binary(&self, part: &[u32]) -> Option<Option<Cow<'_, [u8]>>> {
        section::binary(self.message, self.kept.as_deref()?, part).ok()
    }

    fn binary_octets(&self, part: &[u32]) -> Option<u64> {
        section::binary_size(self.kept.as_deref()?, part).ok().map(Option::unwrap_or_default)
    }
}

/// Of a message of which only the header is at hand.
fn header_alone(octets: usize) -> Kept {
    let end = u64::try_from(octets).unwrap_or(u64::MAX);
    let structure = Part { header: (0, end), body: (end, end), ..Part::default() };
    Kept { envelope: crate::words::envelope::Envelope::default(), structure, header_octets: end, octets: end }
}

/// `<offset.length>`; behind the end there is nothing, which is no error.
fn cut(octets: Option<Cow<'_, [u8]>>, partial: Option<Partial>) -> (Option<Cow<'_, [u8]>>, Option<u64>) {
    let Some(partial) = partial else { return (octets, None) };
    let place = |place: u64, length: usize| usize::try_from(place).unwrap_or(usize::MAX).min(length);
    let octets = octets.map(|octets| {
        let from = place(partial.offset, octets.len());
        let to = place(partial.offset.saturating_add(partial.length), octets.len());
        match octets {
            Cow::Borrowed(octets) => Cow::Borrowed(octets.get(from..to).unwrap_or_default()),
            Cow::Owned(octets) => Cow::Owned(octets.get(from..to).unwrap_or_default().to_vec()),
        }
    });
    (octets, Some(partial.offset))
}
