//! The checks against a name server with planted faults: each is found, and none is invented.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod domain;
mod limits;
mod message;
