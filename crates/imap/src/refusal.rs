//! What a client is told of a fault; the operator reads the rest in the log.

use rules::Fault;

use crate::{session::Refusal, words::response::Code};

/// Why not. With `target` the folder that is missing can be made first. RFC 9051 §6.3.12, §6.4.7
pub(crate) fn of(fault: &Fault, target: bool) -> Refusal {
    let (code, text) = match fault.code {
        "folder.unknown" if target => (Code::TryCreate, "No such mailbox"),
        "folder.unknown" => (Code::NonExistent, "No such mailbox"),
        "folder.exists" => (Code::AlreadyExists, "The mailbox exists already"),
        "folder.inbox" => (Code::Cannot, "INBOX cannot be deleted"),
        "folder.name" => (Code::Cannot, "A mailbox cannot have this name"),
        "folder.too-many" => (Code::Limit, "Too many mailboxes"),
        "folder.keywords" => (Code::Limit, "Too many keywords in this mailbox"),
        "folder.in-use" => (Code::InUse, "Somebody else is at it, try again"),
        "mailbox.full" => (Code::OverQuota, "The mailbox is full"),
        "mailbox.too-small" => (Code::OverQuota, "The message is larger than the mailbox may be"),
        code => {
            tracing::error!(code, %fault, "an IMAP command could not be done");
            (Code::Unavailable, "Not possible now, try again later")
        }
    };
    Refusal { code: Some(code), text: text.to_owned() }
}
