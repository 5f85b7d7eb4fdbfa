//! The product's decisions, as pure functions with `now` as an argument.
//!
//! Reading order: [`Fault`], [`id`], [`event`], then one module a decision.

mod chance;
mod clock;
pub mod cost;
pub mod event;
mod fault;
pub mod generate;
pub mod id;
pub mod listing;
pub mod mailbox_check;
pub mod moment;
pub mod money;
pub mod outcome;
pub mod pacing;
pub mod probe;
pub mod reach;
pub mod retry;
pub mod route;
pub mod secret;
pub mod sizing;
pub mod submission;
pub mod token;

pub use chance::Chance;
pub use clock::Clock;
pub use fault::{Blame, Fault, Retry};
