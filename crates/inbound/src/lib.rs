//! The `inbound` crate.
