//! The steps of `cargo xtask test`, in the order in which they fail quickest.

use std::{
    process::Command,
    time::{Duration, Instant},
};

/// One step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its name on the command line and in the summary.
    pub name: &'static str,
    /// Arguments of cargo.
    pub cargo: &'static [&'static str],
    /// Variables set for it.
    pub env: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, cargo: &'static [&'static str]) -> Step {
    Step { name, cargo, env: &[] }
}

/// Everything.
pub const STEPS: &[Step] = &[
    step("format", &["fmt", "--all", "--check"]),
    step("tidy", &["run", "--quiet", "--package", "xtask", "--", "tidy"]),
    step("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings"]),
    // The binary first: the end-to-end tests run it.
    step("build", &["build", "--workspace", "--locked", "--quiet"]),
    step("tests", &["test", "--workspace", "--exclude", "coldrelay-e2e", "--locked", "--quiet"]),
    step("end-to-end", &["test", "--package", "coldrelay-e2e", "--locked", "--", "--test-threads=2"]),
    // As long as a change can wait; longer by hand.
    step("fuzz", &["run", "--quiet", "--package", "xtask", "--", "fuzz", "--seconds", "60", "--jobs", "4", "--told"]),
    // The same 50 runs each time; `cargo xtask crash --runs 1000 --seed …` by hand.
    step("crash", &["run", "--quiet", "--package", "xtask", "--", "crash", "--runs", "50"]),
    Step {
        name: "docs",
        cargo: &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"],
        env: &[("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links")],
    },
];

/// How a step went.
#[derive(Debug)]
pub struct Done {
    /// Its name.
    pub name: &'static str,
    /// Whether it passed.
    pub passed: bool,
    /// How long it took.
    pub took: Duration,
}

/// Runs one step with its output shown.
pub fn run(step: &Step) -> Done {
    let begun = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(step.cargo).envs(step.env.iter().copied()).status();
    let passed = status.is_ok_and(|status| status.success());
    Done { name: step.name, passed, took: begun.elapsed() }
}
