//! An entry in a list.

use reference::Entry;

/// One line of a list.
pub struct Row {
    pub id: &'static str,
    pub codes: String,
    pub title: &'static str,
    pub provider: &'static str,
}

impl Row {
    pub fn new(entry: &'static Entry) -> Self {
        let provider = entry.provider.as_deref().and_then(reference::provider);
        Self {
            id: &entry.id,
            codes: entry.codes(),
            title: &entry.title,
            provider: provider.map_or("", |provider| provider.name.as_str()),
        }
    }
}

/// The rows, by reply code; the general one before a provider's.
pub fn rows(entries: impl Iterator<Item = &'static Entry>) -> Vec<Row> {
    let mut entries: Vec<&'static Entry> = entries.collect();
    entries.sort_by_key(|entry| {
        (entry.reply.first().copied().unwrap_or(999), entry.provider.is_some(), entry.codes().len(), entry.id.as_str())
    });
    entries.into_iter().map(Row::new).collect()
}
