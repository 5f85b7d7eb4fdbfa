//! The server over a store of its own: transcripts, two clients and a model, sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

mod house;
mod model;
mod play;
mod sockets;
mod stateful;
mod transcripts;
