//! Starting the listeners.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use net::{Drive, House, Limits, Log, Met, ServerTls, Socket, Stop};
use rules::{secret::Key, throttle::Throttle};
use store::{Folder, FolderId, Store, Uids};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    Settings,
    describe::Reader,
    house::Rooms,
    session::{Answer, Question, Session},
    settings::{BODY_LIMIT, LONGEST_WAIT_OF_ADDRESS, LONGEST_WAIT_OF_IP, READ_LIMIT, WRITE_LIMIT},
};

/// Folders whose UIDs are kept for those who open them next.
const KEPT_FOLDERS: usize = 1000;
/// Ranges of UIDs that are kept of one folder.
const KEPT_RANGES: usize = 10_000;

/// Bound listeners.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Port 143, STARTTLS.
    pub imap: Vec<TcpListener>,
    /// Port 993, TLS.
    pub imaps: Vec<TcpListener>,
}

/// The running server. Cheap to clone.
#[derive(Clone)]
pub struct Imap {
    shared: Arc<Shared>,
}

/// What every session shares.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) key: Key,
    pub(crate) slots: Arc<Semaphore>,
    tls: ServerTls,
    tried: Mutex<Tried>,
    folders: Mutex<HashMap<FolderId, (i64, Uids)>>,
}

/// Wrong passwords.
pub(crate) struct Tried {
    pub(crate) addresses: Throttle,
    pub(crate) ips: Throttle,
}

impl Imap {
    /// What every listener shares. Messages are from now on taken apart when they are stored.
    pub fn new(settings: Settings, store: Store, key: Key, tls: ServerTls) -> Self {
        store.describe_with(Arc::new(Reader));
        let tried = Tried { addresses: Throttle::new(LONGEST_WAIT_OF_ADDRESS), ips: Throttle::new(LONGEST_WAIT_OF_IP) };
        let slots = Arc::new(Semaphore::new(settings.max_messages_in_hand));
        let (tried, folders) = (Mutex::new(tried), Mutex::default());
        Self { shared: Arc::new(Shared { settings, store, key, slots, tls, tried, folders }) }
    }

    /// Answers one session of a client at `peer`: for whoever drives it otherwise than over a socket.
    pub fn house(&self, peer: IpAddr, stop: Stop) -> Box<dyn House<Question, Answer>> {
        Box::new(Rooms::new(self.shared.clone(), peer, stop))
    }

    /// Serves these listeners until stopped; returns when the last session has ended.
    pub async fn serve(&self, listeners: Listeners, stop: Stop) {
        let mut serving = JoinSet::new();
        serving.spawn(describe_missing(self.shared.store.clone(), stop.clone()));
        for listener in listeners.imap {
            serving.spawn(self.clone().serve_one(listener, false, stop.clone()));
        }
        for listener in listeners.imaps {
            serving.spawn(self.clone().serve_one(listener, true, stop.clone()));
        }
        while serving.join_next().await.is_some() {}
    }

    async fn serve_one(self, listener: TcpListener, implicit_tls: bool, stop: Stop) {
        let settings = &self.shared.settings;
        let limits = Limits {
            connections: settings.max_connections,
            connections_per_ip: settings.max_connections_per_ip,
            // In clear text it would only break the handshake of a client that waits for TLS.
            busy: if implicit_tls { Vec::new() } else { b"* BYE [UNAVAILABLE] Too many connections\r\n".to_vec() },
        };
        let (shared, stopping, proxies) = (self.shared.clone(), stop.clone(), settings.proxies.clone());
        let session = move |stream: TcpStream, met: Met| {
            // Its state lies on the heap: an idle session is small.
            Box::pin(run(shared.clone(), implicit_tls, stream, met.client, stopping.clone()))
        };
        net::serve_behind(listener, limits, proxies, stop, session).await;
    }
}

async fn run(shared: Arc<Shared>, implicit_tls: bool, stream: TcpStream, peer: SocketAddr, stop: Stop) {
    let mut core = Session::new(shared.settings.clone(), implicit_tls);
    let mut house = Rooms::new(shared.clone(), peer.ip(), stop);
    let drive = Drive {
        socket: Socket::Server(Some(shared.tls.clone())),
        implicit_tls,
        read_limit: READ_LIMIT,
        body_limit: BODY_LIMIT,
        write_limit: WRITE_LIMIT,
        we_are_server: true,
    };
    let ended = net::drive_logged(&mut core, stream, &mut house, drive, Log::silent()).await;
    tracing::debug!(%peer, why = ended.why, tls = ended.tls, "IMAP session ended");
}

/// Mails that were there before they could be described.
async fn describe_missing(store: Store, mut stop: Stop) {
    tokio::select! {
        described = store.describe_missing(None) => match described {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "mails are ready for IMAP"),
            Err(fault) => tracing::warn!(%fault, "mails could not be made ready for IMAP; it is tried again when they are read"),
        },
        () = stop.stopped() => {}
    }
}

impl Shared {
    pub(crate) fn tried(&self) -> MutexGuard<'_, Tried> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn known_uids(&self, folder: &Folder) -> Option<Uids> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.get(&folder.id).filter(|(modseq, _)| *modseq == folder.modseq).map(|(_, uids)| uids.clone())
    }

    pub(crate) fn keep_uids(&self, folder: &Folder, uids: &Uids) {
        if uids.ranges().count() > KEPT_RANGES {
            return;
        }
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if folders.len() >= KEPT_FOLDERS {
            folders.clear();
        }
        folders.insert(folder.id, (folder.modseq, uids.clone()));
    }
}
