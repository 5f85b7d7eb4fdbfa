//! The committer: the one task that writes. Changes that arrive together share a transaction and its fsync, each
//! in a savepoint of its own, and nobody gets an answer before the commit has returned.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use rules::{Blame, Clock, Fault, Retry, event::Event};
use sqlx::AnyConnection;
use syntax::Timestamp;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::{
    FolderId,
    connect::Location,
    fault::{corrupt, fault},
    id::Ids,
    row::{Query, Row, placeholders, sql_made},
    watch::Watchers,
};

/// Changes that may wait for the committer.
const QUEUE_LENGTH: usize = 1024;
/// Changes in one transaction.
const GROUP_LENGTH: usize = 256;
/// How long a group that has company already waits for more.
const GROUP_WAIT: Duration = Duration::from_millis(2);
/// Longest time for one transaction; also the longest wait for a place in the queue.
const GROUP_LIMIT: Duration = Duration::from_secs(30);
/// Rows in one INSERT; ten values each stay far below the 32,766 that SQLite takes.
const ROWS_PER_INSERT: usize = 100;

/// What a change comes to.
pub(crate) type Change<'t, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 't>>;

/// The open transaction, as a change sees it.
pub(crate) struct Tx {
    connection: AnyConnection,
    /// When the change began.
    pub(crate) now: Timestamp,
    doing: &'static str,
    ids: Arc<Ids>,
    due: bool,
    /// Folders that changed, and their modseqs.
    touched: Vec<(FolderId, i64)>,
}

/// Who hears of a commit.
#[derive(Clone)]
pub(crate) struct Told {
    /// Rung when something became due.
    pub(crate) wake: Arc<Notify>,
    /// Whoever watches folders.
    pub(crate) watchers: Arc<Watchers>,
}

impl Tx {
    /// Runs a statement; how many rows it changed.
    pub(crate) async fn run(&mut self, query: Query) -> Result<u64, Fault> {
        let done = query.execute(&mut self.connection).await;
        done.map(|done| done.rows_affected()).map_err(|error| fault(self.doing, error))
    }
    /// All rows.
    pub(crate) async fn rows(&mut self, query: Query) -> Result<Vec<Row>, Fault> {
        let doing = self.doing;
        let rows = query.fetch_all(&mut self.connection).await.map_err(|error| fault(doing, error))?;
        Ok(rows.into_iter().map(|row| Row { doing, row }).collect())
    }
    /// The first row.
    pub(crate) async fn row(&mut self, query: Query) -> Result<Option<Row>, Fault> {
        let doing = self.doing;
        let row = query.fetch_optional(&mut self.connection).await.map_err(|error| fault(doing, error))?;
        Ok(row.map(|row| Row { doing, row }))
    }
    /// A new id; later ones are greater.
    pub(crate) fn id(&self) -> String {
        self.ids.next(self.now)
    }
    /// Something became due: the relay is woken after the commit.
    pub(crate) fn due(&mut self) {
        self.due = true;
    }
    /// A folder changed: whoever watches it is told after the commit.
    pub(crate) fn touch(&mut self, folder: FolderId, modseq: i64) {
        self.touched.push((folder, modseq));
    }
    /// Inserts rows of `columns` values each; `bind` adds the values of one.
    pub(crate) async fn insert<R>(
        &mut self,
        into: &'static str,
        columns: usize,
        rows: &[R],
        bind: impl Fn(Query, &R) -> Query,
    ) -> Result<(), Fault> {
        for chunk in rows.chunks(ROWS_PER_INSERT) {
            let query = sql_made(format!("INSERT INTO {into} VALUES {}", placeholders(chunk.len(), columns)));
            self.run(chunk.iter().fold(query, &bind)).await?;
        }
        Ok(())
    }
    /// Writes events, in their order.
    pub(crate) async fn record(&mut self, events: &[Event]) -> Result<(), Fault> {
        let now = self.now.micros();
        let texts: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
        let texts = texts.map_err(|error| corrupt(self.doing, error))?;
        self.insert("event (at, event)", 2, &texts, |query, text| query.bind(now).bind(text.clone())).await
    }
}

/// The way to the committer.
pub(crate) struct Committer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Committer {
    /// Starts the task; it ends when the last sender is gone.
    pub(crate) fn start(
        location: Location,
        connection: AnyConnection,
        clock: Arc<dyn Clock>,
        told: Told,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, jobs) = mpsc::channel(QUEUE_LENGTH);
        let ids = Arc::new(Ids::default());
        let writer = Writer { jobs, tx: Some(transaction(connection, &ids)), location, clock, ids, told };
        (Self { jobs: sender }, tokio::spawn(writer.work()))
    }

    /// Has a change made; durable on return.
    pub(crate) async fn write<T, F>(&self, doing: &'static str, change: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Change<'t, T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Pending { doing, change: Some(change), outcome: None, reply };
        match timeout(GROUP_LIMIT, self.jobs.send(Box::new(job))).await {
            Ok(Ok(())) => answer.await.unwrap_or_else(|_| Err(Failure::closed().fault(doing))),
            Ok(Err(_)) => Err(Failure::closed().fault(doing)),
            Err(_) => Err(Failure::new("store.busy", "too many changes wait to be written").fault(doing)),
        }
    }
}

/// Why a whole group came to nothing, in a form that every member can be told.
#[derive(Clone)]
struct Failure {
    code: &'static str,
    what: String,
}

