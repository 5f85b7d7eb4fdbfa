//! HTTP: `/healthz`, `/readyz` and `/metrics` for machines of the house, over TLS the MTA-STS policies for everybody;
//! the REST API and the pages come here.
//!
//! Reading order: [`serve`], [`serve_tls`], then `probe` (the answers), `problem` (what is not found or went wrong, as RFC 9457
//! says it) and `listener` (how many clients, and for how long).

mod desk;
mod listener;
mod policy;
mod probe;
mod problem;
pub mod reference;
mod site;

use std::time::Duration;

use axum::{
    Router,
    extract::{FromRef, Request},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use notify::Metrics;
use store::Store;
use tokio::net::TcpListener;

pub use policy::StsMode;

use crate::{listener::Limited, problem::Problem};

/// Longest time for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Longest time that open connections get once the server is told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What the answers are made from.
#[derive(Clone)]
pub struct Site {
    /// Rows.
    pub store: Store,
    /// Counts.
    pub metrics: Metrics,
    /// What the MTA-STS policies ask of senders.
    pub sts_mode: StsMode,
}

/// Serves health, readiness and metrics until stopped. Not for the open Internet.
pub async fn serve(listener: TcpListener, site: Site, stop: net::Stop) {
    run(Limited::new(listener), inner(site), stop).await;
}

/// Serves what the world may ask, over TLS, until stopped.
pub async fn serve_tls(listener: net::TlsListener, site: Site, stop: net::Stop) {
    run(Limited::new(listener), outer(site), stop).await;
}

async fn run<L>(listener: Limited<L>, router: Router, stop: net::Stop)
where
    Limited<L>: axum::serve::Listener<Addr = std::net::SocketAddr>,
{
    let (mut told, mut late) = (stop.clone(), stop);
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
        .merge(site::routes());
    dressed(routes, site)
}

fn outer(site: Site) -> Router {
    dressed(Router::new().route("/.well-known/mta-sts.txt", get(policy::mta_sts)), site)
}

/// With the limits and headers of every answer.
fn dressed(routes: Router<Site>, site: Site) -> Router {
    routes
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(with_security_headers))
        .with_state(site)
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
