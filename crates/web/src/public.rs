//! The public pages: the tools and the reference, for whoever comes by. They can be switched off, are limited, and dial nothing
//! but addresses of the public Internet.
//!
//! Reading order: [`Public`], `tools` (what there is), `run` (what each does), `answer` (how it is sent while it grows).

mod answer;
mod block;
mod errors;
mod input;
mod limits;
mod mail_test;
mod page;
mod run;
mod tools;

pub(crate) use self::{
    block::{Block, Shown},
    run::conclusions,
};

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, Query, Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use ops::Ops;
use rules::cost::Tiers;
use tokio::time::Instant;

use self::{
    answer::{Format, refused},
    input::Input,
    limits::Limits,
    page::{ToolPage, ToolsPage},
    tools::{TOOLS, Tool},
};
use crate::{Site, listener::Peer, site};

/// What the public pages need beside the checks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Public {
    ops: Ops,
    tiers: Tiers,
    limits: Arc<Limits>,
}

impl Public {
    /// With these deeds, and with these prices in the cost calculator.
    pub fn new(ops: Ops, tiers: Tiers) -> Self {
        Self { ops, tiers, limits: Arc::new(Limits::new()) }
    }
}

impl Peer {
    /// Whom the limits are counted for. A proxy on this host says for whom it asks; nobody else is believed.
    pub(crate) fn client(self, headers: &HeaderMap) -> IpAddr {
        let ip = self.0.ip().to_canonical();
        let told = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        let told = told.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
        told.filter(|_| ip.is_loopback()).unwrap_or(ip)
    }
}

/// The pages, when they are switched on.
pub(crate) fn routes(public: &Public) -> Router<Site> {
    let mut routes = Router::new()
        .route("/tools", get(|| async { site::page(&ToolsPage::new()) }))
        .merge(errors::routes())
        .merge(mail_test::routes(public));
    for tool in TOOLS {
        let (shown, sent) = (public.clone(), public.clone());
        let get = get(move |peer, headers, query, state| show(tool, shown.clone(), peer, headers, query, state));
        let both = if tool.pasted || tool.slug == "live-checks" {
            let post = post(move |peer, state, request| send(tool, sent.clone(), peer, state, request));
            get.merge(post)
        } else {
            get
        };
        let path = format!("/tools/{}", tool.slug);
        routes = routes.route(&path, both.layer(DefaultBodyLimit::max(tool.limit())));
    }
    routes
}

/// The form, or for a look-up with its input the answer.
async fn show(
    tool: &'static Tool,
    public: Public,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    query: Query<Vec<(String, String)>>,
    State(site): State<Site>,
) -> Response {
    let input = Input::of_query(query);
    if tool.pasted || input.is_empty() {
        return site::page(&ToolPage::empty(tool, &Input::default()));
    }
    limited(tool, &site, &public, peer.client(&headers), input).await
}

/// What was pasted or uploaded.
async fn send(
    tool: &'static Tool,
    public: Public,
    ConnectInfo(peer): ConnectInfo<Peer>,
    State(site): State<Site>,
    request: Request,
) -> Response {
    let client = peer.client(request.headers());
    match Input::of_body(request).await {
        Ok(input) => limited(tool, &site, &public, client, input).await,
        Err((status, why)) => refused(tool, &Input::default(), Format::Page, status, &why, None),
    }
}

/// Runs the tool when the client has not asked too much.
async fn limited(tool: &'static Tool, site: &Site, public: &Public, client: IpAddr, input: Input) -> Response {
    let format = Format::of(&input.text("format"));
    match public.limits.take(client, Instant::now()) {
        Ok(()) => answer::of_run(site, public, tool, input, format).await,
        Err(wait) => {
            let seconds = wait.as_secs().max(1);
            let why = format!(
                "Your address has asked much in a short time. The next answer is to be had in {seconds} seconds."
            );
            refused(tool, &input, format, StatusCode::TOO_MANY_REQUESTS, &why, Some(seconds))
        }
    }
}
