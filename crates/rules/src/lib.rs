//! The product's decisions, as pure functions with `now` as an argument.
//!
//! Reading order: [`Fault`], [`id`], [`event`], then one module a decision.

mod chance;
mod clock;
pub mod event;
mod fault;
pub mod id;
pub mod mailbox_check;
pub mod outcome;
pub mod pacing;
pub mod probe;
pub mod reach;
pub mod retry;
pub mod route;
pub mod secret;
pub mod submission;
pub mod token;

pub use chance::Chance;
pub use clock::Clock;
pub use fault::{Blame, Fault, Retry};
