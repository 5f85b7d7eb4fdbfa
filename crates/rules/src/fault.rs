//! Something failed that should not have: not malformed input, not an answer.

/// A failure, with everything an edge needs to turn it into a reply, a problem or an exit code.
#[derive(Debug)]
pub struct Fault {
    /// Stable public id, kebab-case: `store.unavailable`, `dns.timeout`.
    pub code: &'static str,
    /// Whose matter it is.
    pub blame: Blame,
    /// Whether trying again can help.
    pub retry: Retry,
    /// What was being done, outermost last.
    pub context: Vec<String>,
    /// The error underneath.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Whose matter a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Whoever asked: input, order of things.
    Caller,
    /// The operator: configuration, disk, rights.
    Operator,
    /// A peer or the network.
    Peer,
    /// A defect of ours.
    Us,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Later, unchanged.
    Later,
    /// Not before something has been changed.
    AfterChange,
}

impl Fault {
    /// A fault without context.
    pub fn new(code: &'static str, blame: Blame, retry: Retry) -> Self {
        Self { code, blame, retry, context: Vec::new(), source: None }
    }
    /// The caller gave something impossible; `what` says what, where and what next.
    pub fn caller(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(code, Blame::Caller, Retry::AfterChange).context(what)
    }
    /// Adds what was being done.
    #[must_use]
    pub fn context(mut self, what: impl Into<String>) -> Self {
        self.context.push(what.into());
        self
    }
    /// Adds the error underneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = self.context.iter().rev();
        match parts.next() {
            Some(first) => f.write_str(first)?,
            None => f.write_str(self.code)?,
        }
        for part in parts {
            write!(f, ": {part}")?;
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
