//! FETCH, STORE, COPY, MOVE, UID EXPUNGE. RFC 9051 §6.4, RFC 3516, RFC 7162.

use super::{
    Fetch, FetchItem, FlagChange, Partial, Store, Transfer, Verb, Why,
    cursor::{Cursor, Fault, Read},
};
use crate::words::section::{Section, SectionText};

/// Most items of one FETCH.
const MAX_ITEMS: usize = 200;
/// Most part numbers of one section.
const MAX_PART_DEPTH: usize = 100;
/// Most field names of one section.
const MAX_FIELD_NAMES: usize = 200;

pub(super) fn fetch(cursor: &mut Cursor<'_>, uid: bool) -> Read<Verb> {
    cursor.space()?;
    let set = cursor.set()?;
    cursor.space()?;
    let asked =
        if cursor.peek() == Some(b'(') { cursor.list("FETCH items", MAX_ITEMS, items)? } else { vec![items(cursor)?] };
    let mut fetch = Fetch { uid, set, items: Vec::new(), changed_since: None, vanished: false };
    if cursor.more() {
        modifiers(cursor, &mut fetch)?;
    }
    // RFC 9051 §6.4.9: UID FETCH tells the UID. RFC 7162 §3.1.4.1: CHANGEDSINCE tells the mod-sequence.
    let implied = [uid.then_some(FetchItem::Uid), fetch.changed_since.map(|_| FetchItem::ModSeq)];
    for item in asked.into_iter().flatten().chain(implied.into_iter().flatten()) {
        if !fetch.items.contains(&item) {
            fetch.items.push(item);
        }
    }
    if fetch.items.is_empty() {
        return cursor.expected("a FETCH item");
    }
    Ok(Verb::Fetch(fetch))
}

fn modifiers(cursor: &mut Cursor<'_>, fetch: &mut Fetch) -> Read<()> {
    let start = cursor.at;
    cursor.list("FETCH modifiers", 10, |cursor| {
        let start = cursor.at;
        match cursor.keyword("CHANGEDSINCE or VANISHED")?.as_str() {
            "CHANGEDSINCE" => {
                cursor.space()?;
                fetch.changed_since = Some(cursor.number64("a mod-sequence")?);
            }
            "VANISHED" => fetch.vanished = true,
            _ => return Err(Fault { offset: start, why: Why::Expected("CHANGEDSINCE or VANISHED") }),
        }
        Ok(())
    })?;
    if fetch.vanished && !(fetch.uid && fetch.changed_since.is_some()) {
        return Err(Fault { offset: start, why: Why::Expected("UID FETCH and CHANGEDSINCE beside VANISHED") });
    }
    Ok(())
}

/// One item, or those of a macro.
fn items(cursor: &mut Cursor<'_>) -> Read<Vec<FetchItem>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Size};
    let start = cursor.at;
    let name = cursor.run(|octet| octet.is_ascii_alphanumeric() || octet == b'.').to_ascii_uppercase();
    let one = match name.as_str() {
        "ALL" => return Ok(vec![Flags, InternalDate, Size, Envelope]),
        "FAST" => return Ok(vec![Flags, InternalDate, Size]),
        "FULL" => return Ok(vec![Flags, InternalDate, Size, Envelope, Body]),
        "FLAGS" => Flags,
        "UID" => FetchItem::Uid,
        "INTERNALDATE" => InternalDate,
        "ENVELOPE" => Envelope,
        "BODYSTRUCTURE" => FetchItem::BodyStructure,
        "RFC822" => FetchItem::Rfc822,
        "RFC822.SIZE" => Size,
        "RFC822.HEADER" => FetchItem::Rfc822Header,
        "RFC822.TEXT" => FetchItem::Rfc822Text,
        "MODSEQ" => FetchItem::ModSeq,
        "EMAILID" => FetchItem::EmailId,
        "THREADID" => FetchItem::ThreadId,
        "BODY" if cursor.peek() == Some(b'[') => section(cursor, false)?,
        "BODY" => Body,
        "BODY.PEEK" => section(cursor, true)?,
        "BINARY" => binary(cursor, false)?,
        "BINARY.PEEK" => binary(cursor, true)?,
        "BINARY.SIZE" => FetchItem::BinarySize { part: bracketed_part(cursor)? },
        _ => return Err(Fault { offset: start, why: Why::Expected("a FETCH item") }),
    };
    Ok(vec![one])
}

fn section(cursor: &mut Cursor<'_>, peek: bool) -> Read<FetchItem> {
    cursor.expect(b'[', "an opening bracket")?;
    let (part, more) = part(cursor)?;
    let what = match cursor.peek() {
        Some(b']') if !more => SectionText::All,
        _ => section_text(cursor, !part.is_empty())?,
    };
    cursor.expect(b']', "a closing bracket")?;
    Ok(FetchItem::Section { section: Section { part, what }, peek, partial: partial(cursor)? })
}

