//! What the receivers send by themselves: answers and notifications.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dns::Found;
use smtp::client::{Delivery, RecipientOutcome, Tls};
use syntax::Address;
use tokio::sync::{Semaphore, mpsc};

use crate::{
    courier::{self, Errand},
    world::World,
};

/// Letters that may wait.
const CAPACITY: usize = 1024;
/// Letters on their way at the same time.
const COURIERS: usize = 8;
/// Tries before a letter is given up.
const TRIES: u32 = 3;

/// A letter from a receiver's address.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub from_ip: IpAddr,
    pub helo: String,
    pub reverse_path: Option<Address>,
    pub to: Address,
    pub content: Vec<u8>,
}

/// Takes letters. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<Letter>,
    waiting: Arc<AtomicUsize>,
}

impl Outbox {
    /// An outbox and its postman, which runs until the outbox is gone.
    pub fn open() -> (Self, mpsc::Receiver<Letter>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self { sender, waiting: Arc::default() }, receiver)
    }

    /// Posts a letter; over capacity it is lost, as it is with a real host that is overrun.
    pub fn post(&self, letter: Letter) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.sender.try_send(letter).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Letters that have not arrived yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

/// Carries letters until the channel closes.
pub(crate) async fn carry(world: World, outbox: Outbox, mut letters: mpsc::Receiver<Letter>) {
    let couriers = Arc::new(Semaphore::new(COURIERS));
    while let Some(letter) = letters.recv().await {
        let Ok(permit) = couriers.clone().acquire_owned().await else { return };
        let (world, waiting) = (world.clone(), outbox.waiting.clone());
        tokio::spawn(async move {
            deliver(&world, &letter).await;
            waiting.fetch_sub(1, Ordering::SeqCst);
            drop(permit);
        });
    }
}

async fn deliver(world: &World, letter: &Letter) {
    for attempt in 1..=TRIES {
        match once(world, letter).await {
            Some(RecipientOutcome::Accepted(_)) => return,
            Some(RecipientOutcome::Refused { stage, reply }) if reply.is_permanent() => {
                tracing::warn!(?stage, %reply, "a letter from a receiver was refused");
                return;
            }
            outcome => tracing::debug!(?outcome, attempt, "a letter from a receiver waits"),
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn once(world: &World, letter: &Letter) -> Option<RecipientOutcome> {
    let Ok(Found::Records(mut exchanges)) = world.resolver.mx(letter.to.domain().as_str()).await else { return None };
    exchanges.sort();
    let (_, exchange) = exchanges.into_iter().next()?;
    let Ok(Found::Records(addresses)) = world.resolver.addresses(&exchange).await else { return None };
    let errand = Errand {
        target: SocketAddr::new(*addresses.first()?, world.mx_port),
        source: Some(letter.from_ip),
        helo: letter.helo.clone(),
        tls: Tls::Opportunistic,
        login: None,
    };
    let delivery = Delivery {
        reverse_path: letter.reverse_path.clone(),
        recipients: vec![letter.to.clone()],
        content: letter.content.clone(),
        envid: None,
    };
    courier::bring(&errand, delivery).await.ok()
}
