//! The crash campaign: the process is killed at named moments and at random ones under load, started again, and the books
//! are compared. Every message that was answered with 250 must be delivered, bounced, waiting or in doubt, and a second copy
//! may only be where an attempt was in doubt.

mod books;
mod plan;
mod receiver;
mod run;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use self::{
    books::Books,
    plan::Plan,
    run::{Place, Ran},
};
use crate::house::{Outcome, Wish, told};

/// After so many runs it is told how far they have come.
const PROGRESS: u64 = 50;
/// Runs at the same time: most of a run is waiting for retries.
const WORKERS: u8 = 6;
/// Findings that the report shows.
const SHOWN: usize = 20;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// How many runs.
    pub runs: u64,
    /// What chance is drawn from.
    pub seed: u64,
}

/// What all runs came to.
#[derive(Debug, Default, serde::Serialize)]
struct Report {
    runs: u64,
    #[serde(skip)]
    ended: u64,
    seed: u64,
    seconds: f64,
    deaths: BTreeMap<&'static str, usize>,
    restart_ms_median: u128,
    restart_ms_longest: u128,
    #[serde(skip)]
    restarts: Vec<Duration>,
    #[serde(flatten)]
    books: Books,
}

/// Runs it; the report, and whether all is well.
pub fn run(campaign: Campaign, json: bool) -> Outcome<(String, bool)> {
    let runtime = tokio::runtime::Runtime::new().map_err(told)?;
    let report = runtime.block_on(all(campaign))?;
    let is_well = report.books.wrong.is_empty();
    let text = if json { serde_json::to_string(&report).map_err(told)? } else { shown(&report) };
    Ok((text, is_well))
}

async fn all(campaign: Campaign) -> Outcome<Report> {
    let begun = Instant::now();
    let root = folder()?;
    let template = root.path().join("template");
    let nowhere = "127.0.0.1:1".parse().map_err(told)?;
    let (database, relay) = ("sqlite".to_owned(), String::new());
    let wish = Wish { folder: template.clone(), database, dns: nowhere, mx_port: 1, relay };
    wish.provision(IpAddr::from([127, 0, 19, 1]), true).await?;
    let report = Arc::new(Mutex::new(Report { runs: campaign.runs, seed: campaign.seed, ..Report::default() }));
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let work = Work {
            worker,
            campaign,
            root: root.path().to_owned(),
            template: template.clone(),
            next: next.clone(),
            report: report.clone(),
        };
        workers.spawn(work.work());
    }
    while let Some(done) = workers.join_next().await {
        done.map_err(told)?;
    }
    let mut report = std::mem::take(&mut *report.lock().unwrap_or_else(PoisonError::into_inner));
    report.seconds = begun.elapsed().as_secs_f64();
    report.restarts.sort_unstable();
    let at = |index: usize| report.restarts.get(index).map(Duration::as_millis).unwrap_or_default();
    (report.restart_ms_median, report.restart_ms_longest) =
        (at(report.restarts.len() / 2), at(report.restarts.len().saturating_sub(1)));
    if !report.books.wrong.is_empty() {
        // For whoever looks for the cause.
        let kept = root.keep();
        report.books.wrong.push(format!("the folders of these runs are kept in {}", kept.display()));
    }
    Ok(report)
}

/// In memory where that can be had: what SIGKILL leaves is what the kernel holds, on a disk or not, and a slow disk of a shared
/// machine proves nothing here.
fn folder() -> Outcome<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.map_err(told)
}

struct Work {
    worker: u8,
    campaign: Campaign,
    root: PathBuf,
    template: PathBuf,
    next: Arc<AtomicU64>,
    report: Arc<Mutex<Report>>,
}

impl Work {
    async fn work(self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            if number >= self.campaign.runs {
                return;
            }
            let folder = self.root.join(format!("run-{number}"));
            let ran = self.one(number, &folder).await;
            let is_well = ran.as_ref().is_ok_and(|ran| ran.books.wrong.is_empty());
            self.enter(number, ran);
            if is_well {
                let _ = std::fs::remove_dir_all(&folder);
            }
        }
    }

    async fn one(&self, number: u64, folder: &Path) -> Outcome<Ran> {
        // A build with optimisation does not have the moments.
        let plan = Plan::draw(self.campaign.seed, number, cfg!(debug_assertions));
        Place::make(folder, &self.template, self.worker).await?.run(&plan).await
    }

    fn enter(&self, number: u64, ran: Outcome<Ran>) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        match ran {
            Ok(mut ran) => {
                ran.books.wrong.iter_mut().for_each(|what| what.insert_str(0, &format!("run {number}: ")));
                report.books.add(ran.books);
                report.restarts.extend(ran.restarts);
                for death in ran.deaths {
                    *report.deaths.entry(death).or_default() += 1;
                }
            }
            Err(why) => report.books.wrong.push(format!("run {number}: {why}")),
        }
        report.ended += 1;
        if report.ended.is_multiple_of(PROGRESS) {
            eprintln!("crash: {} of {} runs, {} wrong", report.ended, report.runs, report.books.wrong.len());
        }
    }
}

fn shown(report: &Report) -> String {
    let books = &report.books;
    let mut lines = vec![
        format!("{} runs in {:.0} s, seed {}", report.runs, report.seconds, report.seed),
        format!("restarts: median {} ms, longest {} ms", report.restart_ms_median, report.restart_ms_longest),
        String::from("killed"),
    ];
    lines.extend(report.deaths.iter().map(|(name, count)| format!("{count:>8}  {name}")));
    let counted = [
        ("messages answered with 250", books.messages_answered),
        ("messages cut off before an answer", books.messages_unanswered),
        ("  of which are kept all the same", books.messages_unanswered_but_kept),
        ("recipients of answered messages", books.answered),
        ("  delivered", books.delivered),
        ("  bounced, each with one notice", books.bounced),
        ("  waiting (their host is dead)", books.queued),
        ("  in doubt", books.in_doubt),
        ("marked as possible duplicates", books.possible_duplicates),
        ("second copies, all of them marked", books.duplicates),
        ("wrong", books.wrong.len()),
    ];
    lines.push(String::from("counted"));
    lines.extend(counted.iter().map(|(name, count)| format!("{count:>8}  {name}")));
    lines.extend(books.wrong.iter().take(SHOWN).cloned());
    lines.join("\n")
}
