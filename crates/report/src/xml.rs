//! A walk through XML that tells each leaf with the path to it. No entity but the five of XML itself and numbered
//! characters is ever replaced; a document that declares its own is refused.

use quick_xml::{Reader, events::Event};

use crate::Problem;

/// Deepest nesting; a report has six.
const MAX_DEPTH: usize = 16;
/// Most octets of one leaf's text that are kept.
const MAX_TEXT: usize = 4096;

/// What is met on the way. Names are lower-case and without their prefix.
pub(crate) trait Visitor {
    /// An element begins; its name is the last of `path`.
    fn open(&mut self, path: &[String]) -> Result<(), Problem>;
    /// An element ends, with the text directly in it, trimmed.
    fn close(&mut self, path: &[String], text: &str);
}

/// Walks through the document.
pub(crate) fn walk(text: &str, visitor: &mut impl Visitor) -> Result<(), Problem> {
    let mut reader = Reader::from_str(text);
    // Reality: `<email><report@example.net></email>`. An end without its beginning is passed over, and one that comes
    // too early ends what is open in it.
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut path: Vec<String> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| Problem::Syntax(error.to_string()))? {
            Event::Start(start) => open(visitor, &mut path, &mut said, start.local_name().as_ref())?,
            Event::Empty(start) => {
                open(visitor, &mut path, &mut said, start.local_name().as_ref())?;
                close(visitor, &mut path, &mut said);
            }
            Event::End(end) => {
                let name = end.local_name().as_ref().to_ascii_lowercase();
                let open = path.iter().rposition(|known| *known == name).unwrap_or(path.len());
                while path.len() > open {
                    close(visitor, &mut path, &mut said);
                }
            }
            Event::Text(text) => add(&mut said, &text),
            Event::CData(text) => add(&mut said, &text),
            Event::GeneralRef(name) => add(&mut said, &reference(&name)),
            // An external subset is never fetched; an internal one could declare entities.
            Event::DocType(doctype) if doctype.contains('[') => return Err(Problem::Entities),
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err(Problem::Syntax("the document is cut off".to_owned())),
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn open(visitor: &mut impl Visitor, path: &mut Vec<String>, said: &mut Vec<String>, name: &str) -> Result<(), Problem> {
    if path.len() >= MAX_DEPTH {
        return Err(Problem::TooDeep);
    }
    path.push(name.to_ascii_lowercase());
    said.push(String::new());
    visitor.open(path)
}

fn close(visitor: &mut impl Visitor, path: &mut Vec<String>, said: &mut Vec<String>) {
    let text = said.pop().unwrap_or_default();
    visitor.close(path, text.trim());
    path.pop();
}

fn add(said: &mut [String], text: &str) {
    let Some(last) = said.last_mut() else { return };
    let room = MAX_TEXT.saturating_sub(last.len());
    let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    last.push_str(text.get(..end).unwrap_or_default());
}

/// The five entities of XML 1.0 §4.6 and numbered characters; any other stays as it is written.
fn reference(name: &quick_xml::events::BytesRef<'_>) -> String {
    let known = match &**name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => name.resolve_char_ref().ok().flatten(),
    };
    known.map_or_else(|| format!("&{};", &**name), String::from)
}
