//! The `reference` crate.
