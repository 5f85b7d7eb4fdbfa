//! Counters in Prometheus text form.

/// The registry. Cheap to clone. Not a global: two houses in one process do not mix.
#[derive(Clone)]
pub struct Metrics {}

impl Metrics {
    /// An empty registry with every metric described.
    pub fn new() -> Self {
        todo!()
    }
    /// Moves the metrics of an event.
    pub fn count(&self, _event: &rules::event::Event) {
        todo!()
    }
    /// Sets the gauge of waiting recipients.
    pub fn set_queue_depth(&self, _waiting: u64) {
        todo!()
    }
    /// Prometheus text exposition.
    pub fn render(&self) -> String {
        todo!()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
