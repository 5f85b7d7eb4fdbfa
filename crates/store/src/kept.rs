//! Answers that were dear are kept for a while: counts over a large store, for the pages that people look at again and again.
//!
//! What took long is kept for twenty times as long, so that such questions never take more than a twentieth of one core, however
//! often they are asked. A small store is always asked anew.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use rules::Fault;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::Store;

/// Events from which a store is large.
const LARGE: i64 = 100_000;
/// So many times as long as it took.
const TIMES: u32 = 20;
/// At most.
const LONGEST: Duration = Duration::from_secs(60);
/// Longest wait for somebody who asks the same at this moment.
const PATIENCE: Duration = Duration::from_secs(10);
/// Questions whose answers are kept; more than that, and all are asked anew.
const QUESTIONS: usize = 1024;

/// The answers.
#[derive(Default)]
pub(crate) struct Kept {
    places: std::sync::Mutex<HashMap<String, Arc<Place>>>,
}

/// The place of one answer.
#[derive(Default)]
struct Place {
    answer: std::sync::Mutex<Option<Answer>>,
    /// Held by whoever looks.
    looking: Mutex<()>,
}

#[derive(Clone)]
struct Answer {
    until: Instant,
    value: Arc<dyn Any + Send + Sync>,
}

impl Kept {
    fn place(&self, question: String) -> Arc<Place> {
        // A panic elsewhere has left no entry half made.
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= QUESTIONS && !places.contains_key(&question) {
            places.clear();
        }
        places.entry(question).or_default().clone()
    }
}

impl Place {
    /// The answer, and whether it is good still.
    fn answer<T: Clone + 'static>(&self) -> Option<(T, bool)> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some((answer.value.downcast_ref::<T>()?.clone(), Instant::now() < answer.until))
    }

    fn keep<T: Send + Sync + 'static>(&self, value: T, long: Duration) {
        let answer = Answer { until: Instant::now() + long, value: Arc::new(value) };
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}

impl Store {
    /// The answer to a question: the kept one while it is good, else a new one. Of several who ask at once, one looks, and the
    /// others get what was known before. What cannot change any more is kept for `least`.
    pub(crate) async fn kept<T, F>(
        &self,
        question: String,
        least: Duration,
        look: impl FnOnce() -> F,
    ) -> Result<T, Fault>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, Fault>>,
    {
        if self.last_event().await? < LARGE {
            return look().await;
        }
        let place = self.kept_answers().place(question);
        let known = place.answer::<T>();
        if let Some((value, true)) = known {
            return Ok(value);
        }
        // While one looks, the others take what was known before; who knows nothing waits.
        let looking = match known {
            Some((value, _)) => match place.looking.try_lock() {
                Ok(looking) => Some(looking),
                Err(_) => return Ok(value),
            },
            None => timeout(PATIENCE, place.looking.lock()).await.ok(),
        };
        if let Some((value, true)) = place.answer::<T>() {
            return Ok(value);
        }
        let begun = Instant::now();
        let value = look().await?;
        place.keep(value.clone(), (begun.elapsed() * TIMES).min(LONGEST).max(least));
        drop(looking);
        Ok(value)
    }
}
