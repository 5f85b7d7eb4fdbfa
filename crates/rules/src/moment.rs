//! Named moments between two steps that must not be torn apart, so that a test can end the process exactly there.

use std::sync::Arc;

/// Every moment that is told of, in the order of a message's life.
pub const ALL: &[&str] = &[
    COMMITTER_BEFORE_COMMIT,
    COMMITTER_AFTER_COMMIT,
    COMMITTER_AFTER_REPLIES,
    RELAY_BEFORE_BEGIN,
    RELAY_AFTER_BEGIN,
    RELAY_CONNECTED,
    RELAY_BEFORE_SETTLE,
    RELAY_AFTER_SETTLE,
];

/// Every change of a group is made, and not one is committed.
pub const COMMITTER_BEFORE_COMMIT: &str = "committer.before-commit";
/// A group is committed, and nobody has been told.
pub const COMMITTER_AFTER_COMMIT: &str = "committer.after-commit";
/// A group is committed, and everybody has been told.
pub const COMMITTER_AFTER_REPLIES: &str = "committer.after-replies";
/// An attempt is about to be written.
pub const RELAY_BEFORE_BEGIN: &str = "relay.before-begin";
/// An attempt is written, and nobody was dialled for it.
pub const RELAY_AFTER_BEGIN: &str = "relay.after-begin";
/// A host is connected, and nothing was said.
pub const RELAY_CONNECTED: &str = "relay.connected";
/// The host has answered, and its answer is not written.
pub const RELAY_BEFORE_SETTLE: &str = "relay.before-settle";
/// The host's answer is written.
pub const RELAY_AFTER_SETTLE: &str = "relay.after-settle";

/// Who is told of moments; nobody unless a test asked for it.
#[derive(Clone, Default)]
pub struct Moments(Option<Arc<dyn Fn(&'static str) + Send + Sync>>);

impl Moments {
    /// Tells `watcher` of every moment.
    pub fn watched(watcher: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watcher)))
    }
    /// This moment has come.
    pub fn reach(&self, moment: &'static str) {
        if let Some(watcher) = &self.0 {
            watcher(moment);
        }
    }
}

impl std::fmt::Debug for Moments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Moments(watched)" } else { "Moments" })
    }
}
