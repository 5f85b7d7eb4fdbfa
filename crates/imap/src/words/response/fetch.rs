//! FETCH: flags, sections, ENVELOPE and BODYSTRUCTURE. RFC 9051 §7.5.2.

use super::{FetchData, writer::Writer};
use crate::words::{
    date,
    envelope::{Envelope, EnvelopeAddress},
    section::{Section, SectionText},
    structure::{Content, Part},
};

pub(super) fn write(number: u32, items: &[FetchData<'_>], writer: &mut Writer<'_>) {
    writer.number(number).raw(" FETCH (");
    for (index, item) in items.iter().enumerate() {
        writer.raw(if index == 0 { "" } else { " " });
        data(item, writer);
    }
    writer.raw(")");
}

fn data(item: &FetchData<'_>, writer: &mut Writer<'_>) {
    match item {
        FetchData::Flags { flags, recent } => writer.raw("FLAGS ").flags(flags, recent.then_some("\\Recent")).done(),
        FetchData::Uid(uid) => writer.raw("UID ").number(*uid).done(),
        FetchData::InternalDate(moment) => {
            writer.raw("INTERNALDATE \"").raw(&date::write_date_time(*moment)).raw("\"");
        }
        FetchData::Size(octets) => writer.raw("RFC822.SIZE ").number(*octets).done(),
        FetchData::ModSeq(value) => writer.raw("MODSEQ (").number(*value).raw(")").done(),
        FetchData::EmailId(id) => writer.raw("EMAILID (").atom(id).raw(")").done(),
        FetchData::ThreadId(Some(id)) => writer.raw("THREADID (").atom(id).raw(")").done(),
        FetchData::ThreadId(None) => writer.raw("THREADID NIL").done(),
        FetchData::Envelope(found) => envelope(found, writer.raw("ENVELOPE ")),
        FetchData::Body(part) => structure(part, false, writer.raw("BODY ")),
        FetchData::BodyStructure(part) => structure(part, true, writer.raw("BODYSTRUCTURE ")),
        FetchData::Section { section, origin, octets } => {
            section_name(section, writer);
            origin_of(*origin, writer);
            content(octets.as_deref(), writer, |writer, octets| writer.literal(octets).done());
        }
        FetchData::Rfc822(octets) => writer.raw("RFC822 ").literal(octets).done(),
        FetchData::Rfc822Header(octets) => writer.raw("RFC822.HEADER ").literal(octets).done(),
        FetchData::Rfc822Text(octets) => writer.raw("RFC822.TEXT ").literal(octets).done(),
        FetchData::Binary { part, origin, octets } => {
            writer.raw("BINARY[").raw(&dotted(part)).raw("]");
            origin_of(*origin, writer);
            content(octets.as_deref(), writer, |writer, octets| writer.binary(octets).done());
        }
        FetchData::BinarySize { part, octets } => {
            writer.raw("BINARY.SIZE[").raw(&dotted(part)).raw("] ").number(*octets);
        }
    }
}

fn content(octets: Option<&[u8]>, writer: &mut Writer<'_>, write: impl Fn(&mut Writer<'_>, &[u8])) {
    writer.raw(" ");
    match octets {
        Some(octets) => write(writer, octets),
        None => writer.raw("NIL").done(),
    }
}

fn origin_of(origin: Option<u64>, writer: &mut Writer<'_>) {
    if let Some(origin) = origin {
        writer.raw("<").number(origin).raw(">");
    }
}

fn section_name(section: &Section, writer: &mut Writer<'_>) {
    let part = dotted(&section.part);
    writer.raw("BODY[").raw(&part);
    writer.raw(if part.is_empty() || section.what == SectionText::All { "" } else { "." });
    match &section.what {
        SectionText::All => {}
        SectionText::Header => writer.raw("HEADER").done(),
        SectionText::Fields(names) => field_names("HEADER.FIELDS ", names, writer),
        SectionText::FieldsNot(names) => field_names("HEADER.FIELDS.NOT ", names, writer),
        SectionText::Text => writer.raw("TEXT").done(),
        SectionText::Mime => writer.raw("MIME").done(),
    }
    writer.raw("]");
}

fn field_names(word: &str, names: &[String], writer: &mut Writer<'_>) {
    writer.raw(word).list_or_nil(names, " ", |writer, name| writer.astring(name).done());
}

