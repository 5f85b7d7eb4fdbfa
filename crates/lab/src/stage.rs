//! Setting the stage: one MX port on every address, the world, the receivers, the house.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use net::{ServerTls, Stop, Stopper};
use notify::Posting;
use ops::{House, HouseSettings, LoadWatch, Ops, ProofWatch, Publishing, Running};
use rules::{Blame, Clock, Fault, Retry, pacing, reach::Reach, retry, secret::Key};
use store::Store;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    character,
    dashboard::Dashboard,
    outbox::{self, Outbox},
    receiver,
    roster::{RECEIVERS, Resident, SENDERS, egress_ip},
    world::World,
};

/// Longest wait for pages under way at the end.
const DASHBOARD_LIMIT: Duration = Duration::from_secs(2);

/// How often a port that is free on every address is looked for.
const PORT_TRIES: u32 = 64;

/// What the lab is started with.
pub struct Options {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where the dashboard is served; port 0 is a free one.
    pub http: SocketAddr,
    /// Told what is being done, in short sentences.
    pub progress: Box<dyn Fn(&str) + Send + Sync>,
}

/// The running lab.
pub struct Lab {
    pub(crate) world: World,
    pub(crate) ops: Ops,
    pub(crate) house: Running,
    pub(crate) outbox: Outbox,
    pub(crate) dashboard: Dashboard,
    pub(crate) progress: Box<dyn Fn(&str) + Send + Sync>,
    stopper: Stopper,
    tasks: Vec<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// What a visitor needs to play along while the lab keeps serving.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Invitation {
    /// The dashboard, with a link that signs in once.
    pub sign_in: String,
    /// A key to the REST API, with every scope.
    pub api_key: String,
    /// Submission with STARTTLS.
    pub submission: SocketAddr,
    /// Submission over TLS.
    pub submissions: SocketAddr,
    /// IMAP with STARTTLS.
    pub imap: SocketAddr,
    /// IMAP over TLS.
    pub imaps: SocketAddr,
    /// The DNS.
    pub dns: SocketAddr,
    /// The port of every MX.
    pub mx_port: u16,
    /// A login.
    pub login: String,
    /// Its password.
    pub password: String,
}

impl Lab {
    /// Starts everything on loopback, on unprivileged ports: the dashboard where the options say.
    ///
    /// # Errors
    /// `lab.port` when no port is free on all addresses; `store.*`, `dns.*`, `listen.bind`.
    pub async fn start(options: Options) -> Result<Self, Fault> {
        (options.progress)("Starting the DNS: root, receivers' zones, reverse zones, DNSBL");
        let (mx_port, listeners) = one_port_everywhere().await?;
        let world = World::start(options.clock.clone(), mx_port).await?;
        let (stopper, stop) = Stopper::new();
        (options.progress)(&format!("Starting {} receivers, each on an address of its own", RECEIVERS.len()));
        let (outbox, tasks) = open_receivers(&world, listeners, &stop)?;
        let folder = tempfile::tempdir().map_err(|error| folder_fault().caused_by(error))?;
        (options.progress)("Starting the house: store, submission, MX, IMAP, relay");
        let ops = open_ops(&world, folder.path(), options.clock).await?;
        let house = House::start(ops.clone(), house_settings(&world)?).await?;
        let dashboard = Dashboard::open(options.http, &world, &ops, house.metrics.clone(), stop).await?;
        let progress = options.progress;
        Ok(Self { world, ops, house, outbox, dashboard, progress, stopper, tasks, _folder: folder })
    }

    /// Stops the house, then the receivers.
    pub async fn stop(self) {
        self.house.stop().await;
        self.stopper.stop();
        drop(self.outbox);
        let _ = tokio::time::timeout(DASHBOARD_LIMIT, self.dashboard.serving).await;
        for task in self.tasks {
            task.abort();
        }
    }
}

fn open_receivers(
    world: &World,
    listeners: Vec<(Resident, TcpListener)>,
    stop: &Stop,
) -> Result<(Outbox, Vec<JoinHandle<()>>), Fault> {
    let (outbox, letters) = Outbox::open();
    let mut tasks = vec![tokio::spawn(outbox::carry(world.clone(), outbox.clone(), letters))];
    for (resident, listener) in listeners {
        let tls = ServerTls::self_signed(&[resident.mx()])?;
        let character = character::of(&resident, world, &outbox);
        tasks.push(tokio::spawn(receiver::serve(resident, listener, character, tls, stop.clone())));
    }
    Ok((outbox, tasks))
}

