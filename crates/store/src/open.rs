//! Opening, migrating, closing.

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use rules::{
    Blame, Clock, Fault, Retry,
    event::Event,
    id::{AttemptId, DomainId, MailboxId, MessageId},
    moment::Moments,
};
use sqlx::AnyPool;
use syntax::Timestamp;
use tokio::{
    sync::{Mutex, Notify, RwLock},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    BeginAttempt, NewMessage, Sender, Settled, Submitter, Suppression,
    asked::Asked,
    attempt::{begin_all, settle_all},
    committer::{Change, Committer, Told, Tx},
    connect::{Backend, Location},
    describe::Describe,
    domain::senders,
    fault::{closes_the_latch, fault},
    kept::Kept,
    latch::Latch,
    load::{Pulse, Shedding},
    message::{contents, put_messages},
    migrate::migrate,
    row::{Query, Row, sql},
    submitter::submitters,
    suppression::suppressions_of,
    together::Together,
    watch::Watchers,
};

/// Longest wait for a lock or an answer when only health is asked for.
const HEALTH_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for the last changes at the end.
const CLOSE_LIMIT: Duration = Duration::from_secs(30);

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    backend: Backend,
    readers: AnyPool,
    /// `None` once closed.
    committer: RwLock<Option<Arc<Committer>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    wake: Arc<Notify>,
    watchers: Arc<Watchers>,
    describe: OnceLock<Arc<dyn Describe>>,
    moments: Moments,
    latch: Arc<Latch>,
    kept: Kept,
    places: Places,
    pulse: Arc<Pulse>,
    shedding: Shedding,
}

/// Where requests and questions that many have at the same moment come together.
pub(crate) struct Places {
    pub(crate) accept: Arc<Together<(NewMessage, Vec<Event>), MessageId>>,
    pub(crate) begin: Arc<Together<BeginAttempt, Option<AttemptId>>>,
    pub(crate) settle: Arc<Together<Settled, ()>>,
    pub(crate) submitter: Arc<Asked<(MailboxId, Timestamp), Option<Submitter>>>,
    pub(crate) suppression: Arc<Asked<String, Option<Suppression>>>,
    pub(crate) sender: Arc<Asked<DomainId, Option<Sender>>>,
    pub(crate) content: Arc<Asked<MessageId, Option<Vec<u8>>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            accept: Arc::new(Together::new("accept messages", |tx, new| Box::pin(put_messages(tx, new)))),
            begin: Arc::new(Together::new("begin attempts", |tx, begins| Box::pin(begin_all(tx, begins)))),
            settle: Arc::new(Together::new("settle attempts", |tx, settled| Box::pin(settle_all(tx, settled)))),
            submitter: Arc::new(Asked::new("read a mailbox that submits", |store, of| Box::pin(submitters(store, of)))),
            suppression: Arc::new(Asked::new("look at the suppression list", |store, of| {
                Box::pin(suppressions_of(store, of))
            })),
            sender: Arc::new(Asked::new("read a sender", |store, of| Box::pin(senders(store, of)))),
            content: Arc::new(Asked::new("read a message's content", |store, of| Box::pin(contents(store, of)))),
        }
    }
}

/// A store that is not kept open by whoever holds this.
pub(crate) struct WeakStore(Weak<Inner>);

impl WeakStore {
    pub(crate) fn upgrade(&self) -> Option<Store> {
        self.0.upgrade().map(|inner| Store { inner })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("backend", &self.inner.backend).finish_non_exhaustive()
    }
}

/// What `/readyz` and `serve` say about it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Health {
    /// `sqlite` or `postgresql`.
    pub backend: String,
    /// Recipients waiting.
    pub queued: u64,
}

