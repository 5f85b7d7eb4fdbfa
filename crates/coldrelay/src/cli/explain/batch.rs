//! `explain --batch`: one JSON object a line.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use bounce::{Outcome, explain_line, explain_message};
use rules::Fault;

use super::{octets_of, unreadable};
use crate::out::{Batch, Out};

/// Longest line that is kept, in octets.
const MAX_LINE: usize = 64 * 1024;

/// One line of the answer to a line of text.
#[derive(serde::Serialize)]
struct LineAnswer<'a> {
    input: &'a str,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// One line of the answer to a message.
#[derive(serde::Serialize)]
struct MessageAnswer<'a> {
    input: &'a str,
    source: bounce::Source,
    format: &'static str,
    message_id: Option<String>,
    recipients: &'a [Outcome],
}

pub fn run(file: Option<&Path>, text: &[String], out: Out) -> Result<ExitCode, Fault> {
    let mut batch = out.batch();
    let path = file.map(PathBuf::from).or_else(|| text.first().filter(|word| *word != "-").map(PathBuf::from));
    match path {
        Some(path) if path.is_dir() => folder(&path, &mut batch)?,
        Some(path) => {
            let octets = octets_of(&path)?;
            let found = messages(&octets);
            if found.is_empty() {
                lines(std::fs::File::open(&path).map_err(|error| unreadable(&path, error))?, &mut batch);
            }
            let name = path.display().to_string();
            let alone = found.len() == 1;
            for (number, octets) in found.into_iter().enumerate() {
                let name = if alone { name.clone() } else { format!("{name}#{}", number + 1) };
                message(&name, octets, &mut batch);
            }
        }
        None => lines(std::io::stdin(), &mut batch),
    }
    batch.end();
    Ok(ExitCode::SUCCESS)
}

/// Every file of the folder, by name; folders within are not followed.
fn folder(path: &Path, batch: &mut Batch) -> Result<(), Fault> {
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, error))?;
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect();
    files.sort();
    for file in files {
        let octets = octets_of(&file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        message(&name, &octets, batch);
    }
    Ok(())
}

fn lines(input: impl std::io::Read, batch: &mut Batch) {
    let mut input = BufReader::with_capacity(256 * 1024, input);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end is cut, not kept: memory stays bounded.
        let read = std::io::Read::take(&mut input, MAX_LINE as u64).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if !text.trim().is_empty() {
            batch.line(&LineAnswer { input: text, outcome: &explain_line(text) });
        }
    }
}

fn message(name: &str, octets: &[u8], batch: &mut Batch) {
    let found = explain_message(octets);
    batch.line(&MessageAnswer {
        input: name,
        source: found.source,
        format: found.format,
        message_id: found.message_id,
        recipients: &found.recipients,
    });
}

/// The messages of an mbox, or the one message that the octets are; empty when they are none.
pub fn messages(octets: &[u8]) -> Vec<&[u8]> {
    if !octets.starts_with(b"From ") {
        return if bounce::looks_like_mail(octets) { vec![octets] } else { Vec::new() };
    }
    let mut starts = vec![0];
    let mut at = 0;
    while let Some(found) =
        octets.get(at..).and_then(|rest| position(rest, b"\n\nFrom ").or_else(|| position(rest, b"\r\n\r\nFrom ")))
    {
        let start = at + found + octets.get(at + found..).and_then(|rest| position(rest, b"From ")).unwrap_or(0);
        // A `From ` line of an mbox ends with a date; one in a text does not.
        let line = octets.get(start..).and_then(|rest| rest.split(|octet| *octet == b'\n').next()).unwrap_or_default();
        if line.iter().filter(|octet| **octet == b':').count() >= 2 {
            starts.push(start);
        }
        at = start + 5;
    }
    let ends = starts.iter().skip(1).copied().chain([octets.len()]);
    starts.iter().copied().zip(ends).filter_map(|(start, end)| octets.get(start..end)).collect()
}

fn position(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbox_is_divided_into_its_messages() {
        let mbox = b"From a@b.test Mon Nov 24 10:00:00 2026\nFrom: a@b.test\nTo: c@d.test\n\nhello\n\nFrom here on it is text\n\nFrom a@b.test Mon Nov 24 10:00:01 2026\nFrom: a@b.test\nTo: c@d.test\n\ntwo\n";
        let found = messages(mbox);
        assert_eq!(found.len(), 2);
        assert!(found[1].starts_with(b"From a@b.test Mon Nov 24 10:00:01"));
        assert!(messages(b"550 5.1.1 gone\n").is_empty());
        assert_eq!(messages(b"From: a@b.test\nTo: c@d.test\n\nx").len(), 1);
    }
}
