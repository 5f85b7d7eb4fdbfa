//! `coldrelay check domain`: the deliverability test of one domain, or of a thousand.

use std::{
    io::{BufRead as _, IsTerminal as _},
    net::IpAddr,
    process::ExitCode,
};

use check::{Checks, DomainFacts, Finding, Report, Selector, State, worst};
use clap::Args;
use rules::Fault;
use tokio::task::JoinSet;

use super::{Asking, code, report, word};
use crate::{
    cli::Global,
    out::{Out, table},
};

/// Domains that are looked at at the same time.
const AT_ONCE: usize = 32;

#[derive(Args)]
pub struct Domain {
    /// The domains; `-` reads one a line from stdin
    #[arg(required = true)]
    domains: Vec<String>,
    /// An IP that it sends from; the store is asked for domains of this installation
    #[arg(long, value_name = "IP")]
    ip: Vec<IpAddr>,
    /// The name that its servers greet with
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// A DKIM selector
    #[arg(long, value_name = "NAME")]
    selector: Vec<String>,
    /// As a sender of bulk: 5,000 messages a day to one provider; its rules then hold
    #[arg(long)]
    bulk: bool,
    /// Ask no blocklists; of several domains they are never asked
    #[arg(long)]
    no_blocklists: bool,
    /// Only ask the DNS: dial no mail host and fetch no policy
    #[arg(long)]
    dns_only: bool,
    #[command(flatten)]
    asking: Asking,
}

impl Domain {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let names = self.names()?;
        let checks = self.asking.checks(global)?;
        let ops = global.ops_if_there().await?;
        let mut domains = Vec::new();
        for name in names {
            let domain = domain_of(&name)?;
            let known = match &ops {
                Some(ops) => ops.facts_of(&domain).await?,
                None => None,
            };
            let ours = known.is_some();
            domains.push(Asked { facts: self.facts(known.unwrap_or_default()), domain, ours });
        }
        match domains.as_slice() {
            [asked] => one(&checks, asked, out).await,
            _ => many(&checks, domains, out).await,
        }
    }

    /// What the command line says, over what the store knows.
    fn facts(&self, known: DomainFacts) -> DomainFacts {
        DomainFacts {
            ips: if self.ip.is_empty() { known.ips } else { self.ip.clone() },
            helo: self.helo.clone().or(known.helo),
            selectors: if self.selector.is_empty() {
                known.selectors
            } else {
                self.selector.iter().map(|name| Selector { name: name.clone(), expected: None }).collect()
            },
            dial: !self.dns_only,
            blocklists: !self.no_blocklists && self.domains.len() == 1 && self.domains != ["-"],
            bulk: self.bulk,
        }
    }

    fn names(&self) -> Result<Vec<String>, Fault> {
        if self.domains != ["-"] {
            return Ok(self.domains.clone());
        }
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        let names: Vec<String> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        if names.is_empty() {
            return Err(Fault::caller("domain.none", "stdin holds no domain: write one a line"));
        }
        Ok(names)
    }
}

/// A domain, and no IP.
pub fn domain_of(name: &str) -> Result<syntax::Domain, Fault> {
    let fault = |why: String| Fault::caller("domain.malformed", format!("`{name}` is no domain: {why}"));
    if name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(fault(String::from("it is an IP; `coldrelay check ptr` and `check blocklist` take those")));
    }
    syntax::Domain::parse(name).map_err(|malformed| fault(malformed.to_string()))
}

/// A domain to be looked at.
struct Asked {
    domain: syntax::Domain,
    facts: DomainFacts,
    /// Whether it is a domain of this installation.
    ours: bool,
}

impl Asked {
    async fn look(&self, checks: &Checks, tell: impl FnMut(&check::Told)) -> Report {
        let mut report = checks.report(&self.domain, &self.facts, tell).await;
        if self.ours {
            ops::name_deeds(&mut report.findings, &self.domain);
        }
        report
    }
}

async fn one(checks: &Checks, asked: &Asked, out: Out) -> Result<ExitCode, Fault> {
    let told = asked
        .look(checks, |told| {
            if std::io::stderr().is_terminal() {
                told.findings.iter().for_each(|finding| out.talk(&format!("{}  {}", word(finding.state), finding.id)));
            }
        })
        .await;
    out.answer(&told, report::shown);
    Ok(code(told.state))
}

/// One line a domain, in the order asked.
async fn many(checks: &Checks, domains: Vec<Asked>, out: Out) -> Result<ExitCode, Fault> {
    let all = domains.len();
    let mut running = JoinSet::new();
    let mut done: Vec<Option<Report>> = domains.iter().map(|_| None).collect();
    let (mut ended, mut waiting) = (0, domains.into_iter().enumerate());
    loop {
        while running.len() < AT_ONCE
            && let Some((place, asked)) = waiting.next()
        {
            let checks = checks.clone();
            running.spawn(async move { (place, asked.look(&checks, |_| {}).await) });
        }
        let Some(one) = running.join_next().await else { break };
        let Ok((place, told)) = one else { continue };
        ended += 1;
        out.progress(ended, all);
        if let Some(slot) = done.get_mut(place) {
            *slot = Some(told);
        }
    }
    let done: Vec<Report> = done.into_iter().flatten().collect();
    let state = worst(done.iter().flat_map(|told| &told.findings));
    if out.json {
        let mut batch = out.batch();
        done.iter().for_each(|told| batch.line(told));
        batch.end();
    } else {
        out.text(&table(&["grade", "domain", "bad", "warn", "unknown", "worst"], done.iter().map(row).collect()));
    }
    Ok(code(state))
}

fn row(told: &Report) -> Vec<String> {
    let count = |state: State| told.findings.iter().filter(|finding| finding.state == state).count().to_string();
    let worst = told.findings.iter().filter(|finding| finding.state != State::Ok).max_by_key(|finding| finding.state);
    vec![
        told.grade
            .as_ref()
            .map_or_else(|| String::from("-"), |grade| format!("{} {}/{}", grade.letter, grade.points, grade.of)),
        told.about.clone(),
        count(State::Bad),
        count(State::Warn),
        count(State::Unknown),
        worst.map(|finding: &Finding| finding.seen.clone()).unwrap_or_default(),
    ]
}
