//! What entries refer to: sources and checks.

use std::{collections::BTreeMap, sync::OnceLock};

/// Where a fact comes from.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Title of the document.
    pub title: String,
    /// Address.
    pub url: String,
    /// Day on which it was last read, `2026-11-23`.
    pub verified: String,
}

/// A source with the place in it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Citation {
    /// The document.
    #[serde(flatten)]
    pub source: &'static Source,
    /// The section, as `§4.2.3`; empty when the whole document is meant.
    pub section: String,
}

/// What can be looked at to confirm a cause or to rule it out.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What to do, as a heading.
    pub title: String,
    /// What is looked at, one sentence.
    pub looks: String,
    /// What to type.
    pub command: Vec<String>,
}

/// Every source, by id.
pub fn sources() -> &'static BTreeMap<String, Source> {
    static SOURCES: OnceLock<BTreeMap<String, Source>> = OnceLock::new();
    // The tests keep both files readable.
    SOURCES.get_or_init(|| toml::from_str(include_str!("../catalogue/sources.toml")).unwrap_or_default())
}

/// Every check, by id.
pub fn checks() -> &'static BTreeMap<String, Check> {
    static CHECKS: OnceLock<BTreeMap<String, Check>> = OnceLock::new();
    CHECKS.get_or_init(|| toml::from_str(include_str!("../catalogue/checks.toml")).unwrap_or_default())
}

/// Reads `rfc5321 §4.2.3`; `None` when there is no such source.
pub fn citation(text: &str) -> Option<Citation> {
    let (id, section) = text.split_once(' ').unwrap_or((text, ""));
    Some(Citation { source: sources().get(id)?, section: section.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_read() {
        toml::from_str::<BTreeMap<String, Source>>(include_str!("../catalogue/sources.toml")).unwrap();
        toml::from_str::<BTreeMap<String, Check>>(include_str!("../catalogue/checks.toml")).unwrap();
    }

    #[test]
    fn a_citation_names_its_place() {
        let found = citation("rfc5321 §4.2.3").unwrap();
        assert!(found.source.title.starts_with("RFC 5321"));
        assert_eq!(found.section, "§4.2.3");
        assert!(citation("no-such-source").is_none());
    }
}
