//! The text of a message as people read it: encoded words, transfer encodings and charsets undone.

use syntax::{decode_charset, decode_transfer, decode_words};

use crate::words::{
    envelope::EnvelopeAddress,
    header::fields,
    structure::{Content, Kept, Part, slice},
};

/// Octets of one message's decoded text that are searched. What stands behind them is not found.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// The fields of a header: names lower-case, values unfolded and decoded.
pub fn header(header: &[u8]) -> Vec<(String, String)> {
    let named = fields(header).filter(|field| !field.name.is_empty());
    let read = named.map(|field| {
        let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
        (name, decode_words(&field.value()))
    });
    read.collect()
}

/// The text parts of a body one behind the other, with the headers of enclosed messages and the names of files.
pub fn body(message: &[u8], kept: &Kept) -> String {
    let mut text = String::new();
    add_part(message, &kept.structure, &mut text);
    text
}

/// `Name <local@domain>`, with commas between; names decoded.
pub fn addresses(list: &[EnvelopeAddress]) -> String {
    let one = |address: &EnvelopeAddress| {
        let local = address.local.as_deref().unwrap_or_default();
        let spec = match address.domain.as_deref() {
            Some(domain) if !domain.is_empty() => format!("{local}@{domain}"),
            _ => local.to_owned(),
        };
        match &address.name {
            Some(name) => format!("{} <{spec}>", decode_words(name)),
            None => spec,
        }
    };
    list.iter().map(one).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

fn add_part(message: &[u8], part: &Part, text: &mut String) {
    if text.len() >= MAX_TEXT {
        return;
    }
    let named = part.disposition.iter().flat_map(|(_, parameters)| parameters).chain(&part.parameters);
    for (_, name) in named.filter(|(name, _)| name == "filename" || name == "name") {
        add(&decode_words(name), text);
    }
    match &part.content {
        Content::Parts(parts) => parts.iter().for_each(|part| add_part(message, part, text)),
        Content::Message(enclosed) => {
            for (name, value) in header(slice(message, enclosed.1.header)) {
                add(&format!("{name}: {value}"), text);
            }
            add_part(message, &enclosed.1, text);
        }
        Content::Leaf if part.kind == "text" => {
            let octets = decode_transfer(slice(message, part.body), &part.encoding);
            let charset = part.parameters.iter().find(|(name, _)| name == "charset");
            let octets = octets.get(..MAX_TEXT).unwrap_or(&octets);
            add(&decode_charset(octets, charset.map_or("utf-8", |(_, charset)| charset)), text);
        }
        Content::Leaf => {}
    }
}

fn add(more: &str, text: &mut String) {
    text.push_str(more);
    text.push('\n');
}
