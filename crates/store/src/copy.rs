//! The whole database as one file, and back: what a backup holds. The file is SQLite whichever database it came from, so
//! that it can be looked at with everyday tools, and be put back into either.
//!
//! Reading order: [`copy_out`], [`copy_in`]; how rows go over one by one is in `copy/rows.rs`.

mod rows;

use std::{
    collections::BTreeMap,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rules::{Blame, Fault, Retry};
use sqlx::{AnyConnection, Connection as _};

use self::rows::{count_rows, tables, transfer};
use crate::{
    connect::{Backend, Location},
    fault::fault,
    migrate::{known_version, migrate_to},
    row::sql,
};

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DatabaseCopy {
    /// `sqlite` or `postgresql`: where it was taken from.
    pub backend: String,
    /// Version of the schema.
    pub schema: i64,
    /// Rows of each table.
    pub tables: BTreeMap<String, u64>,
}

impl DatabaseCopy {
    /// Rows in all.
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }
}

/// Writes everything that is in the database at `url` into a new file, as of one moment, while others go on writing. What
/// is there is not migrated: an older schema is copied as it is. `tell` hears of rows done.
///
/// # Errors
/// `store.absent`, `store.open`, `store.migrate` when it is newer than this program, `store.full`, `store.*`. Nothing
/// is left of the file then.
pub async fn copy_out(url: &str, to: &Path, tell: &mut (dyn FnMut(u64) + Send)) -> Result<DatabaseCopy, Fault> {
    let from = Location::existing(url)?;
    new_file(to)?;
    let copied = match from.backend {
        Backend::Sqlite => vacuum(&from, to).await,
        Backend::Postgresql => by_rows(&from, to, tell).await,
    };
    let copied = copied.and_then(|copied| on_disk(to).map(|()| copied));
    if copied.is_err() {
        remove(to);
    }
    copied
}

/// Reads what a copy holds, without changing it.
///
/// # Errors
/// `store.damaged`, `store.migrate` when it is newer than this program, `store.*`
pub async fn look_into_copy(path: &Path) -> Result<DatabaseCopy, Fault> {
    let location = Location::copy(path)?;
    let mut connection = location.looker().await?;
    held(&mut connection, Backend::Sqlite).await
}

/// Recipients that wait in a copy.
///
/// # Errors
/// As [`look_into_copy`].
pub async fn waiting_in_copy(path: &Path) -> Result<u64, Fault> {
    let mut connection = Location::copy(path)?.looker().await?;
    let query = sql("SELECT COUNT(*) AS waiting FROM recipient WHERE next_at IS NOT NULL OR state = 'sending'");
    let row = query.fetch_one(&mut connection).await.map_err(|error| fault(DOING_IN, error))?;
    crate::row::Row { doing: DOING_IN, row }.count("waiting")
}

/// Puts a copy where nothing is yet: a file is copied, rows are inserted in one transaction. The schema stays as it was
/// and is brought up to date by the next [`crate::Store::open`].
///
/// # Errors
/// `restore.not-empty`, `store.migrate`, `store.full`, `store.*`. Nothing is left then.
pub async fn copy_in(from: &Path, url: &str, tell: &mut (dyn FnMut(u64) + Send)) -> Result<DatabaseCopy, Fault> {
    let copy = look_into_copy(from).await?;
    if let Some(path) = url.strip_prefix("sqlite://") {
        let path = Path::new(path);
        new_file(path)?;
        let copied = copy_file(from, path).and_then(|()| on_disk(path));
        if let Err(fault) = copied {
            remove(path);
            return Err(fault);
        }
        return Ok(copy);
    }
    let mut source = Location::copy(from)?.looker().await?;
    let location = Location::new(url)?;
    let mut target = location.writer().await?;
    sqlx::raw_sql("SET statement_timeout = 0").execute(&mut target).await.map_err(|error| fault(DOING_IN, error))?;
    is_empty(&mut target, location.shown()).await?;
    run(&mut target, location.backend.begin()).await?;
    migrate_to(&mut target, location.backend, copy.schema).await?;
    transfer((&mut source, Backend::Sqlite), (&mut target, location.backend), tell).await?;
    let there = held(&mut target, location.backend).await?;
    if there.tables != copy.tables {
        let what = "the rows that came over are not as many as the copy holds: nothing was written";
        return Err(Fault::new("restore.incomplete", Blame::Us, Retry::Later).context(what));
    }
    run(&mut target, "COMMIT").await?;
    Ok(copy)
}

