//! What this house says. The text of a refusal ends with `(see <entry id>)`.

use smtp::{Enhanced, Reply};

fn reply(code: u16, enhanced: (u8, u16, u16), text: impl Into<String>) -> Reply {
    Reply::new(code, Enhanced::new(enhanced.0, enhanced.1, enhanced.2), text)
}

pub(crate) fn ready() -> Reply {
    Reply::bare(220, "ESMTP ColdRelay")
}

pub(crate) fn hello() -> Reply {
    Reply::bare(250, "at your service")
}

pub(crate) fn authenticated() -> Reply {
    reply(235, (2, 7, 0), "Authentication successful")
}

/// The same words whether the login exists or not. RFC 4954 §6
pub(crate) fn authentication_failed() -> Reply {
    reply(535, (5, 7, 8), "Login or password is wrong (see authentication-failed)")
}

/// The store could not be asked. RFC 4954 §6
pub(crate) fn authentication_unavailable() -> Reply {
    reply(454, (4, 7, 0), "Cannot check passwords now, try again later (see local-error)")
}

pub(crate) fn authentication_required() -> Reply {
    reply(530, (5, 7, 0), "Log in first (see authentication-required)")
}

pub(crate) fn sender_accepted() -> Reply {
    reply(250, (2, 1, 0), "Sender accepted")
}

pub(crate) fn recipient_accepted() -> Reply {
    reply(250, (2, 1, 5), "Recipient accepted")
}

pub(crate) fn recipient_suppressed() -> Reply {
    reply(550, (5, 7, 1), "This address is on the suppression list (see recipient-suppressed)")
}

pub(crate) fn relay_denied() -> Reply {
    reply(550, (5, 7, 1), "That domain is not served here (see relay-denied)")
}

/// A null reverse-path is a notification, and goes to one address. RFC 5321 §4.5.5
pub(crate) fn one_recipient_for_null_sender() -> Reply {
    reply(452, (4, 5, 3), "A notification has one recipient (see too-many-recipients)")
}

pub(crate) fn too_many_errors() -> Reply {
    reply(421, (4, 7, 0), "Too many refused recipients, closing (see too-many-errors)")
}

/// What a client over the limit is told, as sent.
pub(crate) fn too_many_connections(hostname: &str) -> Vec<u8> {
    format!("421 4.7.0 {hostname} Too many connections, try again later (see too-many-connections)\r\n").into_bytes()
}

pub(crate) fn go_ahead() -> Reply {
    Reply::bare(354, "End with <CRLF>.<CRLF>")
}

pub(crate) fn busy() -> Reply {
    reply(451, (4, 3, 2), "Too many messages at once, try again later (see local-error)")
}

pub(crate) fn accepted(id: &str) -> Reply {
    reply(250, (2, 0, 0), format!("Queued as {id}"))
}

pub(crate) fn stored(id: &str) -> Reply {
    reply(250, (2, 0, 0), format!("Stored as {id}"))
}

pub(crate) fn local_error() -> Reply {
    reply(451, (4, 3, 0), "Nothing was accepted: an error of ours, try again later (see local-error)")
}

pub(crate) fn header_malformed() -> Reply {
    reply(554, (5, 6, 0), "The header has a line that is no field (see header-malformed)")
}

pub(crate) fn mail_loop() -> Reply {
    reply(554, (5, 4, 6), "This message goes in circles: too many Received fields (see 554-5-4-6)")
}

/// RFC 9989 §7.4 leaves the code to the receiver; 5.7.1 is what its predecessor recommends.
pub(crate) fn dmarc_reject() -> Reply {
    reply(550, (5, 7, 1), "Refused by the DMARC policy of the From domain (see 550-5-7-26)")
}

/// The entry that a reply's text names; its code when it names none.
pub(crate) fn entry_of(reply: &Reply) -> String {
    let text = reply.text();
    text.rsplit_once("(see ")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map_or_else(|| reply.code.to_string(), |(entry, _)| entry.to_owned())
}
