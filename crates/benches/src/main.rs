//! Benchmarks: figures of one run on one machine, each as a ratio against a peer in the same run.
//! `cargo xtask bench …` runs them. And the crash campaign, which is a test: `cargo xtask crash`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers talks to the terminal")]

mod check;
mod client;
mod crash;
mod explain;
mod house;
mod imap;
mod relay;
mod web;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|word| word == "--json");
    match arguments.first().map(String::as_str) {
        Some("explain") => {
            println!("{}", explain::run(json));
            ExitCode::SUCCESS
        }
        Some("check") => told("bench check", check::run(json).map(measured)),
        Some("web") => told("bench web", web::run(json).map(measured)),
        Some("imap") => told("bench imap", imap::run(json).map(measured)),
        // What `imap` starts: a server in a process of its own.
        Some("imap-server") => match imap::serve(arguments.get(1).map_or("", String::as_str)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("bench imap-server: {why}");
                ExitCode::FAILURE
            }
        },
        Some("relay") => relay_bench(&arguments, json),
        Some("crash") => campaign(&arguments, json),
        _ => {
            eprintln!(
                "benches explain|check|web|imap [--json] | relay [--rounds N] [--messages N] [--queued N,N] [--ours] [--json] | \
                 crash [--runs N] [--seed S] [--json]"
            );
            ExitCode::from(2)
        }
    }
}

/// Refuses words that are no option of a command: nobody waits ten minutes for `--help`.
fn only(arguments: &[String], values: &[&str], flags: &[&str]) -> Result<(), ExitCode> {
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            value if values.contains(&value) => drop(words.next()),
            flag if flags.contains(&flag) => {}
            other => {
                eprintln!("{other} is no option here; there are {}", [values, flags].concat().join(", "));
                return Err(ExitCode::from(2));
            }
        }
    }
    Ok(())
}

/// What follows a word on the command line, as a number; `None` when it is none.
fn number<N: std::str::FromStr>(arguments: &[String], name: &str, default: N) -> Option<N> {
    match arguments.iter().position(|word| word == name) {
        Some(at) => arguments.get(at + 1)?.parse().ok(),
        None => Some(default),
    }
}

fn relay_bench(arguments: &[String], json: bool) -> ExitCode {
    if let Err(code) = only(arguments, &["--rounds", "--messages", "--queued"], &["--ours", "--json"]) {
        return code;
    }
    let (Some(rounds), Some(messages)) = (number(arguments, "--rounds", 1), number(arguments, "--messages", 10_000))
    else {
        eprintln!("bench relay: --rounds and --messages take a number");
        return ExitCode::from(2);
    };
    let sizes = number(arguments, "--queued", String::from("100000,1000000")).unwrap_or_default();
    let queued = sizes.split(',').filter_map(|word| word.parse().ok()).filter(|size| *size > 0).collect();
    let peer = !arguments.iter().any(|word| word == "--ours");
    told("bench relay", relay::run(&relay::Bench { rounds, messages, queued, peer }, json).map(measured))
}

fn campaign(arguments: &[String], json: bool) -> ExitCode {
    if let Err(code) = only(arguments, &["--runs", "--seed"], &["--json"]) {
        return code;
    }
    let (Some(runs), Some(seed)) = (number(arguments, "--runs", 50), number(arguments, "--seed", 1)) else {
        eprintln!("crash: --runs and --seed take a number");
        return ExitCode::from(2);
    };
    told("crash", crash::run(crash::Campaign { runs, seed }, json))
}

/// Figures are never wrong.
fn measured(text: String) -> (String, bool) {
    (text, true)
}

fn told(what: &str, done: Result<(String, bool), String>) -> ExitCode {
    match done {
        Ok((text, is_well)) => {
            println!("{text}");
            if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("{what}: {why}");
            ExitCode::FAILURE
        }
    }
}
