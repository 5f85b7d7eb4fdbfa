//! `coldrelay check mailbox`

use std::{
    io::{BufRead as _, BufReader, IsTerminal as _, Read},
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use check::worst;
use clap::Args;
use ops::{CalloutSettings, MailboxCheck, MailboxChecked, Ops};
use rules::{Blame, Fault, Retry, reach::Reach};
use tokio::task::JoinSet;

use super::{Asking, code, show};
use crate::{
    cli::Global,
    out::{Out, table},
};

/// Addresses that are looked at at the same time, while nobody is called. Callouts go one after another: the first sign of
/// policy must stop the next.
const AT_ONCE: usize = 16;
/// Longest line that is read, in octets: an address has at most 254. RFC 5321 §4.5.3.1.3.
const MAX_LINE: u64 = 4096;

#[derive(Args)]
#[command(after_help = "\
Without --callout nobody is asked: the answer comes from the spelling, the store, what became of your own messages, and \
the domain's MX. Callouts are off until `callout.daily` allows some; they ask the domain's MX about the address and about \
two strangers, send no message, stop at the first sign of policy, and never go to providers that forbid them (Outlook.com) or to Gmail.")]
pub struct Mailbox {
    /// The addresses
    #[arg(required_unless_present = "batch", value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Read addresses from a file, one a line; `-` is stdin. With --json one object a line
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Ask the domain's own mail host where nothing else answers
    #[arg(long)]
    callout: bool,
    /// The IP that asks, instead of `callout.ip`; it needs a PTR name that leads back to it
    #[arg(long, value_name = "IP", requires = "callout")]
    ip: Option<IpAddr>,
    #[command(flatten)]
    asking: Asking,
}

impl Mailbox {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let inputs = self.inputs()?;
        let check = Arc::new(self.check(global, out).await?);
        match inputs.as_slice() {
            [input] if self.batch.is_none() => {
                let checked = check.check(input).await?;
                out.answer(&checked, shown);
                Ok(code(worst(&checked.findings)))
            }
            _ => many(&check, inputs, out).await,
        }
    }

    async fn check(&self, global: &Global, out: Out) -> Result<MailboxCheck, Fault> {
        let config = global.config()?;
        // A callout is counted, so it needs a store even where there is none yet.
        let ops = match self.callout && config.callout_daily > 0 {
            true => Some(global.ops().await?),
            false => global.ops_if_there().await?,
        };
        let callout = self.callout.then(|| CalloutSettings {
            daily: config.callout_daily,
            ip: self.ip.or(config.callout_ip),
            mail_from: config.callout_mail_from.clone(),
            port: config.relay_mx_port,
            limit: self.asking.limit(),
            reach: Reach::Anywhere,
        });
        if let (Some(ops), Some(ip)) = (&ops, callout.as_ref().and_then(|callout| callout.ip)) {
            warn_of_shared_ip(ops, ip, out).await?;
        }
        Ok(MailboxCheck { checks: self.asking.checks(global)?, ops, callout })
    }

    fn inputs(&self) -> Result<Vec<String>, Fault> {
        let mut inputs = self.addresses.clone();
        if let Some(path) = &self.batch {
            let octets: Box<dyn Read> = if path == Path::new("-") {
                Box::new(std::io::stdin())
            } else {
                Box::new(std::fs::File::open(path).map_err(|error| unreadable(path, error))?)
            };
            inputs.extend(lines(octets).map_err(|error| unreadable(path, error))?);
        }
        if inputs.is_empty() {
            return Err(Fault::caller("mailbox.none", "there is no address to look at: write one a line"));
        }
        Ok(inputs)
    }
}

/// Lines that are not empty; what is longer than any address is cut, and is no address then.
fn lines(octets: Box<dyn Read>) -> std::io::Result<Vec<String>> {
    let mut reader = BufReader::new(octets);
    let mut found = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(found);
        }
        if !line.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if !text.is_empty() {
            found.push(text);
        }
    }
}

