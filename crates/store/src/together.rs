//! Requests of one kind that come at the same moment become one change: some statements for all of them instead of some for
//! each. A statement on SQLite is a hop to the thread that holds the connection, which costs more than what it does.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rules::Fault;
use tokio::sync::oneshot;

use crate::{
    committer::{Change, Failure, Job, Ran, Tx},
    fault::{closes_the_latch, corrupt},
};

/// Makes the change of all requests; an outcome for each, in their order. It may be made again, with fewer.
pub(crate) type Make<I, O> = for<'t> fn(&'t mut Tx, &'t [I]) -> Change<'t, Vec<O>>;

/// Where requests of one kind wait for the next group.
pub(crate) struct Together<I, O> {
    doing: &'static str,
    make: Make<I, O>,
    waiting: Mutex<Vec<Waiting<I, O>>>,
}

struct Waiting<I, O> {
    request: I,
    reply: oneshot::Sender<Result<O, Fault>>,
}

impl<I, O> Together<I, O> {
    pub(crate) fn new(doing: &'static str, make: Make<I, O>) -> Self {
        Self { doing, make, waiting: Mutex::default() }
    }
    /// Puts a request down. True when it is the first: then whoever brought it sends the job that takes all of them.
    pub(crate) fn put(&self, request: I) -> (bool, oneshot::Receiver<Result<O, Fault>>) {
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(Waiting { request, reply });
        (waiting.len() == 1, answer)
    }
    fn take(&self) -> Vec<Waiting<I, O>> {
        let mut waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.retain(|one| !one.reply.is_closed());
        waiting
    }
    /// What the change is called.
    pub(crate) fn doing(&self) -> &'static str {
        self.doing
    }
}

/// The job that makes the change of all that wait when its turn comes.
pub(crate) struct Gathered<I, O> {
    place: std::sync::Arc<Together<I, O>>,
    requests: Vec<I>,
    replies: Vec<oneshot::Sender<Result<O, Fault>>>,
    outcomes: Vec<Result<O, Fault>>,
    has_run: bool,
}

impl<I, O> Gathered<I, O> {
    pub(crate) fn new(place: std::sync::Arc<Together<I, O>>) -> Self {
        Self { place, requests: Vec::new(), replies: Vec::new(), outcomes: Vec::new(), has_run: false }
    }
}

#[async_trait]
impl<I, O> Job for Gathered<I, O>
where
    I: Send + Sync + 'static,
    O: Send + 'static,
{
    fn is_abandoned(&self) -> bool {
        false
    }

    async fn run(&mut self, tx: &mut Tx) -> Ran {
        if self.has_run {
            return self.run_each(tx).await;
        }
        self.has_run = true;
        for waiting in self.place.take() {
            self.requests.push(waiting.request);
            self.replies.push(waiting.reply);
        }
        if self.requests.is_empty() {
            return Ran::Made;
        }
        tx.doing = self.place.doing;
        match (self.place.make)(tx, &self.requests).await {
            Ok(outcomes) => self.outcomes = outcomes.into_iter().map(Ok).collect(),
            Err(fault) if closes_the_latch(fault.code) => return Ran::Broken(fault.into()),
            Err(fault) if self.requests.len() == 1 => {
                self.outcomes.push(Err(fault));
                return Ran::TakenBack;
            }
            // One of them cannot be done: each by itself, so that it takes nobody else with it.
            Err(_) => return Ran::Again,
        }
        Ran::Made
    }

    fn reply(self: Box<Self>, committed: &Result<(), Failure>) {
        let doing = self.place.doing;
        let failure = || committed.as_ref().err().cloned().unwrap_or_else(Failure::closed);
        // The group failed before its turn: nobody else will take what waits.
        if !self.has_run {
            for waiting in self.place.take() {
                drop(waiting.reply.send(Err(failure().fault(doing))));
            }
        }
        let mut outcomes = self.outcomes.into_iter();
        for reply in self.replies {
            let answer = match (outcomes.next(), committed) {
                (Some(Err(own)), _) => Err(own),
                (Some(outcome), Ok(())) => outcome,
                _ => Err(failure().fault(doing)),
            };
            // Whoever asked may have gone away meanwhile; the change stands.
            drop(reply.send(answer));
        }
    }
}

impl<I, O> Gathered<I, O>
where
    I: Send + Sync + 'static,
    O: Send + 'static,
{
    async fn run_each(&mut self, tx: &mut Tx) -> Ran {
        for request in self.requests.chunks(1) {
            match tx.attempt(self.place.doing, self.place.make, request).await {
                Ok(made) => self.outcomes.push(made.and_then(|mut made| made.pop().ok_or_else(nothing))),
                Err(failure) => return Ran::Broken(failure),
            }
        }
        Ran::Made
    }
}

fn nothing() -> Fault {
    corrupt("make a change", "it has no outcome")
}

impl Tx {
    /// Makes a change for these requests; one that fails takes itself back, and nothing else.
    async fn attempt<I, O>(
        &mut self,
        doing: &'static str,
        make: Make<I, O>,
        requests: &[I],
    ) -> Result<Result<Vec<O>, Fault>, Failure> {
        self.doing = doing;
        let before = self.mark();
        self.control("SAVEPOINT together").await?;
        match make(self, requests).await {
            Ok(outcomes) => Ok(Ok(outcomes)),
            Err(fault) if closes_the_latch(fault.code) => Err(fault.into()),
            Err(fault) => {
                self.back_to(before);
                self.control("ROLLBACK TO SAVEPOINT together").await?;
                Ok(Err(fault))
            }
        }
    }
}
