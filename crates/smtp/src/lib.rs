//! The `smtp` crate.
