//! LIST with its options, and LSUB. RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154.

use super::{
    List, ListReturn, Verb, Why,
    cursor::{Cursor, Fault, Read},
    mailbox,
};

/// Most patterns of one LIST.
const MAX_PATTERNS: usize = 100;
/// Most options of one list: more than there are.
const MAX_OPTIONS: usize = 20;

pub(super) fn list(cursor: &mut Cursor<'_>) -> Read<Verb> {
    let mut list = List::default();
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.extended = true;
        selection(cursor, &mut list)?;
        cursor.space()?;
    }
    list.reference = reference(cursor)?;
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.extended = true;
        let start = cursor.at;
        list.patterns = cursor.list("mailbox patterns", MAX_PATTERNS, Cursor::pattern)?;
        if list.patterns.is_empty() {
            return Err(Fault { offset: start, why: Why::Expected("a mailbox pattern") });
        }
    } else {
        list.patterns = vec![cursor.pattern()?];
    }
    if cursor.more() {
        list.extended = true;
        if !cursor.eat_word("RETURN") {
            return cursor.expected("RETURN");
        }
        cursor.space()?;
        list.returns = returns(cursor)?;
    }
    Ok(Verb::List(list))
}

pub(super) fn lsub(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let reference = reference(cursor)?;
    cursor.space()?;
    Ok(Verb::Lsub { reference, pattern: cursor.pattern()? })
}

/// A prefix: may be empty, and may end with the delimiter.
fn reference(cursor: &mut Cursor<'_>) -> Read<String> {
    cursor.pattern()
}

fn selection(cursor: &mut Cursor<'_>, list: &mut List) -> Read<()> {
    let start = cursor.at;
    cursor.list("LIST selection options", MAX_OPTIONS, |cursor| {
        let start = cursor.at;
        match cursor.keyword("a LIST selection option")?.as_str() {
            "SUBSCRIBED" => list.subscribed = true,
            // There are no remote mailboxes: the option changes nothing.
            "REMOTE" => {}
            "RECURSIVEMATCH" => list.recursive_match = true,
            "SPECIAL-USE" => list.special_use = true,
            _ => return Err(Fault { offset: start, why: Why::Expected("a LIST selection option") }),
        }
        Ok(())
    })?;
    // RFC 5258 §3.1: not alone, and not with REMOTE only.
    if list.recursive_match && !list.subscribed && !list.special_use {
        return Err(Fault { offset: start, why: Why::Expected("SUBSCRIBED beside RECURSIVEMATCH") });
    }
    Ok(())
}

fn returns(cursor: &mut Cursor<'_>) -> Read<ListReturn> {
    let mut returns = ListReturn::default();
    cursor.list("LIST return options", MAX_OPTIONS, |cursor| {
        let start = cursor.at;
        match cursor.keyword("a LIST return option")?.as_str() {
            "SUBSCRIBED" => returns.subscribed = true,
            "CHILDREN" => returns.children = true,
            "SPECIAL-USE" => returns.special_use = true,
            "STATUS" => {
                cursor.space()?;
                returns.status = Some(mailbox::status_items(cursor)?);
            }
            _ => return Err(Fault { offset: start, why: Why::Expected("a LIST return option") }),
        }
        Ok(())
    })?;
    Ok(returns)
}
