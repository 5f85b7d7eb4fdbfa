//! The program from outside: what it prints, and its exit code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

mod check_from;
