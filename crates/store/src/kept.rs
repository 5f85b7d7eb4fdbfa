//! Answers that were dear are kept for a while: counts over a large store, for the pages that people look at again and again.
//!
//! What took long is kept for twenty times as long, so that such questions never take more than a twentieth of one core, however
//! often they are asked. A small store is always asked anew.

use std::{any::Any, collections::HashMap, sync::Arc, time::Duration};

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
    answers: std::sync::Mutex<HashMap<String, Arc<Mutex<Option<Answer>>>>>,
}

struct Answer {
    until: Instant,
    value: Arc<dyn Any + Send + Sync>,
}

impl Kept {
    fn place(&self, question: String) -> Arc<Mutex<Option<Answer>>> {
        // A panic elsewhere has left no entry half made.
        let mut answers = self.answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if answers.len() >= QUESTIONS && !answers.contains_key(&question) {
            answers.clear();
        }
        answers.entry(question).or_default().clone()
    }
}

impl Store {
    /// The answer to a question: the kept one while it is good, else a new one. Of several who ask at once, one looks. What
    /// cannot change any more is kept for `least`.
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
        let Ok(mut answer) = timeout(PATIENCE, place.lock()).await else { return look().await };
        let good = answer.as_ref().filter(|answer| Instant::now() < answer.until);
        if let Some(value) = good.and_then(|answer| answer.value.downcast_ref::<T>()) {
            return Ok(value.clone());
        }
        let begun = Instant::now();
        let value = look().await?;
        let until = Instant::now() + (begun.elapsed() * TIMES).min(LONGEST).max(least);
        *answer = Some(Answer { until, value: Arc::new(value.clone()) });
        Ok(value)
    }
}
