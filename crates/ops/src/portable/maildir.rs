//! Maildir: a message a file, in `new` and `cur`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rules::Fault;

use super::folder::MOST_FILE;

/// Messages of a folder and what was left aside.
pub(super) struct Listed {
    /// Files, by name: names begin with the second of arrival.
    pub files: Vec<PathBuf>,
    /// Folders within it, which are not read.
    pub folders: Vec<String>,
}

/// The messages of a Maildir.
///
/// # Errors
/// `import.maildir`
pub(super) fn list(root: &Path) -> Result<Listed, Fault> {
    let bad = |what: String| Fault::caller("import.maildir", what);
    let mut listed = Listed { files: Vec::new(), folders: Vec::new() };
    let mut is_maildir = false;
    let entries = fs::read_dir(root).map_err(|error| bad(format!("{}: {error}", root.display())))?;
    for entry in entries {
        let entry = entry.map_err(|error| bad(format!("{}: {error}", root.display())))?;
        let (name, is_folder) = (entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
        match name.to_str() {
            Some("new" | "cur") if is_folder => {
                is_maildir = true;
                let inside =
                    fs::read_dir(entry.path()).map_err(|error| bad(format!("{}: {error}", entry.path().display())))?;
                let files =
                    inside.filter_map(Result::ok).filter(|file| !file.file_name().as_encoded_bytes().starts_with(b"."));
                listed.files.extend(files.map(|file| file.path()));
            }
            Some(name) if is_folder && name.starts_with('.') => listed.folders.push(name.to_owned()),
            _ => {}
        }
    }
    if !is_maildir {
        return Err(bad(format!("{} is no Maildir: it has neither `cur` nor `new`", root.display())));
    }
    listed.files.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    listed.folders.sort();
    Ok(listed)
}

/// A message; links and what is too long are refused.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let about = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err(String::from("it is no plain file"));
    }
    if about.len() > MOST_FILE {
        return Err(format!("{} octets, and at most {MOST_FILE} are read", about.len()));
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// The second of arrival that a name begins with.
pub(super) fn arrived(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_str()?;
    let (seconds, _) = name.split_once('.')?;
    seconds.parse().ok().filter(|seconds| (100_000_000..100_000_000_000).contains(seconds))
}
