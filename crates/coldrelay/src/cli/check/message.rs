//! `coldrelay check message`: the header analyzer and the test of a message in a file.

use std::{io::Read as _, net::IpAddr, path::PathBuf, process::ExitCode};

use check::{MessageFacts, MessageReport};
use clap::Args;
use rules::{Blame, Fault, Retry};
use syntax::Address;

use super::{Asking, code, report};
use crate::{
    cli::Global,
    out::{Out, table},
};

/// Most octets that are read: twice what large receivers take.
const MAX_OCTETS: u64 = 64 * 1024 * 1024;

#[derive(Args)]
pub struct Message {
    /// The message as it was received (.eml); `-` or nothing reads stdin
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The IP that brought it; without it the Received fields are read
    #[arg(long, value_name = "IP")]
    ip: Option<IpAddr>,
    /// The name that it greeted with
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// The envelope sender; empty for the null sender; without it Return-Path is read
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// As a sender of bulk: 5,000 messages a day to one provider; its rules then hold
    #[arg(long)]
    bulk: bool,
    /// Ask no blocklists
    #[arg(long)]
    no_blocklists: bool,
    #[command(flatten)]
    asking: Asking,
}

impl Message {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let octets = self.read()?;
        let facts = MessageFacts {
            ip: self.ip,
            helo: self.helo.clone(),
            mail_from: self.mail_from.as_deref().map(sender).transpose()?,
            at: None,
            blocklists: !self.no_blocklists,
            bulk: self.bulk,
        };
        let told = self.asking.checks(global)?.message(&octets, &facts).await?;
        out.answer(&told, shown);
        Ok(code(told.report.state))
    }

    fn read(&self) -> Result<Vec<u8>, Fault> {
        let mut octets = Vec::new();
        let (name, read) = match self.file.as_deref().filter(|file| file.as_os_str() != "-") {
            Some(file) => {
                let opened = std::fs::File::open(file);
                (file.display().to_string(), opened.and_then(|file| file.take(MAX_OCTETS + 1).read_to_end(&mut octets)))
            }
            None => (String::from("stdin"), std::io::stdin().lock().take(MAX_OCTETS + 1).read_to_end(&mut octets)),
        };
        read.map_err(|error| {
            Fault::new("message.unreadable", Blame::Caller, Retry::AfterChange)
                .context(format!("reading {name}"))
                .caused_by(error)
        })?;
        if octets.len() as u64 > MAX_OCTETS {
            return Err(Fault::caller("message.large", format!("{name} has more than 64 MiB: no receiver takes that")));
        }
        Ok(octets)
    }
}

/// `<>` and nothing are the null sender.
fn sender(text: &str) -> Result<Option<Address>, Fault> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    if text.is_empty() {
        return Ok(None);
    }
    Address::parse(text).map(Some).map_err(|malformed| {
        Fault::caller("address.malformed", format!("--mail-from {text}: this is no address, {malformed}"))
    })
}

/// The report for people.
pub fn shown(told: &MessageReport) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| lines.extend(value.map(|value| format!("{name:>9}: {value}")));
    line("From", told.from.as_ref().map(ToString::to_string));
    line("Subject", told.subject.clone());
    line("sender", told.mail_from.as_ref().map(|from| format!("<{from}>")));
    line("IP", told.ip.map(|ip| ip.to_string()));
    if !told.path.is_empty() {
        lines.push(String::new());
        lines.push(table(&["at", "by", "from", "ip", "with"], told.way()));
    }
    lines.push(String::new());
    lines.push(report::shown(&told.report));
    lines.join("\n")
}
