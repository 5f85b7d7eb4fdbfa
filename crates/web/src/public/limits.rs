//! How much a stranger may ask: a bucket of tokens a client, and so many checks at the same time.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// Runs that a client may start at once.
pub(crate) const BURST: u32 = 20;
/// After that, one in so long.
const REFILL: Duration = Duration::from_secs(3);
/// Runs of everybody at the same time.
const AT_ONCE: usize = 12;
/// Clients that are remembered.
const MAX_CLIENTS: usize = 10_000;

/// What was asked lately.
#[derive(Debug)]
pub(crate) struct Limits {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
    places: Arc<Semaphore>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: u32,
    /// When the last token was added.
    since: Instant,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self { buckets: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Takes a token of that client.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn take(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = network(client);
        if buckets.len() >= MAX_CLIENTS && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| bucket.filled(now).tokens < BURST);
            if buckets.len() >= MAX_CLIENTS {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: BURST, since: now });
        *bucket = bucket.filled(now);
        match bucket.tokens.checked_sub(1) {
            Some(left) => {
                bucket.tokens = left;
                Ok(())
            }
            None => Err(REFILL.saturating_sub(now.saturating_duration_since(bucket.since))),
        }
    }

    /// A place among those that look at the same time; none when all are taken.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }
}

impl Bucket {
    fn filled(self, now: Instant) -> Self {
        let periods = now.saturating_duration_since(self.since).as_secs() / REFILL.as_secs();
        let periods = u32::try_from(periods).unwrap_or(BURST).min(BURST);
        match self.tokens.saturating_add(periods) {
            tokens if tokens >= BURST => Self { tokens: BURST, since: now },
            tokens => Self { tokens, since: self.since + REFILL * periods },
        }
    }
}

/// An IPv6 client has a whole /64 of addresses: it is one client.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (limits, start) = (Limits::new(), Instant::now());
        let client: IpAddr = "2001:db8::1".parse().unwrap();
        for _ in 0..BURST {
            limits.take(client, start).unwrap();
        }
        assert_eq!(limits.take("2001:db8::2".parse().unwrap(), start), Err(REFILL));
        assert_eq!(limits.take("2001:db8:1::2".parse().unwrap(), start), Ok(()));
        assert_eq!(limits.take(client, start + REFILL), Ok(()));
        assert!(limits.take(client, start + REFILL).is_err());
        assert_eq!(limits.take(client, start + REFILL * 100), Ok(()));
    }

    #[test]
    fn the_memory_of_clients_is_bounded() {
        let (limits, now) = (Limits::new(), Instant::now());
        for number in 0..u32::try_from(MAX_CLIENTS).unwrap() + 50 {
            limits.take(IpAddr::from(number.to_be_bytes()), now).unwrap();
        }
        assert!(limits.buckets.lock().unwrap().len() <= MAX_CLIENTS);
    }
}
