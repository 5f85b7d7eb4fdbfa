//! The house in one process: DNS, MX, submission, IMAP, relay, event log. `serve` and the lab start it.

mod zones;

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use auth::Verifier;
use dns::Authority;
use imap::Imap;
use inbound::{Inbound, Listeners};
use net::{ClientTls, ServerTls, Stop, Stopper};
use notify::{Metrics, Posting, Webhooks};
use outbound::Relay;
use rules::Fault;
use tokio::{
    net::TcpListener,
    sync::Mutex,
    task::{JoinHandle, JoinSet},
};

use crate::{BlocklistWatch, CertificateWatch, LoadWatch, Ops, ProofWatch, certificate::Certificates, proof::Prover};

pub(crate) use zones::ZoneFeed;

/// Longest wait for everything to stop.
const FAREWELL: Duration = Duration::from_secs(45);

/// What is started, and where.
pub struct HouseSettings {
    /// Inbound limits and names.
    pub inbound: inbound::Settings,
    /// Relay.
    pub outbound: outbound::Settings,
    /// IMAP limits and names.
    pub imap: imap::Settings,
    /// MX listeners.
    pub mx: Vec<SocketAddr>,
    /// The port on which every egress IP gets an MX listener too (`None`: only `mx`).
    pub mx_port_on_egress_ips: Option<u16>,
    /// Submission listeners (STARTTLS).
    pub submission: Vec<SocketAddr>,
    /// Submission listeners (TLS).
    pub submissions: Vec<SocketAddr>,
    /// IMAP listeners (STARTTLS).
    pub listen_imap: Vec<SocketAddr>,
    /// IMAP listeners (TLS).
    pub listen_imaps: Vec<SocketAddr>,
    /// Embedded DNS: an authority that runs already (its owner gives it), fed from the store.
    pub authority: Option<Authority>,
    /// Certificate.
    pub tls: ServerTls,
    /// Certificates that are ordered from a CA; `None` orders none.
    pub certificates: Option<CertificateWatch>,
    /// Blocklists that are asked about our own IPs and domains; `None` asks none.
    pub blocklists: Option<BlocklistWatch>,
    /// How webhooks are posted; `None` posts none.
    pub webhooks: Option<Posting>,
    /// Pairing proofs; `None` makes none, not even those that are asked for.
    pub proofs: Option<ProofWatch>,
    /// When new mail is put off, because something is short.
    pub load: LoadWatch,
    /// How often zones, egress IPs and the event log are looked at in the store.
    pub poll: Duration,
}

/// Starts a house.
pub struct House {}

/// A running house.
pub struct Running {
    /// Where submission really listens.
    pub submission: Vec<SocketAddr>,
    /// Where submission over TLS really listens.
    pub submissions: Vec<SocketAddr>,
    /// Where IMAP really listens.
    pub imap: Vec<SocketAddr>,
    /// Where IMAP over TLS really listens.
    pub imaps: Vec<SocketAddr>,
    /// Where the MX really listens, egress IPs not counted.
    pub mx: Vec<SocketAddr>,
    /// Metrics.
    pub metrics: Metrics,
    watch: Arc<Watch>,
    stopper: Stopper,
    tasks: JoinSet<()>,
    followers: Vec<JoinHandle<()>>,
}

impl House {
    /// Binds everything, then starts it.
    ///
    /// # Errors
    /// `listen.bind`, `dns.config`, `store.*`
    pub async fn start(ops: Ops, settings: HouseSettings) -> Result<Running, Fault> {
        let HouseSettings {
            inbound,
            outbound,
            imap,
            mx,
            mx_port_on_egress_ips,
            submission,
            submissions,
            listen_imap,
            listen_imaps,
            authority,
            tls,
            certificates,
            blocklists,
            webhooks,
            proofs,
            load,
            poll,
        } = settings;
        let listeners = Listeners {
            mx: bind_all(&mx).await?,
            submission: bind_all(&submission).await?,
            submissions: bind_all(&submissions).await?,
        };
        let mailboxes = imap::Listeners { imap: bind_all(&listen_imap).await?, imaps: bind_all(&listen_imaps).await? };
        let (stopper, stop) = Stopper::new();
        // First: from now on every mail that is stored is made ready for it.
        let access = Imap::new(imap, ops.store.clone(), ops.key.clone(), tls.clone());
        let verifier = Verifier::new(&ops.resolver)?;
        let server = Inbound::new(inbound, ops.store.clone(), verifier, ops.key.clone(), tls.clone());
        let metrics = Metrics::new();
        let zones = Arc::new(ZoneFeed::new(ops.store.clone(), authority));
        let watch = Arc::new(Watch {
            ops: ops.clone(),
            zones: zones.clone(),
            server: server.clone(),
            mx_port: mx_port_on_egress_ips,
            stop: stop.clone(),
            state: Mutex::default(),
        });
        watch.refresh().await?;
        let mut tasks = JoinSet::new();
        let (submission, submissions, mx) =
            (addresses(&listeners.submission), addresses(&listeners.submissions), addresses(&listeners.mx));
        let (imap, imaps) = (addresses(&mailboxes.imap), addresses(&mailboxes.imaps));
        let relay =
            Relay::new(outbound, ops.store.clone(), ops.resolver.clone(), ClientTls::opportunistic(), ops.key.clone());
        if let Some(proofs) = proofs {
            let prover = Prover::new(ops.clone(), proofs, &submission, &submissions, server.passes(), relay.ways());
            tasks.spawn(prover.run(poll, stop.clone()));
        }
        if let Some(certificates) = certificates {
            let certificates = Certificates::new(ops.clone(), certificates, tls, zones)?;
            tasks.spawn(certificates.run(poll, stop.clone()));
        }
        tasks.spawn(serve(server, listeners, stop.clone()));
        tasks.spawn(give_access(access, mailboxes, stop.clone()));
        tasks.spawn(relay_mail(relay, stop.clone()));
        tasks.spawn(watch.clone().run(poll, stop.clone()));
        tasks.spawn(crate::ramp::watch(ops.clone(), poll, stop.clone()));
        if let Some(blocklists) = blocklists {
            tasks.spawn(blocklists.run(ops.clone(), stop.clone()));
        }
        if let Some(posting) = webhooks {
            tasks.spawn(Webhooks { store: ops.store.clone(), posting, poll }.run(stop.clone()));
        }
        tasks.spawn(load.run(ops.store.clone(), metrics.clone(), stop));
        let followers = vec![
            tokio::spawn(notify::follow(ops.store.clone(), metrics.clone(), poll)),
            tokio::spawn(gauge(ops, metrics.clone())),
        ];
        Ok(Running { submission, submissions, imap, imaps, mx, metrics, watch, stopper, tasks, followers })
    }
}

