//! `coldrelay explain`

mod batch;
mod show;

use std::{
    io::Read as _,
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use bounce::{Recognised, explain_message, explain_text};
use check::{DomainFacts, Facts};
use clap::Args;
use rules::{Blame, Fault, Retry};
use syntax::{Address, Domain};

use super::{
    Global,
    check::{Asking, word},
    yes,
};
use crate::out::Out;

pub use show::page;

/// Most octets that are read from one file: a bounce is far below, and the rest of a larger one is
/// the returned message.
const MAX_OCTETS: u64 = 4 * 1024 * 1024;

/// Explain a reply, a log line or a whole bounce; show an entry of the reference
#[derive(Args)]
pub struct Explain {
    /// A reply, a log line, codes (`553`, `5.7.26`, `gmail 4.7.28`) or the id of an entry; `-` or
    /// nothing reads stdin
    text: Vec<String>,
    /// Read a file: a message (.eml), a mailbox (mbox), a feedback report, a log, or, with --batch, a
    /// folder of messages
    #[arg(long, value_name = "PATH", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// Run the live checks that the causes name, and put the causes into the order of what they found
    #[arg(long, conflicts_with = "batch")]
    verify: bool,
    /// With --verify: the domain that sends
    #[arg(long, value_name = "DOMAIN", requires = "verify")]
    domain: Option<Domain>,
    /// With --verify: the IP that sends
    #[arg(long, value_name = "IP", requires = "verify")]
    ip: Option<IpAddr>,
    /// With --verify: the DKIM selector
    #[arg(long, value_name = "NAME", requires = "verify")]
    selector: Option<String>,
    /// With --verify: the name that the server greets with
    #[arg(long, value_name = "NAME", requires = "verify")]
    helo: Option<String>,
    #[command(flatten)]
    asking: Asking,
    /// One JSON object a line: for each line of the input, or for each message of a folder or mbox
    #[arg(long)]
    batch: bool,
}

impl Explain {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        if self.batch {
            return batch::run(self.file.as_deref(), &self.text, out);
        }
        let joined = self.text.join(" ");
        let (octets, path) = match &self.file {
            Some(path) => (octets_of(path)?, Some(path.as_path())),
            None if joined.is_empty() || joined == "-" => (octets_of(Path::new("-"))?, None),
            None => (joined.clone().into_bytes(), None),
        };
        if path.is_none() {
            // Codes and ids alone ask for the page; with words behind them they are a reply.
            let asked = String::from_utf8_lossy(&octets);
            if let Some(entry) = reference::find(asked.trim()).first() {
                out.answer(*entry, |entry: &reference::Entry| page(entry));
                return Ok(ExitCode::SUCCESS);
            }
        }
        let found = recognised(&octets);
        if found.is_empty() {
            out.talk("No SMTP reply was found in this text: paste the whole line with its code, as `550 5.7.1 …`.");
            return Ok(yes(false));
        }
        let mut found = found;
        if self.verify {
            self.look(&mut found, global, out).await?;
        }
        for one in &found {
            out.answer(one, |one| show::explained(one, &octets));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What is known of whoever sent: as the command line says it, else, for a domain of this installation, as the store does.
    async fn sender(&self, global: &Global) -> Result<Facts, Fault> {
        let known = match (&self.domain, global.ops_if_there().await?) {
            (Some(domain), Some(ops)) => ops.facts_of(domain).await?.unwrap_or_default(),
            _ => DomainFacts::default(),
        };
        let selector = known.selectors.into_iter().next().map(|selector| selector.name);
        Ok(Facts {
            domain: self.domain.clone(),
            ip: self.ip.or_else(|| known.ips.first().copied()),
            selector: self.selector.clone().or(selector),
            helo: self.helo.clone().or(known.helo),
            ..Facts::default()
        })
    }

    /// Runs the live checks for each recipient.
    async fn look(&self, found: &mut [Recognised], global: &Global, out: Out) -> Result<(), Fault> {
        let checks = self.asking.checks(global)?;
        let sender = self.sender(global).await?;
        for outcome in found.iter_mut().flat_map(|one| &mut one.recipients) {
            let domain =
                outcome.recipient.as_deref().and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
            let facts = Facts {
                recipient_domain: domain.and_then(|domain| Domain::parse(domain).ok()),
                recipient: outcome.recipient.as_deref().and_then(|text| Address::parse(text).ok()),
                ..sender.clone()
            };
            let findings = ops::verify(&checks, &mut outcome.explanation, &facts).await;
            for finding in &findings {
                out.talk(&format!("{}: {}", word(finding.state), finding.seen));
            }
            if findings.is_empty() {
                out.talk("No live check could run: tell it --domain and --ip.");
            }
        }
        Ok(())
    }
}

/// What the octets hold: a message, the messages of an mbox, the lines of a log, or one reply.
fn recognised(octets: &[u8]) -> Vec<Recognised> {
    let messages = batch::messages(octets);
    if messages.len() > 1 {
        return messages.into_iter().map(explain_message).collect();
    }
    let text = String::from_utf8_lossy(octets);
    let whole = explain_text(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_log = whole.as_ref().is_none_or(|found| found.source == bounce::Source::LogLine) && lines.len() > 1;
    if !is_log {
        return whole.into_iter().collect();
    }
    lines.into_iter().filter_map(explain_text).collect()
}

/// The octets of a file or of stdin, at most [`MAX_OCTETS`].
fn octets_of(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut octets = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_OCTETS).read_to_end(&mut octets)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_OCTETS).read_to_end(&mut octets))
    };
    read.map(|_| octets).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, error: std::io::Error) -> Fault {
    Fault::new("file.unreadable", Blame::Operator, Retry::AfterChange)
        .context(format!("reading {}", path.display()))
        .caused_by(error)
}
