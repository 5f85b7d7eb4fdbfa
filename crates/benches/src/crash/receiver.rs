//! The receivers: what they do with a recipient stands in its address, and they remember what they took.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use net::{Drive, House, Limits, Socket, Stopper};
use smtp::{
    Reply,
    server::{Answer, Question, Session, Settings, Transaction},
};
use syntax::Address;
use tokio::net::TcpListener;

use crate::house::{Outcome, told};

/// Longest wait for a client.
const LIMIT: Duration = Duration::from_secs(20);

/// What a recipient's receiver does, by the first letter of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Habit {
    /// Takes it.
    Accepts,
    /// Puts it off twice, then takes it.
    Defers,
    /// Refuses it for good.
    Refuses,
    /// Takes it, and the first time cuts the connection before it says so.
    Doubts,
    /// Nobody listens there.
    Dead,
}

impl Habit {
    /// Every habit, as often as it is to be met.
    pub const DRAWN: [Self; 12] = [
        Self::Accepts,
        Self::Accepts,
        Self::Accepts,
        Self::Accepts,
        Self::Accepts,
        Self::Accepts,
        Self::Defers,
        Self::Defers,
        Self::Refuses,
        Self::Refuses,
        Self::Doubts,
        Self::Dead,
    ];
    /// Its letter.
    pub fn letter(self) -> char {
        match self {
            Self::Accepts => 'a',
            Self::Defers => 'd',
            Self::Refuses => 'r',
            Self::Doubts => 'q',
            Self::Dead => 'x',
        }
    }
    /// Of an address.
    pub fn of(address: &Address) -> Self {
        match address.to_string().chars().next() {
            Some('d') => Self::Defers,
            Some('r') => Self::Refuses,
            Some('q') => Self::Doubts,
            Some('x') => Self::Dead,
            _ => Self::Accepts,
        }
    }
}

#[derive(Default)]
struct Memory {
    /// Copies taken, by recipient.
    taken: HashMap<String, usize>,
    /// RCPT asked, by recipient.
    asked: HashMap<String, usize>,
}

/// Receivers on several addresses, one port.
pub struct Receivers {
    /// Their port.
    pub port: u16,
    memory: Arc<Mutex<Memory>>,
    _stopper: Stopper,
}

impl Receivers {
    /// Starts them.
    pub async fn start(addresses: &[IpAddr]) -> Outcome<Self> {
        let (stopper, stop) = Stopper::new();
        let memory: Arc<Mutex<Memory>> = Arc::default();
        let mut port = 0;
        for ip in addresses {
            let listener = TcpListener::bind(SocketAddr::new(*ip, port)).await.map_err(told)?;
            port = listener.local_addr().map_err(told)?.port();
            let memory = memory.clone();
            let limits = Limits { connections: 500, connections_per_ip: 500, busy: Vec::new() };
            tokio::spawn(net::serve(listener, limits, stop.clone(), move |stream, peer| {
                let mut receiver = Receiver { memory: memory.clone() };
                async move {
                    let (read_limit, body_limit, write_limit) = (LIMIT, LIMIT, LIMIT);
                    let socket = Socket::Server(None);
                    let how =
                        Drive { socket, implicit_tls: false, read_limit, body_limit, write_limit, we_are_server: true };
                    net::drive(&mut Session::new(settings(), peer.ip()), stream, &mut receiver, how).await;
                }
            }));
        }
        Ok(Self { port, memory, _stopper: stopper })
    }

    /// Copies taken, by recipient.
    pub fn taken(&self) -> HashMap<String, usize> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }
}

fn settings() -> Settings {
    Settings {
        hostname: "mx.receiver.test".into(),
        starttls: false,
        implicit_tls: false,
        auth: false,
        max_message_octets: 1_000_000,
        max_recipients: 100,
        max_errors: 1000,
        max_auth_failures: 1,
        enhanced_codes: true,
    }
}

struct Receiver {
    memory: Arc<Mutex<Memory>>,
}

impl Receiver {
    fn rcpt(&self, address: &Address) -> Answer {
        let asked = {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = memory.asked.entry(address.to_string()).or_default();
            *asked += 1;
            *asked
        };
        match Habit::of(address) {
            Habit::Refuses => reply(550, "5.1.1 User unknown"),
            Habit::Defers if asked <= 2 => reply(451, "4.7.1 Greylisted, try again later"),
            _ => reply(250, "2.1.5 ok"),
        }
    }

    fn message(&self, transaction: &Transaction) -> Answer {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cut = false;
        for recipient in &transaction.recipients {
            let taken = memory.taken.entry(recipient.address.to_string()).or_default();
            *taken += 1;
            cut |= *taken == 1 && Habit::of(&recipient.address) == Habit::Doubts;
        }
        if cut { Answer::Drop } else { reply(250, "2.0.0 taken") }
    }
}

fn reply(code: u16, text: &str) -> Answer {
    Answer::Reply(Reply::parse(&format!("{code} {text}")).unwrap_or_else(|| Reply::bare(code, text)))
}

#[async_trait]
impl House<Question, Answer> for Receiver {
    async fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Connect(_) => Answer::Reply(Reply::bare(220, "mx.receiver.test")),
            Question::Rcpt { address, .. } => self.rcpt(&address),
            Question::Message { transaction, .. } => self.message(&transaction),
            _ => Answer::Reply(Reply::bare(250, "ok")),
        }
    }
}
