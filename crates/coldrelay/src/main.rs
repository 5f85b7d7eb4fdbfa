//! The binary: command line, configuration, clock, wiring.
//!
//! Reading order: `cli` (commands), `config` (one TOML file), `house` (what `serve` starts), `exit` (faults become exit
//! codes), `out` (the only place that writes to stdout).

mod cli;
mod clock;
mod config;
mod crash;
mod exit;
mod house;
mod out;
mod service;

use std::process::ExitCode;

use clap::Parser as _;

/// glibc's allocator took an eighth of the CPU of a submission, and keeps what many threads gave back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&exit::no_runtime(error)),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(code) => code,
        Err(fault) => exit::report(&fault),
    }
}
