//! The REST API, `/api/v1`: thin faces of the deeds in `ops`.
//!
//! Each endpoint is declared once, in its module's `endpoints()`; the router and the document are both made from that. Reading order:
//! `endpoint`, `call` (what every request passes), `schema`, `openapi`, then any face.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON that has passed its schema: a field that is not there reads as null"
)]

mod accounts;
mod calculate;
mod call;
mod checks;
mod components;
mod dkim;
mod domains;
mod endpoint;
mod etag;
mod events;
mod explain;
mod generate;
mod idempotency;
mod ips;
mod keys;
mod limit;
mod mail;
mod mailboxes;
mod messages;
mod openapi;
mod page;
mod probes;
mod proofs;
mod queue;
mod reference;
mod reports;
mod schema;
mod stream;
mod suppressions;
mod webhooks;
mod workspaces;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    routing::{MethodFilter, MethodRouter},
};

use self::{
    call::Door,
    endpoint::{Endpoint, Verb},
};
use crate::{Site, problem::Problem};

pub use limit::QUOTA;
pub use openapi::document;

/// Where the API lives.
const BASE: &str = "/api/v1";

/// Every endpoint.
fn endpoints() -> Vec<Endpoint> {
    [
        openapi::endpoints(),
        workspaces::endpoints(),
        domains::endpoints(),
        dkim::endpoints(),
        mailboxes::endpoints(),
        proofs::endpoints(),
        ips::endpoints(),
        messages::endpoints(),
        queue::endpoints(),
        mail::endpoints(),
        reports::endpoints(),
        suppressions::endpoints(),
        events::endpoints(),
        checks::endpoints(),
        explain::endpoints(),
        reference::endpoints(),
        generate::endpoints(),
        calculate::endpoints(),
        probes::endpoints(),
        webhooks::endpoints(),
        keys::endpoints(),
        accounts::endpoints(),
    ]
    .concat()
}

/// The routes of the API.
pub(crate) fn routes(quota: u32) -> Router<Site> {
    let door = Arc::new(Door::new(quota));
    let mut paths: BTreeMap<&'static str, MethodRouter<Site>> = BTreeMap::new();
    for endpoint in endpoints() {
        let path = endpoint.path;
        let filter = match endpoint.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Delete => MethodFilter::DELETE,
        };
        let (door, endpoint) = (door.clone(), Arc::new(endpoint));
        let run = move |State(site): State<Site>, request: Request| door.clone().pass(endpoint.clone(), site, request);
        let methods = paths.remove(path).unwrap_or_else(|| MethodRouter::new().fallback(wrong_method));
        paths.insert(path, methods.on(filter, run));
    }
    paths.into_iter().fold(Router::new(), |router, (path, methods)| router.route(&format!("{BASE}{path}"), methods))
}

async fn wrong_method() -> Problem {
    Problem::method_not_allowed()
}
