//! What the project does to itself: `cargo xtask tidy` and `cargo xtask test`.

pub mod deb;
pub mod kits;
pub mod packages;
pub mod steps;
pub mod tidy;
