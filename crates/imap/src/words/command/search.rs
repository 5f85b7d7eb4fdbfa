//! SEARCH: the whole grammar. RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 5032, RFC 7162 §3.1.5, RFC 8474 §6.

use super::{
    MAX_SEARCH_DEPTH, MAX_SEARCH_KEYS, Search, SearchKey, SearchReturn, Verb, Why,
    cursor::{Cursor, Fault, Read},
};
use crate::words::{date::Day, flag::Flag, set::SequenceSet};

/// Charsets in which a search may come; answered in BADCHARSET. RFC 9051 §6.4.4.
const UTF8: [&str; 2] = ["UTF-8", "UTF8"];
const ASCII: [&str; 2] = ["US-ASCII", "ASCII"];
const LATIN1: [&str; 2] = ["ISO-8859-1", "LATIN1"];

/// What is carried through the keys.
struct Keys {
    charset: &'static str,
    depth: usize,
    count: usize,
}

pub(super) fn search(cursor: &mut Cursor<'_>, uid: bool) -> Read<Verb> {
    cursor.space()?;
    let mut keys = Keys { charset: "UTF-8", depth: 0, count: 0 };
    let mut returns = None;
    if cursor.eat_word("RETURN") {
        cursor.space()?;
        returns = Some(return_options(cursor)?);
        cursor.space()?;
    }
    if cursor.eat_word("CHARSET") {
        cursor.space()?;
        keys.charset = charset(cursor)?;
        cursor.space()?;
    }
    let key = all_of(cursor, &mut keys)?;
    Ok(Verb::Search(Search { uid, returns, key }))
}

fn return_options(cursor: &mut Cursor<'_>) -> Read<SearchReturn> {
    let mut returns = SearchReturn::default();
    let found = cursor.list("SEARCH return options", 20, |cursor| {
        let start = cursor.at;
        match cursor.keyword("a SEARCH return option")?.as_str() {
            "MIN" => returns.min = true,
            "MAX" => returns.max = true,
            "ALL" => returns.all = true,
            "COUNT" => returns.count = true,
            "SAVE" => returns.save = true,
            _ => return Err(Fault { offset: start, why: Why::Expected("MIN, MAX, ALL, COUNT or SAVE") }),
        }
        Ok(())
    })?;
    returns.all |= found.is_empty();
    Ok(returns)
}

