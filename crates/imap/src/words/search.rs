//! One message held against a SEARCH key. RFC 9051 §6.4.4.
//!
//! Held against a message in steps of rising cost: what a row holds, what was kept at delivery, the header, the whole
//! message. [`Query::evaluate`] says which is needed next, and needs nothing that cannot change the answer: of
//! `UNSEEN BODY x` a message that was seen is never loaded. The text that is searched is in [`text`].

mod plan;
pub mod text;

use std::cell::OnceCell;

use syntax::{Timestamp, decode_words};

use super::{
    command::SearchKey,
    date::Day,
    envelope::{Envelope, EnvelopeAddress},
    flag::Flag,
    set::Ranges,
    structure::{Kept, slice},
};
use plan::{Known, Test};

/// A SEARCH key, made ready for many messages: sets resolved, times reckoned, texts folded, cheap conditions first.
#[derive(Debug, Clone)]
pub struct Query(Test);

/// What is the same for all messages of one search.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    /// Now, for OLDER and YOUNGER.
    pub now: Timestamp,
    /// Highest message number; 0 when there is none.
    pub last_number: u32,
    /// Highest UID; 0 when there is none.
    pub last_uid: u32,
    /// The UIDs that `$` stands for.
    pub saved: &'c Ranges,
}

/// What is known of a message.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'m> {
    /// Message number.
    pub number: u32,
    /// UID.
    pub uid: u32,
    /// Flags.
    pub flags: &'m [Flag],
    /// `\Recent` in this session.
    pub recent: bool,
    /// Internal date.
    pub internal_date: Timestamp,
    /// Octets.
    pub octets: u64,
    /// Mod-sequence.
    pub mod_seq: u64,
    /// EMAILID.
    pub email_id: &'m str,
    /// THREADID.
    pub thread_id: Option<&'m str>,
    /// What was kept at delivery, when it is at hand.
    pub kept: Option<&'m Kept>,
    /// The header, when it is at hand.
    pub header: Option<&'m [u8]>,
    /// The whole message, when it is at hand; then `kept` must be, too.
    pub message: Option<&'m [u8]>,
}

/// Whether a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Not to be said without this.
    Needs(Need),
}

/// What a key has to look at, in rising cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The row alone.
    Facts,
    /// [`Facts::kept`].
    Kept,
    /// [`Facts::header`], or the message.
    Header,
    /// [`Facts::message`].
    Message,
}

impl Query {
    /// Makes a key ready.
    pub fn new(key: &SearchKey, context: &Context<'_>) -> Self {
        Self(Test::new(key, context))
    }

    /// The most that any message can need: [`Need::Facts`] says that rows alone answer the search.
    pub fn need(&self) -> Need {
        self.0.need()
    }

    /// Whether this message is meant, as far as can be said from what is at hand.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Answer {
        Candidate { facts, header: OnceCell::new(), body: OnceCell::new() }.answer(&self.0)
    }
}

/// One message with the texts that were read of it.
struct Candidate<'m> {
    facts: &'m Facts<'m>,
    header: OnceCell<Vec<(String, String)>>,
    body: OnceCell<String>,
}

