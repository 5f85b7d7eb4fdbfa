//! The `syntax` crate.
