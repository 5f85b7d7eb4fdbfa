//! Where `now` comes from: an argument here, a real clock only in the binary and in tests.

/// Something that knows the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment.
    fn now(&self) -> syntax::Timestamp;
}
