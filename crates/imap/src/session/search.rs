//! SEARCH. RFC 9051 §6.4.4, RFC 5182

use store::{Search, SearchIn, Uids};
use syntax::Timestamp;

use super::{
    Finish, Question, Session, Work,
    selected::{Selected, bit, ranges_of},
};
use crate::words::{
    command::{self, SearchKey, SearchReturn},
    date::Day,
    flag::Flag,
    response::Response,
};

/// A SEARCH under way.
#[derive(Debug)]
pub(super) struct Searching {
    pub(super) tag: String,
    uid: bool,
    returns: Option<SearchReturn>,
    by_modseq: bool,
    found: Uids,
}

impl Session {
    pub(super) fn search(&mut self, tag: String, search: command::Search) {
        let by_modseq = names_modseq(&search.key);
        if by_modseq {
            self.use_modseq();
        }
        let Some(selected) = &self.selected else { return };
        if is_beyond(selected, &search.key) {
            return self.refuse(&Response::bad(&tag, "There is no such message number"));
        }
        let among = selected.uids.without(&selected.gone);
        let wanted = translated(selected, &search.key);
        let question = Question::Search(selected.folder, among, wanted);
        let searching = Searching { tag, uid: search.uid, returns: search.returns, by_modseq, found: Uids::default() };
        self.ask(question, Work::Search(Box::new(searching)));
    }

    pub(super) fn found(&mut self, mut searching: Box<Searching>, found: Uids) {
        searching.found = found;
        let Some(selected) = &self.selected else { return };
        if searching.by_modseq && !searching.found.is_empty() {
            let question = Question::Modseq(selected.folder, searching.found.clone());
            return self.ask(question, Work::SearchModseq(searching));
        }
        self.search_told(*searching, None);
    }

    pub(super) fn search_told(&mut self, searching: Searching, modseq: Option<i64>) {
        let Searching { tag, uid, returns, found, .. } = searching;
        let mod_seq = modseq.map(i64::unsigned_abs);
        let told = self.as_told(&found, uid);
        if let (Some(returns), Some(selected)) = (returns.filter(|returns| returns.save), &mut self.selected) {
            selected.saved = saved(&found, returns);
        }
        match returns {
            // Only saved: nothing is told. RFC 5182 §2.1
            Some(returns) if returns.save && !(returns.min || returns.max || returns.all || returns.count) => {}
            None if !self.enabled.rev2 => self.say(&Response::Search { numbers: told.iter().collect(), mod_seq }),
            _ => {
                let returns = returns.unwrap_or_default();
                let tag = tag.clone();
                self.say(&Response::Esearch { tag, uid, returns, found: ranges_of(&told), mod_seq });
            }
        }
        self.finish(Finish { uid, renumber: uid, ..Finish::ok(tag, "Searched") });
    }

    /// A search that could not be done saves nothing. RFC 5182 §2.1
    pub(super) fn forget_saved(&mut self) {
        if let Some(selected) = &mut self.selected {
            selected.saved = Uids::default();
        }
    }
}

/// What `$` is from now on: of MIN and MAX alone only these. RFC 5182 §2.4
fn saved(found: &Uids, returns: SearchReturn) -> Uids {
    if returns.all || returns.count || !(returns.min || returns.max) {
        return found.clone();
    }
    let first = found.first().filter(|_| returns.min);
    let last = found.last().filter(|_| returns.max);
    first.into_iter().chain(last).collect()
}

fn names_modseq(key: &SearchKey) -> bool {
    match key {
        SearchKey::ModSeq(_) => true,
        SearchKey::Not(inner) => names_modseq(inner),
        SearchKey::Or(one, other) => names_modseq(one) || names_modseq(other),
        SearchKey::And(all) => all.iter().any(names_modseq),
        _ => false,
    }
}

