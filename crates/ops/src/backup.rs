//! A backup of one installation while it runs, and back into an empty place. Unlike an export it holds everything as it is,
//! secrets included, for this program alone.
//!
//! `serve` need not be stopped for a backup: the database is copied as of one moment, and what lies beside it never changes.

mod folder;

use std::{
    fs,
    path::{Path, PathBuf},
};

use rules::{Blame, Fault, Retry};
use serde::{Deserialize, Serialize};
use store::{DatabaseCopy, copy_in, copy_out, look_into_copy, must_be_sound, verify_copy};
use syntax::Timestamp;

use self::folder::{NewFolder, remove_what_is_in, sealed};

/// What the manifest calls itself.
const FORMAT: &str = "coldrelay-backup";
/// The version that is written; older ones are read, newer ones are refused.
const VERSION: u32 = 1;
/// Written last: a folder without it is a backup that did not end.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The copy of the database.
const DATABASE: &str = "database.db";
/// What lies in the data folder beside the database.
const BESIDE: &str = "data";
/// The configuration of that time.
const CONFIGURATION: &str = "coldrelay.toml";
/// Files of the data folder that mean nothing elsewhere.
const LEFT_OUT: [&str; 4] = ["serve.lock", "coldrelay.db", "coldrelay.db-wal", "coldrelay.db-shm"];
/// Where a restore is made ready, within the data folder. While it is there, nothing else may use the folder.
pub const RESTORING: &str = "restoring";

/// What is backed up.
#[derive(Debug, Clone)]
pub struct Installation {
    /// URL of the database.
    pub database_url: String,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The configuration file, when there is one.
    pub config: Option<PathBuf>,
    /// Files elsewhere that the configuration names: setting and path.
    pub elsewhere: Vec<(String, PathBuf)>,
}

/// What a backup holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupManifest {
    /// `coldrelay-backup`.
    pub format: String,
    /// Version of the form.
    pub version: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// When it was begun.
    pub written_at: Timestamp,
    /// The database: its schema, and how many rows each table has.
    pub database: DatabaseCopy,
    /// Every file but this one.
    pub files: Vec<BackupFile>,
    /// Files that the configuration names and that lie elsewhere: they are not in it.
    pub not_included: Vec<Elsewhere>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Below the backup's folder.
    pub path: String,
    /// Octets.
    pub octets: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// A file that is not in the backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The setting that names it.
    pub setting: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// What was put back.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// When the backup was begun.
    pub written_at: Timestamp,
    /// The database.
    pub database: DatabaseCopy,
    /// Files beside it.
    pub files: usize,
    /// Recipients that waited then. Those that were delivered since are sent to once more, unless they are dropped first.
    pub waiting: u64,
    /// Files that the backup does not hold and the configuration names.
    pub not_included: Vec<Elsewhere>,
    /// The configuration of that time, in the backup.
    pub config: Option<PathBuf>,
}

