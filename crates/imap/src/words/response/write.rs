//! Responses but for FETCH.

use super::{
    Code, ListAttribute, ListEntry, QuotaKind, QuotaResource, Response, Status, StatusData, code, fetch, writer::Writer,
};
use crate::words::{command::SearchReturn, name::DELIMITER, set::Ranges};

pub(super) fn response(response: &Response<'_>, writer: &mut Writer<'_>) {
    if says_nothing(response) {
        return;
    }
    match response {
        Response::Tagged { tag, .. } => writer.atom(tag).raw(" "),
        Response::Continue(_) => writer.raw("+ "),
        _ => writer.raw("* "),
    };
    body(response, writer);
    writer.raw("\r\n");
}

fn says_nothing(response: &Response<'_>) -> bool {
    match response {
        Response::Vanished { uids, .. } => uids.is_empty(),
        Response::Esearch { returns, .. } => {
            returns.save && !(returns.min || returns.max || returns.all || returns.count)
        }
        _ => false,
    }
}

fn body(response: &Response<'_>, writer: &mut Writer<'_>) {
    match response {
        Response::Tagged { status, code, text, .. } | Response::Untagged { status, code, text } => {
            condition(word(*status), code.as_ref(), text, writer);
        }
        Response::Bye { code, text } => condition("BYE", code.as_ref(), text, writer),
        Response::PreAuth { code, text } => condition("PREAUTH", code.as_ref(), text, writer),
        Response::Continue(text) if text.is_empty() => {}
        Response::Continue(text) => writer.text(text).done(),
        Response::Capability(names) => writer.raw("CAPABILITY ").atoms(names.iter().map(String::as_str)).done(),
        Response::Enabled(names) if names.is_empty() => writer.raw("ENABLED").done(),
        Response::Enabled(names) => writer.raw("ENABLED ").atoms(names.iter().map(String::as_str)).done(),
        Response::List(entry) => list("LIST", entry, writer),
        Response::Lsub(entry) => list("LSUB", entry, writer),
        Response::Namespace => writer.raw("NAMESPACE ((\"\" \"").raw(&DELIMITER.to_string()).raw("\")) NIL NIL").done(),
        Response::Flags(flags) => writer.raw("FLAGS ").flags(flags, None).done(),
        Response::Exists(count) => writer.number(*count).raw(" EXISTS").done(),
        Response::Recent(count) => writer.number(*count).raw(" RECENT").done(),
        Response::Expunge(number) => writer.number(*number).raw(" EXPUNGE").done(),
        Response::Vanished { earlier, uids } => {
            writer.raw(if *earlier { "VANISHED (EARLIER) " } else { "VANISHED " }).raw(&uids.to_string());
        }
        Response::Fetch { number, items } => fetch::write(*number, items, writer),
        other => data(other, writer),
    }
}

/// Answers to one question.
fn data(response: &Response<'_>, writer: &mut Writer<'_>) {
    match response {
        Response::Status { mailbox, items } => {
            writer.raw("STATUS ").mailbox(mailbox).raw(" (");
            for (index, item) in items.iter().enumerate() {
                writer.raw(if index == 0 { "" } else { " " });
                status_item(item, writer);
            }
            writer.raw(")");
        }
        Response::Id(fields) => {
            writer.raw("ID ").list_or_nil(fields, " ", |writer, (name, value)| {
                writer.string(name.as_bytes()).raw(" ").nstring(value.as_deref());
            });
        }
        Response::Search { numbers, mod_seq } => {
            writer.raw("SEARCH");
            numbers.iter().for_each(|number| writer.raw(" ").number(*number).done());
            if let Some(mod_seq) = mod_seq.filter(|_| !numbers.is_empty()) {
                writer.raw(" (MODSEQ ").number(mod_seq).raw(")");
            }
        }
        Response::Esearch { tag, uid, returns, found, mod_seq } => {
            writer.raw("ESEARCH (TAG ").string(tag.as_bytes()).raw(if *uid { ") UID" } else { ")" });
            esearch(*returns, found, *mod_seq, writer);
        }
        Response::QuotaRoot { mailbox, roots } => {
            writer.raw("QUOTAROOT ").mailbox(mailbox);
            roots.iter().for_each(|root| writer.raw(" ").astring(root).done());
        }
        Response::Quota { root, resources } => quota(root, resources, writer),
        _ => {}
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "OK",
        Status::No => "NO",
        Status::Bad => "BAD",
    }
}

