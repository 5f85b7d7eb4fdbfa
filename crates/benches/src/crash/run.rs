//! One run: load, death, restart, until everything has come to an end; then the books are compared.

use std::{
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use dns::Authority;
use smtp::client::{Delivery, RecipientOutcome};
use store::{QueueFilter, State, Store};
use syntax::Address;

use crate::{
    client::{Letters, Way, submit},
    crash::{
        books::{self, Answered, Books},
        plan::{Death, Dice, Plan},
        receiver::{Habit, Receivers},
    },
    house::{Outcome, Served, Wish, dns, told},
};

/// Longest life under load; after that SIGKILL comes.
const LIFE: Duration = Duration::from_secs(4);
/// Messages that one client submits in one life at most.
const MESSAGES: usize = 60;
/// Longest time in which everything must come to an end.
const DRAIN: Duration = Duration::from_secs(60);
/// The domains of the receivers; the last one's host is dead.
const DOMAINS: usize = 4;

/// The place of one run: receivers and DNS of its own.
pub struct Place {
    receivers: Receivers,
    _dns: Authority,
    wish: Wish,
}

/// What a run came to.
pub struct Ran {
    /// What was counted.
    pub books: Books,
    /// How the lives ended.
    pub deaths: Vec<&'static str>,
    /// How long each restart took until it listened.
    pub restarts: Vec<Duration>,
}

impl Place {
    /// Makes it from the template.
    pub async fn make(folder: &Path, template: &Path, worker: u8) -> Outcome<Self> {
        let ip = |host: usize| IpAddr::from([127, 0, 20 + worker, u8::try_from(host).unwrap_or(255)]);
        let addresses: Vec<IpAddr> = (1..DOMAINS).map(ip).collect();
        let receivers = Receivers::start(&addresses).await?;
        let domains: Vec<(String, IpAddr)> = (1..=DOMAINS).map(|host| (domain(host), ip(host))).collect();
        let authority = dns(&domains).await?;
        let asked = authority.addresses().first().copied().ok_or("the DNS does not listen")?;
        let relay = "retry_s = [1]\ninterval_ms = 0\nconnections_per_site = 3\nmessages_per_connection = 10\n";
        let wish = Wish {
            folder: folder.to_owned(),
            database: "sqlite".into(),
            dns: asked,
            mx_port: receivers.port,
            relay: relay.into(),
        };
        copy(template, folder)?;
        wish.configure()?;
        Ok(Self { receivers, _dns: authority, wish })
    }

    /// Runs the plan.
    pub async fn run(&self, plan: &Plan) -> Outcome<Ran> {
        let answered: Arc<Mutex<Vec<Answered>>> = Arc::default();
        let (mut deaths, mut restarts) = (Vec::new(), Vec::new());
        for (life, death) in plan.deaths.iter().enumerate() {
            let mut served = self.wish.serve(death.moment().as_deref())?;
            if life > 0 {
                restarts.push(served.took);
            }
            deaths.push(self.live(&mut served, death, plan, life, &answered).await);
        }
        let mut served = self.wish.serve(None)?;
        restarts.push(served.took);
        let store = self.wish.store().await?;
        let drained = self.drain(&store, &mut served).await;
        served.terminate().map_err(|why| format!("{why}\n{}", self.wish.log()))?;
        drained?;
        let answered = std::mem::take(&mut *answered.lock().unwrap_or_else(PoisonError::into_inner));
        let books = books::compare(&store, &answered, &self.receivers.taken()).await?;
        store.close().await;
        Ok(Ran { books, deaths, restarts })
    }

    /// One life under load; what ended it.
    async fn live(
        &self,
        served: &mut Served,
        death: &Death,
        plan: &Plan,
        life: usize,
        answered: &Arc<Mutex<Vec<Answered>>>,
    ) -> &'static str {
        let Some(at) = served.submissions else { return death.name() };
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..plan.clients {
            let dice = Dice::new(plan.dice.clone().roll(), number + 100 * life as u64);
            let name = format!("{}-{life}-{number}", plan.number);
            let mut client = Client { name, dice, sent: 0, in_hand: None, answered: answered.clone() };
            clients.spawn(async move { submit(at, Way::LoggedIn, crate::house::SENDER, &mut client).await });
        }
        let begun = Instant::now();
        let (limit, itself) = match death {
            Death::At(name, _) => (LIFE, Some(*name)),
            Death::After(time) => (*time, None),
        };
        let (mut ended, mut first) = (itself.unwrap_or("at random"), None);
        while served.ended().is_none() {
            let loaded = !answered.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
            first = first.or(loaded.then(Instant::now));
            if first.is_some_and(|first| first.elapsed() >= limit) || begun.elapsed() >= LIFE {
                served.kill();
                ended = "at random";
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // What was answered before the end stands in the sockets' buffers: each client reads it to the end.
        while clients.join_next().await.is_some() {}
        ended
    }

    /// Until nothing waits but what goes to the dead host. Its pair slows down with each strike, so that not all of it was
    /// tried.
    async fn drain(&self, store: &Store, served: &mut Served) -> Outcome<()> {
        let begun = Instant::now();
        let open = QueueFilter {
            states: vec![State::Queued, State::Sending, State::InDoubt, State::Deferred],
            limit: 100_000,
            ..QueueFilter::default()
        };
        while begun.elapsed() < DRAIN {
            if let Some(status) = served.ended() {
                return Err(format!("serve ended by itself with {status}\n{}", self.wish.log()));
            }
            let waiting = store.queue(&open).await.map_err(told)?;
            let mut recipients = waiting.iter().flat_map(|message| &message.recipients);
            if !recipients.any(|one| Habit::of(&one.address) != Habit::Dead) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(format!("not everything came to an end within {} s", DRAIN.as_secs()))
    }
}

/// The domain of a receiver.
fn domain(number: usize) -> String {
    format!("r{number}.test")
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::create_dir_all(to).map_err(told)?;
    for entry in std::fs::read_dir(from).map_err(told)?.flatten() {
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &into)?;
        } else {
            std::fs::copy(&path, &into).map_err(told)?;
        }
    }
    Ok(())
}

/// A client that submits messages whose recipients are named once in the world.
struct Client {
    name: String,
    dice: Dice,
    sent: usize,
    in_hand: Option<Answered>,
    answered: Arc<Mutex<Vec<Answered>>>,
}

impl Client {
    fn recipient(&mut self, index: u64) -> Option<Address> {
        let habit = usize::try_from(self.dice.below(Habit::DRAWN.len() as u64)).ok()?;
        let habit = *Habit::DRAWN.get(habit)?;
        let host = match habit {
            Habit::Dead => DOMAINS,
            _ => 1 + usize::try_from(self.dice.below(DOMAINS as u64 - 1)).ok()?,
        };
        format!("{}{}-{}-{index}@{}", habit.letter(), self.name, self.sent, domain(host)).parse().ok()
    }
}

#[async_trait]
impl Letters for Client {
    async fn next(&mut self) -> Option<Delivery> {
        if self.sent == MESSAGES {
            return None;
        }
        self.sent += 1;
        let count = 1 + self.dice.below(3);
        let recipients: Vec<Address> = (0..count).filter_map(|index| self.recipient(index)).collect();
        let mark = format!("mark-{}-{}", self.name, self.sent);
        let to = recipients.first()?.to_string();
        let filling = "Some words that fill a line of a letter.\r\n"
            .repeat(usize::try_from(self.dice.below(200)).unwrap_or_default());
        let content =
            format!("From: {}\r\nTo: {to}\r\nSubject: {mark}\r\n\r\n{filling}{mark}\r\n", crate::house::SENDER);
        self.in_hand = Some(Answered { mark, recipients: recipients.clone(), yes: false });
        let reverse_path = crate::house::SENDER.parse().ok();
        Some(Delivery { reverse_path, recipients, content: content.into_bytes(), envid: None })
    }

    async fn came_to(&mut self, outcomes: Vec<RecipientOutcome>) {
        let Some(mut letter) = self.in_hand.take() else { return };
        letter.yes = outcomes.iter().any(|outcome| matches!(outcome, RecipientOutcome::Accepted(_)));
        let taken = letter.recipients.iter().zip(&outcomes);
        // A recipient that was refused at RCPT was not part of the message.
        letter.recipients = taken
            .filter(|(_, outcome)| !matches!(outcome, RecipientOutcome::Refused { .. }))
            .map(|(address, _)| address.clone())
            .collect();
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
    }
}
