//! The `bounce` crate.
