//! The command line: thin faces of the deeds in `ops`.

mod account;
mod backup;
mod calculate;
mod cert;
mod check;
mod config;
mod doctor;
mod domain;
mod explain;
mod export;
mod generate;
mod lab;
mod mail;
mod mailbox;
mod portable;
mod probe;
mod proof;
mod push;
mod queue;
mod reference;
mod report;
mod rule;
mod send;
mod serve;
mod suppression;
mod webhook;
#[cfg(test)]
mod worked;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use ops::Ops;
use rules::Fault;

use crate::{
    config::{Config, load},
    exit, house,
    out::Out,
};

/// Where the configuration is looked for when it is not named.
const CONFIG: &str = "coldrelay.toml";

/// Send one-to-one business mail from domains of your own, and know why any of it was refused.
#[derive(Parser)]
#[command(name = "coldrelay", version, after_help = exit::HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args)]
pub struct Global {
    /// Configuration file [default: coldrelay.toml, when it is there]
    #[arg(long, global = true, env = "COLDRELAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder, instead of the configured one
    #[arg(long, global = true, env = "COLDRELAY_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Answer with JSON
    #[arg(long, global = true)]
    json: bool,
    /// No talk on stderr
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the mail internet on loopback and its story
    Lab(lab::Lab),
    /// Run the house: DNS, MX, submission, relay, health
    Serve,
    /// Plan, publish and prove domains
    #[command(subcommand)]
    Domain(domain::Domain),
    /// Make and list mailboxes
    #[command(subcommand)]
    Mailbox(mailbox::Mailbox),
    /// Certificates from a CA (ACME): how they stand, order and renew them
    #[command(subcommand)]
    Cert(cert::Cert),
    /// Let people in: accounts, one-time links, passwords
    #[command(subcommand)]
    Account(account::Account),
    /// Keys to the REST API
    #[command(subcommand)]
    Key(account::ApiKey),
    /// Send one message as a mailbox
    Send(send::Send),
    /// Look at the queue, retry, drop
    #[command(subcommand)]
    Queue(queue::Queue),
    /// Read the mail that was received
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Read what receivers report: who sends as me, TLS failures, complaints
    #[command(subcommand)]
    Report(report::Report),
    /// Rules for mail that arrives: pass on, filter the catch-all
    #[command(subcommand)]
    Rule(rule::Rule),
    /// Addresses that are left alone
    #[command(subcommand)]
    Suppression(suppression::Suppression),
    /// Post events to endpoints: signed, retried, replayable
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Check a domain, an address, a message, an IP: the live checks and the free tools
    #[command(subcommand)]
    Check(check::Check),
    /// Make records for the DNS: SPF, DKIM, DMARC, MTA-STS, TLS-RPT, BIMI
    #[command(subcommand)]
    Generate(generate::Generate),
    /// Size and price a plan; every assumption is an input
    #[command(subcommand)]
    Calculate(calculate::Calculate),
    /// Send the same message from a suspect and a control domain, and say what the difference proves
    #[command(subcommand)]
    Probe(probe::Probe),
    /// Explain a reply, a log line or a bounce message
    Explain(explain::Explain),
    /// The reference of SMTP errors: list, search, export
    #[command(subcommand)]
    Reference(reference::Reference),
    /// Write domains, keys, mailboxes, mail, suppressions and events into a folder: no lock-in
    Export(portable::Export),
    /// Read such a folder into this installation, or the mail of an IMAP account; what exists is left as it is
    Import(portable::Import),
    /// Copy the database, keys and configuration into a folder, while `serve` runs
    Backup(backup::Backup),
    /// Put a backup into an empty data folder; everything is checked before anything is written
    Restore(backup::Restore),
    /// Hold every row and every content against what must be true of it (exit code 1 when something is wrong)
    Verify(backup::Verify),
    /// Look at everything around the program that must be right: rights, room, ports, DNS, certificate, database (exit
    /// code 1 when something is wrong)
    Doctor,
    /// Describe and check the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Global {
    fn out(&self) -> Out {
        Out { json: self.json, quiet: self.quiet }
    }

    fn config_path(&self) -> Option<PathBuf> {
        let fallback = || Some(PathBuf::from(CONFIG)).filter(|path| path.exists());
        self.config.clone().or_else(fallback)
    }

