//! What sequencers read mailboxes from: the columns of each, as data.

use std::sync::OnceLock;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Comma-separated, a header line first. RFC 4180.
    Csv,
    /// A list of objects.
    Json,
}

/// What the columns rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// This program's own format.
    Ours,
    /// The vendor's documentation names these fields.
    Vendor,
    /// Seen in files and programs of others; the vendor's own list was not found.
    Seen,
}

/// What of a mailbox fills a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Its address.
    Address,
    /// Its display name.
    Display,
    /// The display name's first part.
    FirstName,
    /// The display name's other parts.
    LastName,
    /// The name to log in with.
    Login,
    /// Its password, when it was made for this export; else nothing.
    Password,
    /// The host of submission and IMAP.
    Host,
    /// The port of submission over TLS.
    SmtpPort,
    /// The port of IMAP over TLS.
    ImapPort,
    /// Messages it may submit in 24 hours.
    DailyCap,
    /// `active` or `suspended`.
    State,
}

/// A column: filled from a field, or with a fixed text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the header line.
    pub header: String,
    /// What fills it.
    pub field: Option<Field>,
    /// What stands in every row, where no field fills it.
    pub text: Option<String>,
}

/// A format.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequencer {
    /// Stable slug: `instantly`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How it is written.
    pub kind: Kind,
    /// What the columns rest on.
    pub basis: Ground,
    /// Where that stands.
    pub sources: Vec<String>,
    /// Most rows that one file should have; 0: no limit is known.
    pub rows: usize,
    /// The columns in their order.
    pub columns: Vec<Column>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    verified: String,
    sequencer: Vec<Sequencer>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    // The tests keep the file readable.
    FILE.get_or_init(|| toml::from_str(include_str!("../catalogue/sequencers.toml")).unwrap_or_default())
}

/// Every format, the plain ones first.
pub fn sequencers() -> &'static [Sequencer] {
    &file().sequencer
}

/// Day on which the columns were last gone through, `2026-11-28`.
pub fn sequencers_verified() -> &'static str {
    &file().verified
}

/// The format of that id.
///
/// ```
/// assert_eq!(reference::sequencer("instantly").unwrap().columns[0].header, "Email");
/// ```
pub fn sequencer(id: &str) -> Option<&'static Sequencer> {
    sequencers().iter().find(|one| one.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn every_column_has_one_filling_and_one_meaning() {
        let file: File = toml::from_str(include_str!("../catalogue/sequencers.toml")).unwrap();
        assert_eq!(file.verified.len(), 10);
        let (mut ids, mut meanings) = (HashSet::new(), HashMap::new());
        for one in &file.sequencer {
            assert!(ids.insert(&one.id), "{} twice", one.id);
            assert!(one.sources.iter().all(|source| source.starts_with("https://")), "{}", one.id);
            assert_eq!(one.sources.is_empty(), one.basis == Ground::Ours, "{}", one.id);
            assert!(one.columns.iter().any(|column| column.field == Some(Field::Address)), "{}", one.id);
            let mut headers = HashSet::new();
            for column in &one.columns {
                let header = column.header.to_ascii_lowercase();
                assert!(column.field.is_some() != column.text.is_some(), "{} {header}", one.id);
                assert!(headers.insert(header.clone()), "{} {header} twice", one.id);
                // A reader may take a header for what it means anywhere.
                let meant = *meanings.entry(header.clone()).or_insert(column.field);
                assert_eq!(meant, column.field, "{} {header} means something else elsewhere", one.id);
            }
        }
        for id in ["csv", "json", "instantly", "smartlead", "lemlist", "emailbison", "reply"] {
            assert!(ids.contains(&id.to_owned()), "{id}");
        }
    }
}
