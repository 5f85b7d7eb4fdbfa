//! Both SMTP houses over real TCP, with a store and a DNS of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may panic"
)]

mod client;
mod house;
mod limits;
mod mx;
mod notification;
mod proof;
mod submission;
mod suspended;
mod verdicts;
