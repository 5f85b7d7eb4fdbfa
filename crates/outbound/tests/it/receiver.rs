//! A receiver that does exactly what its script says, right or wrong.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use net::{Drive, House, ServerTls, Socket};
use tokio::{net::TcpListener, task::JoinHandle};
use wire::{Core, Step};

/// Longer than any test waits.
const LIMIT: Duration = Duration::from_secs(120);

/// One thing that it does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Writes these octets.
    Say(Vec<u8>),
    /// Writes them again and again.
    Again(Vec<u8>),
    /// Reads a line.
    Hear,
    /// Reads up to the final dot.
    Content,
    /// Reads that many octets.
    Octets(usize),
    /// Shakes hands.
    StartTls,
    /// Does nothing until the client leaves.
    Hang,
}

/// A line.
pub fn say(line: &str) -> Act {
    Act::Say(format!("{line}\r\n").into_bytes())
}

/// What is said at each step when all goes well.
const GOOD: [&str; 6] = ["220 mx ready", "250-mx\r\n250 SIZE 50000000", "250 ok", "250 ok", "354 go on", "250 taken"];

/// A good conversation up to the step whose answer is due: 0 greeting, 1 EHLO, 2 MAIL, 3 RCPT, 4 DATA, 5 content, 6 QUIT.
pub fn polite(step: usize) -> Vec<Act> {
    let mut acts = Vec::new();
    for (index, answer) in GOOD.iter().enumerate().take(step) {
        acts.extend([say(answer), if index == 4 { Act::Content } else { Act::Hear }]);
    }
    acts
}

/// It stops when dropped.
pub struct Receiver {
    heard: Arc<Mutex<Vec<String>>>,
    said: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// At 127.0.4.x; the connections follow the scripts in turn, the last of them repeats.
    pub async fn start(octet: u8, port: u16, tls: Option<ServerTls>, scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 4, octet], port))).await.unwrap();
        let (heard, said) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let (hearing, saying) = (heard.clone(), said.clone());
        let task = tokio::spawn(async move {
            let mut visits = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let acts = scripts.get(visits).or(scripts.last()).cloned().unwrap_or_default();
                visits += 1;
                let (heard, said) = (hearing.clone(), saying.clone());
                let mut talk = Talk { acts: acts.into(), buffer: Vec::new(), heard, said };
                let socket = Socket::Server(tls.clone());
                let (read_limit, body_limit, write_limit) = (LIMIT, LIMIT, LIMIT);
                let drive =
                    Drive { socket, implicit_tls: false, read_limit, body_limit, write_limit, we_are_server: true };
                tokio::spawn(async move { net::drive(&mut talk, stream, &mut Nobody, drive).await });
            }
        });
        Self { heard, said, task }
    }

    /// The commands that came, over all connections.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Octets that it got rid of.
    pub fn said(&self) -> usize {
        self.said.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Talk {
    acts: VecDeque<Act>,
    buffer: Vec<u8>,
    heard: Arc<Mutex<Vec<String>>>,
    said: Arc<AtomicUsize>,
}

impl Talk {
    fn until(&self, wanted: &[u8]) -> Option<usize> {
        self.buffer.windows(wanted.len()).position(|window| window == wanted).map(|at| at + wanted.len())
    }

    /// Carries out what needs no more octets than there are; what it says then.
    fn act(&mut self) -> Option<Step<()>> {
        let enough = match self.acts.front()? {
            Act::Again(octets) => {
                self.said.fetch_add(octets.len(), Ordering::SeqCst);
                return Some(Step::Send(octets.clone()));
            }
            Act::Hang => {
                self.buffer.clear();
                return Some(Step::Read);
            }
            Act::Say(_) | Act::StartTls => 0,
            Act::Hear => self.until(b"\r\n").unwrap_or(usize::MAX),
            Act::Content => self.until(b"\r\n.\r\n").unwrap_or(usize::MAX),
            Act::Octets(count) => *count,
        };
        if enough > self.buffer.len() {
            return Some(Step::Read);
        }
        let taken: Vec<u8> = self.buffer.drain(..enough).collect();
        match self.acts.pop_front()? {
            Act::Say(octets) => {
                self.said.fetch_add(octets.len(), Ordering::SeqCst);
                Some(Step::Send(octets))
            }
            Act::StartTls => Some(Step::StartTls),
            Act::Hear => {
                let line = String::from_utf8_lossy(taken.trim_ascii_end()).into_owned();
                self.heard.lock().unwrap().push(line);
                None
            }
            _ => None,
        }
    }
}

impl Core for Talk {
    type Question = ();
    type Answer = ();

    fn step(&mut self) -> Step<()> {
        while !self.acts.is_empty() {
            if let Some(step) = self.act() {
                return step;
            }
        }
        Step::Close
    }
    fn feed(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }
    fn answer(&mut self, (): ()) {}
    fn secured(&mut self) {
        self.buffer.clear();
    }
    fn ended(&mut self) {
        self.acts.clear();
    }
}

/// Is never asked.
struct Nobody;

#[async_trait]
impl House<(), ()> for Nobody {
    async fn answer(&mut self, (): ()) {}
}