async fn warn_of_shared_ip(ops: &Ops, ip: IpAddr, out: Out) -> Result<(), Fault> {
    if let Some(domain) = ops.store.domains(None).await?.into_iter().find(|domain| domain.egress_ip == ip) {
        out.talk(&format!(
            "{ip} is the egress IP of {}: callouts can put an IP on lists (backscatterer.org); use another for them",
            domain.name
        ));
    }
    Ok(())
}

async fn many(check: &Arc<MailboxCheck>, inputs: Vec<String>, out: Out) -> Result<ExitCode, Fault> {
    let at_once = if check.callout.is_some() { 1 } else { AT_ONCE };
    let (all, mut state, mut rows, mut batch) = (inputs.len(), check::State::Ok, Vec::new(), out.batch());
    for (number, chunk) in inputs.chunks(at_once).enumerate() {
        for checked in together(check, chunk).await? {
            state = state.max(worst(&checked.findings));
            if out.json { batch.line(&checked) } else { rows.push(row(&checked)) }
        }
        if std::io::stderr().is_terminal() {
            out.talk(&format!("{} of {all}", (number * at_once + chunk.len())));
        }
    }
    batch.end();
    if !out.json {
        out.text(&table(&["exists", "address", "by", "catch-all", "flags", "why"], rows));
    }
    Ok(code(state))
}

/// Several at the same time, in the order given.
async fn together(check: &Arc<MailboxCheck>, inputs: &[String]) -> Result<Vec<MailboxChecked>, Fault> {
    let mut running = JoinSet::new();
    for (place, input) in inputs.iter().cloned().enumerate() {
        let check = check.clone();
        running.spawn(async move { (place, check.check(&input).await) });
    }
    let mut done = Vec::new();
    while let Some(ended) = running.join_next().await {
        // A check that was cancelled or panicked has told nothing; the others stand.
        if let Ok((place, checked)) = ended {
            done.push((place, checked?));
        }
    }
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, checked)| checked).collect())
}

fn shown(checked: &MailboxChecked) -> String {
    let mut lines = vec![
        format!("address     {}", checked.input),
        format!("exists      {} (by {})", checked.verdict.exists, checked.verdict.by.as_str()),
        format!("why         {}", checked.verdict.reason),
        format!("catch-all   {}", checked.verdict.catch_all),
    ];
    let flags = flags(checked);
    if !flags.is_empty() {
        lines.push(format!("flags       {flags}"));
    }
    lines.extend(checked.suggestion.as_ref().map(|address| format!("meant       {address}?")));
    if !checked.mx.is_empty() {
        let provider = checked.provider.map(|id| format!(" ({id})")).unwrap_or_default();
        lines.push(format!("mail hosts  {}{provider}", checked.mx.join(", ")));
    }
    if let Some(transcript) = &checked.transcript {
        lines.extend(transcript.lines().map(|line| format!("    {line}")));
    }
    format!("{}\n\n{}", lines.join("\n"), show::findings(&checked.findings))
}

fn row(checked: &MailboxChecked) -> Vec<String> {
    let meant = checked.suggestion.as_ref().map(|address| format!("; {address} was probably meant"));
    vec![
        checked.verdict.exists.to_string(),
        checked.input.clone(),
        checked.verdict.by.as_str().to_owned(),
        checked.verdict.catch_all.to_string(),
        flags(checked),
        format!("{}{}", checked.verdict.reason, meant.unwrap_or_default()),
    ]
}

fn flags(checked: &MailboxChecked) -> String {
    let flags = checked.flags;
    let named = [(flags.role, "role"), (flags.free, "free mail"), (flags.disposable, "disposable")];
    named.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn unreadable(path: &Path, error: std::io::Error) -> Fault {
    Fault::new("file.unreadable", Blame::Operator, Retry::AfterChange)
        .context(format!("reading {}", path.display()))
        .caused_by(error)
}