    fn config(&self) -> Result<Config, Fault> {
        let config = load(self.config_path().as_deref())?;
        Ok(match &self.data_dir {
            Some(data_dir) => Config { data_dir: data_dir.clone(), ..config },
            None => config,
        })
    }

    /// The store's deeds, when there is a store: a check of other people's domains makes none.
    async fn ops_if_there(&self) -> Result<Option<Ops>, Fault> {
        let config = self.config()?;
        let is_there = config.database_url != "sqlite" || config.data_dir.join("coldrelay.db").exists();
        if is_there { house::open(&config).await.map(Some) } else { Ok(None) }
    }

    async fn ops(&self) -> Result<Ops, Fault> {
        house::open(&self.config()?).await
    }
}

/// Runs the command.
///
/// # Errors
/// The fault of the deed, which `exit` turns into words and a code.
pub async fn run(arguments: Arguments) -> Result<ExitCode, Fault> {
    let Arguments { global, command } = arguments;
    let out = global.out();
    match command {
        Command::Lab(lab) => lab.run(out).await,
        Command::Serve => serve::run(&global.config()?, out).await,
        Command::Domain(domain) => domain.run(&global.ops().await?, out).await,
        Command::Mailbox(mailbox) => mailbox.run(&global.ops().await?, out).await,
        Command::Cert(cert) => cert.run(&global.ops().await?, out).await,
        Command::Account(account) => account.run(&global.ops().await?, out).await,
        Command::Key(key) => key.run(&global.ops().await?, out).await,
        Command::Send(send) => send.run(&global.ops().await?, out).await,
        Command::Queue(queue) => queue.run(&global.ops().await?, out).await,
        Command::Mail(mail) => mail.run(&global.ops().await?, out).await,
        Command::Report(report) => report.run(&global.ops().await?, out).await,
        Command::Rule(rule) => rule.run(&global.ops().await?, out).await,
        Command::Suppression(suppression) => suppression.run(&global.ops().await?, out).await,
        Command::Webhook(webhook) => {
            let ops = global.ops().await?;
            let posting = house::posting(&global.config()?, &ops);
            webhook.run(&ops, &posting, out).await
        }
        Command::Check(check) => check.run(&global, out).await,
        Command::Generate(generate) => generate.run(&global, out).await,
        Command::Calculate(calculate) => calculate.run(&global, out),
        Command::Probe(probe) => probe.run(&global.ops().await?, out).await,
        Command::Explain(explain) => explain.run(&global, out).await,
        Command::Reference(reference) => reference.run(out),
        Command::Export(export) => export.run(&global.ops().await?, out).await,
        Command::Import(import) => import.run(&global.ops().await?, out).await,
        Command::Backup(backup) => backup.run(&global, out).await,
        Command::Restore(restore) => restore.run(&global, out).await,
        Command::Verify(verify) => verify.run(&global, out).await,
        Command::Doctor => doctor::run(&global, out).await,
        Command::Config(config) => config.run(global.config_path(), out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "coldrelay", &mut script);
            out.text(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// 0 or 1.
fn yes(yes: bool) -> ExitCode {
    ExitCode::from(if yes { exit::OK } else { exit::NO })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Commands\nMade from the program's own help: `COLDRELAY_REGENERATE=1 cargo test -p coldrelay`. Answers go to stdout, \
                        talk and errors to stderr;\nevery command takes `--json`.\n";

    /// Help of a command and of those below it.
    fn help(command: &mut clap::Command, path: &str, out: &mut String) {
        let title = if path.is_empty() { String::from("coldrelay") } else { format!("coldrelay{path}") };
        let shown = command.clone().bin_name(title.clone()).render_long_help().to_string();
        let lines: String = shown.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        out.push_str(&format!("\n## {title}\n```text\n{}\n```\n", lines.trim_end()));
        let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        for name in names.iter().filter(|name| *name != "help") {
            if let Some(inner) = command.find_subcommand_mut(name) {
                help(inner, &format!("{path} {name}"), out);
            }
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_commands_in_the_docs_are_fresh() {
        let mut text = String::from(HEAD);
        help(&mut Arguments::command().term_width(100), "", &mut text);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
        if std::env::var_os("COLDRELAY_REGENERATE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == text, "docs/cli.md is stale: run COLDRELAY_REGENERATE=1 cargo test -p coldrelay");
    }
}