fn charset(cursor: &mut Cursor<'_>) -> Read<&'static str> {
    let start = cursor.at;
    let name = cursor.text("a charset")?;
    let is_one_of = |names: [&str; 2]| names.iter().any(|known| known.eq_ignore_ascii_case(&name));
    match () {
        () if is_one_of(UTF8) || is_one_of(ASCII) => Ok("UTF-8"),
        () if is_one_of(LATIN1) => Ok("ISO-8859-1"),
        () => Err(Fault { offset: start, why: Why::BadCharset }),
    }
}

/// Keys up to the end of the command or a closing parenthesis.
fn all_of(cursor: &mut Cursor<'_>, keys: &mut Keys) -> Read<SearchKey> {
    let first = key(cursor, keys)?;
    let mut all = vec![first];
    while cursor.more() {
        all.push(key(cursor, keys)?);
    }
    match <[SearchKey; 1]>::try_from(all) {
        Ok([one]) => Ok(one),
        Err(all) => Ok(SearchKey::And(all)),
    }
}

fn key(cursor: &mut Cursor<'_>, keys: &mut Keys) -> Read<SearchKey> {
    keys.count += 1;
    keys.depth += 1;
    if keys.depth > MAX_SEARCH_DEPTH {
        return cursor.fault(Why::TooMany("nested search keys"));
    }
    if keys.count > MAX_SEARCH_KEYS {
        return cursor.fault(Why::TooMany("search keys"));
    }
    let found = match cursor.peek() {
        Some(b'(') => {
            cursor.at += 1;
            let all = all_of(cursor, keys)?;
            cursor.expect(b')', "a closing parenthesis")?;
            all
        }
        Some(b'0'..=b'9' | b'*' | b'$') => SearchKey::Sequence(cursor.set()?),
        _ => named(cursor, keys)?,
    };
    keys.depth -= 1;
    Ok(found)
}

fn named(cursor: &mut Cursor<'_>, keys: &mut Keys) -> Read<SearchKey> {
    let start = cursor.at;
    let name = cursor.keyword("a search key")?;
    if let Some(key) = alone(&name) {
        return Ok(key);
    }
    let unknown = Fault { offset: start, why: Why::Expected("a search key") };
    if !ARGUMENTS.contains(&name.as_str()) {
        return Err(unknown);
    }
    cursor.space()?;
    Ok(match name.as_str() {
        "NOT" => SearchKey::Not(Box::new(key(cursor, keys)?)),
        "OR" => {
            let left = key(cursor, keys)?;
            cursor.space()?;
            SearchKey::Or(Box::new(left), Box::new(key(cursor, keys)?))
        }
        "HEADER" => {
            let field = cursor.text("a field name")?.to_ascii_lowercase();
            cursor.space()?;
            SearchKey::Header(field, needle(cursor, keys)?)
        }
        "BCC" | "CC" | "FROM" | "TO" | "SUBJECT" => SearchKey::Header(name.to_ascii_lowercase(), needle(cursor, keys)?),
        "BODY" => SearchKey::Body(needle(cursor, keys)?),
        "TEXT" => SearchKey::Text(needle(cursor, keys)?),
        "KEYWORD" => SearchKey::Has(keyword(cursor)?),
        "UNKEYWORD" => SearchKey::HasNot(keyword(cursor)?),
        "LARGER" => SearchKey::Larger(cursor.number64("a number of octets")?),
        "SMALLER" => SearchKey::Smaller(cursor.number64("a number of octets")?),
        "OLDER" => SearchKey::Older(cursor.nz_number("a number of seconds from 1")?),
        "YOUNGER" => SearchKey::Younger(cursor.nz_number("a number of seconds from 1")?),
        "UID" => SearchKey::Uid(cursor.set()?),
        "MODSEQ" => SearchKey::ModSeq(mod_seq(cursor)?),
        "EMAILID" => SearchKey::EmailId(cursor.text("an id")?),
        "THREADID" => SearchKey::ThreadId(cursor.text("an id")?),
        name => dated(name, day(cursor)?).ok_or(unknown)?,
    })
}

/// Keys that have an argument.
const ARGUMENTS: [&str; 26] = [
    "NOT",
    "OR",
    "HEADER",
    "BCC",
    "CC",
    "FROM",
    "TO",
    "SUBJECT",
    "BODY",
    "TEXT",
    "KEYWORD",
    "UNKEYWORD",
    "LARGER",
    "SMALLER",
    "OLDER",
    "YOUNGER",
    "UID",
    "MODSEQ",
    "EMAILID",
    "THREADID",
    "BEFORE",
    "ON",
    "SINCE",
    "SENTBEFORE",
    "SENTON",
    "SENTSINCE",
];

/// Keys without an argument.
fn alone(name: &str) -> Option<SearchKey> {
    use SearchKey::{Has, HasNot};
    Some(match name {
        "ALL" => SearchKey::All,
        "ANSWERED" => Has(Flag::Answered),
        "DELETED" => Has(Flag::Deleted),
        "DRAFT" => Has(Flag::Draft),
        "FLAGGED" => Has(Flag::Flagged),
        "SEEN" => Has(Flag::Seen),
        "UNANSWERED" => HasNot(Flag::Answered),
        "UNDELETED" => HasNot(Flag::Deleted),
        "UNDRAFT" => HasNot(Flag::Draft),
        "UNFLAGGED" => HasNot(Flag::Flagged),
        "UNSEEN" => HasNot(Flag::Seen),
        "NEW" => SearchKey::And(vec![SearchKey::Recent, HasNot(Flag::Seen)]),
        "OLD" => SearchKey::Old,
        "RECENT" => SearchKey::Recent,
        _ => return None,
    })
}

fn dated(name: &str, day: Day) -> Option<SearchKey> {
    Some(match name {
        "BEFORE" => SearchKey::Before(day),
        "ON" => SearchKey::On(day),
        "SINCE" => SearchKey::Since(day),
        "SENTBEFORE" => SearchKey::SentBefore(day),
        "SENTON" => SearchKey::SentOn(day),
        "SENTSINCE" => SearchKey::SentSince(day),
        _ => return None,
    })
}

fn day(cursor: &mut Cursor<'_>) -> Read<Day> {
    let start = cursor.at;
    let text = cursor.text("a date")?;
    Day::parse(&text).ok_or(Fault { offset: start, why: Why::Expected("a date as 1-Feb-1994") })
}

/// The text that is looked for, in UTF-8. Reality: text in UTF-8 comes without CHARSET, or labelled US-ASCII.
fn needle(cursor: &mut Cursor<'_>, keys: &Keys) -> Read<String> {
    let start = cursor.at;
    let octets = cursor.astring("the text to look for")?;
    if keys.charset != "UTF-8" {
        return Ok(octets.iter().map(|octet| char::from(*octet)).collect());
    }
    String::from_utf8(octets).or(Err(Fault { offset: start, why: Why::Expected("text in UTF-8") }))
}

fn keyword(cursor: &mut Cursor<'_>) -> Read<Flag> {
    let start = cursor.at;
    let flag = Flag::keyword(cursor.atom("a keyword")?);
    flag.ok_or(Fault { offset: start, why: Why::Expected("a keyword of at most 100 octets") })
}

/// `["/flags/\\draft" all] 620162338`: which flag changed is not told apart (RFC 7162 §3.1.5 lets it).
fn mod_seq(cursor: &mut Cursor<'_>) -> Read<u64> {
    if cursor.peek() == Some(b'"') {
        cursor.string("an entry name")?;
        cursor.space()?;
        let start = cursor.at;
        let kind = cursor.keyword("priv, shared or all")?;
        if !["PRIV", "SHARED", "ALL"].contains(&kind.as_str()) {
            return Err(Fault { offset: start, why: Why::Expected("priv, shared or all") });
        }
        cursor.space()?;
    }
    cursor.number64("a mod-sequence")
}

impl SearchKey {
    /// Whether MODSEQ stands anywhere in it: the answer then tells the highest mod-sequence (RFC 7162 §3.1.5).
    pub fn has_mod_seq(&self) -> bool {
        self.any(&|key| matches!(key, Self::ModSeq(_)))
    }

    /// Whether `$` stands anywhere in it.
    pub fn has_saved(&self) -> bool {
        self.any(&|key| matches!(key, Self::Sequence(SequenceSet::Saved) | Self::Uid(SequenceSet::Saved)))
    }

    fn any(&self, is_one: &dyn Fn(&Self) -> bool) -> bool {
        is_one(self)
            || match self {
                Self::Not(key) => key.any(is_one),
                Self::Or(left, right) => left.any(is_one) || right.any(is_one),
                Self::And(keys) => keys.iter().any(|key| key.any(is_one)),
                _ => false,
            }
    }
}
