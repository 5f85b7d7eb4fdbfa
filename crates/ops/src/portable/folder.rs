//! The folder of an export: files that only their owner can read, and nothing read that the manifest does not name.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufReader, BufWriter, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rules::{Blame, Digest, Fault, Retry};
use serde::de::DeserializeOwned;

use super::records::{FORMAT, FileEntry, MANIFEST, Manifest, VERSION};

/// Longest manifest, in octets: some millions of files.
const MOST_MANIFEST: u64 = 1024 * 1024 * 1024;
/// Longest file that is read whole, in octets.
pub(super) const MOST_FILE: u64 = 64 * 1024 * 1024;
/// Longest table, in octets: a record a line.
const MOST_TABLE: u64 = 4 * 1024 * 1024 * 1024;
/// Faults that are told at once.
const MOST_TOLD: usize = 20;

/// A folder that is being written.
pub(super) struct NewFolder {
    root: PathBuf,
    files: Vec<FileEntry>,
}

/// A file that is being written in it.
pub(super) struct NewFile {
    path: String,
    whole: PathBuf,
    to: BufWriter<File>,
    octets: u64,
    digest: Digest,
}

impl NewFolder {
    /// A folder that is not there yet, or is empty.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn make(root: &Path) -> Result<Self, Fault> {
        match fs::read_dir(root) {
            Ok(mut inside) => {
                if inside.next().is_some() {
                    let what = format!("{} is not empty: name a new folder, nothing is overwritten", root.display());
                    return Err(Fault::caller("export.folder", what));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(root)
                .map_err(|error| unwritable(root).caused_by(error))?,
            Err(error) => return Err(unwritable(root).caused_by(error)),
        }
        Ok(Self { root: root.to_owned(), files: Vec::new() })
    }

    /// A new file, readable by its owner alone. Its name was made here, never taken from data.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn file(&self, path: String) -> Result<NewFile, Fault> {
        let whole = self.root.join(&path);
        if let Some(above) = whole.parent() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(above);
            made.map_err(|error| unwritable(above).caused_by(error))?;
        }
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&whole);
        let to = BufWriter::new(file.map_err(|error| unwritable(&whole).caused_by(error))?);
        Ok(NewFile { path, whole, to, octets: 0, digest: Digest::default() })
    }

    /// Writes a file whole.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn put(&mut self, path: String, octets: &[u8]) -> Result<(), Fault> {
        let mut file = self.file(path)?;
        file.write(octets)?;
        self.end(file)
    }

    /// Makes a folder below, also when nothing comes into it.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn below(&self, path: &str) -> Result<(), Fault> {
        let whole = self.root.join(path);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&whole)
            .map_err(|error| unwritable(&whole).caused_by(error))
    }

    /// Closes a file and notes it for the manifest.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn end(&mut self, mut file: NewFile) -> Result<(), Fault> {
        file.to.flush().map_err(|error| unwritable(&file.whole).caused_by(error))?;
        self.files.push(FileEntry { path: file.path, octets: file.octets, sha256: file.digest.hex() });
        Ok(())
    }

    /// Writes the manifest, last.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn seal(mut self, mut manifest: Manifest) -> Result<Manifest, Fault> {
        manifest.files = std::mem::take(&mut self.files);
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| unwritable(&self.root).caused_by(error))?;
        let (part, whole) = (self.root.join("manifest.part"), self.root.join(MANIFEST));
        let mut file = self.file(String::from("manifest.part"))?;
        file.write(&text)?;
        file.to
            .flush()
            .and_then(|()| file.to.get_ref().sync_all())
            .map_err(|error| unwritable(&part).caused_by(error))?;
        fs::rename(&part, &whole).map_err(|error| unwritable(&whole).caused_by(error))?;
        Ok(manifest)
    }
}

impl NewFile {
    /// Appends.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn write(&mut self, octets: &[u8]) -> Result<(), Fault> {
        self.digest.update(octets);
        self.octets += u64::try_from(octets.len()).unwrap_or(u64::MAX);
        self.to.write_all(octets).map_err(|error| unwritable(&self.whole).caused_by(error))
    }

    /// Appends a record, on a line of its own.
    ///
    /// # Errors
    /// `export.folder`
    pub(super) fn line<T: serde::Serialize>(&mut self, record: &T) -> Result<(), Fault> {
        let mut text = serde_json::to_vec(record).map_err(|error| unwritable(&self.whole).caused_by(error))?;
        text.push(b'\n');
        self.write(&text)
    }
}

/// A folder whose every file is as its manifest says.
pub(super) struct SealedFolder {
    root: PathBuf,
    /// The manifest.
    pub manifest: Manifest,
    known: HashMap<String, u64>,
}

