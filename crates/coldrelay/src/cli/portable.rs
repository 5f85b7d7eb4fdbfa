//! `coldrelay export`, `coldrelay import`, `coldrelay mailbox import-mail`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use ops::{ExportOptions, ImapAccount, MailSource, MailsTaken, Manifest, Ops, Ported, PortedTally};
use rules::{Blame, Fault, Retry};
use syntax::Address;

use crate::{
    cli::yes,
    out::{Out, table},
};

#[derive(Args)]
pub struct Export {
    /// A folder that is new or empty; only its owner can read it. It will hold private keys and mail
    folder: PathBuf,
    /// Leave the mail out
    #[arg(long, conflicts_with = "mbox")]
    no_mail: bool,
    /// Write the mail as mbox too, beside the Maildirs
    #[arg(long)]
    mbox: bool,
    /// Leave the event log out
    #[arg(long)]
    no_events: bool,
}

impl Export {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let options = ExportOptions { mail: !self.no_mail, mbox: self.mbox, events: !self.no_events };
        let manifest = ops.export_folder(&self.folder, options, &mut progress(out)).await?;
        let counts = manifest.counts;
        out.answer(&counts, |counts| {
            let row = |what: &str, number: usize| vec![what.to_owned(), number.to_string()];
            let rows = vec![
                row("domains", counts.domains),
                row("DKIM keys", counts.keys),
                row("mailboxes", counts.mailboxes),
                row("mails", counts.mails),
                row("suppressions", counts.suppressions),
                row("events", counts.events),
            ];
            table(&["written", "number"], rows)
        });
        out.talk(&written(&self.folder, &manifest));
        Ok(ExitCode::SUCCESS)
    }
}

fn written(folder: &std::path::Path, manifest: &Manifest) -> String {
    format!(
        "{} files in {}, with private DKIM keys and mail: keep the folder as you keep the keys. Passwords are not in it.",
        manifest.files.len() + 1,
        folder.display()
    )
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    /// The folder that `coldrelay export` wrote
    #[arg(required = true)]
    folder: Option<PathBuf>,
    /// Only tell what would be made
    #[arg(long)]
    dry_run: bool,
    #[command(subcommand)]
    from: Option<From>,
}

#[derive(Subcommand)]
enum From {
    /// Take the mail of an IMAP account elsewhere into a mailbox: folders, flags and dates are kept
    Imap(ImportImap),
}

impl Import {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        if let Some(From::Imap(imap)) = self.from {
            return imap.run(ops, out).await;
        }
        let folder = self.folder.unwrap_or_default();
        let ported = ops.import_folder(&folder, self.dry_run, &mut progress(out)).await?;
        out.answer(&ported, |ported| {
            let row =
                |what: &str, tally: PortedTally| vec![what.to_owned(), tally.made.to_string(), tally.there.to_string()];
            let rows = vec![
                row("domains", ported.domains),
                row("mailboxes", ported.mailboxes),
                row("mails", ported.mails),
                row("suppressions", ported.suppressions),
            ];
            let made = if ported.dry_run { "would be made" } else { "made" };
            table(&["imported", made, "there before"], rows)
        });
        told(&ported, out);
        Ok(yes(ported.problems.is_empty()))
    }
}

fn told(ported: &Ported, out: Out) {
    for problem in &ported.problems {
        out.talk(problem);
    }
    if ported.dry_run {
        return out.talk("Nothing was written.");
    }
    if ported.domains.made > 0 {
        out.talk("Domains are not published yet: `coldrelay domain apply NAME` does it, when this machine is to send for them.");
    }
    if ported.mailboxes.made > 0 {
        out.talk("New mailboxes have passwords that nobody knows: `coldrelay mailbox export --rotate-passwords` makes new ones.");
    }
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct ImportMail {
    /// The mailbox that takes it
    address: Address,
    /// A Maildir: its `new` and `cur`
    #[arg(long, value_name = "FOLDER", group = "source")]
    maildir: Option<PathBuf>,
    /// An mbox file
    #[arg(long, value_name = "FILE", group = "source")]
    mbox: Option<PathBuf>,
}

impl ImportMail {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let source = match (self.maildir, self.mbox) {
            (Some(folder), _) => MailSource::Maildir(folder),
            (None, file) => MailSource::Mbox(file.unwrap_or_default()),
        };
        let taken = ops.import_mail(&self.address, &source, &mut progress(out)).await?;
        Ok(answered(&taken, out))
    }
}

fn answered(taken: &MailsTaken, out: Out) -> ExitCode {
    out.answer(taken, |taken| {
        let row = vec![taken.taken.to_string(), taken.there.to_string(), taken.failed.to_string()];
        table(&["taken", "there before", "failed"], vec![row])
    });
    for line in taken.problems.iter().chain(&taken.notes) {
        out.talk(line);
    }
    yes(taken.failed == 0)
}

#[derive(Args)]
struct ImportImap {
    /// Host of the account; its certificate must be for that name
    #[arg(long)]
    host: String,
    /// Port [default: 993, with --starttls 143]
    #[arg(long)]
    port: Option<u16>,
    /// Begin in clear and go over to TLS, instead of TLS from the start
    #[arg(long)]
    starttls: bool,
    /// Login
    #[arg(long, value_name = "LOGIN")]
    user: String,
    /// A file with the password in its first line; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// The mailbox that takes the mail
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Address,
    /// Only this folder; may be repeated [default: all]
    #[arg(long = "folder", value_name = "NAME")]
    folders: Vec<String>,
    /// Certificates (PEM) that are trusted beside the public roots, for a server of your own
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Look once more at what an earlier import looked at
    #[arg(long)]
    again: bool,
}

impl ImportImap {
    async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let account = ImapAccount {
            port: self.port.unwrap_or(if self.starttls { 143 } else { 993 }),
            host: self.host,
            starttls: self.starttls,
            login: self.user,
            password: first_line(&self.password_file)?,
            folders: self.folders,
            roots: self.roots,
            again: self.again,
        };
        let taken = ops.import_account(&self.mailbox, &account, &mut progress(out)).await?;
        Ok(answered(&taken, out))
    }
}

fn first_line(file: &Path) -> Result<String, Fault> {
    let text =
        if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| {
        Fault::new("import.password", Blame::Caller, Retry::AfterChange)
            .context(format!("reading the password from {}", file.display()))
            .caused_by(error)
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A line now and then: the whole is not known before its end.
fn progress(out: Out) -> impl FnMut(&str, usize) + Send {
    const EVERY: usize = 1_000;
    let mut last = 0;
    move |what, number| {
        if number >= last + EVERY {
            last = number;
            out.talk(&format!("{number} {what}…"));
        }
        if number < last {
            last = 0;
        }
    }
}
