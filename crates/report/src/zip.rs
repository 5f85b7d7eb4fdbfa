//! The one report in a zip archive. APPNOTE.TXT 6.3.10. Only what reporters use: stored and deflated entries, no
//! encryption, no ZIP64. Sizes are taken from the central directory and never believed: what comes out is counted.

use crate::{Problem, unpack::inflate};

/// Entries that are looked at for one that is a report.
const MAX_ENTRIES: usize = 32;
/// The end of central directory record and the longest comment after it. APPNOTE 4.3.16
const END: usize = 22;
const MAX_COMMENT: usize = 65_535;
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const ENTRY_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";

struct Entry<'a> {
    name: &'a [u8],
    encrypted: bool,
    method: u16,
    packed: usize,
    local: usize,
}

/// The content of the first entry that is named like a report, else of the first that is a file.
pub(crate) fn only_report(archive: &[u8]) -> Result<Vec<u8>, Problem> {
    let entries = entries(archive)?;
    let files = || entries.iter().filter(|entry| !entry.name.ends_with(b"/") && !is_resource(entry.name));
    let entry = files().find(|entry| is_named_like_a_report(entry.name)).or_else(|| files().next());
    content(archive, entry.ok_or(Problem::Packing("the archive holds no file"))?)
}

fn is_named_like_a_report(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    [".xml", ".json", ".xml.gz", ".json.gz"].iter().any(|end| name.ends_with(end.as_bytes()))
}

/// What macOS puts beside each file.
fn is_resource(name: &[u8]) -> bool {
    name.starts_with(b"__MACOSX/")
}

fn entries(archive: &[u8]) -> Result<Vec<Entry<'_>>, Problem> {
    let broken = Problem::Packing("the archive's directory is damaged");
    let end = end_of_directory(archive).ok_or(broken.clone())?;
    let count = usize::from(u16_at(archive, end + 10).ok_or(broken.clone())?);
    let mut at = u32_at(archive, end + 16).ok_or(broken.clone())?;
    let mut entries = Vec::new();
    for _ in 0..count.min(MAX_ENTRIES) {
        let (entry, next) = entry(archive, at).ok_or(broken.clone())?;
        entries.push(entry);
        at = next;
    }
    Ok(entries)
}

/// Where the end record begins: the last signature, as a comment may follow.
fn end_of_directory(archive: &[u8]) -> Option<usize> {
    let from = archive.len().saturating_sub(END + MAX_COMMENT);
    let tail = archive.get(from..)?;
    tail.windows(4).rposition(|window| window == END_SIGNATURE).map(|at| from + at)
}

/// An entry of the central directory and where the next begins. APPNOTE 4.3.12
fn entry(archive: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    if archive.get(at..at.checked_add(4)?)? != ENTRY_SIGNATURE {
        return None;
    }
    let name_octets = usize::from(u16_at(archive, at + 28)?);
    let more = usize::from(u16_at(archive, at + 30)?) + usize::from(u16_at(archive, at + 32)?);
    let entry = Entry {
        name: archive.get(at + 46..at + 46 + name_octets)?,
        encrypted: u16_at(archive, at + 8)? & 1 == 1,
        method: u16_at(archive, at + 10)?,
        packed: u32_at(archive, at + 20)?,
        local: u32_at(archive, at + 42)?,
    };
    Some((entry, at + 46 + name_octets + more))
}

/// The octets behind the local header (APPNOTE 4.3.7), undone.
fn content(archive: &[u8], entry: &Entry<'_>) -> Result<Vec<u8>, Problem> {
    let broken = Problem::Packing("the archive's entry is damaged");
    if entry.encrypted {
        return Err(Problem::Packing("the archive is encrypted"));
    }
    let data = data(archive, entry).ok_or(broken)?;
    match entry.method {
        0 => inflate(data, data.len()),
        8 => inflate(flate2::read::DeflateDecoder::new(data), data.len()),
        _ => Err(Problem::Packing("the archive is packed by another method than deflate")),
    }
}

fn data<'a>(archive: &'a [u8], entry: &Entry<'_>) -> Option<&'a [u8]> {
    let at = entry.local;
    if archive.get(at..at.checked_add(4)?)? != LOCAL_SIGNATURE {
        return None;
    }
    let start = at + 30 + usize::from(u16_at(archive, at + 26)?) + usize::from(u16_at(archive, at + 28)?);
    archive.get(start..start.checked_add(entry.packed)?)
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(octets: &[u8], at: usize) -> Option<usize> {
    let number = octets.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)?;
    usize::try_from(number).ok()
}
