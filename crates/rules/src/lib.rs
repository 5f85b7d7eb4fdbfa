//! The product's decisions, as pure functions with `now` as an argument.
//!
//! Reading order: [`Fault`], [`id`], [`event`], then one module a decision.

mod clock;
pub mod event;
mod fault;
pub mod id;
pub mod listing;
pub mod outcome;
pub mod pacing;
pub mod reach;
pub mod retry;
pub mod route;
pub mod secret;
pub mod submission;
pub mod token;

pub use clock::Clock;
pub use fault::{Blame, Fault, Retry};
