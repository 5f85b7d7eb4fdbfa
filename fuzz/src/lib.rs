//! What fuzz targets share: a script of octets and events, and what any line of SMTP must be.

pub mod rows;
pub mod script;
pub mod smtp_lines;

/// An IMAP session names its rows as `store::Folder`: this crate stands there as `store`.
pub use rows::*;
