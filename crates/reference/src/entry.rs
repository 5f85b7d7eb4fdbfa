//! One entry.

use crate::Class;

/// One page of the reference.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Stable slug: `550-5-1-1`, `550-5-7-26-at-gmail`, `connection-lost`, `from-not-owned`.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it means, one paragraph.
    pub meaning: String,
    /// The class on three axes.
    pub class: Class,
    /// What to do, in order; at least one step.
    pub fix: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<Source>,
}

/// Where a fact comes from.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// Title of the document.
    pub title: String,
    /// Address.
    pub url: String,
    /// Day on which it was verified, `2026-11-23`.
    pub verified: String,
}

/// Every entry, by id.
pub fn all() -> &'static [Entry] {
    todo!()
}

/// The entry of that id.
pub fn entry(_id: &str) -> Option<&'static Entry> {
    todo!()
}
