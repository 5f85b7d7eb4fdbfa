//! What machines ask: is it alive, is it ready, how is it doing.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use notify::Metrics;
use store::Store;

use crate::problem::Problem;

/// Alive: the process answers. A restart would not mend a store that is away, so the store is not asked.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// Ready: mail can be accepted, which needs the store.
pub(crate) async fn readyz(State(store): State<Store>) -> Response {
    // Also while new mail is put off: whoever distributes mail among several sends it elsewhere.
    let health = match store.health().await {
        Ok(health) => store.shedding().map_or(Ok(health), Err),
        Err(fault) => Err(fault),
    };
    match health {
        Ok(health) => axum::Json(health).into_response(),
        Err(fault) => {
            // The operator reads the rest here; whoever may ask over HTTP gets the code.
            tracing::warn!(code = fault.code, %fault, "not ready");
            Problem::of_fault(&fault).into_response()
        }
    }
}

/// Prometheus text exposition, version 0.0.4.
pub(crate) async fn metrics(State(metrics): State<Metrics>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
}
