//! What fuzz targets share: a script of octets and events, and what any line of SMTP must be.

pub mod script;
pub mod smtp_lines;
