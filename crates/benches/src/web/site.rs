//! The site over a large store, and who looks at it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use ops::{AccountRequest, Browser, Ops, Publishing};
use rules::{Clock, Fault, access::Role, cost::Tiers, id::WorkspaceId, secret::Key};
use store::Store;
use syntax::Timestamp;
use tokio::net::TcpListener;
use web::{Public, Site, StsMode};

/// The bench's moment: the messages of `fill.sql` were accepted in the 14 days before.
const NOW: i64 = 1_795_000_000_000_000;
const FILL: &str = include_str!("fill.sql");
const SCRIPT: &str =
    "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).executescript(open(sys.argv[2]).read())";
/// The tenant: one of a hundred.
const TENANT: &str = "018f0000-0000-7000-8000-00000000002a";

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(NOW)
    }
}

/// The site while it is served.
pub struct Running {
    pub address: SocketAddr,
    /// The header of somebody who sees all.
    pub owner: String,
    /// The header of somebody who sees one workspace.
    pub tenant: String,
    /// Stops it when dropped.
    _stopper: net::Stopper,
}

impl Running {
    /// Fills the store when there is none yet, and serves it.
    pub async fn start() -> Result<Self, String> {
        let store = store().await?;
        // Nobody answers there: no page of the bench asks the DNS.
        let resolver = dns::Resolver::new(&[([127, 0, 0, 1], 9).into()], Duration::from_millis(50), false);
        let ops = Ops {
            store: store.clone(),
            resolver: resolver.map_err(words)?,
            key: Key([7; 32]),
            publishing: Publishing::Embedded,
            daily_cap: 50,
            ramp: rules::ramp::Slope::NONE,
            proof_required: rules::proof::Required::default(),
            expiry: Duration::from_secs(600),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (stopper, stop) = net::Stopper::new();
        let site = Site {
            store,
            ops: ops.clone(),
            metrics: notify::Metrics::new(),
            sts_mode: StsMode::Testing,
            checks: check::Checks::new(ops.resolver.clone()).map_err(words)?,
            posting: notify::Posting::new(ops.resolver.clone()),
            public: Some(Public::new(ops.clone(), Tiers::published())),
            api_quota: u32::MAX,
        };
        tokio::spawn(web::serve(listener, site, stop));
        let owner = signed_in(&ops, "owner", None).await.map_err(words)?;
        let tenant = signed_in(&ops, "tenant", Some(WorkspaceId(TENANT.into()))).await.map_err(words)?;
        Ok(Self { address, owner, tenant, _stopper: stopper })
    }
}

/// The header of a new session.
async fn signed_in(ops: &Ops, login: &str, workspace: Option<WorkspaceId>) -> Result<String, Fault> {
    if ops.store.account_of(login).await?.is_none() {
        let request = AccountRequest { login: login.into(), name: login.into(), role: Role::Owner, workspace };
        ops.add_account(request, None, "bench").await?;
    }
    let link = ops.sign_in_link(login, "bench").await?;
    let session = ops.sign_in_by_link(&link, Browser::default()).await?;
    Ok(format!("Cookie: coldrelay_session={}\r\n", session.token))
}

/// The filled store, kept in the temporary folder under the digest of what fills it.
async fn store() -> Result<Store, String> {
    let digest = rules::secret::unguessable(&Key([0; 32]), FILL);
    let folder = std::env::temp_dir().join(format!("coldrelay-bench-web-{}", digest.get(..12).unwrap_or("store")));
    let (full, file) = (folder.join("full"), folder.join("store.db"));
    if !full.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        open(&file).await?.close().await;
        fill(&folder, &file)?;
        std::fs::write(&full, "").map_err(|error| error.to_string())?;
    }
    open(&file).await
}

async fn open(file: &Path) -> Result<Store, String> {
    Store::open(&format!("sqlite://{}", file.display()), Arc::new(Still)).await.map_err(words)
}

fn fill(folder: &Path, file: &Path) -> Result<(), String> {
    let text: PathBuf = folder.join("fill.sql");
    std::fs::write(&text, FILL.replace("NOW", &NOW.to_string())).map_err(|error| error.to_string())?;
    let status = Command::new("python3").args(["-c", SCRIPT]).arg(file).arg(&text).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("filling the store: {status}")),
        Err(error) => Err(format!("python3: {error}")),
    }
}

fn words(fault: Fault) -> String {
    fault.to_string()
}
