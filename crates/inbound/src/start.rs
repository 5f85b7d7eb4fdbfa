//! Starting the listeners.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use auth::Verifier;
use net::{Limits, Met, ServerTls, Stop};
use rules::{
    Blame, Fault, Retry,
    secret::{self, Key},
};
use store::Store;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use crate::{
    Passes, Settings, replies,
    session::{self, Role},
    settings::SLOT_LIMIT,
    tried::Tried,
};

/// Bound listeners, by role. Several each: the MX listens on every egress IP.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Port 25.
    pub mx: Vec<TcpListener>,
    /// Port 587, STARTTLS.
    pub submission: Vec<TcpListener>,
    /// Port 465, TLS.
    pub submissions: Vec<TcpListener>,
}

/// The running server. Cheap to clone.
#[derive(Clone)]
pub struct Inbound {
    shared: Arc<Shared>,
}

/// What every session shares.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) verifier: Verifier,
    pub(crate) key: Key,
    pub(crate) tls: ServerTls,
    pub(crate) passes: Passes,
    /// Wrong passwords.
    pub(crate) tried: Mutex<Tried>,
    slots: Arc<Semaphore>,
    counter: AtomicU64,
}

impl Inbound {
    /// What every listener shares.
    pub fn new(settings: Settings, store: Store, verifier: Verifier, key: Key, tls: ServerTls) -> Self {
        let slots = Arc::new(Semaphore::new(settings.max_messages_in_hand));
        let counter = AtomicU64::new(0);
        let (passes, tried) = (Passes::default(), Mutex::new(Tried::new(settings.proxies.clone())));
        let shared = Shared { settings, store, verifier, key, tls, passes, tried, slots, counter };
        Self { shared: Arc::new(shared) }
    }

    /// One-time passwords that the submission takes from this process.
    pub fn passes(&self) -> Passes {
        self.shared.passes.clone()
    }

    /// Serves these listeners until stopped; returns when the last session has ended. May be called
    /// more than once (a new egress IP gets its MX listener while others run).
    pub async fn serve(&self, listeners: Listeners, stop: Stop) {
        let Listeners { mx, submission, submissions } = listeners;
        let roles = mx
            .into_iter()
            .map(|listener| (listener, Role::Mx))
            .chain(submission.into_iter().map(|listener| (listener, Role::Submission)))
            .chain(submissions.into_iter().map(|listener| (listener, Role::Submissions)));
        let mut serving = JoinSet::new();
        for (listener, role) in roles {
            serving.spawn(self.clone().serve_one(listener, role, stop.clone()));
        }
        while serving.join_next().await.is_some() {}
    }

    async fn serve_one(self, listener: TcpListener, role: Role, stop: Stop) {
        let settings = &self.shared.settings;
        let limits = Limits {
            connections: settings.max_connections,
            connections_per_ip: settings.max_connections_per_ip,
            busy: match role {
                // In clear text it would only break the handshake of a client that waits for TLS.
                Role::Submissions => Vec::new(),
                Role::Mx | Role::Submission => replies::too_many_connections(),
            },
        };
        let (shared, trusted) = (self.shared.clone(), settings.proxies.clone());
        let session = move |stream: TcpStream, met: Met| session::run(shared.clone(), role, stream, met);
        net::serve_behind(listener, limits, trusted, stop, session).await;
    }
}

impl Shared {
    /// A name that no other message has: keyed hash of the moment, a counter and what the caller knows.
    pub(crate) fn unique(&self, about: &str) -> String {
        let now = self.store.clock().now().micros();
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        secret::unguessable(&self.key, &format!("{now} {process} {count} {about}"))
    }

    /// The host name of an MX session: the mail host of the domain whose egress IP this is.
    pub(crate) async fn host_at(&self, ip: Option<IpAddr>) -> String {
        let domains = match self.store.domains(None).await {
            Ok(domains) => domains,
            Err(fault) => {
                tracing::warn!(%fault, "cannot look up the mail host, greeting with the host name");
                Vec::new()
            }
        };
        let ours = domains.into_iter().find(|domain| Some(domain.egress_ip) == ip);
        ours.map_or_else(|| self.settings.hostname.clone(), |domain| domain.mail_host.to_string())
    }

    /// A place among the messages in hand; `None` when there is none for too long.
    pub(crate) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        let waiting = self.slots.clone().acquire_owned();
        tokio::time::timeout(SLOT_LIMIT, waiting).await.ok()?.ok()
    }
}

/// Binds with a clear error.
///
/// # Errors
/// `listen.bind`, which names the address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Fault> {
    TcpListener::bind(address).await.map_err(|error| {
        Fault::new("listen.bind", Blame::Operator, Retry::AfterChange)
            .context(format!(
                "cannot listen on {address}: check that the address is this machine's, that no other server has the \
                 port, and that the program may use ports below 1024"
            ))
            .caused_by(error)
    })
}
