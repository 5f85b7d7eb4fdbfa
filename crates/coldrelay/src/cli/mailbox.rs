//! `coldrelay mailbox`

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use ops::{MailboxRequest, NewCredentials, Ops, credentials_csv};
use rules::{Blame, Fault, Retry};
use syntax::{Address, Domain};

use super::{export, portable, proof, push};
use crate::out::{Out, table};

/// Who does it, for the audit log.
const WHO: &str = "command line";

#[derive(Subcommand)]
pub enum Mailbox {
    /// Make a mailbox; its password is shown once
    Add {
        /// Its address
        address: Address,
        /// Display name
        #[arg(long, value_name = "NAME")]
        display: Option<String>,
        /// Messages it may submit in 24 hours [default: submission.daily_cap]
        #[arg(long, value_name = "NUMBER")]
        daily_cap: Option<u32>,
    },
    /// List mailboxes
    List {
        /// Only of this domain
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<Domain>,
    },
    /// Make mailboxes from a file, all or none: CSV (address,display,daily_cap), or any format of `export`; prints the new
    /// passwords once, as CSV
    Import {
        /// File; `-` is stdin
        file: PathBuf,
    },
    /// Print mailboxes as a sequencer reads them: hosts, ports, logins, and new passwords when asked
    Export(export::Export),
    /// Give mailboxes to a sequencer over its API; what it has already is left alone
    Push(push::PushMailboxes),
    /// Take mail from elsewhere into a mailbox: from a Maildir or an mbox file. A second run goes on where the first ended
    ImportMail(portable::ImportMail),
    /// Make a new password; it is shown once
    ResetPassword {
        /// The mailbox
        address: Address,
    },
    /// Suspend a mailbox: it keeps its mail, cannot log in, and takes no mail
    Suspend {
        /// The mailbox
        address: Address,
    },
    /// Let a suspended mailbox log in and take mail again
    Resume {
        /// The mailbox
        address: Address,
    },
    /// Prove mailboxes: a message out through the public paths, an answer back, the names that must answer. `serve` makes the proofs
    Verify(proof::Verify),
    /// Show the proofs of a mailbox with their evidence
    Proofs {
        /// The mailbox
        address: Address,
        /// How many
        #[arg(long, default_value_t = 5, value_name = "NUMBER")]
        limit: u32,
    },
    /// Let a mailbox send although its proof failed, until one passes; it goes into the audit log
    Override {
        /// The mailbox
        address: Address,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Give a mailbox its whole daily cap at once, for one that has sent before; it goes into the audit log
    EndRamp {
        /// The mailbox
        address: Address,
    },
    /// Let a mailbox send as another of its workspace
    Grant {
        /// Who may send
        address: Address,
        /// As whom
        #[arg(long = "as", value_name = "ADDRESS")]
        other: Address,
    },
}

impl Mailbox {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Add { address, display, daily_cap } => {
                let made = ops.add_mailboxes(&[MailboxRequest { address, display, daily_cap }]).await?;
                shown(out, &made);
            }
            Self::List { domain } => {
                let mailboxes = ops.mailboxes(domain.as_ref()).await?;
                out.answer(&mailboxes, |mailboxes| {
                    let row = |mailbox: &store::Mailbox| {
                        let display = mailbox.display.clone().unwrap_or_default();
                        let state = mailbox.suspended_at.map(|at| format!("suspended since {at}")).unwrap_or_default();
                        let made = mailbox.created_at.to_string();
                        vec![mailbox.address.to_string(), display, allowed(mailbox), made, state]
                    };
                    table(
                        &["mailbox", "display name", "cap a day", "made", "state"],
                        mailboxes.iter().map(row).collect(),
                    )
                });
            }
            Self::Import { file } => {
                let (made, format) = ops.import_mailboxes(&read(&file)?).await?;
                let name = format.map_or("a list", |format| format.name.as_str());
                out.talk(&format!("{} mailboxes made (read as {name}); the passwords are shown this once", made.len()));
                let csv = credentials_csv(&made)?;
                out.answer(&made, |_| csv);
            }
            Self::Export(export) => export.run(ops, out).await?,
            Self::Push(push) => return push.run(ops, out).await,
            Self::ImportMail(import) => return import.run(ops, out).await,
            Self::ResetPassword { address } => shown(out, &[ops.reset_password(&address).await?]),
            Self::Suspend { address } => {
                ops.suspend(&address, true).await?;
                out.talk(&format!("{address} is suspended"));
            }
            Self::Resume { address } => {
                ops.suspend(&address, false).await?;
                out.talk(&format!("{address} works again"));
            }
            Self::Verify(verify) => return verify.run(ops, out).await,
            Self::Proofs { address, limit } => proof::history(ops, &address, limit, out).await?,
            Self::Override { address, reason } => {
                let mailbox = ops.mailboxes_meant(std::slice::from_ref(&address), None).await?;
                for mailbox in mailbox {
                    ops.override_proof(None, &mailbox.id, WHO, &reason).await?;
                }
                out.talk(&format!("{address} may send until a proof passes, whatever its last one said"));
            }
            Self::EndRamp { address } => {
                let mailbox = ops.end_ramp(&address, WHO).await?;
                out.answer(&mailbox, |mailbox| {
                    format!("{address} may submit {} messages in 24 hours", mailbox.daily_cap)
                });
            }
            Self::Grant { address, other } => {
                ops.grant(&address, &other).await?;
                out.talk(&format!("{address} may send as {other}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What a mailbox may submit a day; while it ramps, what it will, too.
fn allowed(mailbox: &store::Mailbox) -> String {
    match mailbox.ramp {
        None => mailbox.daily_cap.to_string(),
        Some(ramp) => format!("{} of {} (day {})", mailbox.allowance(), mailbox.daily_cap, ramp.day),
    }
}

fn shown(out: Out, made: &[NewCredentials]) {
    out.answer(&made, |made| {
        let row = |new: &NewCredentials| vec![new.address.to_string(), new.password.clone(), new.host.to_string()];
        table(&["login", "password", "host"], made.iter().map(row).collect())
    });
    out.talk("The password is shown this once: only its keyed hash is kept.");
}

/// A file, or stdin.
pub fn read(file: &std::path::Path) -> Result<String, Fault> {
    let read = if file == std::path::Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| {
        Fault::new("file.unreadable", Blame::Operator, Retry::AfterChange)
            .context(format!("reading {}", file.display()))
            .caused_by(error)
    })
}
