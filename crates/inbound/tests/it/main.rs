//! Both SMTP houses over real TCP, with a store and a DNS of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may panic"
)]

mod answers;
mod client;
mod hostile;
mod house;
mod limits;
mod load;
mod mx;
mod notification;
mod passing;
mod proof;
mod proxied;
mod relaying;
mod reports;
mod submission;
mod suspects;
mod suspended;
mod verdicts;
