//! The `notify` crate.