/// `1.2.`, and whether it ended with a dot.
fn part(cursor: &mut Cursor<'_>) -> Read<(Vec<u32>, bool)> {
    let mut part = Vec::new();
    while cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        if part.len() >= MAX_PART_DEPTH {
            return cursor.fault(Why::TooMany("part numbers"));
        }
        part.push(cursor.nz_number("a part number from 1")?);
        if !cursor.eat(b'.') {
            return Ok((part, false));
        }
    }
    let more = !part.is_empty();
    Ok((part, more))
}

fn section_text(cursor: &mut Cursor<'_>, has_part: bool) -> Read<SectionText> {
    let start = cursor.at;
    let name = cursor.run(|octet| octet.is_ascii_alphabetic() || octet == b'.').to_ascii_uppercase();
    Ok(match name.as_str() {
        "HEADER" => SectionText::Header,
        "HEADER.FIELDS" => SectionText::Fields(field_names(cursor)?),
        "HEADER.FIELDS.NOT" => SectionText::FieldsNot(field_names(cursor)?),
        "TEXT" => SectionText::Text,
        "MIME" if has_part => SectionText::Mime,
        _ => return Err(Fault { offset: start, why: Why::Expected("a section: HEADER, TEXT, MIME or part numbers") }),
    })
}

fn field_names(cursor: &mut Cursor<'_>) -> Read<Vec<String>> {
    cursor.space()?;
    let start = cursor.at;
    let names = cursor.list("field names", MAX_FIELD_NAMES, |cursor| {
        let start = cursor.at;
        let name = cursor.text("a field name")?;
        // RFC 5322 §2.2: printable, no colon.
        let is_name = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':');
        if is_name { Ok(name) } else { Err(Fault { offset: start, why: Why::Expected("a field name") }) }
    })?;
    if names.is_empty() { Err(Fault { offset: start, why: Why::Expected("a field name") }) } else { Ok(names) }
}

fn binary(cursor: &mut Cursor<'_>, peek: bool) -> Read<FetchItem> {
    let part = bracketed_part(cursor)?;
    Ok(FetchItem::Binary { part, peek, partial: partial(cursor)? })
}

fn bracketed_part(cursor: &mut Cursor<'_>) -> Read<Vec<u32>> {
    cursor.expect(b'[', "an opening bracket")?;
    let (part, more) = part(cursor)?;
    if more {
        return cursor.expected("a part number");
    }
    cursor.expect(b']', "a closing bracket")?;
    Ok(part)
}

fn partial(cursor: &mut Cursor<'_>) -> Read<Option<Partial>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let offset = cursor.number64("an offset")?;
    cursor.expect(b'.', "a dot")?;
    let start = cursor.at;
    let length = cursor.number64("a length")?;
    if length == 0 {
        return Err(Fault { offset: start, why: Why::Expected("a length from 1") });
    }
    cursor.expect(b'>', "a closing angle bracket")?;
    Ok(Some(Partial { offset, length }))
}

pub(super) fn store(cursor: &mut Cursor<'_>, uid: bool) -> Read<Verb> {
    cursor.space()?;
    let set = cursor.set()?;
    cursor.space()?;
    let mut unchanged_since = None;
    if cursor.peek() == Some(b'(') {
        cursor.list("STORE modifiers", 10, |cursor| {
            if !cursor.eat_word("UNCHANGEDSINCE") {
                return cursor.expected("UNCHANGEDSINCE");
            }
            cursor.space()?;
            unchanged_since = Some(cursor.number64("a mod-sequence")?);
            Ok(())
        })?;
        cursor.space()?;
    }
    let change = match cursor.peek() {
        Some(b'+') => FlagChange::Add,
        Some(b'-') => FlagChange::Remove,
        _ => FlagChange::Replace,
    };
    cursor.at += usize::from(change != FlagChange::Replace);
    let start = cursor.at;
    let silent = match cursor.keyword("FLAGS or FLAGS.SILENT")?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(Fault { offset: start, why: Why::Expected("FLAGS or FLAGS.SILENT") }),
    };
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { cursor.flags()? } else { bare_flags(cursor)? };
    Ok(Verb::Store(Store { uid, set, unchanged_since, change, silent, flags }))
}

/// Flags without parentheses.
fn bare_flags(cursor: &mut Cursor<'_>) -> Read<Vec<crate::words::flag::Flag>> {
    let mut flags = vec![cursor.flag()?];
    while cursor.more() {
        if flags.len() >= MAX_ITEMS {
            return cursor.fault(Why::TooMany("flags"));
        }
        flags.push(cursor.flag()?);
    }
    Ok(flags.into_iter().flatten().collect())
}

pub(super) fn transfer(cursor: &mut Cursor<'_>, uid: bool) -> Read<Transfer> {
    cursor.space()?;
    let set = cursor.set()?;
    cursor.space()?;
    Ok(Transfer { uid, set, mailbox: cursor.mailbox()? })
}

pub(super) fn expunge(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    Ok(Verb::Expunge { uids: Some(cursor.set()?) })
}
