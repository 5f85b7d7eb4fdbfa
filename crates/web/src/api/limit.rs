//! How often one caller may ask: a bucket of tokens each, in memory and bounded.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

/// Requests of one caller in a minute, unless the configuration says otherwise.
pub const QUOTA: u32 = 600;
/// In which an empty bucket fills.
const WINDOW: Duration = Duration::from_secs(60);
/// Buckets that are kept; a caller whose bucket was dropped begins with a full one.
const MOST_CALLERS: usize = 10_000;

/// The buckets of all callers.
#[derive(Debug)]
pub(super) struct Limits {
    /// Tokens of a full bucket.
    quota: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Tokens at that moment.
    tokens: f64,
    at: Instant,
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// Whether this request may pass.
    pub passes: bool,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Seconds until one more may pass, when none may; else until the bucket is full.
    pub seconds: u64,
    /// Tokens of a full bucket.
    quota: u32,
}

impl Limits {
    /// Buckets of that size, which fill in a minute.
    pub(super) fn new(quota: u32) -> Self {
        Self { quota: quota.max(1), buckets: Mutex::default() }
    }

    /// Takes a token of the caller.
    pub(super) fn take(&self, caller: &str, now: Instant) -> Left {
        // A panic elsewhere has left no bucket half changed.
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= MOST_CALLERS && !buckets.contains_key(caller) {
            buckets.retain(|_, bucket| bucket.filled(self.quota, now) < f64::from(self.quota));
            if buckets.len() >= MOST_CALLERS {
                buckets.clear();
            }
        }
        let full = Bucket { tokens: f64::from(self.quota), at: now };
        let bucket = buckets.entry(caller.to_owned()).or_insert(full);
        bucket.take(self.quota, now)
    }
}

impl Bucket {
    fn rate(quota: u32) -> f64 {
        f64::from(quota) / WINDOW.as_secs_f64()
    }

    fn filled(&self, quota: u32, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + since * Self::rate(quota)).min(f64::from(quota))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the quota, or a minute")]
    fn take(&mut self, quota: u32, now: Instant) -> Left {
        self.tokens = self.filled(quota, now);
        self.at = now;
        let passes = self.tokens >= 1.0;
        if passes {
            self.tokens -= 1.0;
        }
        let wanted = if passes { f64::from(quota) } else { 1.0 };
        let seconds = ((wanted - self.tokens) / Self::rate(quota)).ceil().max(1.0) as u64;
        Left { passes, remaining: self.tokens as u32, seconds, quota }
    }
}

impl Left {
    /// Tells it. draft-ietf-httpapi-ratelimit-headers-10 §3, §4.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let policy = format!("\"default\";q={};w={}", self.quota, WINDOW.as_secs());
        let left = format!("\"default\";r={};t={}", self.remaining, self.seconds);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (limits, now) = (Limits::new(QUOTA), Instant::now());
        for _ in 0..QUOTA {
            assert!(limits.take("key", now).passes);
        }
        let empty = limits.take("key", now);
        assert_eq!(empty, Left { passes: false, remaining: 0, seconds: 1, quota: QUOTA });
        assert!(limits.take("another", now).passes, "one caller does not take from another");
        assert!(limits.take("key", now + Duration::from_secs(1)).passes);
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let (limits, now) = (Limits::new(QUOTA), Instant::now());
        for caller in 0..MOST_CALLERS + 5 {
            limits.take(&caller.to_string(), now);
        }
        assert!(limits.buckets.lock().unwrap().len() <= MOST_CALLERS);
    }
}
