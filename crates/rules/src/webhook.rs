//! Webhooks: which events are told, to whom, how they are signed, and when to try again or to give up.
//!
//! The form is that of Standard Webhooks (standardwebhooks.com, specification 1.0): headers, signature, body, schedule.
//! Reading order: [`name()`], [`Filter`], [`body()`], [`sign()`], [`Target`], [`decide`].

mod body;
mod filter;
mod name;
mod sign;
mod target;
mod turn;

pub use body::{Whose, body, test_body};
pub use filter::Filter;
pub use name::{Name, TEST, UNNAMED, name, names};
pub use sign::{Secret, sign};
pub use target::{Host, Target, internal};
pub use turn::{ATTEMPTS, Answered, Decision, FAILING_LIMIT, Failing, decide, retry_after, slots};
