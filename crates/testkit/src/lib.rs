//! The `testkit` crate.

pub mod postgres;
