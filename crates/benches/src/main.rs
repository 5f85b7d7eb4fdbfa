//! Benchmarks: figures of one run on one machine, each as a ratio against a peer in the same run.
//! `cargo xtask bench …` runs them. And the crash campaign, which is a test: `cargo xtask crash`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers talks to the terminal")]

mod check;
mod client;
mod crash;
mod explain;
mod house;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|word| word == "--json");
    match arguments.first().map(String::as_str) {
        Some("explain") => {
            println!("{}", explain::run(json));
            ExitCode::SUCCESS
        }
        Some("check") => match check::run(json) {
            Ok(text) => {
                println!("{text}");
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("bench check: {why}");
                ExitCode::FAILURE
            }
        },
        Some("crash") => campaign(&arguments, json),
        _ => {
            eprintln!("benches explain|check [--json] | crash [--runs N] [--seed S] [--json]");
            ExitCode::from(2)
        }
    }
}

fn campaign(arguments: &[String], json: bool) -> ExitCode {
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|word| word == name);
        let given = at.map(|at| arguments.get(at + 1).and_then(|word| word.parse().ok()));
        given.unwrap_or(Some(default))
    };
    let (Some(runs), Some(seed)) = (number("--runs", 50), number("--seed", 1)) else {
        eprintln!("crash: --runs and --seed take a number");
        return ExitCode::from(2);
    };
    match crash::run(crash::Campaign { runs, seed }, json) {
        Ok((text, is_well)) => {
            println!("{text}");
            if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("crash: {why}");
            ExitCode::FAILURE
        }
    }
}
