//! All entries, read once.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::Entry;

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

/// The entry that explains a finding of ours, by the finding's id: `spf.too-many-lookups`.
pub fn finding(id: &str) -> Option<&'static Entry> {
    static FINDINGS: OnceLock<BTreeMap<&'static str, &'static Entry>> = OnceLock::new();
    let index = FINDINGS.get_or_init(|| {
        all().iter().flat_map(|entry| entry.findings.iter().map(move |id| (id.as_str(), entry))).collect()
    });
    index.get(id).copied()
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
    fn a_finding_is_explained_by_one_entry() {
        assert_eq!(finding("spf.too-many-lookups").map(|entry| entry.id.as_str()), Some("spf-too-many-lookups"));
        let mut ids: Vec<&String> = all().iter().flat_map(|entry| &entry.findings).collect();
        ids.sort();
        let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?} stand in two entries");
    }

    #[test]
    fn an_entry_is_found_by_its_id() {
        assert_eq!(entry("550-5-1-1").map(|entry| entry.id.as_str()), Some("550-5-1-1"));
        assert!(entry("no-such-entry").is_none());
    }
}
