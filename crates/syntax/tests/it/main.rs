//! The From validator from outside: vectors with their sources, and what holds for any input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod properties;
mod repairs;
mod vectors;
