//! Queue, scheduler, delivery: look → decide (`rules`) → do → write down.
//!
//! Reading order: [`Relay`] (what is due, who may start), `pair` (one egress IP and one site), `route` (where to),
//! `connection` (hosts, dial, TLS), `courier` (one message after another over a connection), `settle` (what it came to).

mod connection;
mod courier;
mod notice;
mod pair;
mod route;
mod scheduler;
mod settings;
mod settle;

pub use scheduler::Relay;
pub use settings::Settings;
