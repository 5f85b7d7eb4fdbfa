//! What processes used, as /proc tells it: CPU time and memory. proc(5).

use std::{fs, time::Duration};

/// Clock ticks in a second: USER_HZ, 100 on every Linux that is common. proc(5), `sysconf(_SC_CLK_TCK)`.
const TICKS: u64 = 100;

/// One process's line of `/proc/<id>/stat`.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that it has waited for.
    reaped: u64,
}

fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may hold anything.
    let fields: Vec<u64> =
        text.rsplit_once(')')?.1.split_ascii_whitespace().skip(1).map(|word| word.parse().unwrap_or(0)).collect();
    let at = |number: usize| fields.get(number - 4).copied();
    Some(Stat { parent: u32::try_from(at(4)?).ok()?, own: at(14)? + at(15)?, reaped: at(16)? + at(17)? })
}

/// CPU time of a process with all its descendants, ended ones that were waited for among them.
pub fn cpu(root: u32) -> Duration {
    let all: Vec<(u32, Stat)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, stat(id)?)))
        .collect();
    let mut family = vec![root];
    let mut ticks = 0;
    while let Some(id) = family.pop() {
        ticks += all.iter().find(|(one, _)| *one == id).map_or(0, |(_, stat)| stat.own + stat.reaped);
        family.extend(all.iter().filter(|(_, stat)| stat.parent == id).map(|(child, _)| *child));
    }
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// CPU time of this process alone.
pub fn own_cpu() -> Duration {
    Duration::from_millis(stat(std::process::id()).map_or(0, |stat| stat.own) * 1000 / TICKS)
}

/// A line of `/proc/<id>/status` in MiB: `VmHWM` (the most it ever had), `VmRSS` (now).
pub fn memory_mib(id: u32, line: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let found = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'));
    let kib: Option<u64> = found.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok());
    kib.unwrap_or(0) / 1024
}
