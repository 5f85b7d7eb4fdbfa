//! One entry.

use std::sync::OnceLock;

use crate::{Class, Rule};

/// One page of the reference.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable slug: `550-5-1-1`, `550-5-7-26-at-gmail`, `connection-lost`, `from-not-owned`.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it means, one paragraph.
    pub meaning: String,
    /// The class on three axes.
    pub class: Class,
    /// Whether the recipient goes onto the suppression list. Only for a refusal of the address
    /// itself: a refusal of the sender says nothing about the recipient.
    pub suppress: bool,
    /// Why it happens, the likeliest cause first.
    pub causes: Vec<String>,
    /// What to do, in order; at least one step.
    pub fix: Vec<String>,
    /// What it means for one-to-one business mail.
    pub cold_mail: String,
    /// Ids of neighbouring entries.
    #[serde(default)]
    pub related: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<Source>,
    /// What leads to this entry. Empty when only our own code names it.
    #[serde(default, rename = "match")]
    pub rules: Vec<Rule>,
}

/// Where a fact comes from.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Title of the document.
    pub title: String,
    /// Address.
    pub url: String,
    /// Day on which it was verified, `2026-11-23`.
    pub verified: String,
}

/// File name without extension, and text, of every content file; sorted by name.
const CONTENT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// Every entry, by id.
pub fn all() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        // A file that cannot be read would be left out; `every_content_file_is_read` keeps it from happening.
        let mut entries: Vec<Entry> = CONTENT.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect();
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        entries
    })
}

/// The entry of that id.
pub fn entry(id: &str) -> Option<&'static Entry> {
    let entries = all();
    entries.binary_search_by(|entry| entry.id.as_str().cmp(id)).ok().and_then(|index| entries.get(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_file_is_read_and_bears_its_id_as_name() {
        for (name, text) in CONTENT {
            let entry: Entry = toml::from_str(text).unwrap_or_else(|error| panic!("content/{name}.toml: {error}"));
            assert_eq!(entry.id, *name, "content/{name}.toml has another id");
        }
        assert_eq!(all().len(), CONTENT.len());
    }

    #[test]
    fn an_entry_is_found_by_its_id() {
        assert_eq!(entry("550-5-1-1").map(|entry| entry.id.as_str()), Some("550-5-1-1"));
        assert!(entry("no-such-entry").is_none());
    }
}
