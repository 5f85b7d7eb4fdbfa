//! AUTH PLAIN and LOGIN. RFC 4954, RFC 4616, draft-murchison-sasl-login.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Password;
use crate::{Reply, replies};

/// Where an exchange stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exchange {
    /// PLAIN without initial response.
    Plain,
    /// LOGIN, waiting for the login.
    LoginName,
    /// LOGIN, waiting for the password of this login.
    LoginPassword(String),
}

/// What follows from a line.
pub(super) enum Next {
    /// Send this challenge and wait for another line.
    Challenge(Exchange, Reply),
    /// Ask the house.
    Credentials(String, Password),
    /// Over.
    Refuse(Reply),
}

/// Begins an exchange; `initial` is the initial response, still encoded.
pub(super) fn begin(mechanism: &str, initial: Option<&str>) -> Next {
    match (mechanism, initial) {
        ("PLAIN", Some(response)) => read(Exchange::Plain, response),
        ("PLAIN", None) => Next::Challenge(Exchange::Plain, Reply::bare(334, "")),
        ("LOGIN", Some(response)) => read(Exchange::LoginName, response),
        // "Username:" and "Password:", as every client expects them.
        ("LOGIN", None) => Next::Challenge(Exchange::LoginName, Reply::bare(334, "VXNlcm5hbWU6")),
        _ => Next::Refuse(replies::mechanism_unknown()),
    }
}

/// Goes on with a line of the client.
pub(super) fn read(exchange: Exchange, line: &str) -> Next {
    if line == "*" {
        return Next::Refuse(replies::authentication_cancelled());
    }
    // RFC 4954 §4: `=` is an empty initial response.
    let encoded = if line == "=" { "" } else { line };
    let Some(text) = STANDARD.decode(encoded).ok().and_then(|octets| String::from_utf8(octets).ok()) else {
        return Next::Refuse(replies::bad_syntax());
    };
    match exchange {
        Exchange::LoginName => Next::Challenge(Exchange::LoginPassword(text), Reply::bare(334, "UGFzc3dvcmQ6")),
        Exchange::LoginPassword(login) => Next::Credentials(login, Password(text)),
        Exchange::Plain => plain(&text),
    }
}

/// `authzid NUL authcid NUL password`; acting for somebody else is not offered. RFC 4616 §2.
fn plain(text: &str) -> Next {
    let parts: Vec<&str> = text.split('\0').collect();
    match parts.as_slice() {
        [authorization, login, password] if authorization.is_empty() || authorization == login => {
            Next::Credentials((*login).to_owned(), Password((*password).to_owned()))
        }
        [_, _, _] => Next::Refuse(replies::authentication_failed()),
        _ => Next::Refuse(replies::bad_syntax()),
    }
}
