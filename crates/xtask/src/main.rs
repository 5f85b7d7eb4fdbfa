//! `cargo xtask`: everything that keeps the house in order.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers talks to the terminal")]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use xtask::{
    deb::Deb,
    fuzz, kits, packages,
    steps::{self, Done, STEPS},
    tidy,
};

const HELP: &str = "\
cargo xtask test [STEP…]   everything that must pass: format, tidy, clippy, build, tests, end-to-end, docs
cargo xtask tidy           the floors: arrows, purity, doors, length
cargo xtask bench explain  how many reply lines and bounces one core explains in a second
cargo xtask bench imap     our IMAP server against Dovecot: 100,000 messages, the same client
cargo xtask bench check    our domain test against checkdmarc, over a name server that is 20 ms away
cargo xtask bench web      pages and lists over a large store at 50 requests a second, beside a static page
cargo xtask bench relay    submission to delivery beside Postfix with its defaults, in the same run
cargo xtask crash          kills the relay under load, starts it again, compares the books (--runs N, --seed S, --json)
cargo xtask fuzz           runs every fuzz target for a minute (--seconds N, --target NAME, --jobs J); --minimise keeps what was found
cargo xtask deb            a Debian package in target/deb (--binary FILE takes that one instead of building it)
cargo xtask packages       the Debian packages that the tests need, one a line
cargo xtask packages missing  those of them that are not installed
cargo xtask packages more  the commands that install what is missing from PyPI and npm, one a line";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["test", chosen @ ..] => test(chosen),
        ["tidy"] => tidy(),
        ["bench", chosen @ ..] => bench(chosen),
        ["crash", chosen @ ..] => crash(chosen),
        ["fuzz", chosen @ ..] => fuzz(chosen),
        ["deb"] => deb(None),
        ["deb", "--binary", binary] => deb(Some(Path::new(binary))),
        ["packages", "more"] => {
            kits::missing().iter().for_each(|kit| println!("{}", kit.command));
            ExitCode::SUCCESS
        }
        ["packages", "missing"] => {
            packages::missing().iter().for_each(|tool| println!("{}", tool.package));
            ExitCode::SUCCESS
        }
        ["packages"] => {
            packages::TOOLS.iter().for_each(|tool| println!("{}", tool.package));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{HELP}");
            ExitCode::from(2)
        }
    }
}

fn bench(chosen: &[&str]) -> ExitCode {
    if chosen.first() != Some(&"relay") {
        return passed(cargo(&["run", "--release", "--quiet", "--package", "coldrelay-benches", "--"], chosen));
    }
    // Both at once: the bench runs the binary that lies beside it.
    let built =
        cargo(&["build", "--release", "--quiet", "--package", "coldrelay", "--package", "coldrelay-benches"], &[]);
    passed(built && benches("release", chosen))
}

/// Without optimisation, which leaves the named moments in; the whole workspace, as the tests build it.
fn crash(chosen: &[&str]) -> ExitCode {
    passed(cargo(&["build", "--workspace", "--quiet"], &[]) && benches("debug", &[&["crash"], chosen].concat()))
}

fn fuzz(chosen: &[&str]) -> ExitCode {
    let told = fuzz::Options::parse(chosen)
        .and_then(|options| fuzz::fuzz(Path::new("."), &made().join("fuzz"), &options, &|line| println!("{line}")));
    match told {
        Ok(found_nothing) => passed(found_nothing),
        Err(what) => {
            eprintln!("fuzz: {what}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of all that is made, in which this program lies.
fn made() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors().nth(2).unwrap_or(Path::new("target")).to_owned()
}

/// Runs the program of the benches, which lies beside this one's folder.
fn benches(profile: &str, chosen: &[&str]) -> bool {
    match std::process::Command::new(made().join(profile).join("benches")).args(chosen).status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("benches: {error}");
            false
        }
    }
}

/// With the slower build that is meant for packages, unless a binary is given.
fn deb(given: Option<&Path>) -> ExitCode {
    let own = std::env::current_exe().unwrap_or_default();
    let target = own.ancestors().nth(2).unwrap_or(Path::new("target")).to_owned();
    if given.is_none() && !cargo(&["build", "--profile", "dist", "--locked", "--package", "coldrelay"], &[]) {
        return ExitCode::FAILURE;
    }
    let binary = given.map_or_else(|| target.join("dist/coldrelay"), Path::to_owned);
    match (Deb { root: ".".into(), binary, out: target.join("deb"), quick: false }).build() {
        Ok(package) => {
            println!("{}", package.display());
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("deb: {what}");
            ExitCode::FAILURE
        }
    }
}

fn passed(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo(arguments: &[&str], more: &[&str]) -> bool {
    let mut cargo = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    match cargo.args(arguments).args(more).status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("cargo: {error}");
            false
        }
    }
}

fn tidy() -> ExitCode {
    match tidy::check(Path::new(".")) {
        Ok(found) if found.is_empty() => {
            println!("tidy: the house is in order");
            ExitCode::SUCCESS
        }
        Ok(found) => {
            found.iter().for_each(|untidy| println!("{untidy}"));
            eprintln!("tidy: {} to put in order", found.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn test(chosen: &[&str]) -> ExitCode {
    if let Some(unknown) = chosen.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        eprintln!("there is no step `{unknown}`\n{HELP}");
        return ExitCode::from(2);
    }
    let missing = packages::missing();
    if !missing.is_empty() {
        for tool in &missing {
            eprintln!("missing: {} ({})", tool.package, tool.purpose);
        }
        eprintln!(
            "The tests use real peers and leave none out. Install them first:\n  {}",
            packages::command(&missing)
        );
        return ExitCode::FAILURE;
    }
    let missing = kits::missing();
    if !missing.is_empty() {
        for kit in &missing {
            eprintln!("missing: the kit `{}`, pinned by {} ({})", kit.name, kit.pinned_by, kit.purpose);
        }
        eprintln!("Install it first:");
        missing.iter().for_each(|kit| eprintln!("  {}", kit.command));
        return ExitCode::FAILURE;
    }
    let mut done = Vec::new();
    for step in STEPS.iter().filter(|step| chosen.is_empty() || chosen.contains(&step.name)) {
        println!("== {}", step.name);
        let result = steps::run(step);
        let passed = result.passed;
        done.push(result);
        if !passed {
            break;
        }
    }
    summary(&done)
}

fn summary(done: &[Done]) -> ExitCode {
    println!();
    for Done { name, passed, took } in done {
        let verdict = if *passed { "ok" } else { "FAILED" };
        println!("{name:<12} {verdict:<7} {:>4} s", took.as_secs());
    }
    if done.iter().all(|done| done.passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
