//! A queue of a million, put straight into the store through its own API: it is about what waits, not about how it came.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use dns::read_zone;
use store::{NewMessage, NewRecipient, Store};

use crate::{
    client::Way,
    house::{Outcome, SENDER, Wish, dns, told},
    relay::{
        load::{Load, Sink, submit_all},
        usage,
    },
};

/// Domains that the waiting mail goes to.
const DESTINATIONS: usize = 10_000;
/// Where nobody listens.
const DEAD: &str = "127.0.41.1";
/// Who puts in at the same time: enough to fill the groups of the committer.
const PRODUCERS: usize = 256;
/// Longest measurement of a full queue.
const TIME: Duration = Duration::from_secs(30);
/// Messages sent to somebody who listens, while all others do not. Pacing lets one out each half second.
pub const FRESH: usize = 10;

/// What a full queue costs.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Full {
    /// Recipients waiting, all of them due.
    pub queued: usize,
    /// Put in straight through the store's API, so many a second.
    pub put_in_per_s: f64,
    /// From the start of `serve` until it listened.
    pub start_ms: u128,
    /// The most memory that it had, MiB.
    pub memory_mib: u64,
    /// CPU it took of one core while nobody answered, in percent.
    pub cpu_percent: f64,
    /// How long fresh mail to a host that answers took to be delivered past all that waits.
    pub fresh_ms: u128,
}

/// Fills a queue and measures it. Nobody listens at any of its destinations.
pub async fn measure(folder: &Path, queued: usize, sink: SocketAddr) -> Outcome<Full> {
    let authority = dns(&[("sink.test".to_owned(), sink.ip())]).await?;
    // Each has an MX host of its own, so that each is a site of its own.
    let zone: String =
        (0..DESTINATIONS).map(|number| format!("d{number} MX 10 h{number}\nh{number} A {DEAD}\n")).collect();
    authority.set_zone(&read_zone("bulk.test", &zone).map_err(told)?).await.map_err(told)?;
    let asked = authority.addresses().first().copied().ok_or("no DNS")?;
    let wish = Wish {
        folder: folder.to_owned(),
        database: "sqlite".into(),
        dns: asked,
        mx_port: sink.port(),
        relay: String::new(),
    };
    wish.provision(IpAddr::from([127, 0, 40, 3]), true).await?;
    let store = wish.store().await?;
    let took = put_in(&store, queued).await?;
    store.close().await;
    let served = wish.serve(None)?;
    let at = served.submissions.ok_or("serve does not listen")?;
    let (before, begun) = (usage::cpu(served.id()), Instant::now());
    tokio::time::sleep(TIME / 3).await;
    let full = Sink::start(sink, FRESH)?;
    submit_all(at, Way::LoggedIn, Load { messages: FRESH, sessions: 4 }).await?;
    let fresh = full.full().await?;
    tokio::time::sleep(TIME.saturating_sub(begun.elapsed())).await;
    let cpu = usage::cpu(served.id()).saturating_sub(before);
    Ok(Full {
        queued,
        put_in_per_s: queued as f64 / took.as_secs_f64(),
        start_ms: served.took.as_millis(),
        memory_mib: usage::memory_mib(served.id(), "VmHWM"),
        cpu_percent: 100.0 * cpu.as_secs_f64() / begun.elapsed().as_secs_f64(),
        fresh_ms: fresh.as_millis(),
    })
}

async fn put_in(store: &Store, queued: usize) -> Outcome<Duration> {
    let sender = SENDER.parse().map_err(told)?;
    let mailbox = store.mailbox(&sender).await.map_err(told)?.ok_or("no mailbox")?;
    let begun = Instant::now();
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut producers = tokio::task::JoinSet::new();
    for _ in 0..PRODUCERS {
        let (store, mailbox, sender, next) = (store.clone(), mailbox.clone(), sender.clone(), next.clone());
        producers.spawn(async move {
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if number >= queued {
                    return Ok(());
                }
                let to = format!("user{number}@d{}.bulk.test", number % DESTINATIONS);
                let address = to.parse().map_err(told)?;
                let new = NewMessage {
                    domain: mailbox.domain.clone(),
                    mailbox: mailbox.id.clone(),
                    from: sender.clone(),
                    subject: "One of very many".into(),
                    message_id: format!("{number}@acme.test"),
                    content: b"Subject: One of very many\r\n\r\nHello\r\n".to_vec(),
                    recipients: vec![NewRecipient { address, original: None, notify_failure: true }],
                    envid: None,
                    expires_at: store.clock().now() + Duration::from_secs(5 * 24 * 3600),
                };
                store.accept(new, Vec::new()).await.map_err(told)?;
            }
        });
    }
    while let Some(done) = producers.join_next().await {
        done.map_err(told).and_then(|done: Outcome<()>| done)?;
    }
    Ok(begun.elapsed())
}
