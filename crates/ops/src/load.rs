//! Measures memory, disk and commits, so that new mail is put off before something runs out.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use net::Stop;
use notify::Metrics;
use rules::load::{Marks, Pressure, Reading};
use store::{Store, disk_room};

/// Time between two readings.
const EVERY: Duration = Duration::from_secs(1);
const KIB: u64 = 1024;

/// What is measured, and the marks.
#[derive(Debug, Clone, Default)]
pub struct LoadWatch {
    /// The marks.
    pub marks: Marks,
    /// A path on the disk whose room is measured; `None`: none is.
    pub disk: Option<PathBuf>,
}

impl LoadWatch {
    /// Measures until stopped.
    pub(crate) async fn run(self, store: Store, metrics: Metrics, mut stop: Stop) {
        loop {
            let reading = self.measured(&store).await;
            store.take_reading(&self.marks, &reading).await;
            metrics.set_load(&reading);
            for pressure in Pressure::ALL {
                metrics.set_shedding(pressure, store.is_short(pressure));
            }
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn measured(&self, store: &Store) -> Reading {
        let disk = self.disk.clone();
        // Files of /proc are no disk; that of the data may be slow, and nobody waits for it here.
        let room = tokio::task::spawn_blocking(move || disk.and_then(|path| disk_room(&path).ok()));
        let disk = room.await.ok().flatten().map(|room| room.free);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Reading { memory: kibibytes(&status, "VmRSS:"), disk, commit: Some(store.commit_time()) }
    }
}

/// Four fifths of the memory that this process may use: that of its cgroup, or of the machine. `None` when neither is told.
pub fn memory_mark() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| kibibytes(&text, "MemTotal:"));
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default().to_owned();
    // Linux, Documentation/admin-guide/cgroup-v2.rst, "memory.max"; that of a folder above holds too.
    let limits = Path::new("/sys/fs/cgroup").join(own);
    let limits = limits.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup"));
    let limit = |folder: &Path| std::fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse::<u64>().ok();
    let cgroup = limits.filter_map(limit).min();
    [machine, cgroup].into_iter().flatten().min().map(|all| all / 5 * 4)
}

/// `VmRSS:    12345 kB`
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * KIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read() {
        assert_eq!(kibibytes("Name:\tx\nVmRSS:\t   12345 kB\n", "VmRSS:"), Some(12345 * 1024));
        assert_eq!(kibibytes("VmRSS: none\n", "VmRSS:"), None);
        assert!(memory_mark().is_some_and(|mark| mark > 64 * 1024 * 1024));
    }
}
