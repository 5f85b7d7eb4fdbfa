//! The folder of a backup: files that only their owner can read, each with its digest in the manifest.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Component, Path, PathBuf},
};

use rules::{Blame, Digest, Fault, Retry};

use super::{BackupFile, BackupManifest, FORMAT, MANIFEST, VERSION};

/// Longest manifest, in octets.
const MOST_MANIFEST: u64 = 16 * 1024 * 1024;
/// Octets in hand at a time.
const PIECE: usize = 256 * 1024;

/// A folder that is being written.
pub(super) struct NewFolder {
    root: PathBuf,
    /// The code of its faults.
    code: &'static str,
    was_there: bool,
    files: Vec<BackupFile>,
}

impl NewFolder {
    /// A folder that is not there yet, or is empty.
    ///
    /// # Errors
    /// `code`
    pub(super) fn make(root: &Path, code: &'static str) -> Result<Self, Fault> {
        let was_there = match fs::read_dir(root) {
            Ok(mut inside) => {
                if inside.next().is_some() {
                    let what = format!("{} is not empty: name a new folder, nothing is overwritten", root.display());
                    return Err(Fault::caller(code, what));
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(unwritable(code, root).caused_by(error)),
        };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(root);
        made.map_err(|error| unwritable(code, root).caused_by(error))?;
        Ok(Self { root: root.to_owned(), code, was_there, files: Vec::new() })
    }

    /// A path below.
    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// What was written so far.
    pub(super) fn files(&self) -> &[BackupFile] {
        &self.files
    }

    /// Notes a file that somebody else wrote.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn note(&mut self, below: &str) -> Result<(), Fault> {
        let path = self.path(below);
        let file = read_digest(&path).map_err(|error| unwritable(self.code, &path).caused_by(error))?;
        self.files.push(BackupFile { path: below.to_owned(), ..file });
        Ok(())
    }

    /// Copies a file; it is on the disk on return.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn copy(&mut self, from: &Path, below: &str) -> Result<(), Fault> {
        let path = self.path(below);
        let copy = || {
            let mut source = File::open(from)?;
            if let Some(above) = path.parent() {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(above)?;
            }
            let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            std::io::copy(&mut source, &mut target)?;
            target.sync_all()
        };
        let copied: std::io::Result<()> = copy();
        copied.map_err(|error| {
            unwritable(self.code, &path).caused_by(error).context(format!("copying {}", from.display()))
        })?;
        self.note(below)
    }

    /// Writes the manifest, last.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn seal(&self, manifest: &BackupManifest) -> Result<(), Fault> {
        let (part, whole) = (self.path("manifest.part"), self.path(MANIFEST));
        let write = || {
            let text = serde_json::to_vec_pretty(manifest)?;
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&part, &whole)?;
            File::open(&self.root)?.sync_all()
        };
        let written: std::io::Result<()> = write();
        written.map_err(|error| unwritable(self.code, &whole).caused_by(error))
    }

    /// Moves everything into the folder above, `last` last, and removes this one.
    ///
    /// # Errors
    /// When something cannot be moved.
    pub(super) fn move_up(&self, above: &Path, last: &str) -> Result<(), Fault> {
        let moving = || {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.root)? {
                names.push(entry?.file_name());
            }
            names.sort_by_key(|name| name == last);
            for name in names {
                fs::rename(self.root.join(&name), above.join(&name))?;
            }
            fs::remove_dir(&self.root)?;
            File::open(above)?.sync_all()
        };
        let moved: std::io::Result<()> = moving();
        moved.map_err(|error| unwritable(self.code, above).caused_by(error))
    }

    /// Takes back all that was written.
    pub(super) fn remove(&self) {
        remove_what_is_in(&self.root, self.was_there);
    }
}

/// Empties a folder that was empty before, or removes one that was not there.
pub(super) fn remove_what_is_in(folder: &Path, was_there: bool) {
    let inside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let removed = |path: PathBuf| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    let failed = if was_there {
        inside.map(removed).find(Result::is_err)
    } else {
        Some(fs::remove_dir_all(folder)).filter(Result::is_err)
    };
    if let Some(Err(error)) = failed {
        tracing::warn!(%error, folder = %folder.display(), "what was written so far could not be removed");
    }
}

/// The manifest of a folder whose every file is as it says.
///
/// # Errors
/// `restore.manifest`, `restore.damaged` naming the files
pub(super) fn sealed(root: &Path) -> Result<BackupManifest, Fault> {
    let path = root.join(MANIFEST);
    let refused = |what: String| Fault::caller("restore.manifest", format!("{}: {what}", path.display()));
    let about = fs::metadata(&path).map_err(|error| {
        refused(format!("{error}; without its manifest a folder is no backup, or one that did not end"))
    })?;
    if about.len() > MOST_MANIFEST {
        return Err(refused(format!("longer than {MOST_MANIFEST} octets")));
    }
    let octets = fs::read(&path).map_err(|error| refused(error.to_string()))?;
    let manifest: BackupManifest =
        serde_json::from_slice(&octets).map_err(|error| refused(format!("line {}: {error}", error.line())))?;
    if manifest.format != FORMAT || manifest.version == 0 || manifest.version > VERSION {
        let (format, version) = (&manifest.format, manifest.version);
        return Err(refused(format!(
            "it is `{format}` version {version}, and this program reads `{FORMAT}` up to {VERSION}"
        )));
    }
    let wrong: Vec<String> = manifest
        .files
        .iter()
        .filter_map(|file| check(root, file).err().map(|what| format!("{}: {what}", file.path)))
        .collect();
    if wrong.is_empty() {
        return Ok(manifest);
    }
    Err(Fault::caller("restore.damaged", format!("{}\nnothing was written: take another backup", wrong.join("\n"))))
}

fn check(root: &Path, file: &BackupFile) -> Result<(), String> {
    let plain = Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || file.path.is_empty() {
        return Err(String::from("a path that leads out of the folder"));
    }
    let path = root.join(&file.path);
    let is_file = fs::symlink_metadata(&path).map_err(|error| error.to_string())?.is_file();
    if !is_file {
        return Err(String::from("it is no plain file"));
    }
    let found = read_digest(&path).map_err(|error| error.to_string())?;
    if found.octets != file.octets {
        return Err(format!("{} octets, and the manifest says {}: it was cut or changed", found.octets, file.octets));
    }
    if found.sha256 != file.sha256 {
        return Err(String::from("its SHA-256 is not the manifest's: it was changed"));
    }
    Ok(())
}

fn read_digest(path: &Path) -> std::io::Result<BackupFile> {
    let (mut file, mut digest, mut octets, mut piece) = (File::open(path)?, Digest::default(), 0, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        digest.update(read);
        octets += read.len() as u64;
    }
    Ok(BackupFile { path: String::new(), octets, sha256: digest.hex() })
}

fn unwritable(code: &'static str, path: &Path) -> Fault {
    Fault::new(code, Blame::Operator, Retry::AfterChange)
        .context(format!("writing {}: is there room, and may this user write there?", path.display()))
}
