//! How much room the disk of a path has.

use std::path::Path;

/// Room on a disk, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct DiskRoom {
    /// What may still be written by this user.
    pub free: u64,
    /// What the disk holds in all.
    pub all: u64,
    /// Files that may still be made; `None` when the file system does not count them.
    pub free_files: Option<u64>,
}

/// Looks at the disk on which a path lies; of a path that is not there yet, at the nearest folder above.
///
/// # Errors
/// When it cannot be looked at.
pub fn disk_room(path: &Path) -> std::io::Result<DiskRoom> {
    let there = path.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
    let about = rustix::fs::statvfs(there)?;
    Ok(DiskRoom {
        free: about.f_bavail.saturating_mul(about.f_frsize),
        all: about.f_blocks.saturating_mul(about.f_frsize),
        free_files: (about.f_files > 0).then_some(about.f_favail),
    })
}

#[cfg(test)]
mod tests {
    use super::disk_room;

    #[test]
    fn a_disk_has_no_more_room_than_it_holds_and_a_path_to_come_lies_on_its_folders_disk() {
        let folder = tempfile::tempdir().unwrap();
        let room = disk_room(folder.path()).unwrap();
        assert!(room.all > 0 && room.free <= room.all);
        let later = disk_room(&folder.path().join("to/come")).unwrap();
        assert_eq!(later.all, room.all);
    }
}
