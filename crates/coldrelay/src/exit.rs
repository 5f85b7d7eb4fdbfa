//! A fault at the command line: what, where, what next, and an exit code.

use std::process::ExitCode;

use rules::{Blame, Fault, Retry};

use crate::out::talk;

/// Nothing wrong.
pub const OK: u8 = 0;
/// Done, and the answer is no: drift, a failed check, a refusal.
pub const NO: u8 = 1;
/// The command line or what was given with it.
pub const USAGE: u8 = 2;
/// The configuration, a file, a right.
pub const CONFIG: u8 = 3;
/// There is nothing by that name.
pub const UNKNOWN: u8 = 4;
/// It may work later: network, DNS, database.
pub const LATER: u8 = 5;
/// A defect of ours.
pub const DEFECT: u8 = 70;

/// Shown below `--help`, and in docs/cli.md.
pub const HELP: &str = "\
Exit codes:
  0   done
  1   done, and the answer is no (drift, a failed check, a refusal)
  2   the command line, or what was given with it, is wrong
  3   the configuration, a file or a right is wrong
  4   there is nothing by that name
  5   it may work later (network, DNS, database)
  70  a defect of coldrelay: please report it";

/// The exit code of a fault.
fn code(fault: &Fault) -> u8 {
    match (fault.code, fault.blame, fault.retry) {
        (code, _, _) if code.ends_with(".unknown") => UNKNOWN,
        ("submission.refused", _, _) => NO,
        ("config.invalid" | "config.unreadable", _, _) => CONFIG,
        (_, Blame::Caller, _) => USAGE,
        (_, _, Retry::Later) => LATER,
        (_, Blame::Operator | Blame::Peer, _) => CONFIG,
        (_, Blame::Us, _) => DEFECT,
    }
}

/// Says it and gives the exit code.
pub fn report(fault: &Fault) -> ExitCode {
    talk(&format!("error: {fault}"));
    talk(&format!("       [{}]", fault.code));
    ExitCode::from(code(fault))
}

/// The runtime could not be started.
pub fn no_runtime(error: std::io::Error) -> Fault {
    Fault::new("runtime", Blame::Operator, Retry::Later).context("threads cannot be started").caused_by(error)
}
