//! Running one target, and what libFuzzer says at its end.

use std::{
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Place, Target};

/// Seconds after which one input counts as endless.
const TIMEOUT_S: u32 = 10;
/// Most memory of one target, in MiB.
const MEMORY_MIB: u32 = 1024;

/// How a target ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    target: String,
    told: Told,
    /// The program and the input that it fails on, or the log when there is no input.
    pub finding: Option<Finding>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    program: PathBuf,
    input: Option<PathBuf>,
    log: PathBuf,
}

/// The numbers of the last line that libFuzzer wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    executions: u64,
    per_second: u64,
    coverage: u64,
    corpus: u64,
    found: u64,
}

/// Runs a target over its corpus, which is only read; what it finds goes into the folder of what is made.
pub(super) fn run(place: &Place, target: &Target, seconds: u64) -> Result<Ended, String> {
    // The first folder is written to, the others are read.
    let folders = [place.found(target), target.corpus.clone()];
    started(place, target, &format!("-max_total_time={seconds}"), &folders)
}

/// Runs a target over what is checked in, and nothing else.
pub(super) fn replay(place: &Place, target: &Target) -> Result<Ended, String> {
    started(place, target, "-runs=0", std::slice::from_ref(&target.corpus))
}

fn started(place: &Place, target: &Target, how_long: &str, folders: &[PathBuf]) -> Result<Ended, String> {
    let cannot = |what: &Path, error: std::io::Error| format!("{}: {error}", what.display());
    let (found, crashes, logs) = (place.found(target), place.made.join("crashes"), place.made.join("logs"));
    for folder in [&found, &crashes, &logs] {
        fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    }
    let log = logs.join(format!("{}.log", target.name));
    let out = File::create(&log).map_err(|error| cannot(&log, error))?;
    let both = out.try_clone().map_err(|error| cannot(&log, error))?;
    let program = place.program(target);
    let mut command = Command::new(&program);
    command.args(limits(target)).arg(how_long).arg("-print_final_stats=1");
    command.arg(format!("-artifact_prefix={}-", crashes.join(&target.name).display()));
    command.args(folders);
    let status = command.stdin(Stdio::null()).stdout(out).stderr(both).status();
    let status = status.map_err(|error| cannot(&program, error))?;
    let said = String::from_utf8_lossy(&fs::read(&log).map_err(|error| cannot(&log, error))?).into_owned();
    let finding = (!status.success()).then(|| Finding { program, input: input_in(&said), log });
    Ok(Ended { target: target.name.clone(), told: Told::read(&said), finding })
}

/// The limits of one execution.
pub(super) fn limits(target: &Target) -> Vec<String> {
    let mut limits = vec![
        format!("-timeout={TIMEOUT_S}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-max_len={}", target.longest),
    ];
    limits.extend(target.dictionary.as_ref().map(|words| format!("-dict={}", words.display())));
    limits
}

/// `artifact_prefix='…'; Test unit written to /…/crashes/spf-crash-0123`
fn input_in(said: &str) -> Option<PathBuf> {
    let line = said.lines().rev().find_map(|line| line.split_once("Test unit written to "));
    line.map(|(_, path)| PathBuf::from(path.trim()))
}

impl Told {
    /// `#4096 DONE cov: 321 ft: 890 corp: 77/12Kb lim: 4096 exec/s: 512 rss: 60Mb`, then `stat::…: …`.
    fn read(said: &str) -> Self {
        let last = said.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: ")).unwrap_or_default();
        let behind = |mark: &str| last.split_once(mark).map_or(0, |(_, rest)| number(rest));
        let stat = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map_or(0, number);
        let executions = stat("stat::number_of_executed_units:");
        Self {
            executions: if executions > 0 { executions } else { behind("#") },
            per_second: stat("stat::average_exec_per_sec:"),
            coverage: behind(" cov: "),
            corpus: behind(" corp: "),
            found: stat("stat::new_units_added:"),
        }
    }
}

fn number(text: &str) -> u64 {
    let digits: String = text.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { executions, per_second, coverage, corpus, found } = self.told;
        write!(
            f,
            "{:<18} {executions:>10} executions {per_second:>7}/s  coverage {coverage:>6}  corpus {corpus:>5} ({found} new)",
            self.target
        )?;
        let Some(Finding { program, input, log }) = &self.finding else { return Ok(()) };
        match input {
            Some(input) => write!(
                f,
                "\nFOUND by {}: {}\n  why: {}\n  again: {} {}",
                self.target,
                input.display(),
                log.display(),
                program.display(),
                input.display()
            ),
            None => write!(f, "\nFAILED without an input: {}\n  why: {}", self.target, log.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "#2\tINITED cov: 3 ft: 4 corp: 1/1b exec/s: 0 rss: 30Mb\n\
        #4096\tDONE   cov: 321 ft: 890 corp: 77/12Kb lim: 4096 exec/s: 512 rss: 60Mb\n\
        stat::number_of_executed_units: 4096\nstat::average_exec_per_sec:     512\nstat::new_units_added:          33\n";

    #[test]
    fn the_last_numbers_are_told() {
        let told = Told { executions: 4096, per_second: 512, coverage: 321, corpus: 77, found: 33 };
        assert_eq!(Told::read(SAID), told);
        assert_eq!(Told::read(""), Told::default());
        let ended = Ended { target: "spf".to_owned(), told, finding: None };
        assert_eq!(
            ended.to_string(),
            "spf                      4096 executions     512/s  coverage    321  corpus    77 (33 new)"
        );
    }

    #[test]
    fn a_finding_is_told_with_the_command_that_repeats_it() {
        let said = format!("{SAID}artifact_prefix='/t/crashes/spf-'; Test unit written to /t/crashes/spf-crash-01\n");
        let input = input_in(&said);
        assert_eq!(input.as_deref(), Some(Path::new("/t/crashes/spf-crash-01")));
        let finding = Finding { program: "/t/spf".into(), input, log: "/t/logs/spf.log".into() };
        let ended = Ended { target: "spf".to_owned(), told: Told::read(&said), finding: Some(finding) };
        assert!(ended.to_string().ends_with("again: /t/spf /t/crashes/spf-crash-01"), "{ended}");
    }
}
