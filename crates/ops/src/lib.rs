//! The `ops` crate.
