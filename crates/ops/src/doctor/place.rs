//! The machine: folders and their rights, room, limits.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use store::disk_room;

use super::{Diagnosis, Doctor};

/// Less room than this is bad, in octets: about what a busy hour writes.
const LEAST_ROOM: u64 = 512 * 1024 * 1024;
/// Less than this is worth a word.
const LITTLE_ROOM: u64 = 4 * 1024 * 1024 * 1024;
/// Files that may still be made.
const LEAST_FILES: u64 = 10_000;
/// File descriptors besides one a connection: database, DNS, logs.
const OTHER_DESCRIPTORS: u64 = 256;

/// Whether a `serve` holds the data folder.
pub(super) fn is_serving(data_dir: &Path) -> bool {
    let lock = fs::OpenOptions::new().append(true).open(data_dir.join("serve.lock"));
    lock.is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

pub(super) fn look(doctor: &Doctor) -> Vec<Diagnosis> {
    let data_dir = &doctor.installation.data_dir;
    let mut found = vec![folder(data_dir)];
    found.extend(private(doctor));
    found.push(room(data_dir));
    found.push(descriptors(doctor.connections));
    found.push(clock_is_kept());
    found
}

fn folder(path: &Path) -> Diagnosis {
    let shown = path.display();
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let parent = path.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("."));
            let fix = format!("the first command makes it, when this user may write to {}", parent.display());
            return Diagnosis::warn("data.folder", format!("the data folder {shown} is not there yet"), fix);
        }
        Err(error) => {
            let fix = "run as the user that owns the data folder";
            return Diagnosis::bad("data.folder", format!("the data folder {shown} cannot be looked at: {error}"), fix);
        }
    };
    let trial = path.join(".doctor");
    let written = fs::OpenOptions::new().write(true).create(true).truncate(true).open(&trial);
    let removed = fs::remove_file(&trial);
    if let Err(error) = written.and(removed) {
        let fix = format!("give it to this user (`chown`), or run as uid {}, its owner", about.uid());
        return Diagnosis::bad("data.folder", format!("the data folder {shown} cannot be written to: {error}"), fix);
    }
    if about.permissions().mode() & 0o022 != 0 {
        let fix = format!("chmod 700 {shown}");
        return Diagnosis::bad("data.folder", format!("others may write to the data folder {shown}"), fix);
    }
    Diagnosis::ok("data.folder", format!("the data folder {shown} can be written to"))
}

/// Files that hold secrets.
fn private(doctor: &Doctor) -> Vec<Diagnosis> {
    let data_dir = &doctor.installation.data_dir;
    let mut files: Vec<_> =
        ["secret.key", "coldrelay.db", "tls/key.pem"].iter().map(|name| data_dir.join(name)).collect();
    files.extend(doctor.installation.config.clone());
    files.extend(
        doctor.installation.elsewhere.iter().filter(|(name, _)| name == "tls.key").map(|(_, path)| path.clone()),
    );
    let open: Vec<String> = files
        .iter()
        .filter(|path| fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o007 != 0))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        return vec![Diagnosis::ok("data.private", "files with secrets can be read by their owner and group alone")];
    }
    let is_config =
        |path: &String| doctor.installation.config.as_ref().is_some_and(|file| file.display().to_string() == *path);
    open.into_iter()
        .map(|path| {
            let (seen, fix) = (format!("everybody on this machine can read {path}"), format!("chmod 640 {path}"));
            // It holds secrets only when a provider or a database password is configured.
            if is_config(&path) {
                Diagnosis::warn("data.private", seen, fix)
            } else {
                Diagnosis::bad("data.private", seen, fix)
            }
        })
        .collect()
}

fn room(data_dir: &Path) -> Diagnosis {
    let room = match disk_room(data_dir) {
        Ok(room) => room,
        Err(error) => return Diagnosis::unknown("disk.room", format!("the disk cannot be looked at: {error}")),
    };
    let mib = |octets: u64| octets / 1024 / 1024;
    let seen = format!("{} MiB of {} MiB are free where the data folder lies", mib(room.free), mib(room.all));
    let fix = "make room: when the disk is full, mail is put off (452) and nothing is delivered";
    if let Some(files) = room.free_files.filter(|files| *files < LEAST_FILES) {
        return Diagnosis::bad("disk.room", format!("only {files} more files can be made on the disk"), fix);
    }
    match room.free {
        free if free < LEAST_ROOM => Diagnosis::bad("disk.room", seen, fix).explained("452-4-3-1"),
        free if free < LITTLE_ROOM => Diagnosis::warn("disk.room", seen, fix).explained("452-4-3-1"),
        _ => Diagnosis::ok("disk.room", seen),
    }
}

fn descriptors(connections: u64) -> Diagnosis {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(limit) = soft_limit(&limits) else {
        return Diagnosis::unknown("limits.files", "how many files may be open is not told on this machine");
    };
    let wanted = connections + OTHER_DESCRIPTORS;
    let seen = format!("{limit} files may be open at the same time, {wanted} may be needed");
    if limit >= wanted {
        return Diagnosis::ok("limits.files", seen);
    }
    Diagnosis::warn("limits.files", seen, format!("LimitNOFILE={} in the systemd unit, or `ulimit -n`", wanted * 2))
}

/// `Max open files   1024   1048576   files`
fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Whether something keeps the clock right. What is wrong by minutes breaks DKIM signatures, TLS and TOTP.
fn clock_is_kept() -> Diagnosis {
    const SIGNS: [&str; 5] = [
        "/run/systemd/timesync/synchronized",
        "/run/chrony",
        "/run/chrony/chronyd.pid",
        "/run/ntpd.pid",
        "/var/run/ntpd.pid",
    ];
    match SIGNS.iter().find(|sign| Path::new(sign).exists()) {
        Some(sign) => Diagnosis::ok("clock.kept", format!("the clock is kept by a time service ({sign})")),
        None => Diagnosis::warn(
            "clock.kept",
            "no time service was found that keeps the clock",
            "run one (`systemctl enable --now systemd-timesyncd`, or chrony), unless the machine's host does it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::soft_limit;

    #[test]
    fn the_limit_of_open_files_is_read_as_the_kernel_writes_it() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max open files            1024                 1048576              files     \n";
        assert_eq!(soft_limit(text), Some(1024));
        assert_eq!(
            soft_limit("Max open files            unlimited            unlimited            files"),
            Some(u64::MAX)
        );
        assert_eq!(soft_limit(""), None);
    }
}
