//! `coldrelay check from`, and what `check address` shares with it.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use rules::{Blame, Fault, Retry};
use syntax::{Inspection, MAX_INSPECTED, Severity, inspect_from};

use crate::{cli::yes, out::Out};

/// The most that is read of one input: enough to see that it is too long.
const MOST: u64 = MAX_INSPECTED as u64 + 2;

#[derive(Args)]
pub struct From {
    /// The header, with or without `From:` before it; `-` or nothing reads stdin. With --batch a file
    #[arg(value_name = "HEADER", allow_hyphen_values = true)]
    header: Option<OsString>,
    #[command(flatten)]
    reading: Reading,
}

impl From {
    pub fn run(self, out: Out) -> Result<ExitCode, Fault> {
        self.reading.run(self.header, inspect_from, out)
    }
}

/// Where the input comes from.
#[derive(Args)]
pub struct Reading {
    /// Read one a line, from stdin or a file, and answer with one JSON object a line
    #[arg(long)]
    batch: bool,
    /// Read a file
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

impl Reading {
    /// Looks at what was given. The exit code is 1 when anything is not valid.
    ///
    /// # Errors
    /// `file.unreadable`
    pub fn run(self, given: Option<OsString>, inspect: fn(&[u8]) -> Inspection, out: Out) -> Result<ExitCode, Fault> {
        let named = given.filter(|text| text != "-");
        if self.batch {
            let path = self.file.or(named.map(PathBuf::from));
            return batch(opened(path.as_deref())?, inspect, out);
        }
        let octets = match (self.file, named) {
            (Some(path), _) => one(opened(Some(&path))?, &path)?,
            (None, Some(text)) => text.into_encoded_bytes(),
            (None, None) => one(opened(None)?, Path::new("-"))?,
        };
        let told = inspect(&octets);
        out.answer(&told, shown);
        Ok(yes(told.valid))
    }
}

/// As a compiler shows it, with where to read on.
fn shown(told: &Inspection) -> String {
    let told_of = told.faults.iter().filter(|fault| fault.severity > Severity::Note);
    let worst = told_of.reduce(|worst, fault| if fault.severity > worst.severity { fault } else { worst });
    let more = worst.map(|fault| format!("\n\nmore: coldrelay explain {}", fault.id)).unwrap_or_default();
    format!("{}{more}", told.shown())
}

fn opened(path: Option<&Path>) -> Result<Box<dyn Read>, Fault> {
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => Ok(Box::new(std::fs::File::open(path).map_err(|error| unreadable(path, error))?)),
        None => Ok(Box::new(std::io::stdin())),
    }
}

/// All of it, less the line end that the shell or the editor put behind it.
fn one(input: Box<dyn Read>, path: &Path) -> Result<Vec<u8>, Fault> {
    let mut octets = Vec::new();
    input.take(MOST).read_to_end(&mut octets).map_err(|error| unreadable(path, error))?;
    without_end(&mut octets);
    Ok(octets)
}

fn without_end(octets: &mut Vec<u8>) {
    if octets.last() == Some(&b'\n') {
        octets.pop();
        if octets.last() == Some(&b'\r') {
            octets.pop();
        }
    }
}

/// Line by line; an empty line is an input too, so that answers stay beside their lines.
fn batch(input: Box<dyn Read>, inspect: fn(&[u8]) -> Inspection, out: Out) -> Result<ExitCode, Fault> {
    let mut input = BufReader::with_capacity(256 * 1024, input);
    let mut answers = out.batch();
    let mut all_valid = true;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut input).take(MOST).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(Path::new("-"), error))? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            skip_line(&mut input).map_err(|error| unreadable(Path::new("-"), error))?;
        }
        without_end(&mut line);
        let told = inspect(&line);
        all_valid &= told.valid;
        answers.line(&told);
    }
    answers.end();
    Ok(yes(all_valid))
}

/// Drops what is left of a line that is too long to be kept.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|octet| *octet == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        let is_over = end.is_some() || buffer.is_empty();
        input.consume(used);
        if is_over {
            return Ok(());
        }
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Fault {
    Fault::new("file.unreadable", Blame::Operator, Retry::AfterChange)
        .context(format!("reading {}", path.display()))
        .caused_by(error)
}