async fn open_ops(world: &World, folder: &std::path::Path, clock: Arc<dyn Clock>) -> Result<Ops, Fault> {
    let url = format!("sqlite://{}", folder.join("coldrelay.db").display());
    Ok(Ops {
        store: Store::open(&url, clock).await?,
        resolver: world.resolver.clone(),
        key: Key(auth::generate_secret()?),
        publishing: Publishing::Embedded,
        daily_cap: 500,
        expiry: Duration::from_secs(600),
        ramp: rules::ramp::Slope::NONE,
        proof_required: rules::proof::Required::default(),
    })
}

fn house_settings(world: &World) -> Result<HouseSettings, Fault> {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let hostname = String::from("box.acme-mail.test");
    Ok(HouseSettings {
        inbound: inbound::Settings { hostname: hostname.clone(), ..inbound::Settings::default() },
        outbound: outbound::Settings {
            mx_port: world.mx_port,
            schedule: schedule(),
            limits: pacing::Limits {
                messages_per_connection: 10,
                interval: Duration::ZERO,
                halt: Duration::from_millis(300),
                ..pacing::Limits::default()
            },
            connect_limit: Duration::from_secs(5),
            reply_limit: Duration::from_secs(10),
            poll: Duration::from_millis(200),
            hostname: hostname.clone(),
            reach: Reach::Anywhere,
            ..outbound::Settings::default()
        },
        imap: imap::Settings { hostname, ..imap::Settings::default() },
        mx: Vec::new(),
        mx_port_on_egress_ips: Some(world.mx_port),
        submission: vec![any],
        submissions: vec![any],
        listen_imap: vec![any],
        listen_imaps: vec![any],
        authority: Some(world.authority.clone()),
        tls: ServerTls::self_signed(&[String::from("localhost"), String::from("box.acme-mail.test")])?,
        certificates: None,
        blocklists: None,
        webhooks: Some(webhooks(world)),
        // The story plants its faults first: it asks for each proof itself.
        proofs: Some(ProofWatch {
            interval: Duration::ZERO,
            at_once: 4,
            limit: Duration::from_secs(20),
            mx_port: world.mx_port,
        }),
        // The lab ends with whoever started it: it is not refused for want of room.
        load: LoadWatch::default(),
        poll: Duration::from_millis(250),
    })
}

/// In the lab everything is on loopback, and nothing has a certificate that the world knows.
pub(crate) fn webhooks(world: &World) -> Posting {
    Posting { reach: Reach::Anywhere, http: true, ..Posting::new(world.resolver.clone()) }
}

/// Seconds where a real relay has minutes.
fn schedule() -> retry::Schedule {
    retry::Schedule { delays: [1, 2, 5, 15].map(Duration::from_secs).to_vec(), expiry: Duration::from_secs(600) }
}

/// Binds every receiver to one port that is free on all their addresses and on our egress IPs.
async fn one_port_everywhere() -> Result<(u16, Vec<(Resident, TcpListener)>), Fault> {
    for _ in 0..PORT_TRIES {
        if let Some(found) = try_port().await {
            return Ok(found);
        }
    }
    Err(Fault::new("lab.port", Blame::Operator, Retry::Later)
        .context("no port is free on all of 127.0.0.11-29 and 127.0.1.1-6: is another lab running?"))
}

async fn try_port() -> Option<(u16, Vec<(Resident, TcpListener)>)> {
    let mut port = 0;
    let mut listeners = Vec::new();
    for (resident, ip) in RECEIVERS.iter().filter_map(|resident| Some((*resident, resident.ip()?))) {
        let listener = TcpListener::bind(SocketAddr::new(ip, port)).await.ok()?;
        port = listener.local_addr().ok()?.port();
        listeners.push((resident, listener));
    }
    for (_, octet) in SENDERS {
        // Only tried: the house binds it when the domain is there.
        let ip: IpAddr = egress_ip(*octet);
        TcpListener::bind(SocketAddr::new(ip, port)).await.ok()?;
    }
    Some((port, listeners))
}

fn folder_fault() -> Fault {
    Fault::new("lab.folder", Blame::Operator, Retry::AfterChange)
        .context("no temporary folder can be made: is TMPDIR writable?")
}
