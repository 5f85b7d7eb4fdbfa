//! Checkpoints of SQLite's WAL, off the commit path: what was committed is carried into the database file by a connection of its
//! own while others go on to commit. <https://www.sqlite.org/wal.html#ckpt>
//!
//! While somebody writes all the time such a checkpoint never reaches the end of the WAL, which therefore begins anew only when
//! the committer itself carries over the little that is left: it is asked to, once the WAL has become long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rules::Fault;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    connect::{Backend, Location},
    fault::fault,
    row::sql,
};

/// Pages written that make a checkpoint due, as they are estimated.
const MANY: u64 = 2_000;
/// How long less than that may wait for one.
const QUIET: Duration = Duration::from_secs(2);
/// Longest wait for the last one.
const END_LIMIT: Duration = Duration::from_secs(10);
/// Pages in the WAL (4 KiB each) from which on the committer ends it.
const LONG: i64 = 16 * 1024;

/// What the committer tells whoever makes the checkpoints, and is told.
pub(crate) struct Written {
    pages: watch::Sender<u64>,
    is_long: Arc<AtomicBool>,
    task: Option<JoinHandle<()>>,
}

impl Written {
    /// Starts the task. PostgreSQL makes its checkpoints itself.
    pub(crate) fn start(location: &Location) -> Self {
        let (pages, written) = watch::channel(0);
        let is_long = Arc::new(AtomicBool::new(false));
        let is_ours = location.backend == Backend::Sqlite;
        let task = is_ours.then(|| tokio::spawn(work(location.clone(), written, is_long.clone())));
        Self { pages, is_long, task }
    }
    /// Ends the task, after a last checkpoint.
    pub(crate) async fn end(self) {
        drop(self.pages);
        if let Some(task) = self.task {
            drop(timeout(END_LIMIT, task).await);
        }
    }
    /// About so many pages were committed.
    pub(crate) fn add(&self, pages: u64) {
        self.pages.send_modify(|all| *all = all.wrapping_add(pages));
    }
    /// Ends the WAL before the next transaction, when it has become so long.
    pub(crate) async fn end_when_long(&self, connection: &mut AnyConnection) {
        if !self.is_long.load(Ordering::Relaxed) {
            return;
        }
        match checkpoint(connection).await {
            // The task makes one just now: after the next transaction.
            Ok(None) => {}
            Ok(Some(_)) => self.is_long.store(false, Ordering::Relaxed),
            Err(why) => {
                tracing::debug!(%why, "the WAL goes on to grow");
                self.is_long.store(false, Ordering::Relaxed);
            }
        }
    }
}

async fn work(location: Location, mut written: watch::Receiver<u64>, is_long: Arc<AtomicBool>) {
    let mut connection = None;
    let mut done = 0;
    while written.changed().await.is_ok() {
        let is_due = |pages: &u64| pages.wrapping_sub(done) >= MANY;
        // Soon when much is written; in a while when it is little; at once when it is the last.
        drop(timeout(QUIET, written.wait_for(is_due)).await);
        done = *written.borrow_and_update();
        if is_long.load(Ordering::Relaxed) {
            continue;
        }
        match carry_over(&location, &mut connection).await {
            Ok(length) => is_long.store(length.is_some_and(|length| length >= LONG), Ordering::Relaxed),
            Err(why) => {
                // Nothing is lost: it stays in the WAL. The commit says what is wrong with the place.
                tracing::debug!(%why, "no checkpoint was made");
                connection = None;
            }
        }
    }
    if let Some(connection) = connection {
        drop(timeout(QUIET, sqlx::Connection::close(connection)).await);
    }
}

async fn carry_over(location: &Location, connection: &mut Option<AnyConnection>) -> Result<Option<i64>, Fault> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(location.writer().await?),
    };
    checkpoint(connection).await
}

/// Carries over what is behind no reader, and waits for nobody; pages in the WAL, or `None` when another connection is at it.
///
/// # Errors
/// `store.*`
async fn checkpoint(connection: &mut AnyConnection) -> Result<Option<i64>, Fault> {
    let row = sql("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await;
    let read = |row: AnyRow| Ok((row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?));
    let (is_busy, length) = row.and_then(read).map_err(|error| fault("make a checkpoint", error))?;
    Ok((is_busy == 0).then_some(length))
}
