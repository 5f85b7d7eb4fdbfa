//! What every code, finding and fault means and what to do: content files with sources.
//!
//! One TOML file an entry in `content/` (the file's name is the entry's id), embedded at build
//! time, read once, validated by the tests. Reading order: [`Entry`], [`Class`], [`Rule`], [`hits`].
//!
//! This crate knows *which rules match* an outcome; which of them wins is decided in `bounce`.

mod axes;
mod entry;
mod hit;
mod pattern;
mod provider;
mod rule;

pub use axes::{Action, Class, HowLong, Scope, Who};
pub use entry::{Entry, Source, all, entry};
pub use hit::{Ground, Hit, Seen, hits};
pub use pattern::{NotAPattern, Pattern};
pub use provider::{Provider, provider, providers};
pub use rule::Rule;
