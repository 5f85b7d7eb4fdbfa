//! Opening, migrating, closing.

use std::sync::Arc;

use rules::{Clock, Fault};

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) clock: Arc<dyn Clock>,
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
    /// Opens `sqlite:///path/file.db` (made when absent) or `postgres://…`, and migrates.
    ///
    /// # Errors
    /// `store.open`, `store.migrate`.
    pub async fn open(_url: &str, _clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        todo!()
    }
    /// The clock it was opened with: works take `now` from here.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }
    /// Whether it can be reached.
    ///
    /// # Errors
    /// `store.unavailable`.
    pub async fn health(&self) -> Result<Health, Fault> {
        todo!()
    }
    /// Waits for the committer to finish and closes.
    pub async fn close(&self) {
        todo!()
    }
}
