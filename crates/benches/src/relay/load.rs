//! The load: sessions that submit as fast as they are answered. The same client for us and for the peer, since `smtp-source`
//! cannot log in. And the end of it: Postfix's `smtp-sink`, which leaves once it has taken everything.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use smtp::client::{Delivery, RecipientOutcome};

use crate::{
    client::{Letters, Way, submit},
    house::{Outcome, sender, told},
};

/// Octets of a message.
const OCTETS: usize = 4096;
/// Longest wait for the sink to have taken everything.
const PATIENCE: Duration = Duration::from_secs(600);

/// How much.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Messages in all.
    pub messages: usize,
    /// Sessions at the same time.
    pub sessions: usize,
}

/// What all sessions share.
struct Rest {
    left: AtomicUsize,
    refused: Mutex<Vec<String>>,
}

struct Source {
    rest: Arc<Rest>,
    from: String,
    content: Vec<u8>,
}

#[async_trait]
impl Letters for Source {
    async fn next(&mut self) -> Option<Delivery> {
        let take = |left: usize| left.checked_sub(1);
        let number = self.rest.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).ok()?;
        let recipients = vec![format!("user{number}@sink.test").parse().ok()?];
        let reverse_path = self.from.parse().ok();
        Some(Delivery { reverse_path, recipients, content: self.content.clone(), envid: None })
    }
    async fn came_to(&mut self, outcomes: Vec<RecipientOutcome>) {
        let refused = outcomes.iter().filter(|outcome| !matches!(outcome, RecipientOutcome::Accepted(_)));
        let mut kept = self.rest.refused.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(refused.map(|outcome| format!("{outcome:?}")));
    }
}

/// Submits everything; how long it took until the last 250.
///
/// # Errors
/// When a message was refused or a session failed.
pub async fn submit_all(at: SocketAddr, way: Way, load: Load) -> Outcome<Duration> {
    let rest = Arc::new(Rest { left: AtomicUsize::new(load.messages), refused: Mutex::default() });
    let begun = Instant::now();
    let mut sessions = tokio::task::JoinSet::new();
    for number in 0..load.sessions {
        let from = sender(number);
        let mut source = Source { rest: rest.clone(), content: content(&from), from };
        sessions.spawn(async move {
            let from = source.from.clone();
            submit(at, way, &from, &mut source).await
        });
    }
    while let Some(ended) = sessions.join_next().await {
        ended.map_err(told)??;
    }
    let refused = rest.refused.lock().unwrap_or_else(PoisonError::into_inner);
    match refused.first() {
        None => Ok(begun.elapsed()),
        Some(first) => Err(format!("{at}: {} messages were refused, the first with {first}", refused.len())),
    }
}

/// A message of 4 KiB.
fn content(from: &str) -> Vec<u8> {
    let head = format!(
        "From: {from}\r\nTo: user@sink.test\r\nSubject: One of many\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\n"
    );
    let line = "The quick brown fox jumps over the lazy dog, and goes on to the next line.\r\n";
    let mut content = head.into_bytes();
    while content.len() + line.len() <= OCTETS {
        content.extend_from_slice(line.as_bytes());
    }
    content
}

/// A running `smtp-sink`.
pub struct Sink {
    child: Child,
    begun: Instant,
}

impl Sink {
    /// Starts one that ends after so many messages.
    pub fn start(at: SocketAddr, messages: usize) -> Outcome<Self> {
        let mut command = Command::new("/usr/sbin/smtp-sink");
        command.args(["-u", "nobody", "-M", &messages.to_string(), &at.to_string(), "1024"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("smtp-sink (package postfix): {error}"))?;
        let begun = Instant::now();
        while std::net::TcpStream::connect(at).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                let _ = child.kill();
                return Err("smtp-sink does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { child, begun: Instant::now() })
    }
    /// From here on.
    pub fn restart_clock(&mut self) {
        self.begun = Instant::now();
    }
    /// How long until it had taken everything.
    pub async fn full(mut self) -> Outcome<Duration> {
        while self.begun.elapsed() < PATIENCE {
            if self.child.try_wait().map_err(told)?.is_some() {
                return Ok(self.begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err("smtp-sink did not get everything".into())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