impl Failure {
    fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, what: what.into() }
    }
    fn closed() -> Self {
        Self::new("store.closed", "the store is closed")
    }
    fn fault(&self, doing: &str) -> Fault {
        Fault::new(self.code, Blame::Operator, Retry::Later).context(self.what.clone()).context(doing)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.to_string())
    }
}

/// One change with somebody who waits for it.
#[async_trait]
trait Job: Send {
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;
    /// Makes the change, keeps its outcome; whether it may stay.
    async fn run(&mut self, tx: &mut Tx) -> bool;
    /// Tells the outcome, or why there is none.
    fn reply(self: Box<Self>, committed: &Result<(), Failure>);
}

struct Pending<T, F> {
    doing: &'static str,
    change: Option<F>,
    outcome: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

#[async_trait]
impl<T, F> Job for Pending<T, F>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> Change<'t, T> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    async fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(change) = self.change.take() else { return false };
        tx.doing = self.doing;
        let outcome = change(tx).await;
        let fine = outcome.is_ok();
        self.outcome = Some(outcome);
        fine
    }

    fn reply(self: Box<Self>, committed: &Result<(), Failure>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(own)), _) => Err(own),
            (Some(outcome), Ok(())) => outcome,
            (_, Err(failure)) => Err(failure.fault(self.doing)),
            (None, Ok(())) => Err(Failure::closed().fault(self.doing)),
        };
        // Whoever asked may have gone away meanwhile; the change stands.
        drop(self.reply.send(answer));
    }
}

/// The task.
struct Writer {
    jobs: mpsc::Receiver<Box<dyn Job>>,
    /// `None` after a failure: the next group connects anew.
    tx: Option<Tx>,
    location: Location,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    told: Told,
}

fn transaction(connection: AnyConnection, ids: &Arc<Ids>) -> Tx {
    Tx { connection, now: Timestamp::from_micros(0), doing: "", ids: ids.clone(), due: false, touched: Vec::new() }
}

impl Writer {
    async fn work(mut self) {
        while let Some(mut group) = self.group().await {
            let committed = match timeout(GROUP_LIMIT, self.commit(&mut group)).await {
                Ok(committed) => committed,
                Err(_) => Err(Failure::new(
                    "store.unavailable",
                    format!("the database did not answer within {} s", GROUP_LIMIT.as_secs()),
                )),
            };
            if let Err(failure) = &committed {
                tracing::error!(code = failure.code, changes = group.len(), "nothing written: {}", failure.what);
                // Whatever the connection was in the middle of, closing it rolls it back.
                self.tx = None;
            }
            for job in group {
                job.reply(&committed);
            }
        }
        if let Some(tx) = self.tx.take() {
            drop(timeout(GROUP_LIMIT, sqlx::Connection::close(tx.connection)).await);
        }
    }

    /// The next changes: those that wait already; when there are several, those of the next moment too.
    async fn group(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut group = Vec::new();
        if self.jobs.recv_many(&mut group, GROUP_LENGTH).await == 0 {
            return None;
        }
        // A lone change gains nothing by waiting: what comes during its commit makes the next group.
        let until = Instant::now() + GROUP_WAIT;
        while (2..GROUP_LENGTH).contains(&group.len()) {
            match timeout_at(until, self.jobs.recv()).await {
                Ok(Some(job)) => group.push(job),
                Ok(None) | Err(_) => break,
            }
        }
        Some(group)
    }

    async fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        self.begin().await?;
        let Some(tx) = self.tx.as_mut() else { return Err(Failure::closed()) };
        tx.due = false;
        tx.touched.clear();
        for job in group.iter_mut().filter(|job| !job.is_abandoned()) {
            tx.now = self.clock.now();
            tx.within_savepoint(job.as_mut()).await?;
        }
        tx.control("COMMIT").await?;
        if tx.due {
            self.told.wake.notify_one();
        }
        for (folder, modseq) in tx.touched.drain(..) {
            self.told.watchers.tell(folder, modseq);
        }
        Ok(())
    }

    /// Begins; on a connection that was lost meanwhile (the server was restarted) once more on a new one.
    async fn begin(&mut self) -> Result<(), Failure> {
        let begin = self.location.backend.begin();
        if let Some(tx) = self.tx.as_mut() {
            match tx.control(begin).await {
                Ok(()) => return Ok(()),
                Err(failure) if failure.code == "store.busy" => return Err(failure),
                Err(_) => {}
            }
        }
        // Closed before the new one asks for the lock that the old one may hold.
        if let Some(tx) = self.tx.take() {
            drop(timeout(GROUP_WAIT, sqlx::Connection::close_hard(tx.connection)).await);
        }
        let mut tx = transaction(self.location.writer().await?, &self.ids);
        tx.control(begin).await?;
        self.tx = Some(tx);
        Ok(())
    }
}

impl Tx {
    /// A change that fails takes only itself back.
    async fn within_savepoint(&mut self, job: &mut dyn Job) -> Result<(), Failure> {
        let (due, touched) = (self.due, self.touched.len());
        self.control("SAVEPOINT change").await?;
        if !job.run(self).await {
            self.due = due;
            self.touched.truncate(touched);
            // This fails when the database has given up the whole transaction (a full disk): then all hear of it.
            self.control("ROLLBACK TO SAVEPOINT change").await?;
        }
        self.control("RELEASE SAVEPOINT change").await
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), Failure> {
        let done = sqlx::raw_sql(statement).execute(&mut self.connection).await;
        done.map(drop).map_err(|error| fault(statement, error).into())
    }
}
