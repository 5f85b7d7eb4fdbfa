//! Response codes. RFC 9051 §7.1, RFC 5530, RFC 7162 §7, RFC 8474 §4.

use super::{Code, writer::Writer};

/// Writes `[code] `; nothing for a code that would say nothing.
pub(super) fn write(code: &Code, writer: &mut Writer<'_>) {
    match code {
        Code::CopyUid { from, .. } if from.is_empty() => return,
        Code::Modified(set) if set.is_empty() => return,
        _ => {}
    }
    writer.raw("[");
    inner(code, writer);
    writer.raw("] ");
}

fn inner(code: &Code, writer: &mut Writer<'_>) {
    match code {
        Code::AppendUid { uid_validity, uid } => {
            writer.raw("APPENDUID ").number(*uid_validity).raw(" ").number(*uid);
        }
        Code::CopyUid { uid_validity, from, to } => {
            writer.raw("COPYUID ").number(*uid_validity).raw(" ").raw(&runs(from)).raw(" ").raw(&runs(to));
        }
        Code::BadCharset(charsets) => {
            writer.raw("BADCHARSET (");
            for (index, charset) in charsets.iter().enumerate() {
                writer.raw(if index == 0 { "" } else { " " }).astring(charset);
            }
            writer.raw(")");
        }
        Code::Capability(names) => {
            writer.raw("CAPABILITY ").atoms(names.iter().map(String::as_str));
        }
        Code::HighestModSeq(value) => {
            writer.raw("HIGHESTMODSEQ ").number(*value);
        }
        Code::MailboxId(id) => {
            writer.raw("MAILBOXID (").atom(id).raw(")");
        }
        Code::Modified(set) => {
            writer.raw("MODIFIED ").raw(&set.to_string());
        }
        Code::PermanentFlags { flags, any } => {
            writer.raw("PERMANENTFLAGS ").flags(flags, any.then_some("\\*"));
        }
        Code::UidNext(number) => {
            writer.raw("UIDNEXT ").number(*number);
        }
        Code::UidValidity(number) => {
            writer.raw("UIDVALIDITY ").number(*number);
        }
        Code::Unseen(number) => {
            writer.raw("UNSEEN ").number(*number);
        }
        code => {
            writer.raw(word(code));
        }
    }
}

/// Codes without arguments.
fn word(code: &Code) -> &'static str {
    match code {
        Code::Alert => "ALERT",
        Code::AlreadyExists => "ALREADYEXISTS",
        Code::AuthenticationFailed => "AUTHENTICATIONFAILED",
        Code::AuthorizationFailed => "AUTHORIZATIONFAILED",
        Code::Cannot => "CANNOT",
        Code::Closed => "CLOSED",
        Code::ClientBug => "CLIENTBUG",
        Code::Corruption => "CORRUPTION",
        Code::Expired => "EXPIRED",
        Code::ExpungeIssued => "EXPUNGEISSUED",
        Code::HasChildren => "HASCHILDREN",
        Code::InUse => "INUSE",
        Code::Limit => "LIMIT",
        Code::NoModSeq => "NOMODSEQ",
        Code::NonExistent => "NONEXISTENT",
        Code::NoPerm => "NOPERM",
        Code::OverQuota => "OVERQUOTA",
        Code::Parse => "PARSE",
        Code::PrivacyRequired => "PRIVACYREQUIRED",
        Code::ReadOnly => "READ-ONLY",
        Code::ReadWrite => "READ-WRITE",
        Code::NotSaved => "NOTSAVED",
        Code::TooBig => "TOOBIG",
        Code::TryCreate => "TRYCREATE",
        Code::UidNotSticky => "UIDNOTSTICKY",
        Code::Unavailable => "UNAVAILABLE",
        Code::UnknownCte => "UNKNOWN-CTE",
        Code::UseAttr => "USEATTR",
        // Those with arguments are written above.
        _ => "SERVERBUG",
    }
}

/// `304,319:320` in the order in which the numbers come: COPYUID pairs them by place.
fn runs(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let written = runs.iter().map(|(from, to)| if from == to { from.to_string() } else { format!("{from}:{to}") });
    written.collect::<Vec<_>>().join(",")
}
