//! The committer: the one task that writes. Changes that arrive together share a transaction and its fsync, each
//! in a savepoint of its own, and nobody gets an answer before the commit has returned.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use rules::{
    Blame, Clock, Fault, Retry,
    event::Event,
    moment::{COMMITTER_AFTER_COMMIT, COMMITTER_AFTER_REPLIES, COMMITTER_BEFORE_COMMIT, Moments},
};
use sqlx::AnyConnection;
use syntax::Timestamp;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::{
    FolderId,
    checkpoint::Written,
    connect::Location,
    fault::{closes_the_latch, corrupt, fault},
    id::Ids,
    latch::Latch,
    load::Pulse,
    row::{Query, Row, placeholders, sql_made},
    together::{Gathered, Together},
    watch::Watchers,
};

/// Changes that may wait for the committer.
const QUEUE_LENGTH: usize = 1024;
/// Changes in one transaction.
const GROUP_LENGTH: usize = 256;
/// How long a connection that was lost may take to close.
const LOST_LIMIT: Duration = Duration::from_millis(2);
/// Longest time for one transaction; also the longest wait for a place in the queue.
const GROUP_LIMIT: Duration = Duration::from_secs(30);
/// Time between two tries of a database that could not be written: changes that come meanwhile are put off at once.
const PROBE: Duration = Duration::from_millis(250);
/// Rows in one statement; thirteen values each stay far below the 32,766 that SQLite takes.
const ROWS_PER_STATEMENT: usize = 64;

/// Octets of a page of SQLite.
const PAGE: usize = 4096;

/// What a change comes to.
pub(crate) type Change<'t, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 't>>;

/// The open transaction, as a change sees it.
pub(crate) struct Tx {
    connection: AnyConnection,
    /// When the change began.
    pub(crate) now: Timestamp,
    pub(crate) doing: &'static str,
    ids: Arc<Ids>,
    due: bool,
    /// Pages written in this transaction, more or less: one for a row, and what contents take.
    pages: u64,
    /// Folders that changed, and their modseqs.
    touched: Vec<(FolderId, i64)>,
    /// Events of the group so far, with when: written by one statement before the commit.
    events: Vec<(i64, String)>,
}

/// What was noted in a transaction up to some moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    due: bool,
    touched: usize,
    events: usize,
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
        let done = query.execute(&mut self.connection).await.map_err(|error| fault(self.doing, error))?;
        self.pages += done.rows_affected();
        Ok(done.rows_affected())
    }
    /// All rows.
    pub(crate) async fn rows(&mut self, query: Query) -> Result<Vec<Row>, Fault> {
        let doing = self.doing;
        let rows = query.fetch_all(&mut self.connection).await.map_err(|error| fault(doing, error))?;
        // Most of them are what an UPDATE returns.
        self.pages += u64::try_from(rows.len()).unwrap_or_default();
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
    /// A content of so many octets is written.
    pub(crate) fn weigh(&mut self, octets: usize) {
        self.pages += u64::try_from(octets / PAGE).unwrap_or_default();
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
        for chunk in in_few_sizes(rows) {
            let query = sql_made(format!("INSERT INTO {into} VALUES {}", placeholders(chunk.len(), columns)));
            self.run(chunk.iter().fold(query, &bind)).await?;
        }
        Ok(())
    }
    /// Writes events, in their order, with the change.
    pub(crate) async fn record(&mut self, events: &[Event]) -> Result<(), Fault> {
        for event in events {
            let text = serde_json::to_string(event).map_err(|error| corrupt(self.doing, error))?;
            self.events.push((self.now.micros(), text));
        }
        Ok(())
    }
    /// Writes the events of the whole group.
    async fn write_events(&mut self) -> Result<(), Fault> {
        let events = std::mem::take(&mut self.events);
        self.doing = "write events";
        self.insert("event (at, event)", 2, &events, |query, (at, text)| query.bind(*at).bind(text.clone())).await
    }
}