impl SealedFolder {
    /// Reads the manifest and holds every file against it, before anything else is done.
    ///
    /// # Errors
    /// `import.manifest`, `import.damaged` naming the files
    pub(super) fn open(root: &Path) -> Result<Self, Fault> {
        let path = root.join(MANIFEST);
        let octets = plain_file(&path, MOST_MANIFEST).map_err(|what| {
            let what = format!(
                "{}: {what}; without its manifest a folder is no export, or one that did not end",
                path.display()
            );
            Fault::caller("import.manifest", what)
        })?;
        let manifest: Manifest = serde_json::from_slice(&octets).map_err(|error| {
            let what = format!("{} line {}: {error}", path.display(), error.line());
            Fault::caller("import.manifest", what)
        })?;
        if manifest.format != FORMAT || manifest.version == 0 || manifest.version > VERSION {
            let what = format!(
                "{}: it is `{}` version {}, and this program reads `{FORMAT}` up to version {VERSION}",
                path.display(),
                manifest.format,
                manifest.version
            );
            return Err(Fault::caller("import.manifest", what));
        }
        let (mut faults, mut known) = (Vec::new(), HashMap::new());
        for entry in &manifest.files {
            match check(root, entry) {
                Ok(()) if known.insert(entry.path.clone(), entry.octets).is_some() => {
                    faults.push(format!("{}: the manifest names it twice", entry.path));
                }
                Ok(()) => {}
                Err(what) => faults.push(format!("{}: {what}", entry.path)),
            }
        }
        if faults.is_empty() {
            return Ok(Self { root: root.to_owned(), manifest, known });
        }
        let more = faults.len().saturating_sub(MOST_TOLD);
        faults.truncate(MOST_TOLD);
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        faults.push(String::from("nothing was imported: copy the folder anew, or export again"));
        Err(Fault::caller("import.damaged", faults.join("\n")))
    }

    /// A file that the manifest names, whole.
    ///
    /// # Errors
    /// `import.damaged`
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, Fault> {
        if !self.known.contains_key(path) {
            return Err(damaged(format!("{path}: a record names this file, and the manifest does not")));
        }
        plain_file(&self.root.join(path), MOST_FILE).map_err(|what| damaged(format!("{path}: {what}")))
    }

    /// Whether the manifest names a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.known.contains_key(path)
    }

    /// The records of a table, each with its line; a table that is not there has none.
    ///
    /// # Errors
    /// `import.damaged` naming file and line
    pub(super) fn table<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Fault> {
        let Some(octets) = self.known.get(path) else { return Ok(Vec::new()) };
        if *octets > MOST_TABLE {
            return Err(damaged(format!("{path}: longer than {MOST_TABLE} octets")));
        }
        let file = File::open(self.root.join(path)).map_err(|error| damaged(format!("{path}: {error}")))?;
        let mut records = Vec::new();
        for (number, line) in (1u64..).zip(std::io::BufRead::lines(BufReader::new(file))) {
            let line = line.map_err(|error| damaged(format!("{path} line {number}: {error}")))?;
            let record = serde_json::from_str(&line);
            records.push(record.map_err(|error| damaged(format!("{path} line {number}: {error}")))?);
        }
        Ok(records)
    }
}

/// A file as the manifest says.
fn check(root: &Path, entry: &FileEntry) -> Result<(), String> {
    if !is_plain(&entry.path) {
        return Err(String::from("a path that leads out of the folder, or is none of an export's"));
    }
    let path = root.join(&entry.path);
    let about = fs::symlink_metadata(&path).map_err(|error| format!("it cannot be read: {error}"))?;
    if !about.is_file() {
        return Err(String::from("it is no plain file"));
    }
    if about.len() != entry.octets {
        return Err(format!("{} octets, and the manifest says {}: it was cut or changed", about.len(), entry.octets));
    }
    let (mut file, mut digest, mut buffer) =
        (File::open(&path).map_err(|error| error.to_string())?, Digest::default(), vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut buffer).map_err(|error| error.to_string())?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        digest.update(piece);
    }
    if digest.hex() == entry.sha256 {
        Ok(())
    } else {
        Err(String::from("its SHA-256 is not the manifest's: it was changed"))
    }
}

/// Names as an export has them: no way up, no absolute path, nothing hidden.
fn is_plain(path: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._-=,:@+".contains(&octet))
    };
    path.len() <= 512 && path.split('/').count() <= 5 && path.split('/').all(part)
}

/// A plain file within a bound.
fn plain_file(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let about = fs::symlink_metadata(path).map_err(|error| format!("it cannot be read: {error}"))?;
    if !about.is_file() {
        return Err(String::from("it is no plain file"));
    }
    if about.len() > most {
        return Err(format!("{} octets, and at most {most} are read", about.len()));
    }
    fs::read(path).map_err(|error| format!("it cannot be read: {error}"))
}

pub(super) fn damaged(what: String) -> Fault {
    Fault::caller("import.damaged", what)
}

fn unwritable(path: &Path) -> Fault {
    Fault::new("export.folder", Blame::Operator, Retry::AfterChange).context(format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_within_the_folder_are_plain() {
        for good in ["domains.jsonl", "mail/00001/cur/1795435200.00001.coldrelay:2,", "keys/example.com/r20261124.pem"]
        {
            assert!(is_plain(good), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "mail/../../x",
            "mail//x",
            "a\\b",
            "mail/.hidden",
            "a/b/c/d/e/f",
            "x\0",
            "mail/",
        ] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
