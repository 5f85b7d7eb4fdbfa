//! Benchmarks: figures of one run on one machine, each as a ratio against a peer in the same run.
//! `cargo xtask bench explain`, `check`, `web` and `imap` run them; nothing here is a test.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers talks to the terminal")]

mod check;
mod explain;
mod imap;
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
        Some("web") => match web::run(json) {
            Ok(text) => {
                println!("{text}");
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("bench web: {why}");
                ExitCode::FAILURE
            }
        },
        Some("imap") => match imap::run(json) {
            Ok(text) => {
                println!("{text}");
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("bench imap: {why}");
                ExitCode::FAILURE
            }
        },
        // What `imap` starts: a server in a process of its own.
        Some("imap-server") => match imap::serve(arguments.get(1).map_or("", String::as_str)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("bench imap-server: {why}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("benches explain|check|web|imap [--json]");
            ExitCode::from(2)
        }
    }
}
