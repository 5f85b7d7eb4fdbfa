//! Refusals understood: replies, lost connections and delivery status notifications, classified
//! from data on three independent axes.
//!
//! The match rules live in `reference`; here it is decided which of the rules that match wins.
//! Reading order: [`explain`](fn@explain), [`explain_text`], [`dsn`].

pub mod dsn;
mod explain;
mod inline;
mod text;

pub use explain::{Explanation, Refusal, explain, explain_recipient};
pub use text::{Recognised, Source, explain_text};