fn dotted(part: &[u32]) -> String {
    part.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

fn envelope(envelope: &Envelope, writer: &mut Writer<'_>) {
    writer.raw("(").nstring(envelope.date.as_deref()).raw(" ").nstring(envelope.subject.as_deref());
    let from = envelope.from.as_slice();
    // RFC 9051 §7.5.2: an absent Sender or Reply-To is told as From.
    let or_from = |list| if <[EnvelopeAddress]>::is_empty(list) { from } else { list };
    let (sender, reply_to) = (or_from(&envelope.sender), or_from(&envelope.reply_to));
    for list in [from, sender, reply_to, &envelope.to, &envelope.cc, &envelope.bcc] {
        writer.raw(" ").list_or_nil(list, "", address);
    }
    writer.raw(" ").nstring(envelope.in_reply_to.as_deref()).raw(" ").nstring(envelope.message_id.as_deref()).raw(")");
}

fn address(writer: &mut Writer<'_>, address: &EnvelopeAddress) {
    writer.raw("(").nstring(address.name.as_deref()).raw(" NIL ");
    writer.nstring(address.local.as_deref()).raw(" ").nstring(address.domain.as_deref()).raw(")");
}

/// BODYSTRUCTURE when `extended`, else BODY.
fn structure(part: &Part, extended: bool, writer: &mut Writer<'_>) {
    writer.raw("(");
    match &part.content {
        Content::Parts(parts) if !parts.is_empty() => {
            parts.iter().for_each(|part| structure(part, extended, writer));
            writer.raw(" ").string(part.subtype.as_bytes());
            if extended {
                parameters(&part.parameters, writer.raw(" "));
                extension(part, writer);
            }
        }
        content => {
            single(part, content, extended, writer);
            if extended {
                writer.raw(" ").nstring(part.md5.as_deref());
                extension(part, writer);
            }
        }
    }
    writer.raw(")");
}

fn single(part: &Part, content: &Content, extended: bool, writer: &mut Writer<'_>) {
    let message = if let Content::Message(message) = content { Some(message) } else { None };
    // The grammar wants more of these two than a leaf has; such a row was not written by us.
    let is_false_leaf = part.kind == "multipart" || (part.kind == "message" && is_message(&part.subtype));
    let (kind, subtype) = match message {
        None if is_false_leaf => ("application", "octet-stream"),
        _ => (part.kind.as_str(), part.subtype.as_str()),
    };
    writer.string(kind.as_bytes()).raw(" ").string(subtype.as_bytes()).raw(" ");
    parameters(&part.parameters, writer);
    writer.raw(" ").nstring(part.id.as_deref()).raw(" ").nstring(part.description.as_deref()).raw(" ");
    let encoding = if part.encoding.is_empty() { "7bit" } else { &part.encoding };
    writer.string(encoding.as_bytes()).raw(" ").number(part.body.1.saturating_sub(part.body.0));
    if let Some(message) = message {
        envelope(&message.0, writer.raw(" "));
        structure(&message.1, extended, writer.raw(" "));
    }
    if message.is_some() || kind == "text" {
        writer.raw(" ").number(part.lines);
    }
}

pub(super) fn is_message(subtype: &str) -> bool {
    matches!(subtype, "rfc822" | "global")
}

fn parameters(parameters: &[(String, String)], writer: &mut Writer<'_>) {
    writer.list_or_nil(parameters, " ", |writer, (name, value)| {
        writer.string(name.as_bytes()).raw(" ").string(value.as_bytes());
    });
}

/// Disposition, language, location.
fn extension(part: &Part, writer: &mut Writer<'_>) {
    match &part.disposition {
        Some((kind, values)) => {
            writer.raw(" (").string(kind.as_bytes()).raw(" ");
            parameters(values, writer);
            writer.raw(")");
        }
        None => writer.raw(" NIL").done(),
    }
    match part.language.as_slice() {
        [one] => writer.raw(" ").string(one.as_bytes()).done(),
        many => writer.raw(" ").list_or_nil(many, " ", |writer, tag| writer.string(tag.as_bytes()).done()).done(),
    }
    writer.raw(" ").nstring(part.location.as_deref());
}
