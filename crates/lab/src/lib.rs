//! The `lab` crate.
