//! Queue, scheduler, delivery: look → decide (`rules`) → do → write down.
//!
//! Reading order: [`Relay`] (what is due, who may start), `refill` (what is taken up from the store), `board` (whose turn it
//! is), `pair` (one egress IP and one site), `route` (where to),
//! `policies` (which terms the domain sets), `demand` (what must hold at a host),
//! `connection` (hosts, dial, TLS), `courier` (one message after another over a connection), `settle` (what it came to).

mod board;
mod connection;
mod courier;
mod demand;
mod notice;
mod pair;
mod policies;
mod refill;
mod route;
mod scheduler;
mod sender;
mod settings;
mod settle;
mod turns;

pub use route::Ways;
pub use scheduler::Relay;
pub use settings::Settings;
