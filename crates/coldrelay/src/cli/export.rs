//! `coldrelay mailbox export`

use std::path::{Path, PathBuf};

use clap::{Args, builder::PossibleValuesParser};
use ops::{ExportRequest, Ops, Passwords, export_format};
use rules::{Blame, Fault, Retry};
use store::MailboxFilter;
use syntax::Domain;

use crate::out::Out;

#[derive(Args)]
pub struct Export {
    /// Whose columns
    #[arg(long = "for", value_name = "FORMAT", default_value = "csv", value_parser = formats())]
    format: String,
    /// Only of this domain
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<Domain>,
    /// Only these columns of the format, in this order
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    fields: Vec<String>,
    /// Give every mailbox a new password, which stands in this export alone. The old ones end at once. Without this the password
    /// columns are empty: only keyed hashes are kept
    #[arg(long)]
    rotate_passwords: bool,
    /// Write to this file, which must not exist; only its owner can read it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// At most so many rows a file: file-1.csv, file-2.csv…
    #[arg(long, value_name = "ROWS", requires = "out", value_parser = clap::value_parser!(u32).range(1..))]
    split: Option<u32>,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(reference::sequencers().iter().map(|one| one.id.as_str()))
}

impl Export {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<(), Fault> {
        let format = export_format(&self.format)?;
        let domain = match &self.domain {
            Some(name) => Some(ops.domain_within(None, name).await?.id),
            None => None,
        };
        let split = self.split.and_then(|rows| usize::try_from(rows).ok());
        let rotate_passwords = self.rotate_passwords;
        // Made before any password is changed: a file that cannot be written must not cost one.
        let first = self.out.as_deref().map(|path| create(&numbered(path, split, 1))).transpose()?;
        let request = ExportRequest { format, fields: self.fields, rotate_passwords, split };
        let filter = MailboxFilter { domain, ..MailboxFilter::default() };
        let made = match ops.export_mailboxes(&filter, &request).await {
            Ok(made) => made,
            Err(fault) => {
                if let Some(path) = &self.out {
                    let _ = std::fs::remove_file(numbered(path, split, 1));
                }
                return Err(fault);
            }
        };
        match (&self.out, first) {
            (Some(path), Some(first)) => write_all(path, split, first, &made.texts)?,
            _ => out.text(&made.texts.concat()),
        }
        out.talk(&match made.passwords {
            Passwords::Empty => format!(
                "{} mailboxes; the password columns are empty, for only keyed hashes are kept: --rotate-passwords makes new ones",
                made.rows
            ),
            Passwords::Rotated => format!(
                "WARNING: {} mailboxes have new passwords, shown this once; whatever logs in with an old one is refused from now on",
                made.rows
            ),
            Passwords::NoColumn => format!("{} mailboxes, without passwords", made.rows),
        });
        if split.is_none() && format.rows > 0 && made.rows > format.rows {
            let most = format.rows;
            out.talk(&format!(
                "{} may refuse more than {most} rows a file: --out FILE --split {most} makes several",
                format.name
            ));
        }
        Ok(())
    }
}

fn write_all(path: &Path, split: Option<usize>, first: std::fs::File, texts: &[String]) -> Result<(), Fault> {
    let mut first = Some(first);
    for (number, text) in (1..).zip(texts) {
        let path = numbered(path, split, number);
        let mut file = match first.take() {
            Some(file) => file,
            None => create(&path)?,
        };
        std::io::Write::write_all(&mut file, text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| unwritable(&path).caused_by(error))?;
    }
    Ok(())
}

/// `accounts.csv` as `accounts-2.csv`, when there are several.
fn numbered(path: &Path, split: Option<usize>, number: usize) -> PathBuf {
    if split.is_none() {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let end = path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{end}"))
}

/// A new file that only its owner can read.
fn create(path: &Path) -> Result<std::fs::File, Fault> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| unwritable(path).caused_by(error))
}

fn unwritable(path: &Path) -> Fault {
    Fault::new("file.unwritable", Blame::Operator, Retry::AfterChange).context(format!("writing {}", path.display()))
}
