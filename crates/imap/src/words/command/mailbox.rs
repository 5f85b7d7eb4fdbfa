//! Commands about mailboxes: SELECT, CREATE, RENAME, STATUS, APPEND and their like.

use super::{
    Append, Qresync, Select, SpecialUse, StatusItem, Verb, Why,
    cursor::{Cursor, Fault, Read},
};
use crate::words::{date, name::MailboxName, set::SequenceSet};

/// Most items of one list of options: more than there are.
const MAX_OPTIONS: usize = 20;

/// A command with a mailbox and nothing else.
pub(super) fn named(cursor: &mut Cursor<'_>, verb: impl Fn(MailboxName) -> Verb) -> Read<Verb> {
    cursor.space()?;
    cursor.mailbox().map(verb)
}

pub(super) fn rename(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let from = cursor.mailbox()?;
    cursor.space()?;
    Ok(Verb::Rename { from, to: cursor.mailbox()? })
}

pub(super) fn get_quota(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    cursor.text("a quota root").map(Verb::GetQuota)
}

pub(super) fn select(cursor: &mut Cursor<'_>, read_only: bool) -> Read<Verb> {
    cursor.space()?;
    let mut select = Select { mailbox: cursor.mailbox()?, read_only, condstore: false, qresync: None };
    if cursor.more() {
        cursor.list("SELECT parameters", MAX_OPTIONS, |cursor| {
            let start = cursor.at;
            match cursor.keyword("CONDSTORE or QRESYNC")?.as_str() {
                "CONDSTORE" => select.condstore = true,
                "QRESYNC" => select.qresync = Some(qresync(cursor)?),
                _ => return Err(Fault { offset: start, why: Why::Expected("CONDSTORE or QRESYNC") }),
            }
            Ok(())
        })?;
    }
    Ok(Verb::Select(select))
}

/// `(uidvalidity modseq [known-uids] [(numbers uids)])`
fn qresync(cursor: &mut Cursor<'_>) -> Read<Qresync> {
    cursor.space()?;
    cursor.expect(b'(', "an opening parenthesis")?;
    let uid_validity = cursor.nz_number("a UIDVALIDITY")?;
    cursor.space()?;
    let mod_seq = cursor.number64("a mod-sequence")?;
    let mut qresync = Qresync { uid_validity, mod_seq, known_uids: None, matches: None };
    let mut more = cursor.more();
    if more && cursor.peek() != Some(b'(') {
        qresync.known_uids = Some(known(cursor)?);
        more = cursor.more();
    }
    if more {
        cursor.expect(b'(', "an opening parenthesis")?;
        let numbers = known(cursor)?;
        cursor.space()?;
        qresync.matches = Some((numbers, known(cursor)?));
        cursor.expect(b')', "a closing parenthesis")?;
    }
    cursor.expect(b')', "a closing parenthesis")?;
    Ok(qresync)
}

/// A set without `*` and `$`. RFC 7162 §7 `known-uids`.
fn known(cursor: &mut Cursor<'_>) -> Read<SequenceSet> {
    let start = cursor.at;
    let set = cursor.set()?;
    if set.has_last() || set == SequenceSet::Saved {
        return Err(Fault { offset: start, why: Why::Expected("a set of numbers without * and $") });
    }
    Ok(set)
}

pub(super) fn create(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    let mut uses = Vec::new();
    if cursor.more() {
        cursor.list("CREATE parameters", MAX_OPTIONS, |cursor| {
            if !cursor.eat_word("USE") {
                return cursor.expected("USE");
            }
            cursor.space()?;
            uses.extend(cursor.list("special uses", MAX_OPTIONS, special_use)?);
            Ok(())
        })?;
    }
    Ok(Verb::Create { mailbox, uses })
}

fn special_use(cursor: &mut Cursor<'_>) -> Read<SpecialUse> {
    let start = cursor.at;
    cursor.expect(b'\\', "a special use")?;
    let name = cursor.atom("a special use")?;
    let found = SpecialUse::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
    found.ok_or(Fault { offset: start, why: Why::Expected("a special use of RFC 6154") })
}

pub(super) fn status(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    Ok(Verb::Status { mailbox, items: status_items(cursor)? })
}

pub(super) fn status_items(cursor: &mut Cursor<'_>) -> Read<Vec<StatusItem>> {
    let start = cursor.at;
    let mut items: Vec<StatusItem> = Vec::new();
    for item in cursor.list("STATUS items", MAX_OPTIONS, status_item)? {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    if items.is_empty() { Err(Fault { offset: start, why: Why::Expected("a STATUS item") }) } else { Ok(items) }
}

fn status_item(cursor: &mut Cursor<'_>) -> Read<StatusItem> {
    let start = cursor.at;
    Ok(match cursor.keyword("a STATUS item")?.as_str() {
        "MESSAGES" => StatusItem::Messages,
        "RECENT" => StatusItem::Recent,
        "UIDNEXT" => StatusItem::UidNext,
        "UIDVALIDITY" => StatusItem::UidValidity,
        "UNSEEN" => StatusItem::Unseen,
        "DELETED" => StatusItem::Deleted,
        "SIZE" => StatusItem::Size,
        "HIGHESTMODSEQ" => StatusItem::HighestModSeq,
        "MAILBOXID" => StatusItem::MailboxId,
        "APPENDLIMIT" => StatusItem::AppendLimit,
        _ => return Err(Fault { offset: start, why: Why::Expected("a STATUS item") }),
    })
}

pub(super) fn append(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { spaced(cursor, Cursor::flags)? } else { Vec::new() };
    let date = if cursor.peek() == Some(b'"') { Some(spaced(cursor, date_time)?) } else { None };
    let utf8 = cursor.eat_word("UTF8");
    if utf8 {
        cursor.space()?;
        cursor.expect(b'(', "an opening parenthesis")?;
    }
    let Some(literal) = cursor.literal() else { return cursor.expected("the message as a literal") };
    if utf8 {
        cursor.expect(b')', "a closing parenthesis")?;
    }
    Ok(Verb::Append(Append { mailbox, flags, date, message: literal.octets.clone(), utf8 }))
}

/// Something and the blank behind it.
fn spaced<'f, T>(cursor: &mut Cursor<'f>, read: impl Fn(&mut Cursor<'f>) -> Read<T>) -> Read<T> {
    let found = read(cursor)?;
    cursor.space()?;
    Ok(found)
}

fn date_time(cursor: &mut Cursor<'_>) -> Read<syntax::Timestamp> {
    let start = cursor.at;
    let text = cursor.string("a date")?;
    let moment = std::str::from_utf8(&text).ok().and_then(date::parse_date_time);
    moment.ok_or(Fault { offset: start, why: Why::Expected("a date as \"17-Jul-1996 02:44:25 -0700\"") })
}