fn condition(word: &str, code: Option<&Code>, text: &str, writer: &mut Writer<'_>) {
    writer.raw(word).raw(" ");
    code.into_iter().for_each(|code| code::write(code, writer));
    writer.text(text);
}

fn list(word: &str, entry: &ListEntry, writer: &mut Writer<'_>) {
    writer.raw(word).raw(" (");
    for (index, attribute) in entry.attributes.iter().enumerate() {
        writer.raw(if index == 0 { "\\" } else { " \\" }).raw(attribute_name(*attribute));
    }
    writer.raw(") \"").raw(&DELIMITER.to_string()).raw("\" ").mailbox(&entry.mailbox);
    if entry.child_info.is_empty() && entry.old_name.is_none() {
        return;
    }
    writer.raw(" (");
    if !entry.child_info.is_empty() {
        writer.raw("\"CHILDINFO\" ").list_or_nil(&entry.child_info, " ", |writer, option| {
            writer.string(option.as_bytes());
        });
    }
    if let Some(old) = &entry.old_name {
        writer.raw(if entry.child_info.is_empty() { "" } else { " " });
        writer.raw("\"OLDNAME\" (").mailbox(old).raw(")");
    }
    writer.raw(")");
}

fn attribute_name(attribute: ListAttribute) -> &'static str {
    match attribute {
        ListAttribute::NonExistent => "NonExistent",
        ListAttribute::NoInferiors => "NoInferiors",
        ListAttribute::NoSelect => "Noselect",
        ListAttribute::HasChildren => "HasChildren",
        ListAttribute::HasNoChildren => "HasNoChildren",
        ListAttribute::Marked => "Marked",
        ListAttribute::Unmarked => "Unmarked",
        ListAttribute::Subscribed => "Subscribed",
        ListAttribute::Remote => "Remote",
        ListAttribute::Use(use_of) => use_of.name(),
    }
}

fn status_item(item: &StatusData, writer: &mut Writer<'_>) {
    match item {
        StatusData::Messages(count) => writer.raw("MESSAGES ").number(*count),
        StatusData::Recent(count) => writer.raw("RECENT ").number(*count),
        StatusData::UidNext(number) => writer.raw("UIDNEXT ").number(*number),
        StatusData::UidValidity(number) => writer.raw("UIDVALIDITY ").number(*number),
        StatusData::Unseen(count) => writer.raw("UNSEEN ").number(*count),
        StatusData::Deleted(count) => writer.raw("DELETED ").number(*count),
        StatusData::Size(octets) => writer.raw("SIZE ").number(*octets),
        StatusData::HighestModSeq(value) => writer.raw("HIGHESTMODSEQ ").number(*value),
        StatusData::MailboxId(id) => writer.raw("MAILBOXID (").atom(id).raw(")"),
        StatusData::AppendLimit(Some(octets)) => writer.raw("APPENDLIMIT ").number(*octets),
        StatusData::AppendLimit(None) => writer.raw("APPENDLIMIT NIL"),
    };
}

/// RFC 9051 §7.3.4: MIN, MAX and ALL are left out when nothing was found, COUNT is not.
fn esearch(returns: SearchReturn, found: &Ranges, mod_seq: Option<u64>, writer: &mut Writer<'_>) {
    let nothing_asked = !(returns.min || returns.max || returns.count);
    if let Some(min) = found.min().filter(|_| returns.min) {
        writer.raw(" MIN ").number(min);
    }
    if let Some(max) = found.max().filter(|_| returns.max) {
        writer.raw(" MAX ").number(max);
    }
    if returns.count {
        writer.raw(" COUNT ").number(found.count());
    }
    if (returns.all || nothing_asked) && !found.is_empty() {
        writer.raw(" ALL ").raw(&found.to_string());
    }
    if let Some(mod_seq) = mod_seq.filter(|_| !found.is_empty()) {
        writer.raw(" MODSEQ ").number(mod_seq);
    }
}

fn quota(root: &str, resources: &[QuotaResource], writer: &mut Writer<'_>) {
    writer.raw("QUOTA ").astring(root).raw(" (");
    for (index, resource) in resources.iter().enumerate() {
        let name = match resource.kind {
            QuotaKind::Storage => "STORAGE ",
            QuotaKind::Message => "MESSAGE ",
        };
        writer.raw(if index == 0 { "" } else { " " }).raw(name).number(resource.used).raw(" ").number(resource.limit);
    }
    writer.raw(")");
}
