//! Which command it is.

use super::{
    Command, Malformed, Verb, Why,
    cursor::{Cursor, Fault, Read},
    fetch, list, mailbox, search, session,
};
use crate::words::{
    Dialect,
    frame::{Frame, tag_of},
};

/// Reads one command.
///
/// # Errors
/// [`Malformed`] with the offset at which something else was expected.
pub fn parse(frame: &Frame, dialect: Dialect) -> Result<Command, Malformed> {
    let Some(tag) = tag_of(&frame.octets) else {
        return Err(Malformed { tag: None, offset: 0, why: Why::Expected("a tag") });
    };
    let mut cursor = Cursor::new(frame, dialect);
    cursor.at = tag.len();
    match whole(&mut cursor) {
        Ok(verb) => Ok(Command { tag, verb }),
        Err(Fault { offset, why }) => Err(Malformed { tag: Some(tag), offset, why }),
    }
}

fn whole(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let start = cursor.at;
    let name = cursor.keyword("a command")?;
    let read = match name.as_str() {
        "UID" => {
            cursor.space()?;
            let name = cursor.keyword("a command after UID")?;
            selected(&name, true, cursor)
        }
        name => any(name, cursor),
    };
    let Some(verb) = read else { return Err(Fault { offset: start, why: Why::UnknownCommand }) };
    let verb = verb?;
    cursor.end()?;
    Ok(verb)
}

/// Commands without the UID form; `None` when there is no such command.
fn any(name: &str, cursor: &mut Cursor<'_>) -> Option<Read<Verb>> {
    Some(match name {
        "CAPABILITY" => Ok(Verb::Capability),
        "NOOP" => Ok(Verb::Noop),
        "LOGOUT" => Ok(Verb::Logout),
        "STARTTLS" => Ok(Verb::StartTls),
        "NAMESPACE" => Ok(Verb::Namespace),
        "IDLE" => Ok(Verb::Idle),
        "CHECK" => Ok(Verb::Check),
        "CLOSE" => Ok(Verb::Close),
        "UNSELECT" => Ok(Verb::Unselect),
        "EXPUNGE" => Ok(Verb::Expunge { uids: None }),
        "AUTHENTICATE" => session::authenticate(cursor),
        "LOGIN" => session::login(cursor),
        "ENABLE" => session::enable(cursor),
        "ID" => session::id(cursor),
        "SELECT" => mailbox::select(cursor, false),
        "EXAMINE" => mailbox::select(cursor, true),
        "CREATE" => mailbox::create(cursor),
        "DELETE" => mailbox::named(cursor, Verb::Delete),
        "RENAME" => mailbox::rename(cursor),
        "SUBSCRIBE" => mailbox::named(cursor, Verb::Subscribe),
        "UNSUBSCRIBE" => mailbox::named(cursor, Verb::Unsubscribe),
        "GETQUOTAROOT" => mailbox::named(cursor, Verb::GetQuotaRoot),
        "GETQUOTA" => mailbox::get_quota(cursor),
        "STATUS" => mailbox::status(cursor),
        "APPEND" => mailbox::append(cursor),
        "LIST" => list::list(cursor),
        "LSUB" => list::lsub(cursor),
        name => return selected(name, false, cursor),
    })
}

/// Commands that have a UID form.
fn selected(name: &str, uid: bool, cursor: &mut Cursor<'_>) -> Option<Read<Verb>> {
    Some(match name {
        "SEARCH" => search::search(cursor, uid),
        "FETCH" => fetch::fetch(cursor, uid),
        "STORE" => fetch::store(cursor, uid),
        "COPY" => fetch::transfer(cursor, uid).map(Verb::Copy),
        "MOVE" => fetch::transfer(cursor, uid).map(Verb::Move),
        "EXPUNGE" if uid => fetch::expunge(cursor),
        _ => return None,
    })
}
