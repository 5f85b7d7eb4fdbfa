//! AUTHENTICATE, LOGIN, ENABLE, ID.

use super::{
    Secret, Verb, Why,
    cursor::{Cursor, Fault, Read},
};

/// Most capabilities in one ENABLE.
const MAX_ENABLED: usize = 50;
/// Most fields of an ID. RFC 2971 §3.3.
const MAX_FIELDS: usize = 30;

pub(super) fn authenticate(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let mechanism = cursor.keyword("a SASL mechanism")?;
    if !cursor.more() {
        return Ok(Verb::Authenticate { mechanism, initial: None });
    }
    let start = cursor.at;
    let text = cursor.run(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='));
    // RFC 4959 §3: `=` is an empty response.
    let initial = if text == "=" { Some(Vec::new()) } else { syntax::decode_base64(text) };
    match initial.filter(|_| !text.is_empty()) {
        Some(octets) => Ok(Verb::Authenticate { mechanism, initial: Some(Secret(octets)) }),
        None => Err(Fault { offset: start, why: Why::Expected("an initial response in base64") }),
    }
}

pub(super) fn login(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let user = cursor.text("a user name")?;
    cursor.space()?;
    Ok(Verb::Login { user, password: Secret(cursor.astring("a password")?) })
}

pub(super) fn enable(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    let mut names = vec![cursor.keyword("a capability")?];
    while cursor.more() {
        if names.len() >= MAX_ENABLED {
            return cursor.fault(Why::TooMany("capabilities"));
        }
        names.push(cursor.keyword("a capability")?);
    }
    Ok(Verb::Enable(names))
}

pub(super) fn id(cursor: &mut Cursor<'_>) -> Read<Verb> {
    cursor.space()?;
    if cursor.eat_word("NIL") {
        return Ok(Verb::Id(None));
    }
    let fields = cursor.list("ID fields", MAX_FIELDS, |cursor| {
        let name = cursor.text("a field name")?;
        cursor.space()?;
        let value = if cursor.eat_word("NIL") { None } else { Some(cursor.text("a field value or NIL")?) };
        Ok((name, value))
    })?;
    Ok(Verb::Id(Some(fields)))
}