/// Writes a backup into a folder that is new or empty. `tell` hears what is being done.
///
/// # Errors
/// `backup.folder` when it is not empty or cannot be written, `store.absent`, `store.*`. Nothing is left of it then.
pub async fn back_up(
    installation: &Installation,
    to: &Path,
    now: Timestamp,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<BackupManifest, Fault> {
    let mut folder = NewFolder::make(to, "backup.folder")?;
    let made = fill(installation, &mut folder, now, tell).await;
    if made.is_err() {
        folder.remove();
    }
    made
}

async fn fill(
    installation: &Installation,
    folder: &mut NewFolder,
    now: Timestamp,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<BackupManifest, Fault> {
    tell("copying the database");
    let rows = &mut |rows: u64| tell(&format!("copying the database: {rows} rows"));
    let database = copy_out(&installation.database_url, &folder.path(DATABASE), rows).await?;
    folder.note(DATABASE)?;
    tell("copying keys and configuration");
    let data = &installation.data_dir;
    for below in plain_files(data, "")? {
        folder.copy(&data.join(&below), &format!("{BESIDE}/{below}"))?;
    }
    if let Some(config) = &installation.config {
        folder.copy(config, CONFIGURATION)?;
    }
    let elsewhere = installation.elsewhere.iter().cloned();
    let manifest = BackupManifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        written_by: format!("coldrelay {}", env!("CARGO_PKG_VERSION")),
        written_at: now,
        database,
        files: folder.files().to_vec(),
        not_included: elsewhere.map(|(setting, path)| Elsewhere { setting, path }).collect(),
    };
    folder.seal(&manifest)?;
    Ok(manifest)
}

/// The files of the data folder, below it; what is left out is left out at the top alone. A folder that is not there has none.
fn plain_files(root: &Path, below: &str) -> Result<Vec<String>, Fault> {
    let here = root.join(below);
    let inside = match fs::read_dir(&here) {
        Ok(inside) => inside,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&here).caused_by(error)),
    };
    let mut found = Vec::new();
    for entry in inside {
        let entry = entry.map_err(|error| unreadable(&here).caused_by(error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(|error| unreadable(&entry.path()).caused_by(error))?;
        if below.is_empty() && LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            found.extend(plain_files(root, &path)?);
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a backup, holds every file against the manifest and every row against what must be true of it, and writes nothing.
///
/// # Errors
/// `restore.manifest`, `restore.damaged`, `verify.unsound`, `store.*`
pub async fn check_backup(from: &Path, tell: &mut (dyn FnMut(&str) + Send)) -> Result<BackupManifest, Fault> {
    tell("checking files against the manifest");
    let manifest: BackupManifest = sealed(from)?;
    tell("checking every row");
    let path = from.join(DATABASE);
    let verified = verify_copy(&path, &mut |_, _, _| {}).await?;
    must_be_sound(&verified)?;
    let there = look_into_copy(&path).await?;
    if there.tables != manifest.database.tables || there.schema != manifest.database.schema {
        let what = "the database of the backup does not hold the rows that its manifest says: take another backup";
        return Err(Fault::caller("restore.damaged", what));
    }
    Ok(manifest)
}

/// Puts a backup into a data folder that is empty or not there yet, and into a database that is. Everything is checked
/// before anything is written.
///
/// # Errors
/// `restore.not-empty`, and as [`check_backup`]; `data.unwritable`. Nothing is left then.
pub async fn restore(
    from: &Path,
    data_dir: &Path,
    database_url: &str,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Restored, Fault> {
    let was_there = must_be_empty(data_dir)?;
    let manifest = check_backup(from, tell).await?;
    let written = put_back(from, &manifest, data_dir, database_url, tell).await;
    let waiting = match written {
        Ok(waiting) => waiting,
        Err(fault) => {
            remove_what_is_in(data_dir, was_there);
            return Err(fault);
        }
    };
    let config = manifest.files.iter().any(|file| file.path == CONFIGURATION).then(|| from.join(CONFIGURATION));
    Ok(Restored {
        written_at: manifest.written_at,
        files: manifest.files.iter().filter(|file| file.path.starts_with(BESIDE)).count(),
        database: manifest.database,
        waiting,
        not_included: manifest.not_included,
        config,
    })
}

/// Whether it is there.
fn must_be_empty(data_dir: &Path) -> Result<bool, Fault> {
    match fs::read_dir(data_dir) {
        Ok(mut inside) => match inside.next() {
            None => Ok(true),
            Some(_) => {
                let what = format!(
                    "the data folder {} is not empty: a backup is put into an empty one, nothing is overwritten \
                     (move the old one away, or name another with `--data-dir`)",
                    data_dir.display()
                );
                Err(Fault::caller("restore.not-empty", what))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unreadable(data_dir).caused_by(error)),
    }
}

/// Everything is made ready below the data folder and renamed into place, the database last: who stops half-way leaves a
/// folder that neither `serve` nor a restore takes for one that is whole.
async fn put_back(
    from: &Path,
    manifest: &BackupManifest,
    data_dir: &Path,
    database_url: &str,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<u64, Fault> {
    let mut ready = NewFolder::make(&data_dir.join(RESTORING), "data.unwritable")?;
    tell("putting keys back");
    let prefix = format!("{BESIDE}/");
    for file in &manifest.files {
        if let Some(below) = file.path.strip_prefix(&prefix) {
            ready.copy(&from.join(&file.path), below)?;
        }
    }
    tell("putting the database back");
    let own = format!("sqlite://{}", data_dir.join("coldrelay.db").display());
    let is_own = database_url == own;
    let staged = ready.path("coldrelay.db");
    let url = if is_own { format!("sqlite://{}", staged.display()) } else { database_url.to_owned() };
    let rows = &mut |rows: u64| tell(&format!("putting the database back: {rows} rows"));
    // A server's rows stand once they are committed: that comes last.
    if !is_own {
        ready.move_up(data_dir, "coldrelay.db")?;
    }
    copy_in(&from.join(DATABASE), &url, rows).await?;
    if is_own {
        ready.move_up(data_dir, "coldrelay.db")?;
    }
    store::waiting_in_copy(&from.join(DATABASE)).await
}

fn unreadable(path: &Path) -> Fault {
    Fault::new("data.unwritable", Blame::Operator, Retry::AfterChange).context(format!("reading {}", path.display()))
}
