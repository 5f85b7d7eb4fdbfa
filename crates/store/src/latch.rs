//! The latch: closed while the database cannot be written. Whoever takes on work looks at it first: what cannot be
//! recorded must be neither accepted nor delivered. It opens by itself with the first write that succeeds.

use std::sync::{Mutex, PoisonError};

use rules::{Blame, Fault, Retry};

/// Why nothing can be written, and since which attempt.
#[derive(Default)]
pub(crate) struct Latch(Mutex<Option<(&'static str, String)>>);

impl Latch {
    /// A group could not be written. True when it was open until now.
    pub(crate) fn close(&self, code: &'static str, why: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace((code, why.to_owned())).is_none()
    }
    /// A group was written. True when it was closed until now.
    pub(crate) fn open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
    /// Why it is closed; `None` when it is open.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let closed = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        closed.map(|(code, why)| Fault::new(code, Blame::Operator, Retry::Later).context(why))
    }
}
