//! The schema: numbered texts, run at open under the write lock, so that two processes starting together agree.

use rules::{Blame, Fault, Retry};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    connect::Backend,
    fault::{closes_the_latch, fault},
};

/// In order; the version of a schema is the number of texts that were run.
const MIGRATIONS: [&str; 22] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_mail_test.sql"),
    include_str!("../migrations/0003_listing.sql"),
    include_str!("../migrations/0004_callout.sql"),
    include_str!("../migrations/0005_mailbox_suspended.sql"),
    include_str!("../migrations/0006_access.sql"),
    include_str!("../migrations/0007_idempotency.sql"),
    include_str!("../migrations/0008_desk.sql"),
    include_str!("../migrations/0009_webhook.sql"),
    include_str!("../migrations/0010_arriving.sql"),
    include_str!("../migrations/0011_proof.sql"),
    include_str!("../migrations/0012_large.sql"),
    include_str!("../migrations/0013_folder.sql"),
    include_str!("../migrations/0014_turns.sql"),
    include_str!("../migrations/0015_words.sql"),
    include_str!("../migrations/0016_dkim_life.sql"),
    include_str!("../migrations/0017_of_domain.sql"),
    include_str!("../migrations/0018_ramp.sql"),
    include_str!("../migrations/0019_digest.sql"),
    include_str!("../migrations/0020_certificate.sql"),
    include_str!("../migrations/0021_import_mark.sql"),
    include_str!("../migrations/0022_fewer_indexes.sql"),
];

const DOING: &str = "bring the schema up to date";

/// The version of the schema that this program writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Runs what is missing, all or none.
///
/// # Errors
/// `store.migrate`
pub(crate) async fn migrate(connection: &mut AnyConnection, backend: Backend) -> Result<(), Fault> {
    execute(connection, backend.begin()).await?;
    migrate_to(connection, backend, SCHEMA_VERSION).await?;
    execute(connection, "COMMIT").await
}

/// Runs what is missing up to a version, within a transaction that writes.
///
/// # Errors
/// `store.migrate`
pub(crate) async fn migrate_to(connection: &mut AnyConnection, backend: Backend, wanted: i64) -> Result<(), Fault> {
    execute(connection, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)").await?;
    let version = version(connection).await?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(done..) else { return Err(newer(version)) };
    for (number, text) in (version + 1..=wanted).zip(missing) {
        execute_made(connection, spelled_for(backend, text)).await?;
        execute_made(connection, format!("INSERT INTO schema_version (version) VALUES ({number})")).await?;
    }
    Ok(())
}

/// The version of a schema that is there, which this program must know.
///
/// # Errors
/// `store.migrate`: it is newer, or there is none.
pub(crate) async fn known_version(connection: &mut AnyConnection) -> Result<i64, Fault> {
    let version = version(connection).await?;
    if version > SCHEMA_VERSION { Err(newer(version)) } else { Ok(version) }
}

async fn version(connection: &mut AnyConnection) -> Result<i64, Fault> {
    let version: (i64,) = sqlx::query_as("SELECT COALESCE(MAX(version), 0) FROM schema_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    Ok(version.0)
}

/// The dialects differ in three words. `COLLATE "C"` gives PostgreSQL the order by octets that SQLite has.
fn spelled_for(backend: Backend, text: &str) -> String {
    match backend {
        Backend::Sqlite => text.replace("IDENTITY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        Backend::Postgresql => text
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace(" BLOB", " BYTEA")
            .replace("IDENTITY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    }
}

fn newer(version: i64) -> Fault {
    let known = MIGRATIONS.len();
    Fault::new("store.migrate", Blame::Operator, Retry::AfterChange).context(format!(
        "the database has schema version {version}, this program knows versions up to {known}: \
         run the newer coldrelay that wrote it, or restore the backup made before the upgrade"
    ))
}

fn failed(error: sqlx::Error) -> Fault {
    // Of a damaged or full place its own code says more.
    match fault(DOING, error) {
        fault if closes_the_latch(fault.code) => fault,
        fault => Fault { code: "store.migrate", ..fault },
    }
}

async fn execute(connection: &mut AnyConnection, text: &'static str) -> Result<(), Fault> {
    sqlx::raw_sql(text).execute(connection).await.map(drop).map_err(failed)
}

async fn execute_made(connection: &mut AnyConnection, text: String) -> Result<(), Fault> {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.map(drop).map_err(failed)
}
