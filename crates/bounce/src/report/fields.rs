//! Delivery status fields, in a part of their own or in the middle of a text. RFC 3464.

use smtp::Enhanced;

use super::{Said, layout};
use crate::{
    dsn::{DsnAction, readable, typed},
    line,
    mime::{Header, Mail, split},
};

/// Reads the fields; empty when there are none.
pub(super) fn read(mail: &Mail, words: &str) -> Vec<Said> {
    let part = mail
        .leaves
        .iter()
        .filter(|leaf| leaf.is_status())
        .map(|leaf| leaf.text.as_str())
        .collect::<Vec<_>>()
        .join("\n\n");
    let groups = groups(&part);
    let said: Vec<Said> = groups.iter().filter_map(|group| recipient(group, reporting(&groups), words)).collect();
    if !said.is_empty() {
        return said;
    }
    // Reality: some programs write the fields into the text that people read.
    let text = mail.leaves.iter().map(|leaf| leaf.text.as_str()).find(|text| has_fields(text));
    let inline = text.map(inline_groups).unwrap_or_default();
    inline.iter().filter_map(|group| recipient(group, reporting(&inline), words)).collect()
}

/// The groups of fields, which blank lines divide.
fn groups(text: &str) -> Vec<Header> {
    let mut groups = Vec::new();
    let mut rest = text.trim_start().as_bytes();
    while !rest.is_empty() && groups.len() < super::MAX_RECIPIENTS {
        let (group, tail) = split(rest);
        // A line that is no field is stepped over.
        let tail = if group.is_empty() && tail.len() == rest.len() { after_line(rest) } else { tail };
        if !group.is_empty() {
            groups.push(group);
        }
        rest = tail.trim_ascii_start();
    }
    groups
}

fn after_line(octets: &[u8]) -> &[u8] {
    let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
    octets.get(end..).unwrap_or_default()
}

fn has_fields(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    (lower.starts_with("final-recipient:") || lower.contains("\nfinal-recipient:"))
        && (lower.contains("\nstatus:") || lower.contains("\naction:"))
}

/// The groups from the first line that is a delivery status field.
fn inline_groups(text: &str) -> Vec<Header> {
    const NAMES: [&str; 5] = ["reporting-mta:", "final-recipient:", "original-recipient:", "action:", "arrival-date:"];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.trim_start().to_ascii_lowercase();
        if NAMES.iter().any(|name| lower.starts_with(name)) {
            return groups(text.get(offset..).unwrap_or_default());
        }
        offset += line.len();
    }
    Vec::new()
}

fn reporting(groups: &[Header]) -> Option<String> {
    groups.iter().find_map(|group| group.value("reporting-mta")).map(|value| typed(value).1.to_ascii_lowercase())
}

/// What one group says; `None` when it is not about a recipient.
fn recipient(group: &Header, reporting: Option<String>, words: &str) -> Option<Said> {
    let named = |name: &str| {
        let (kind, address) = typed(group.value(name)?);
        let address = readable(&kind, &address);
        let address = address.trim_matches(['<', '>', '"', ' ']).to_owned();
        // An X.400 name or a bare user name is no address that anybody wrote to.
        address.contains('@').then(|| line::address(&address).unwrap_or(address))
    };
    let last = named("final-recipient");
    let original = named("original-recipient");
    let recipient = last.clone().or_else(|| original.clone()).or_else(|| named("x-actual-recipient"))?;
    let action = group.value("action").map(|value| value.split([' ', '(', ';']).next().unwrap_or_default());
    let action = action.and_then(DsnAction::parse).unwrap_or(DsnAction::Failed);
    let diagnostic = group.all("diagnostic-code").map(without_type).collect::<Vec<_>>().join(" ");
    let status = group.value("status").and_then(|value| Enhanced::parse(value.split([' ', '(', ';', '\t']).next()?));
    let remote =
        group.value("remote-mta").map(|value| typed(value).1.to_ascii_lowercase()).filter(|host| host.contains('.'));
    let about = layout::about(words, &recipient);
    let said = Said {
        original: original.filter(|one| !one.eq_ignore_ascii_case(&recipient)),
        recipient,
        text: diagnostic,
        host: remote,
        delayed: action == DsnAction::Delayed,
        delivered: matches!(action, DsnAction::Delivered | DsnAction::Relayed | DsnAction::Expanded),
        ..Said::default()
    };
    Some(complete(said, &about, status, reporting))
}

/// The diagnostic, then the words about the recipient, then Status: the remote reply tells the cause
/// better than what the notifying host made of it.
fn complete(said: Said, about: &str, status: Option<Enhanced>, reporting: Option<String>) -> Said {
    let words = Said { text: about.to_owned(), ..Said::default() }.complete();
    let mut said = said.complete();
    said.stage = said.stage.or(words.stage);
    said.host = said.host.or(words.host).or(reporting);
    if said.reply.is_none() && (said.enhanced.is_none() || said.text.len() < 12) {
        said.reply = words.reply;
        said.enhanced = said.enhanced.or(words.enhanced);
    }
    if said.reply.is_none() || said.text.len() < 12 {
        said.text = format!("{} {}", said.text, words.text).trim().to_owned();
    }
    let generic = |code: Enhanced| code.subject == 0 && code.detail == 0;
    said.enhanced = match (said.enhanced, status) {
        (Some(own), Some(status)) if generic(own) && !generic(status) => Some(status),
        (own, status) => own.or(status),
    };
    said.context = words.text;
    said
}

/// `smtp; 550 …` → `550 …`.
fn without_type(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if kind.len() <= 20 && !kind.trim().contains(' ') => rest.trim(),
        _ => value.trim(),
    }
}