impl Candidate<'_> {
    fn answer(&self, test: &Test) -> Answer {
        match test {
            Test::All(tests) => self.first_of(tests, Answer::No, Answer::Yes),
            Test::Any(tests) => self.first_of(tests, Answer::Yes, Answer::No),
            Test::Not(test) => match self.answer(test) {
                Answer::Yes => Answer::No,
                Answer::No => Answer::Yes,
                needs => needs,
            },
            Test::Known(known) => said(self.known(known)),
            Test::Sent(from, before) => self.with_kept(|kept| {
                let day = kept.envelope.date.as_deref().and_then(Day::of_date_field);
                day.is_some_and(|day| from.is_none_or(|from| day >= from) && before.is_none_or(|end| day < end))
            }),
            Test::Field(name, needle) => self.with_kept(|kept| in_envelope(&kept.envelope, name, needle)),
            Test::Header(name, needle) => self.in_header(|fields| {
                let mut named = fields.iter().filter(|(field, _)| field == name);
                named.any(|(_, value)| value.contains(needle))
            }),
            Test::Body(needle) => self.in_body(needle),
            Test::Text(needle) => match self.in_header(|fields| has_line(fields, needle)) {
                Answer::No => self.in_body(needle),
                answer => answer,
            },
        }
    }

    /// The deciding answer when any test gives it; else what is missing; else the other one.
    fn first_of(&self, tests: &[Test], deciding: Answer, other: Answer) -> Answer {
        let mut answer = other;
        for test in tests {
            match self.answer(test) {
                found if found == deciding => return deciding,
                // The cheapest comes first: what it gives may decide already.
                Answer::Needs(need) if answer == other => answer = Answer::Needs(need),
                _ => {}
            }
        }
        answer
    }

    fn known(&self, known: &Known) -> bool {
        let facts = self.facts;
        match known {
            Known::Always => true,
            Known::Has(flag) => facts.flags.contains(flag),
            Known::Recent => facts.recent,
            Known::Number(numbers) => numbers.contains(facts.number),
            Known::Uid(uids) => uids.contains(facts.uid),
            Known::Larger(octets) => facts.octets > *octets,
            Known::Smaller(octets) => facts.octets < *octets,
            Known::Internal(from, before) => {
                let day = Day::of(facts.internal_date);
                from.is_none_or(|from| day >= from) && before.is_none_or(|before| day < before)
            }
            Known::Until(moment) => facts.internal_date <= *moment,
            Known::From(moment) => facts.internal_date >= *moment,
            Known::ModSeq(value) => facts.mod_seq >= *value,
            Known::EmailId(id) => facts.email_id == id,
            Known::ThreadId(id) => facts.thread_id == Some(id),
        }
    }

    fn with_kept(&self, is_meant: impl Fn(&Kept) -> bool) -> Answer {
        self.facts.kept.map_or(Answer::Needs(Need::Kept), |kept| said(is_meant(kept)))
    }

    fn in_header(&self, is_meant: impl Fn(&[(String, String)]) -> bool) -> Answer {
        let facts = self.facts;
        let of_message = || facts.message.zip(facts.kept).map(|(message, kept)| slice(message, kept.structure.header));
        let Some(header) = facts.header.or_else(of_message) else { return Answer::Needs(Need::Header) };
        let fields = self.header.get_or_init(|| {
            text::header(header).into_iter().map(|(name, value)| (name, value.to_lowercase())).collect()
        });
        said(is_meant(fields))
    }

    fn in_body(&self, needle: &str) -> Answer {
        let Some((message, kept)) = self.facts.message.zip(self.facts.kept) else {
            return Answer::Needs(Need::Message);
        };
        said(self.body.get_or_init(|| text::body(message, kept).to_lowercase()).contains(needle))
    }
}

fn said(is_meant: bool) -> Answer {
    if is_meant { Answer::Yes } else { Answer::No }
}

/// TEXT looks at names and values alike.
fn has_line(fields: &[(String, String)], needle: &str) -> bool {
    fields.iter().any(|(name, value)| value.contains(needle) || format!("{name}: {value}").contains(needle))
}

/// A field that the envelope holds. An empty text asks for the field alone.
fn in_envelope(envelope: &Envelope, name: &str, needle: &str) -> bool {
    let in_text =
        |text: &Option<String>| text.as_deref().is_some_and(|text| decode_words(text).to_lowercase().contains(needle));
    let in_list = |list: &[EnvelopeAddress]| !list.is_empty() && text::addresses(list).to_lowercase().contains(needle);
    match name {
        "from" => in_list(&envelope.from),
        "to" => in_list(&envelope.to),
        "cc" => in_list(&envelope.cc),
        "bcc" => in_list(&envelope.bcc),
        "subject" => in_text(&envelope.subject),
        "date" => in_text(&envelope.date),
        "message-id" => in_text(&envelope.message_id),
        _ => in_text(&envelope.in_reply_to),
    }
}

#[cfg(test)]
mod tests;
