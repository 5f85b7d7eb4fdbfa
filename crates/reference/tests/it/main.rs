//! What a reader, and the code above, may rely on in every entry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

mod entries;
mod faults;
mod fixtures;
