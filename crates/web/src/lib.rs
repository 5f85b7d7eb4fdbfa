//! HTTP: `/healthz`, `/readyz` and `/metrics`; the REST API and the pages come here.

use notify::Metrics;
use store::Store;
use tokio::net::TcpListener;

/// Serves until stopped.
pub async fn serve(_listener: TcpListener, _store: Store, _metrics: Metrics, _stop: net::Stop) {
    todo!()
}
