//! Refusals understood: replies, lost connections and delivery status notifications, classified
//! from data on three independent axes.

pub mod dsn;
mod explain;

pub use explain::{Explanation, Refusal, explain};