impl Store {
    /// Opens `sqlite:///path/file.db` (made when absent, for its owner only) or `postgres://…`, and migrates.
    /// What follows `sqlite://` is the path as it is, without parameters.
    ///
    /// # Errors
    /// `store.open`, `store.migrate`.
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        Self::open_watched(url, clock, Moments::default()).await
    }
    /// As [`Store::open`], with somebody who is told of the moments between which a crash must lose nothing.
    ///
    /// # Errors
    /// `store.open`, `store.migrate`.
    pub async fn open_watched(url: &str, clock: Arc<dyn Clock>, moments: Moments) -> Result<Self, Fault> {
        let location = Location::new(url)?;
        let mut connection = location.writer().await?;
        migrate(&mut connection, location.backend).await?;
        let (readers, backend) = (location.readers(), location.backend);
        let wake = Arc::new(Notify::new());
        let watchers = Arc::new(Watchers::default());
        let told = Told { wake: wake.clone(), watchers: watchers.clone() };
        let (latch, pulse) = (Arc::new(Latch::default()), Arc::new(Pulse::default()));
        let seen = (latch.clone(), pulse.clone());
        let (committer, task) = Committer::start(location, connection, clock.clone(), told, moments.clone(), seen);
        let committer = RwLock::new(Some(Arc::new(committer)));
        let (task, describe, kept) = (Mutex::new(Some(task)), OnceLock::new(), Kept::default());
        let (places, shedding) = (Places::default(), Shedding::default());
        let inner = Inner {
            clock,
            backend,
            readers,
            committer,
            task,
            wake,
            watchers,
            describe,
            moments,
            latch,
            kept,
            pulse,
            shedding,
            places,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
    /// The clock it was opened with: works take `now` from here.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }
    /// Who is told of moments: works tell them of theirs.
    pub fn moments(&self) -> &Moments {
        &self.inner.moments
    }
    /// Why nothing can be written at present; `None` when all is well. While there is a reason, no mail is accepted and no
    /// delivery is begun. It goes away by itself with the first write that succeeds: [`Store::health`] tries one.
    pub fn latched(&self) -> Option<Fault> {
        self.inner.latch.fault()
    }
    /// Whether it can be read and written: tries both.
    ///
    /// # Errors
    /// `store.unavailable`; `store.full`, `store.read-only`, `store.damaged` when that is why.
    pub async fn health(&self) -> Result<Health, Fault> {
        let look = async {
            self.probe().await?;
            let count = sql("SELECT COUNT(*) AS waiting FROM recipient WHERE next_at IS NOT NULL");
            match self.row("count what waits", count).await? {
                Some(row) => row.count("waiting"),
                None => Ok(0),
            }
        };
        match timeout(HEALTH_LIMIT, look).await {
            Ok(Ok(queued)) => Ok(Health { backend: self.inner.backend.name().to_owned(), queued }),
            Ok(Err(fault)) if closes_the_latch(fault.code) => Err(fault),
            Ok(Err(fault)) => Err(Fault { code: "store.unavailable", ..fault }),
            Err(_) => {
                let what = format!("the database did not answer within {} s", HEALTH_LIMIT.as_secs());
                Err(Fault::new("store.unavailable", Blame::Operator, Retry::Later).context(what))
            }
        }
    }
    /// Tries to write: a row that really changes, since an empty transaction succeeds on a full disk too. Opens the latch
    /// when it can be done.
    ///
    /// # Errors
    /// `store.*`
    pub async fn probe(&self) -> Result<(), Fault> {
        let touch = sql("INSERT INTO lease (name, owner, fence, expires_at) VALUES ('health', NULL, 1, 0) \
                         ON CONFLICT (name) DO UPDATE SET fence = lease.fence + 1");
        self.write("reach the database", |tx| Box::pin(async move { tx.run(touch).await.map(drop) })).await
    }
    /// Waits for the committer to finish and closes. Every later call ends in `store.closed` or `store.unavailable`.
    pub async fn close(&self) {
        // The task ends when the last sender is gone: this one, and those of writes under way.
        self.inner.committer.write().await.take();
        if let Some(task) = self.inner.task.lock().await.take()
            && timeout(CLOSE_LIMIT, task).await.is_err()
        {
            tracing::error!("the store is closed although its last changes could not be written");
        }
        self.inner.readers.close().await;
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.inner.pulse
    }
    pub(crate) fn load(&self) -> &Shedding {
        &self.inner.shedding
    }
    pub(crate) fn places(&self) -> &Places {
        &self.inner.places
    }
    pub(crate) fn kept_answers(&self) -> &Kept {
        &self.inner.kept
    }

    /// Has a change made; durable on return.
    pub(crate) async fn write<T, F>(&self, doing: &'static str, change: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Change<'t, T> + Send + 'static,
    {
        self.committer(doing).await?.write(doing, change).await
    }
    /// Has a request done together with the others of its kind that come at this moment; durable on return.
    pub(crate) async fn write_together<I, O>(
        &self,
        place: fn(&Places) -> &Arc<Together<I, O>>,
        request: I,
    ) -> Result<O, Fault>
    where
        I: Send + Sync + 'static,
        O: Send + 'static,
    {
        let place = place(&self.inner.places);
        self.committer(place.doing()).await?.write_together(place, request).await
    }
    async fn committer(&self, doing: &'static str) -> Result<Arc<Committer>, Fault> {
        let committer = self.inner.committer.read().await.clone();
        committer.ok_or_else(|| Fault::new("store.closed", Blame::Operator, Retry::Later).context(doing))
    }
    /// All rows.
    pub(crate) async fn rows(&self, doing: &'static str, query: Query) -> Result<Vec<Row>, Fault> {
        let rows = query.fetch_all(&self.inner.readers).await.map_err(|error| fault(doing, error))?;
        Ok(rows.into_iter().map(|row| Row { doing, row }).collect())
    }
    /// The first row.
    pub(crate) async fn row(&self, doing: &'static str, query: Query) -> Result<Option<Row>, Fault> {
        let row = query.fetch_optional(&self.inner.readers).await.map_err(|error| fault(doing, error))?;
        Ok(row.map(|row| Row { doing, row }))
    }
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.inner.watchers
    }
    pub(crate) fn downgrade(&self) -> WeakStore {
        WeakStore(Arc::downgrade(&self.inner))
    }
    pub(crate) fn set_describe(&self, describe: Arc<dyn Describe>) {
        // A second one is the same one: the house that a lab starts again.
        let _ = self.inner.describe.set(describe);
    }
    pub(crate) fn describer(&self) -> Option<Arc<dyn Describe>> {
        self.inner.describe.get().cloned()
    }
    /// Rung after a commit that made something due.
    pub(crate) fn bell(&self) -> &Notify {
        &self.inner.wake
    }
}
