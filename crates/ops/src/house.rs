//! The house in one process: DNS, MX, submission, relay, event log. `serve` and the lab start it.

use std::net::SocketAddr;

use net::ServerTls;
use rules::Fault;

use crate::Ops;

/// What is started, and where.
pub struct HouseSettings {
    /// Inbound limits and names.
    pub inbound: inbound::Settings,
    /// Relay.
    pub outbound: outbound::Settings,
    /// MX listeners, and the port on which every egress IP gets one too (`None`: only `mx`).
    pub mx: Vec<SocketAddr>,
    /// See `mx`.
    pub mx_port_on_egress_ips: Option<u16>,
    /// Submission listeners (STARTTLS).
    pub submission: Vec<SocketAddr>,
    /// Submission listeners (TLS).
    pub submissions: Vec<SocketAddr>,
    /// Embedded DNS: an authority that runs already (its owner gives it), fed from the store.
    pub authority: Option<dns::Authority>,
    /// Certificate.
    pub tls: ServerTls,
    /// How often zones and egress IPs are looked at in the store.
    pub poll: std::time::Duration,
}

/// Starts a house.
pub struct House {}

/// A running house.
pub struct Running {
    /// Where submission really listens.
    pub submission: Vec<SocketAddr>,
    /// Where submission over TLS really listens.
    pub submissions: Vec<SocketAddr>,
    /// Where the MX really listens, egress IPs not counted.
    pub mx: Vec<SocketAddr>,
    /// Metrics.
    pub metrics: notify::Metrics,
}

impl House {
    /// Binds everything, then starts it.
    ///
    /// # Errors
    /// `listen.bind`, `store.*`
    pub async fn start(_ops: Ops, _settings: HouseSettings) -> Result<Running, Fault> {
        todo!()
    }
}

impl Running {
    /// Brings zones and MX listeners up to what the store says, now.
    ///
    /// # Errors
    /// `store.*`, `dns.zone`, `listen.bind`
    pub async fn refresh(&self) -> Result<(), Fault> {
        todo!()
    }
    /// Stops: no new connections, sessions and attempts finish (bounded), the store is closed last.
    pub async fn stop(self) {
        todo!()
    }
}
