//! What only this house says; the rest is in `smtp::replies`. The text of a refusal ends with `(see <entry id>)`.

use rules::Fault;
use smtp::{Enhanced, Reply, replies};

fn reply(code: u16, enhanced: (u8, u16, u16), text: impl Into<String>) -> Reply {
    Reply::new(code, Enhanced::new(enhanced.0, enhanced.1, enhanced.2), text)
}

/// The greeting begins with the host name. RFC 5321 §4.2
pub(crate) fn ready(hostname: &str) -> Reply {
    Reply::bare(220, format!("{hostname} ESMTP ColdRelay"))
}

/// The password could not be checked. RFC 4954 §6
pub(crate) fn authentication_unavailable() -> Reply {
    reply(454, (4, 7, 0), "Cannot check passwords now, try again later (see local-error)")
}

/// Nobody is locked out, but guessing is slow. RFC 4954 §6
pub(crate) fn too_many_passwords() -> Reply {
    reply(454, (4, 7, 0), "Too many wrong passwords, try again in some minutes (see too-many-errors)")
}

/// A null reverse-path is that of a notification, and goes to one address. RFC 5321 §4.5.5
pub(crate) fn one_recipient_for_null_sender() -> Reply {
    reply(452, (4, 5, 3), "A notification has one recipient, send to the rest by itself (see too-many-recipients)")
}

pub(crate) fn busy() -> Reply {
    reply(451, (4, 3, 2), "Too many messages at once, try again later (see local-error)")
}

/// The disk of the database is full. RFC 3463 §3.4
pub(crate) fn storage_full() -> Reply {
    reply(452, (4, 3, 1), "The server's storage is full, nothing was accepted, try again later (see 452-4-3-1)")
}

/// Memory is short. RFC 3463 §3.4: "system full" is of memory and disk alike.
pub(crate) fn memory_short() -> Reply {
    reply(452, (4, 3, 1), "The server is short of memory, nothing was accepted, try again later (see 452-4-3-1)")
}

/// Commits are slow: the session ends, so that fewer of them wait. RFC 3463 §3.4
pub(crate) fn overloaded() -> Reply {
    reply(421, (4, 3, 2), "The server is overloaded, nothing was accepted, try again later (see local-error)")
}

/// The database can be neither written nor reached: the session ends, so that the client comes again later.
pub(crate) fn storage_unavailable() -> Reply {
    reply(
        421,
        (4, 3, 0),
        "The server's storage is unavailable, nothing was accepted, try again later (see local-error)",
    )
}

/// What a client is told when the store failed.
pub(crate) fn of_fault(fault: &Fault) -> Reply {
    match fault.code {
        "store.full" | "load.disk" => storage_full(),
        "load.memory" => memory_short(),
        "load.commit" => overloaded(),
        "store.unavailable" | "store.read-only" | "store.damaged" | "store.open" | "store.closed" => {
            storage_unavailable()
        }
        _ => replies::local_error(),
    }
}

pub(crate) fn queued(id: &str) -> Reply {
    reply(250, (2, 0, 0), format!("Queued as {id}"))
}

pub(crate) fn stored(id: &str) -> Reply {
    reply(250, (2, 0, 0), format!("Stored as {id}"))
}

/// What a client over the limit is told, as sent.
pub(crate) fn too_many_connections() -> Vec<u8> {
    replies::too_many_connections().write().into_bytes()
}

/// The entry that a reply's text names; its code when it names none.
pub(crate) fn entry_of(reply: &Reply) -> String {
    let text = reply.text();
    text.rsplit_once("(see ")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map_or_else(|| reply.code.to_string(), |(entry, _)| entry.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_names_an_entry_of_the_reference() {
        let told = [
            authentication_unavailable(),
            too_many_passwords(),
            one_recipient_for_null_sender(),
            busy(),
            storage_full(),
            storage_unavailable(),
            memory_short(),
            overloaded(),
            replies::relay_denied(),
            replies::no_such_mailbox(),
            replies::authentication_failed(),
            replies::authentication_required(),
            replies::too_many_errors(),
            replies::too_many_connections(),
            replies::too_many_hops(),
            replies::mailbox_full(),
            replies::mailbox_too_small(),
            replies::local_error(),
            replies::dmarc_reject("example.com"),
        ];
        for reply in told {
            let entry = entry_of(&reply);
            assert!(reference::entry(&entry).is_some(), "`{reply}` names `{entry}`, which is no entry");
        }
    }
}
