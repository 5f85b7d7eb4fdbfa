//! The product's decisions, as pure functions with `now` as an argument.
//!
//! Reading order: [`Fault`], [`id`], [`event`], then one module a decision.

pub mod access;
pub mod certificate;
mod chance;
mod clock;
pub mod complaint;
pub mod cost;
mod digest;
pub mod event;
mod fault;
pub mod forward;
pub mod generate;
pub mod id;
pub mod listing;
pub mod load;
pub mod mailbox_check;
pub mod moment;
pub mod money;
pub mod mta_sts;
pub mod opt_out;
pub mod outcome;
pub mod pacing;
pub mod probe;
pub mod proof;
pub mod ramp;
pub mod reach;
pub mod retry;
pub mod rotation;
pub mod route;
pub mod secret;
pub mod sizing;
pub mod submission;
pub mod suspicion;
pub mod throttle;
pub mod token;
pub mod transport;
pub mod webhook;

pub use chance::Chance;
pub use clock::Clock;
pub use digest::Digest;
pub use fault::{Blame, Fault, Retry};
