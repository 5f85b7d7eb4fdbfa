//! The lab in the browser: pages and API over the lab's own house, and a link that signs in once.

use std::net::SocketAddr;

use check::{Blocklists, Checks};
use dns::Asker;
use net::Stop;
use notify::Metrics;
use ops::{AccountRequest, NewKey, Ops};
use rules::{
    Blame, Fault, Retry,
    access::{Role, Scope},
    cost::Tiers,
    reach::Reach,
};
use tokio::{net::TcpListener, task::JoinHandle};
use web::{Public, Site, StsMode};

use crate::{Lab, roster::SPAMHAUS, stage::webhooks, world::World};

/// Requests to the API in a minute: the lab is there to be tried out, by programs too.
const LAB_QUOTA: u32 = 60_000;
/// Who signs in by the link.
const VISITOR: &str = "you@lab.test";

/// The pages while they are served.
pub(crate) struct Dashboard {
    pub(crate) address: SocketAddr,
    pub(crate) serving: JoinHandle<()>,
}

impl Dashboard {
    /// Serves pages and API there.
    ///
    /// # Errors
    /// `listen.bind`, `dns.*`
    pub(crate) async fn open(
        at: SocketAddr,
        world: &World,
        ops: &Ops,
        metrics: Metrics,
        stop: Stop,
    ) -> Result<Self, Fault> {
        let listener = TcpListener::bind(at).await.map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        let site = Site {
            store: ops.store.clone(),
            ops: ops.clone(),
            metrics,
            sts_mode: StsMode::Testing,
            checks: checks(world)?,
            posting: webhooks(world),
            public: Some(Public::new(ops.clone(), Tiers::published())),
            api_quota: LAB_QUOTA,
        };
        Ok(Self { address, serving: tokio::spawn(web::serve(listener, site, stop)) })
    }
}

impl Lab {
    /// A link to the dashboard that signs a visitor in as owner, once, within the hour.
    ///
    /// # Errors
    /// `account.*`, `store.*`
    pub(crate) async fn sign_in_link(&self) -> Result<String, Fault> {
        if self.ops.store.has_no_account().await? {
            let request =
                AccountRequest { login: VISITOR.into(), name: "You".into(), role: Role::Owner, workspace: None };
            self.ops.add_account(request, None, "lab").await?;
        }
        let token = self.ops.sign_in_link(VISITOR, "lab").await?;
        Ok(format!("http://{}/sign-in/link/{token}", self.dashboard.address))
    }

    /// A key to the REST API with every scope.
    ///
    /// # Errors
    /// `api-key.*`, `store.*`
    pub(crate) async fn api_key(&self) -> Result<String, Fault> {
        let new = NewKey { name: String::from("the lab's visitor"), scopes: Scope::all().collect(), workspace: None };
        Ok(self.ops.add_api_key(new, "lab").await?.key)
    }
}

/// Checks that look at the lab's own world: all of it is on loopback.
pub(crate) fn checks(world: &World) -> Result<Checks, Fault> {
    let resolver = world.resolver.clone();
    let asker = Asker::new(&resolver.servers(), resolver.limit());
    let blocklists = Blocklists::new(asker).zones(vec![SPAMHAUS.into()], Vec::new());
    Ok(Checks { reach: Reach::Anywhere, ..Checks::new(resolver)?.with_blocklists(blocklists) })
}

fn unheard(error: std::io::Error) -> Fault {
    Fault::new("listen.bind", Blame::Operator, Retry::Later).context("the lab's dashboard").caused_by(error)
}
