//! `coldrelay check blocklist`: who lists an IP or a domain, why, and what to do.

use std::{
    io::{BufRead as _, IsTerminal as _},
    process::ExitCode,
};

use check::{BlocklistReport, Checks, Choice, State, Subject, ToldCode, ZoneReport, zone_named};
use clap::Args;
use ops::ListedSubject;
use reference::{Status, Weight, blocklists};
use rules::{Fault, listing::Listing, reach::Reach};
use tokio::task::JoinSet;

use super::{Asking, code, show};
use crate::{
    cli::Global,
    out::{Out, table},
};

/// Subjects that are asked about at the same time; each asks all its zones at once.
const AT_ONCE: usize = 8;

#[derive(Args)]
pub struct Blocklist {
    /// IPs, domains or addresses; `-` reads one a line from stdin
    #[arg(value_name = "IP|DOMAIN|ADDRESS")]
    about: Vec<String>,
    /// Ask only this zone; may be given several times
    #[arg(long, value_name = "ZONE")]
    zone: Vec<String>,
    /// Ask parts of other lists and dead lists too
    #[arg(long)]
    all: bool,
    /// Show every list with its state and date, and ask nothing
    #[arg(long, conflicts_with_all = ["about", "history"])]
    zones: bool,
    /// Show what lists said of our own IPs and domains, and since when; without any: of all
    #[arg(long, conflicts_with_all = ["zone", "all"])]
    history: bool,
    #[command(flatten)]
    asking: Asking,
}

impl Blocklist {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        if self.zones {
            return Ok(zones(out));
        }
        let subjects = self.subjects()?;
        if self.history {
            return history(global, &subjects, out).await;
        }
        if subjects.is_empty() {
            let what = "name an IP, a domain or an address, or use --zones or --history";
            return Err(Fault::caller("blocklist.none", what));
        }
        let choice = Choice { zones: self.zone.clone(), all: self.all };
        // Wrong names are told before anything is asked.
        choice.zones.iter().try_for_each(|zone| zone_named(zone).map(drop))?;
        let reports = ask(&self.asking.checks(global)?, subjects, &choice, out).await?;
        // A look at a few zones is no look at the subject: the schedule goes on.
        if choice.zones.is_empty() {
            keep(global, &reports).await?;
        }
        Ok(told(&reports, self.all || !self.zone.is_empty(), out))
    }

    fn subjects(&self) -> Result<Vec<Subject>, Fault> {
        // An operator may ask about any IP; `--reach public` holds to what strangers may.
        let reach = if self.asking.is_public_only() { Reach::Public } else { Reach::Anywhere };
        let texts: Vec<String> = match self.about.as_slice() {
            [dash] if dash == "-" => std::io::stdin().lock().lines().map_while(Result::ok).collect(),
            about => about.to_vec(),
        };
        let mut subjects = Vec::new();
        for text in texts.iter().filter(|text| !text.trim().is_empty()) {
            let subject = Subject::parse(text)?;
            subject.within(reach)?;
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        Ok(subjects)
    }
}

/// Asks about each; in their order.
async fn ask(
    checks: &Checks,
    subjects: Vec<Subject>,
    choice: &Choice,
    out: Out,
) -> Result<Vec<BlocklistReport>, Fault> {
    let (all, mut ended) = (subjects.len(), 0);
    let (mut running, mut waiting) = (JoinSet::new(), subjects.into_iter().enumerate());
    let mut done = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((place, subject)) = waiting.next()
        {
            let (checks, choice) = (checks.clone(), choice.clone());
            running.spawn(async move { (place, checks.blocklist(&subject, &choice).await) });
        }
        let Some(one) = running.join_next().await else { break };
        let Ok((place, report)) = one else { continue };
        done.push((place, report?));
        ended += 1;
        if all > 1 && std::io::stderr().is_terminal() && (ended % 10 == 0 || ended == all) {
            out.talk(&format!("{ended} of {all}"));
        }
    }
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, report)| report).collect())
}

/// What was seen of our own IPs and domains goes into their history.
async fn keep(global: &Global, reports: &[BlocklistReport]) -> Result<(), Fault> {
    let Some(ops) = global.ops_if_there().await? else { return Ok(()) };
    let own: Vec<String> = ops.blocklist_subjects().await?.iter().map(ToString::to_string).collect();
    for report in reports.iter().filter(|report| own.contains(&report.about)) {
        ops.keep_listings(report).await?;
    }
    Ok(())
}

fn told(reports: &[BlocklistReport], every_zone: bool, out: Out) -> ExitCode {
    let state = reports.iter().map(|report| report.state).max().unwrap_or(State::Ok);
    match reports {
        [report] => out.answer(report, |report| shown(report, every_zone)),
        many if out.json => {
            let mut batch = out.batch();
            many.iter().for_each(|report| batch.line(report));
            batch.end();
        }
        many => out.text(&table(&["state", "about", "listed", "on", "not told by"], many.iter().map(row).collect())),
    }
    code(state)
}

