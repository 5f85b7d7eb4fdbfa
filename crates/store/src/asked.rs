//! Questions of one kind that come while another is being answered are answered by one statement. A look at SQLite is a hop to
//! the thread that holds the connection, and the first page that it needs is read anew after each commit: both cost more than
//! what is looked up.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rules::{Blame, Fault, Retry};
use tokio::sync::oneshot;

use crate::{Store, committer::Failure, fault::corrupt, open::Places};

/// Questions that are answered by one statement.
const MOST: usize = 64;

/// What a look comes to: an answer for each question, in their order.
pub(crate) type Looking<'s, A> = Pin<Box<dyn Future<Output = Result<Vec<A>, Fault>> + Send + 's>>;

/// Looks; each question sees everything that was committed before it was asked.
pub(crate) type Look<Q, A> = for<'s> fn(&'s Store, &'s [Q]) -> Looking<'s, A>;

/// Where questions of one kind wait while a look is under way.
pub(crate) struct Asked<Q, A> {
    doing: &'static str,
    look: Look<Q, A>,
    state: Mutex<State<Q, A>>,
}

struct State<Q, A> {
    waiting: Vec<(Q, Reply<A>)>,
    is_looking: bool,
}

type Reply<A> = oneshot::Sender<Result<A, Fault>>;

impl<Q, A> Asked<Q, A>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
{
    pub(crate) fn new(doing: &'static str, look: Look<Q, A>) -> Self {
        Self { doing, look, state: Mutex::new(State { waiting: Vec::new(), is_looking: false }) }
    }

    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question down. True when nobody looks: then whoever asks sees to it.
    fn put(&self, question: Q) -> (bool, oneshot::Receiver<Result<A, Fault>>) {
        let (reply, answer) = oneshot::channel();
        let mut state = self.state();
        state.waiting.push((question, reply));
        (!std::mem::replace(&mut state.is_looking, true), answer)
    }

    /// The next questions to whose answers somebody listens; with the last the look ends.
    fn take(&self) -> Option<(Vec<Q>, Vec<Reply<A>>)> {
        let mut state = self.state();
        state.waiting.retain(|(_, reply)| !reply.is_closed());
        let count = state.waiting.len().min(MOST);
        let taken: (Vec<Q>, Vec<Reply<A>>) = state.waiting.drain(..count).unzip();
        state.is_looking = count > 0;
        (count > 0).then_some(taken)
    }

    async fn answer_all(&self, store: &Store) {
        // Whatever ends this early, nobody waits for a look that is not under way.
        let mut under_way = UnderWay { place: self, is_over: false };
        while let Some((questions, replies)) = self.take() {
            match (self.look)(store, &questions).await {
                Ok(answers) => {
                    let mut answers = answers.into_iter();
                    for reply in replies {
                        drop(reply.send(answers.next().ok_or_else(|| corrupt(self.doing, "a question has no answer"))));
                    }
                }
                Err(fault) => {
                    let (blame, retry, failure) = (fault.blame, fault.retry, Failure::from(fault));
                    for reply in replies {
                        drop(reply.send(Err(Fault { blame, retry, ..failure.fault(self.doing) })));
                    }
                }
            }
        }
        under_way.is_over = true;
    }
}

struct UnderWay<'a, Q: Send + Sync + 'static, A: Send + 'static> {
    place: &'a Asked<Q, A>,
    /// It came to its end: what waits by now is the next one's.
    is_over: bool,
}

impl<Q: Send + Sync + 'static, A: Send + 'static> Drop for UnderWay<'_, Q, A> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.place.state();
            state.is_looking = false;
            state.waiting.clear();
        }
    }
}

impl Store {
    /// Asks together with the others that ask for the same kind of thing at this moment.
    pub(crate) async fn ask<Q, A>(&self, place: fn(&Places) -> &Arc<Asked<Q, A>>, question: Q) -> Result<A, Fault>
    where
        Q: Send + Sync + 'static,
        A: Send + 'static,
    {
        let place = place(self.places()).clone();
        let (looks, answer) = place.put(question);
        let doing = place.doing;
        if looks {
            // A task of its own: whoever asked first may give up, and the others are still answered.
            let store = self.clone();
            tokio::spawn(async move { place.answer_all(&store).await });
        }
        let given_up = || Fault::new("store.closed", Blame::Operator, Retry::Later).context(doing);
        answer.await.unwrap_or_else(|_| Err(given_up()))
    }
}