impl Running {
    /// Brings zones and MX listeners up to what the store says, now.
    ///
    /// # Errors
    /// `store.*`, `dns.zone`
    pub async fn refresh(&self) -> Result<(), Fault> {
        self.watch.refresh().await
    }

    /// Stops: no new connections, sessions and attempts finish (bounded), the store is closed last.
    pub async fn stop(mut self) {
        self.stopper.stop();
        let farewell = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("the house did not stop in time");
        }
        self.watch.join().await;
        self.followers.iter().for_each(JoinHandle::abort);
        self.watch.ops.store.close().await;
    }
}

async fn serve(server: Inbound, listeners: Listeners, stop: Stop) {
    server.serve(listeners, stop).await;
}

async fn give_access(access: Imap, listeners: imap::Listeners, stop: Stop) {
    access.serve(listeners, stop).await;
}

async fn relay_mail(relay: Relay, stop: Stop) {
    if let Err(fault) = relay.run(stop).await {
        tracing::error!(%fault, "the relay could not start");
    }
}

/// Keeps the gauge of waiting recipients.
async fn gauge(ops: Ops, metrics: Metrics) {
    loop {
        if let Ok(health) = ops.store.health().await {
            metrics.set_queue_depth(health.queued);
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

async fn bind_all(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Fault> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(inbound::bind(*address).await?);
    }
    Ok(listeners)
}

fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}

/// Keeps the embedded DNS and the MX listeners on the egress IPs as the store says: another process may have changed it.
struct Watch {
    ops: Ops,
    zones: Arc<ZoneFeed>,
    server: Inbound,
    mx_port: Option<u16>,
    stop: Stop,
    state: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    listening: HashMap<IpAddr, JoinHandle<()>>,
    /// Egress IPs that could not be bound, so that it is told once.
    unbound: HashSet<IpAddr>,
}

impl Watch {
    async fn run(self: Arc<Self>, poll: Duration, mut stop: Stop) {
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(poll) => {}
            }
            if let Err(fault) = self.refresh().await {
                tracing::error!(%fault, "zones or listeners could not be brought up to date");
            }
        }
    }

    async fn refresh(&self) -> Result<(), Fault> {
        self.zones.refresh().await?;
        self.refresh_listeners(&mut *self.state.lock().await).await
    }

    async fn refresh_listeners(&self, seen: &mut Seen) -> Result<(), Fault> {
        let Some(port) = self.mx_port else { return Ok(()) };
        for domain in self.ops.store.domains(None).await? {
            if seen.listening.contains_key(&domain.egress_ip) {
                continue;
            }
            // An address that is not (yet) on this host keeps nobody else's mail back; it is tried again at the next look.
            let listener = match inbound::bind(SocketAddr::new(domain.egress_ip, port)).await {
                Ok(listener) => listener,
                Err(fault) => {
                    if seen.unbound.insert(domain.egress_ip) {
                        tracing::error!(%fault, domain = %domain.name, "no MX on this egress IP");
                    }
                    continue;
                }
            };
            seen.unbound.remove(&domain.egress_ip);
            let listeners = Listeners { mx: vec![listener], ..Listeners::default() };
            let (server, stop) = (self.server.clone(), self.stop.clone());
            seen.listening.insert(domain.egress_ip, tokio::spawn(serve(server, listeners, stop)));
        }
        Ok(())
    }

    async fn join(&self) {
        let listening = std::mem::take(&mut self.state.lock().await.listening);
        for (_, task) in listening {
            let _ = tokio::time::timeout(FAREWELL, task).await;
        }
    }
}