/// Rows in pieces of 64, 32, 16, 8, 4, 2 and 1: as many texts of a statement, all of which a connection keeps prepared.
pub(crate) fn in_few_sizes<R>(rows: &[R]) -> impl Iterator<Item = &[R]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let most = rest.len().min(ROWS_PER_STATEMENT);
        let size = (most > 0).then(|| 1 << most.ilog2())?;
        let (piece, behind) = rest.split_at_checked(size)?;
        rest = behind;
        Some(piece)
    })
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
        moments: Moments,
        (latch, pulse): (Arc<Latch>, Arc<Pulse>),
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, jobs) = mpsc::channel(QUEUE_LENGTH);
        let ids = Arc::new(Ids::default());
        let tx = Some(transaction(connection, &ids));
        let wal = Written::start(&location);
        let writer = Writer { jobs, tx, location, clock, ids, told, moments, latch, pulse, wal, tried: None };
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
        self.place(doing).await?.send(Box::new(job));
        answer.await.unwrap_or_else(|_| Err(Failure::closed().fault(doing)))
    }

    /// Has a request done with all others of its kind that come at this moment; durable on return.
    pub(crate) async fn write_together<I, O>(&self, place: &Arc<Together<I, O>>, request: I) -> Result<O, Fault>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        // From here to the job nothing is awaited: whoever gives up leaves no request behind that no job will take.
        let to_committer = self.place(place.doing()).await?;
        let (is_first, answer) = place.put(request);
        if is_first {
            to_committer.send(Box::new(Gathered::new(place.clone())));
        }
        answer.await.unwrap_or_else(|_| Err(Failure::closed().fault(place.doing())))
    }

    /// A place in the queue.
    async fn place(&self, doing: &'static str) -> Result<mpsc::Permit<'_, Box<dyn Job>>, Fault> {
        match timeout(GROUP_LIMIT, self.jobs.reserve()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(Failure::closed().fault(doing)),
            Err(_) => Err(Failure::new("store.busy", "too many changes wait to be written").fault(doing)),
        }
    }
}

/// Why a whole group came to nothing, in a form that every member can be told.
#[derive(Clone)]
pub(crate) struct Failure {
    code: &'static str,
    what: String,
}

impl Failure {
    fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, what: what.into() }
    }
    pub(crate) fn closed() -> Self {
        Self::new("store.closed", "the store is closed")
    }
    pub(crate) fn fault(&self, doing: &str) -> Fault {
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
pub(crate) trait Job: Send {
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;
    /// Makes the change and keeps its outcome.
    async fn run(&mut self, tx: &mut Tx) -> Ran;
    /// Tells the outcome, or why there is none.
    fn reply(self: Box<Self>, committed: &Result<(), Failure>);
}

/// What a change came to.
pub(crate) enum Ran {
    /// It may stay.
    Made,
    /// It takes itself back, and nothing else.
    TakenBack,
    /// It takes itself back, and runs once more.
    Again,
    /// The place could not take it: no other change of the group will fare better.
    Broken(Failure),
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

    async fn run(&mut self, tx: &mut Tx) -> Ran {
        let Some(change) = self.change.take() else { return Ran::TakenBack };
        tx.doing = self.doing;
        let outcome = change(tx).await;
        let ran = match &outcome {
            Ok(_) => Ran::Made,
            Err(fault) if closes_the_latch(fault.code) => Ran::Broken(Failure::new(fault.code, fault.to_string())),
            Err(_) => Ran::TakenBack,
        };
        self.outcome = Some(outcome);
        ran
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
    moments: Moments,
    latch: Arc<Latch>,
    pulse: Arc<Pulse>,
    wal: Written,
    /// The last try that failed, while the latch is closed.
    tried: Option<Instant>,
}

fn transaction(connection: AnyConnection, ids: &Arc<Ids>) -> Tx {
    Tx {
        connection,
        now: Timestamp::from_micros(0),
        doing: "",
        ids: ids.clone(),
        due: false,
        pages: 0,
        touched: Vec::new(),
        events: Vec::new(),
    }
}

impl Writer {
    async fn work(mut self) {
        while let Some(mut group) = self.group().await {
            let committed = self.try_to_commit(&mut group).await;
            for job in group {
                job.reply(&committed);
            }
            self.moments.reach(COMMITTER_AFTER_REPLIES);
        }
        if let Some(tx) = self.tx.take() {
            drop(timeout(GROUP_LIMIT, sqlx::Connection::close(tx.connection)).await);
        }
        self.wal.end().await;
    }

    /// Commits the group, or finds that it cannot be done; the latch follows.
    async fn try_to_commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        if let (Some(tried), Some(fault)) = (self.tried, self.latch.fault())
            && tried.elapsed() < PROBE
        {
            return Err(Failure::from(fault));
        }
        self.pulse.begin(Instant::now());
        let committed = timeout(GROUP_LIMIT, self.commit(group)).await;
        self.pulse.end(Instant::now());
        let committed = match committed {
            Ok(committed) => committed,
            Err(_) => Err(Failure::new(
                "store.unavailable",
                format!("the database did not answer within {} s", GROUP_LIMIT.as_secs()),
            )),
        };
        match &committed {
            Ok(()) => {
                self.tried = None;
                if self.latch.open() {
                    tracing::info!("the database can be written again: mail is accepted and delivered");
                }
            }
            Err(failure) => {
                // Whatever the connection was in the middle of, closing it rolls it back.
                self.tx = None;
                self.note(failure, group.len());
            }
        }
        committed
    }

    fn note(&mut self, failure: &Failure, changes: usize) {
        let (code, what) = (failure.code, &failure.what);
        if !closes_the_latch(code) {
            tracing::error!(code, changes, "nothing written: {what}");
            return;
        }
        self.tried = Some(Instant::now());
        if self.latch.close(code, what) {
            tracing::error!(
                code,
                changes,
                "nothing written; mail is neither accepted nor delivered until it can be: {what}"
            );
        }
    }

    /// The next changes: those that wait already. What comes during their commit makes the next group; to wait for more would
    /// only make everybody wait.
    async fn group(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut group = Vec::new();
        (self.jobs.recv_many(&mut group, GROUP_LENGTH).await > 0).then_some(group)
    }

    async fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        self.begin().await?;
        let Some(tx) = self.tx.as_mut() else { return Err(Failure::closed()) };
        tx.due = false;
        tx.pages = 0;
        tx.touched.clear();
        tx.events.clear();
        let begin = self.location.backend.begin();
        let (mut before, is_alone) = (None, group.len() == 1);
        for job in group.iter_mut().filter(|job| !job.is_abandoned()) {
            tx.now = self.clock.now();
            match is_alone {
                true => tx.alone(job.as_mut(), begin).await?,
                false => tx.within_savepoint(job.as_mut(), &mut before).await?,
            }
        }
        tx.write_events().await?;
        self.moments.reach(COMMITTER_BEFORE_COMMIT);
        tx.control("COMMIT").await?;
        self.moments.reach(COMMITTER_AFTER_COMMIT);
        self.wal.add(tx.pages);
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
            self.wal.end_when_long(&mut tx.connection).await;
            match tx.control(begin).await {
                Ok(()) => return Ok(()),
                Err(failure) if failure.code == "store.busy" => return Err(failure),
                Err(_) => {}
            }
        }
        // Closed before the new one asks for the lock that the old one may hold.
        if let Some(tx) = self.tx.take() {
            drop(timeout(LOST_LIMIT, sqlx::Connection::close_hard(tx.connection)).await);
        }
        let mut tx = transaction(self.location.writer().await?, &self.ids);
        tx.control(begin).await?;
        self.tx = Some(tx);
        Ok(())
    }
}

