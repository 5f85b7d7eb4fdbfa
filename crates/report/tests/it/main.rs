//! Reports in every dialect, packed in every way, and what was made to do harm.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may panic"
)]

mod dialects;
mod mail;
mod packed;
