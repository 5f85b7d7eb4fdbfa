//! HTTP: `/healthz`, `/readyz` and `/metrics`; the REST API and the pages come here.
//!
//! Reading order: [`serve`], then `probe` (the answers), `problem` (what is not found or went wrong, as RFC 9457
//! says it) and `listener` (how many clients, and for how long).

mod listener;
mod probe;
mod problem;
pub mod reference;

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

use crate::{listener::Limited, problem::Problem};

/// Longest time for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Longest time that open connections get once the server is told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Web {
    store: Store,
    metrics: Metrics,
}

/// Serves until stopped.
pub async fn serve(listener: TcpListener, store: Store, metrics: Metrics, stop: net::Stop) {
    let router = router(Web { store, metrics });
    let (mut told, mut late) = (stop.clone(), stop);
    let serving =
        axum::serve(Limited::new(listener), router).with_graceful_shutdown(async move { told.stopped().await });
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

fn router(web: Web) -> Router {
    Router::new()
        .route("/healthz", get(probe::healthz))
        .route("/readyz", get(probe::readyz))
        .route("/metrics", get(probe::metrics))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn(with_security_headers))
        .with_state(web)
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
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl FromRef<Web> for Metrics {
    fn from_ref(web: &Web) -> Self {
        web.metrics.clone()
    }
}

impl FromRef<Web> for Store {
    fn from_ref(web: &Web) -> Self {
        web.store.clone()
    }
}
