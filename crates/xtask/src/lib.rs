//! What the project does to itself: `cargo xtask tidy`, `cargo xtask test` and `cargo xtask fuzz`.

pub mod deb;
pub mod fuzz;
pub mod kits;
pub mod packages;
pub mod steps;
pub mod tidy;
