//! A moment, as it is stored and written.

use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z. Serialized as RFC 3339 text in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }
    /// How long after `earlier`; zero when it is not after.
    pub fn since(self, _earlier: Self) -> Duration {
        todo!()
    }
    /// The RFC 5322 §3.3 date-time in UTC: `Mon, 23 Nov 2026 22:54:50 +0000`.
    pub fn rfc5322(self) -> String {
        todo!()
    }
    /// The calendar day in UTC, `20261123`: names dated selectors.
    pub fn day(self) -> String {
        todo!()
    }
    /// Reads RFC 3339.
    ///
    /// # Errors
    /// [`crate::Malformed`] when it is not a date-time.
    pub fn parse(_text: &str) -> Result<Self, crate::Malformed> {
        todo!()
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, _rhs: Duration) -> Self {
        todo!()
    }
}
impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, _rhs: Duration) -> Self {
        todo!()
    }
}
impl std::fmt::Display for Timestamp {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(_d: D) -> Result<Self, D::Error> {
        todo!()
    }
}
