//! The `outbound` crate.
