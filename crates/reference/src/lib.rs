//! What every code, finding and fault means and what to do: content files with sources.
//!
//! One TOML file an entry in `content/`, embedded at build time, read once, validated by a test.

mod axes;
mod entry;

pub use axes::{Action, Class, HowLong, Scope, Who};
pub use entry::{Entry, Source, all, entry};