impl Tx {
    /// A change that fails takes only itself back. `before` is what the change before left to be done: one statement for
    /// the end of its savepoint and the begin of the next, none for the last, which the commit ends.
    async fn within_savepoint(&mut self, job: &mut dyn Job, before: &mut Option<Ran>) -> Result<(), Failure> {
        let mark = self.mark();
        match before {
            None => self.control("SAVEPOINT change").await?,
            Some(Ran::Made) => self.control("RELEASE SAVEPOINT change; SAVEPOINT change").await?,
            // It was rolled back to, and stands.
            Some(_) => {}
        }
        loop {
            let ran = job.run(self).await;
            if let Ran::Broken(failure) = ran {
                return Err(failure);
            }
            if matches!(ran, Ran::TakenBack | Ran::Again) {
                self.back_to(mark);
                // This fails when the database has given up the whole transaction: then all hear of it.
                self.control("ROLLBACK TO SAVEPOINT change").await?;
            }
            if !matches!(ran, Ran::Again) {
                *before = Some(ran);
                return Ok(());
            }
        }
    }

    /// A change that has the transaction for itself needs no savepoint, which costs a copy of each page that it changes.
    async fn alone(&mut self, job: &mut dyn Job, begin: &'static str) -> Result<(), Failure> {
        let mark = self.mark();
        loop {
            let ran = job.run(self).await;
            match ran {
                Ran::Made => return Ok(()),
                Ran::Broken(failure) => return Err(failure),
                Ran::TakenBack | Ran::Again => {
                    self.back_to(mark);
                    self.control("ROLLBACK").await?;
                    self.control(begin).await?;
                }
            }
            if matches!(ran, Ran::TakenBack) {
                return Ok(());
            }
        }
    }

    /// What a change that is taken back leaves as it was.
    pub(crate) fn mark(&self) -> Mark {
        Mark { due: self.due, touched: self.touched.len(), events: self.events.len() }
    }

    /// Forgets what was noted since.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.due = mark.due;
        self.touched.truncate(mark.touched);
        self.events.truncate(mark.events);
    }

    pub(crate) async fn control(&mut self, statement: &'static str) -> Result<(), Failure> {
        let done = sqlx::raw_sql(statement).execute(&mut self.connection).await;
        done.map(drop).map_err(|error| fault(statement, error).into())
    }
}
