//! `coldrelay domain`

use std::{net::IpAddr, process::ExitCode};

use clap::{Args, Subcommand};
use dns::Change;
use ops::{Check, DomainReport, DomainRequest, DomainSummary, Ops, RotatedKey, Rotation, RotationStep};
use rules::Fault;
use syntax::Address;

use super::yes;
use crate::out::{Out, table};

const WHO: &str = "command line";

#[derive(Subcommand)]
pub enum Domain {
    /// Show what apply would make and publish
    Plan(Wanted),
    /// Make the domain, its keys and its zone; a second time changes nothing
    Apply(Wanted),
    /// Show where the DNS differs from the plan (exit code 1 when it does)
    Diff(Name),
    /// Show a domain and its planned zone
    Show(Name),
    /// Prove every planned record by a real query (exit code 1 when one is not right)
    Check(Name),
    /// Change the DKIM keys step by step; without a step, show how they stand and what comes next
    RotateDkim(Rotate),
    /// List all domains
    List,
}

#[derive(Args)]
pub struct Rotate {
    /// The domain
    name: syntax::Domain,
    /// start: make new keys and publish them; finish: sign with them, once the DNS has them; retire: revoke the old ones after a week, and once more a day later: take their records away
    #[arg(value_parser = RotationStep::WORDS)]
    step: Option<String>,
    /// Retire without the wait: a key is in wrong hands
    #[arg(long)]
    at_once: bool,
}

impl Rotate {
    async fn run(self, ops: &Ops, out: Out) -> Result<(), Fault> {
        let step = self.step.and_then(|word| RotationStep::parse(&word, self.at_once));
        let rotation = match step {
            Some(step) => ops.rotate_dkim(None, &self.name, step, WHO).await?,
            None => ops.rotation(None, &self.name).await?,
        };
        out.answer(&rotation, keys);
        rotation.notes.iter().for_each(|note| out.talk(&format!("note: {note}")));
        Ok(())
    }
}

fn keys(rotation: &Rotation) -> String {
    let row = |one: &RotatedKey| {
        let key = &one.key;
        vec![key.selector.clone(), key.algorithm.clone(), key.stage.as_str().into(), one.status.clone()]
    };
    let rows = table(&["selector", "algorithm", "state", "in the DNS"], rotation.keys.iter().map(row).collect());
    let from = rotation.from.map(|from| format!(", not before {from}")).unwrap_or_default();
    format!("{rows}\n{}\nnext: {}{from}", rotation.what, rotation.next)
}

#[derive(Args)]
pub struct Name {
    /// The domain
    name: syntax::Domain,
}

#[derive(Args)]
pub struct Wanted {
    /// The domain or sub-domain
    name: syntax::Domain,
    /// Dedicated IP that it sends from; needed the first time
    #[arg(long, value_name = "IP")]
    egress_ip: Option<IpAddr>,
    /// Workspace that it belongs to
    #[arg(long, default_value = "default", value_name = "NAME")]
    workspace: String,
    /// DMARC policy: none, quarantine or reject [default: reject]
    #[arg(long, value_name = "POLICY")]
    dmarc: Option<String>,
    /// Mailbox that takes mail for unknown local parts; `off` turns it off
    #[arg(long, value_name = "ADDRESS")]
    catch_all: Option<String>,
}

impl Wanted {
    fn request(self) -> Result<DomainRequest, Fault> {
        let catch_all = match self.catch_all.as_deref() {
            None => None,
            Some("off") => Some(None),
            Some(text) => {
                let address = Address::parse(text);
                let wrong = |malformed| Fault::caller("domain.catch-all", format!("--catch-all {text}: {malformed}"));
                Some(Some(address.map_err(wrong)?))
            }
        };
        Ok(DomainRequest {
            name: self.name,
            workspace: self.workspace,
            egress_ip: self.egress_ip,
            dmarc_policy: self.dmarc,
            catch_all,
        })
    }
}

impl Domain {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Plan(wanted) => {
                let report = ops.plan_domain(&wanted.request()?).await?;
                out.answer(&report, |report| {
                    format!("{}\n{}", zone(report), changes(&report.changes, "to be published"))
                });
            }
            Self::Apply(wanted) => {
                let report = ops.apply_domain(&wanted.request()?).await?;
                let printed = report.domain.publisher == "print";
                out.answer(&report, |report| {
                    let head = if printed { zone(report) } else { summary(&report.domain) };
                    format!("{head}\n{}", changes(&report.changes, "published"))
                });
                report.notes.iter().for_each(|note| out.talk(&format!("note: {note}")));
            }
            Self::Diff(Name { name }) => {
                let report = ops.diff_domain(&name).await?;
                out.answer(&report, |report| changes(&report.changes, "different from the plan"));
                return Ok(yes(report.changes.is_empty()));
            }
            Self::Show(Name { name }) => {
                let report = ops.show_domain(&name).await?;
                out.answer(&report, |report| format!("{}\n\n{}", summary(&report.domain), zone(report)));
            }
            Self::Check(Name { name }) => {
                let checks = ops.check_domain(&name).await?;
                out.answer(&checks, |checks| proofs(checks));
                return Ok(yes(checks.iter().all(|check| check.status == "ok")));
            }
            Self::RotateDkim(rotate) => rotate.run(ops, out).await?,
            Self::List => out.answer(&ops.domains().await?, |domains| listed(domains)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn zone(report: &DomainReport) -> String {
    report.zone_text.trim_end().to_owned()
}

fn summary(domain: &DomainSummary) -> String {
    let catch_all = domain.catch_all.as_ref().map_or_else(|| String::from("off"), ToString::to_string);
    format!(
        "{}  sends from {} as {}, DMARC {}, catch-all {catch_all}, keys {}, published by {}",
        domain.name,
        domain.egress_ip,
        domain.mail_host,
        domain.dmarc_policy,
        domain.selectors.join(" "),
        domain.publisher
    )
}

fn listed(domains: &[DomainSummary]) -> String {
    let row = |domain: &DomainSummary| {
        vec![
            domain.name.to_string(),
            domain.egress_ip.to_string(),
            domain.mail_host.to_string(),
            domain.dmarc_policy.clone(),
            domain.selectors.join(" "),
            domain.publisher.clone(),
        ]
    };
    table(&["domain", "egress IP", "mail host", "DMARC", "keys", "published by"], domains.iter().map(row).collect())
}

fn changes(changes: &[Change], what: &str) -> String {
    if changes.is_empty() {
        return format!("Nothing {what}: the DNS has it all.");
    }
    let mut lines = vec![format!("{} records {what}:", changes.len())];
    for change in changes {
        match change {
            Change::Add { record } => {
                lines.push(format!("+ {} {} {}", record.owner, record.data.kind(), record.data.rdata()))
            }
            Change::Remove { record } => {
                lines.push(format!("- {} {} {}", record.owner, record.data.kind(), record.data.rdata()))
            }
            Change::Replace { old, record } => {
                lines.extend(old.iter().map(|data| format!("- {} {} {}", record.owner, data.kind(), data.rdata())));
                lines.push(format!("+ {} {} {}", record.owner, record.data.kind(), record.data.rdata()));
            }
        }
    }
    lines.join("\n")
}

fn proofs(checks: &[Check]) -> String {
    let row = |check: &Check| {
        let found = if check.status == "ok" { String::new() } else { check.found.join("\n") };
        let entry = check.entry.clone().unwrap_or_default();
        vec![check.status.clone(), check.name.clone(), found, entry, check.fix.clone().unwrap_or_default()]
    };
    table(&["status", "record", "found instead", "entry", "what to do"], checks.iter().map(row).collect())
}
