//! HTTP: `/healthz`, `/readyz` and `/metrics` for machines of the house, over TLS the MTA-STS policies for everybody;
//! the REST API and the pages come here.
//!
//! Reading order: [`serve`], [`serve_tls`], then `probe` (the answers), `problem` (what is not found or went wrong, as RFC 9457
//! says it) and `listener` (how many clients, and for how long).

mod access;
mod acme;
mod api;
mod clients;
mod desk;
mod listener;
mod policy;
mod probe;
mod problem;
mod public;
pub mod reference;
mod site;

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, FromRef, Request, connect_info::Connected},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
    serve::IncomingStream,
};
use notify::{Metrics, Posting};
use ops::Ops;
use store::Store;
use tokio::net::TcpListener;

pub use api::{QUOTA as API_QUOTA, document as openapi};
pub use policy::StsMode;
pub use public::Public;

use crate::{
    listener::{Limited, OverTls, Peer},
    problem::Problem,
};

/// Longest time for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Longest time that open connections get once the server is told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What the answers are made from.
#[derive(Clone)]
pub struct Site {
    /// Rows.
    pub store: Store,
    /// Deeds.
    pub ops: Ops,
    /// Counts.
    pub metrics: Metrics,
    /// What the MTA-STS policies ask of senders.
    pub sts_mode: StsMode,
    /// What looks at the world for whoever asks: at public addresses alone.
    pub checks: check::Checks,
    /// How webhooks are posted.
    pub posting: Posting,
    /// The public pages; `None` when they are switched off.
    pub public: Option<Public>,
    /// Requests to the API that one caller may make in a minute.
    pub api_quota: u32,
}

/// Serves pages and API, besides health, readiness and metrics, until stopped. Not for the open Internet: passwords would be
/// readable; for that there is [`serve_tls`].
pub async fn serve(listener: TcpListener, site: Site, stop: net::Stop) {
    run(Limited::new(listener), inner(site), stop).await;
}

/// As [`serve`], behind proxies of ours.
pub async fn serve_behind(listener: net::ProxiedListener, site: Site, stop: net::Stop) {
    run(Limited::new(listener), inner(site), stop).await;
}

/// Serves what the world may ask, pages and API over TLS, until stopped.
pub async fn serve_tls(listener: net::TlsListener, site: Site, stop: net::Stop) {
    run(Limited::new(listener), outer(site), stop).await;
}

async fn run<L>(listener: Limited<L>, router: Router, stop: net::Stop)
where
    Limited<L>: axum::serve::Listener<Addr = SocketAddr>,
    Peer: for<'s> Connected<IncomingStream<'s, Limited<L>>>,
{
    let (mut told, mut late) = (stop.clone(), stop);
    let router = router.into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move { told.stopped().await });
    let too_late = async {
        late.stopped().await;
        tokio::time::sleep(STOP_LIMIT).await;
    };
    tokio::select! {
        ended = serving => {
            if let Err(error) = ended {
                tracing::error!(%error, "the HTTP server ended");
            }
        }
        () = too_late => tracing::warn!("connections to the HTTP server were cut off at stop"),
    }
}

fn inner(site: Site) -> Router {
    let routes = Router::new()
        .route("/healthz", get(probe::healthz))
        .route("/readyz", get(probe::readyz))
        .route("/metrics", get(probe::metrics))
        // For a proxy in front that holds the certificate.
        .route("/.well-known/mta-sts.txt", get(policy::mta_sts))
        .route("/.well-known/acme-challenge/{token}", get(acme::answer))
        .merge(shared(&site));
    dressed(routes, site, OverTls(false))
}

fn outer(site: Site) -> Router {
    let routes = Router::new().route("/.well-known/mta-sts.txt", get(policy::mta_sts)).merge(shared(&site));
    dressed(routes, site, OverTls(true))
}

/// Pages and API, with and without TLS.
fn shared(site: &Site) -> Router<Site> {
    let pages = site.public.as_ref().map(public::routes).unwrap_or_default();
    let desk =
        desk::routes(desk::Desk { ops: site.ops.clone(), checks: site.checks.clone(), posting: site.posting.clone() })
            .layer(middleware::from_fn_with_state(site.clone(), desk::known));
    site::routes()
        .merge(clients::routes())
        .merge(access::routes())
        .merge(api::routes(site.api_quota))
        .merge(desk)
        .merge(pages)
}

/// With the limits and headers of every answer.
fn dressed(routes: Router<Site>, site: Site, tls: OverTls) -> Router {
    routes
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn_with_state(site.clone(), access::guard))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(move |request, next| with_origin(tls, request, next)))
        .layer(middleware::from_fn(with_security_headers))
        .with_state(site)
}

/// Every handler can ask for `Extension<Peer>` and `Extension<OverTls>`.
async fn with_origin(tls: OverTls, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>().copied() {
        request.extensions_mut().insert(peer);
    }
    request.extensions_mut().insert(tls);
    next.run(request).await
}

/// An answer that takes too long is a problem of its own.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::too_slow().into_response(),
    }
}

/// Nothing here is to be framed, sniffed, cached, or to load anything. OWASP Secure Headers, 2026.
async fn with_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

impl FromRef<Site> for Metrics {
    fn from_ref(site: &Site) -> Self {
        site.metrics.clone()
    }
}

impl FromRef<Site> for Store {
    fn from_ref(site: &Site) -> Self {
        site.store.clone()
    }
}

impl FromRef<Site> for StsMode {
    fn from_ref(site: &Site) -> Self {
        site.sts_mode
    }
}