fn is_beyond(selected: &Selected, key: &SearchKey) -> bool {
    match key {
        SearchKey::Sequence(set) => selected.is_beyond(set),
        SearchKey::Not(inner) => is_beyond(selected, inner),
        SearchKey::Or(one, other) => is_beyond(selected, one) || is_beyond(selected, other),
        SearchKey::And(all) => all.iter().any(|one| is_beyond(selected, one)),
        _ => false,
    }
}

fn translated(selected: &Selected, key: &SearchKey) -> Search {
    let nothing = || Search::Uids(Uids::default());
    let all = || Search::And(Vec::new());
    match key {
        SearchKey::All | SearchKey::Old => all(),
        SearchKey::Recent => nothing(),
        SearchKey::Has(flag) => has(flag),
        SearchKey::HasNot(flag) => Search::Not(Box::new(has(flag))),
        SearchKey::Header(name, text) => header(name, text),
        SearchKey::Body(text) => words(SearchIn::Body, text),
        SearchKey::Text(text) => words(SearchIn::Text, text),
        SearchKey::Larger(octets) => Search::Larger(*octets),
        SearchKey::Smaller(octets) => Search::Smaller(*octets),
        SearchKey::Before(day) => Search::Internal(None, Some(start(*day))),
        SearchKey::On(day) => Search::Internal(Some(start(*day)), Some(end(*day))),
        SearchKey::Since(day) => Search::Internal(Some(start(*day)), None),
        SearchKey::SentBefore(day) => Search::Sent(None, Some(start(*day))),
        SearchKey::SentOn(day) => Search::Sent(Some(start(*day)), Some(end(*day))),
        SearchKey::SentSince(day) => Search::Sent(Some(start(*day)), None),
        SearchKey::Older(seconds) => Search::Age { older: true, seconds: *seconds },
        SearchKey::Younger(seconds) => Search::Age { older: false, seconds: *seconds },
        SearchKey::Sequence(set) => Search::Uids(selected.resolve(set, false)),
        SearchKey::Uid(set) => Search::Uids(selected.resolve(set, true)),
        SearchKey::ModSeq(modseq) => Search::Modseq(i64::try_from(*modseq).unwrap_or(i64::MAX)),
        SearchKey::EmailId(id) => Search::Mail(id.clone()),
        SearchKey::ThreadId(id) => Search::Thread(id.clone()),
        SearchKey::Not(inner) => Search::Not(Box::new(translated(selected, inner))),
        SearchKey::Or(one, other) => Search::Or(vec![translated(selected, one), translated(selected, other)]),
        SearchKey::And(some) => Search::And(some.iter().map(|one| translated(selected, one)).collect()),
    }
}

fn has(flag: &Flag) -> Search {
    match flag {
        Flag::Keyword(word) => Search::Keyword(word.clone()),
        system => Search::Flag(bit(system)),
    }
}

/// Fields that have a column of their own; an empty text asks for the field alone.
fn header(name: &str, text: &str) -> Search {
    let place = match name {
        "from" => SearchIn::From,
        "to" => SearchIn::To,
        "cc" => SearchIn::Cc,
        "bcc" => SearchIn::Bcc,
        "subject" => SearchIn::Subject,
        _ => return Search::Header(name.to_owned(), text.to_owned()),
    };
    match text.is_empty() {
        true => Search::Header(name.to_owned(), String::new()),
        false => words(place, text),
    }
}

/// Every mail holds nothing. RFC 9051 §6.4.4
fn words(place: SearchIn, text: &str) -> Search {
    match text.is_empty() {
        true => Search::And(Vec::new()),
        false => Search::Words(place, text.to_owned()),
    }
}

const DAY_MICROS: i64 = 86_400_000_000;

fn start(day: Day) -> Timestamp {
    Timestamp::from_micros(i64::from(day.0).saturating_mul(DAY_MICROS))
}

fn end(day: Day) -> Timestamp {
    Timestamp::from_micros(i64::from(day.0).saturating_add(1).saturating_mul(DAY_MICROS))
}