/// The zones that say something, then what follows.
fn shown(report: &BlocklistReport, every_zone: bool) -> String {
    let speaks = |zone: &&ZoneReport| every_zone || zone.state != Listing::Clear;
    let rows: Vec<Vec<String>> = report.zones.iter().filter(speaks).map(zone_row).collect();
    let clear = report.zones.iter().filter(|zone| zone.state == Listing::Clear).count();
    let mut parts = Vec::new();
    if !rows.is_empty() {
        parts.push(table(&["state", "list", "weight", "says", "self-test", "ms"], rows));
    }
    parts.push(format!(
        "{}: listed by {}, clear at {clear} of {} lists",
        report.about,
        report.listed,
        report.zones.len()
    ));
    parts.push(show::findings(&report.findings));
    parts.join("\n")
}

fn zone_row(zone: &ZoneReport) -> Vec<String> {
    let codes: Vec<String> = zone.codes.iter().map(code_told).collect();
    let says = match (&zone.why, zone.counted_as) {
        (_, Some(whole)) => format!("{} (the same data as {whole})", codes.join("; ")),
        (Some(why), _) => why.clone(),
        (None, None) => codes.join("; "),
    };
    vec![
        mark(zone.state, zone.counts()),
        zone.zone.to_owned(),
        zone.weight.as_str().to_owned(),
        zone.reason.as_ref().map_or_else(|| says.clone(), |reason| format!("{says} — {reason}")),
        zone.self_test.map_or("-", |test| test.as_str()).to_owned(),
        zone.took_ms.to_string(),
    ]
}

fn code_told(told: &ToldCode) -> String {
    format!("{} {}", told.code, told.meaning)
}

/// State as sign and word.
fn mark(state: Listing, counts: bool) -> String {
    let sign = match state {
        Listing::Listed if counts => "✗",
        Listing::Listed => "·",
        Listing::Clear => "✓",
        Listing::Refused | Listing::Unknown => "?",
        Listing::Dead => "-",
    };
    format!("{sign} {}", state.as_str())
}

fn row(report: &BlocklistReport) -> Vec<String> {
    let named = |wanted: &dyn Fn(&ZoneReport) -> bool| {
        let names: Vec<&str> = report.zones.iter().filter(|zone| wanted(zone)).map(|zone| zone.name).collect();
        names.join(", ")
    };
    let silent = report.zones.iter().filter(|zone| matches!(zone.state, Listing::Refused | Listing::Unknown)).count();
    vec![
        show::word(report.state).trim().to_owned(),
        report.about.clone(),
        report.listed.to_string(),
        named(&|zone| zone.counts()),
        silent.to_string(),
    ]
}

/// Every list of the catalogue.
fn zones(out: Out) -> ExitCode {
    out.answer(&blocklists(), |lists| {
        let row = |list: &reference::Blocklist| {
            let needs = list.key.as_ref().map(|key| format!("key {key}"));
            let part = list.part_of.as_ref().map(|whole| format!("part of {whole}"));
            let kinds: Vec<&str> = list.kinds.iter().map(|kind| kind.as_str()).collect();
            vec![
                format!("{} {}", status_sign(list.status), list.status.as_str()),
                list.date.clone(),
                list.zone().to_owned(),
                list.name.clone(),
                kinds.join(" "),
                list.weight.as_str().to_owned(),
                list.public_resolvers.as_str().to_owned(),
                needs.or(part).unwrap_or_default(),
                list.source.clone(),
            ]
        };
        let head = ["status", "date", "zone", "name", "takes", "weight", "shared resolvers", "", "source"];
        table(&head, lists.iter().map(row).collect())
    });
    ExitCode::SUCCESS
}

fn status_sign(status: Status) -> &'static str {
    match status {
        Status::Live => "✓",
        Status::Unproven => "?",
        Status::Dead => "-",
    }
}

async fn history(global: &Global, subjects: &[Subject], out: Out) -> Result<ExitCode, Fault> {
    let listed = global.ops().await?.listing_history(subjects).await?;
    out.answer(&listed, |listed| listed.iter().map(history_shown).collect::<Vec<_>>().join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Whether being on it is good.
fn is_white(zone: &str) -> bool {
    reference::blocklist(zone).is_some_and(|list| list.weight == Weight::White)
}

/// Everything but what was always clear; the states that hold first.
fn history_shown(subject: &ListedSubject) -> String {
    let is_told = |period: &&store::ListingPeriod| period.state != Listing::Clear || period.ended_at.is_some();
    let row = |period: &store::ListingPeriod| {
        vec![
            mark(period.state, !is_white(&period.zone)),
            period.zone.clone(),
            period.codes.join(" "),
            period.since.to_string(),
            period.seen_at.to_string(),
            period.ended_at.map_or_else(|| String::from("holds"), |at| at.to_string()),
            period.reason.clone().or_else(|| period.why.clone()).unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = subject.periods.iter().filter(is_told).map(row).collect();
    let now = |state: Listing| {
        let holds = |period: &&store::ListingPeriod| period.ended_at.is_none() && period.state == state;
        subject.periods.iter().filter(holds).filter(|period| !is_white(&period.zone)).count()
    };
    let head = match subject.periods.iter().map(|period| period.asked_at).max() {
        None => format!("{}: not looked at yet", subject.subject),
        Some(at) => format!(
            "{}: listed by {}, clear at {}, looked at last {at}",
            subject.subject,
            now(Listing::Listed),
            now(Listing::Clear)
        ),
    };
    if rows.is_empty() {
        return head;
    }
    format!("{head}\n{}", table(&["state", "zone", "codes", "since", "seen last", "until", "reason"], rows))
}
