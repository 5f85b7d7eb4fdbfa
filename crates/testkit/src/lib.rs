//! What several crates' tests need: a private PostgreSQL. Never a dependency of the product.

pub mod postgres;
