//! Building the targets with coverage, by the stable compiler.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{FOLDER, Place, Target};

/// What makes the compiler count, as libFuzzer wants it: a counter at every edge, a table of where they are, and every
/// comparison told, so that it can guess what would be equal. How the code is optimised stands in the manifest.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Branches that are folded into one would count as one.
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

/// Builds the targets into `made`.
///
/// # Errors
/// What cargo or rustc could not do; cargo's own words are on the terminal.
pub(super) fn build(root: &Path, made: &Path, targets: &[Target]) -> Result<Place, String> {
    let host = host()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--locked", "--quiet", "--manifest-path"]);
    cargo.arg(root.join(FOLDER).join("Cargo.toml"));
    // With a target named, build scripts and macros are built without the flags.
    cargo.args(["--target", &host, "--target-dir"]).arg(made);
    targets.iter().for_each(|target| _ = cargo.args(["--bin", &target.name]));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}")).env_remove("CARGO_TARGET_DIR");
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(String::from("the targets could not be built"));
    }
    Ok(Place { made: made.to_owned(), programs: made.join(host).join("release") })
}

/// The triple of this machine, as the compiler names it.
fn host() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("-vV").stderr(Stdio::inherit()).output();
    let told = told.map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| String::from("rustc -vV names no host"))
}
