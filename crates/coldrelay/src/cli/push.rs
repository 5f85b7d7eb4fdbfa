//! `coldrelay mailbox push`

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use ops::{Ops, Push, PushEnd, PushPasswords, PushRow, PushSecret, Vendor, file_passwords};
use rules::Fault;
use store::MailboxFilter;
use syntax::Domain;

use super::mailbox::read;
use crate::{
    cli::yes,
    out::{Out, table},
};

#[derive(Clone, Copy, ValueEnum)]
pub enum To {
    /// instantly.ai, API v2
    Instantly,
    /// smartlead.ai, API v1
    Smartlead,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct PushMailboxes {
    /// Who takes them
    vendor: To,
    /// File with the vendor's API key, which is never printed
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Only of this domain
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<Domain>,
    /// Give each mailbox that the vendor lacks a new password, just before it is pushed; the old one ends
    #[arg(long, group = "source")]
    rotate_passwords: bool,
    /// Take the passwords from an export (`mailbox export --rotate-passwords --out FILE`)
    #[arg(long, value_name = "FILE", group = "source")]
    passwords: Option<PathBuf>,
    /// Only tell what the vendor has and lacks
    #[arg(long, group = "source")]
    dry_run: bool,
    /// Another address than the vendor's own
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

impl PushMailboxes {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let vendor = match self.vendor {
            To::Instantly => Vendor::Instantly,
            To::Smartlead => Vendor::Smartlead,
        };
        let push = Push::new(ops, vendor, PushSecret::parse(&read(&self.key_file)?)?, self.base_url.as_deref())?;
        let passwords = match (&self.passwords, self.dry_run) {
            (_, true) => PushPasswords::DryRun,
            (Some(file), _) => PushPasswords::File(file_passwords(&read(file)?)?),
            (None, _) => PushPasswords::Rotate,
        };
        let domain = match &self.domain {
            Some(name) => Some(ops.domain_within(None, name).await?.id),
            None => None,
        };
        let filter = MailboxFilter { domain, ..MailboxFilter::default() };
        let mut done = 0;
        let mut told = |_: &PushRow, all: usize| {
            done += 1;
            out.progress(done, all);
        };
        let rows = ops.push_mailboxes(&push, &filter, &passwords, &mut told).await?;
        out.answer(&rows, |rows| {
            let cells = |row: &PushRow| {
                let (end, what) = words(&row.end);
                vec![row.address.to_string(), end.to_owned(), what.to_owned()]
            };
            table(&["mailbox", "at the vendor", "why"], rows.iter().map(cells).collect())
        });
        let count = |word: &str| rows.iter().filter(|row| words(&row.end).0 == word).count();
        let failed = count("failed");
        out.talk(&format!(
            "{}: {} made, {} there before, {} missing, {failed} failed",
            vendor.name(),
            count("made"),
            count("exists"),
            count("missing")
        ));
        if self.rotate_passwords && count("made") + failed > 0 {
            out.talk("WARNING: mailboxes that were pushed have new passwords; other programs that used the old ones are refused from now on");
        }
        Ok(yes(failed == 0))
    }
}

fn words(end: &PushEnd) -> (&'static str, &str) {
    match end {
        PushEnd::Made { note } => ("made", note.as_deref().unwrap_or_default()),
        PushEnd::Exists => ("exists", ""),
        PushEnd::Missing => ("missing", ""),
        PushEnd::Failed { what } => ("failed", what),
    }
}