const DOING_OUT: &str = "copy the database";
const DOING_IN: &str = "put the copy back";

/// SQLite makes a copy of one moment by itself; who writes meanwhile is not kept waiting.
async fn vacuum(from: &Location, to: &Path) -> Result<DatabaseCopy, Fault> {
    let mut connection = from.looker().await?;
    known_version(&mut connection).await?;
    let path = to.to_str().ok_or_else(|| unwritable(to).context("its path is not UTF-8"))?;
    let vacuum = sql("VACUUM INTO $1").bind(path.to_owned()).execute(&mut connection).await;
    vacuum.map_err(|error| fault(DOING_OUT, error))?;
    look_into_copy(to).await
}

/// Row by row, within one transaction that sees one state.
async fn by_rows(from: &Location, to: &Path, tell: &mut (dyn FnMut(u64) + Send)) -> Result<DatabaseCopy, Fault> {
    let mut source = from.looker().await?;
    run(&mut source, from.backend.begin_to_look()).await?;
    let version = known_version(&mut source).await?;
    let target = Location::new(&format!("sqlite://{}", to.display()))?;
    let mut connection = target.looker().await?;
    // Whoever loses power meanwhile makes a new copy: one fsync at the end is enough. No WAL lies beside the file then.
    run(&mut connection, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF; BEGIN")
        .await?;
    migrate_to(&mut connection, Backend::Sqlite, version).await?;
    transfer((&mut source, from.backend), (&mut connection, Backend::Sqlite), tell).await?;
    run(&mut connection, "COMMIT").await?;
    connection.close().await.map_err(|error| fault(DOING_OUT, error))?;
    let copy = look_into_copy(to).await?;
    Ok(DatabaseCopy { backend: from.backend.name().to_owned(), ..copy })
}

async fn held(connection: &mut AnyConnection, backend: Backend) -> Result<DatabaseCopy, Fault> {
    let schema = known_version(connection).await?;
    let mut counts = BTreeMap::new();
    for table in tables(connection, backend).await? {
        let rows = count_rows(connection, &table).await?;
        counts.insert(table, rows);
    }
    Ok(DatabaseCopy { backend: backend.name().to_owned(), schema, tables: counts })
}

async fn is_empty(connection: &mut AnyConnection, shown: &str) -> Result<(), Fault> {
    let query = sql("SELECT CAST(COUNT(*) AS BIGINT) AS there FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')");
    let row = query.fetch_one(connection).await.map_err(|error| fault(DOING_IN, error))?;
    if (crate::row::Row { doing: DOING_IN, row }).number("there")? == 0 {
        return Ok(());
    }
    let what = format!("{shown} holds tables already: name an empty database, nothing is overwritten");
    Err(Fault::caller("restore.not-empty", what))
}

async fn run(connection: &mut AnyConnection, text: &'static str) -> Result<(), Fault> {
    sqlx::raw_sql(text).execute(connection).await.map(drop).map_err(|error| fault(DOING_OUT, error))
}

/// For its owner alone. What is there already is somebody else's: it is neither overwritten nor removed.
fn new_file(path: &Path) -> Result<(), Fault> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| unwritable(path).caused_by(error))
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Fault> {
    let copy = || {
        let mut source = std::fs::File::open(from)?;
        let mut target = std::fs::OpenOptions::new().write(true).open(to)?;
        std::io::copy(&mut source, &mut target).map(drop)
    };
    copy().map_err(|error| unwritable(to).caused_by(error))
}

/// The file and its name.
fn on_disk(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
    let synced = synced.and_then(|()| std::fs::File::open(folder)?.sync_all());
    synced.map_err(|error| unwritable(path).caused_by(error))
}

fn remove(path: &Path) {
    for ending in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        // What cannot be removed was not made, or is told by the error that is under way.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

fn unwritable(path: &Path) -> Fault {
    Fault::new("data.unwritable", Blame::Operator, Retry::AfterChange).context(format!("writing {}", path.display()))
}
