//! Services that send mail for other people's domains, and what they want in SPF.

use std::sync::OnceLock;

/// Whose domain stands in the envelope sender of what a service sends: SPF looks at that one. RFC 7208 §2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvelopePath {
    /// The customer's domain itself.
    Yours,
    /// A sub-domain of the customer's that the service's set-up makes.
    Sub,
    /// The service's own.
    Theirs,
}

/// What a number of look-ups rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Seen in public surveys of SPF records on the day of the list.
    Surveyed,
    /// Known to whoever runs mail, not confirmed on that day.
    Practice,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// Stable slug: `google`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Other words for it.
    #[serde(default)]
    pub alias: Vec<String>,
    /// The domain that stands behind `include:`; none for a service that has none.
    pub include: Option<String>,
    /// Whose domain stands in the envelope sender.
    pub path: EnvelopePath,
    /// Terms that look something up, the include itself counted; the vendor's to change at any time.
    pub lookups: u32,
    /// What that number rests on.
    pub basis: Basis,
    /// Where the vendor says what it wants.
    pub source: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    verified: String,
    sender: Vec<Sender>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    // The tests keep the file readable.
    FILE.get_or_init(|| toml::from_str(include_str!("../catalogue/senders.toml")).unwrap_or_default())
}

/// Every service that is known.
pub fn senders() -> &'static [Sender] {
    &file().sender
}

/// Day on which the list was last gone through, `2026-11-24`.
pub fn senders_verified() -> &'static str {
    &file().verified
}

/// The service of that id, or known by that word, in any case.
///
/// ```
/// assert_eq!(reference::sender("Office365").unwrap().include.as_deref(), Some("spf.protection.outlook.com"));
/// ```
pub fn sender(word: &str) -> Option<&'static Sender> {
    let word = word.to_ascii_lowercase();
    senders().iter().find(|one| one.id == word || one.alias.contains(&word))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_list_is_readable_and_says_nothing_twice() {
        let file: File = toml::from_str(include_str!("../catalogue/senders.toml")).unwrap();
        let mut words = HashSet::new();
        for one in &file.sender {
            for word in one.alias.iter().chain([&one.id]) {
                assert!(words.insert(word), "{word} twice");
                assert!(
                    !word.contains('.') && *word == word.to_ascii_lowercase(),
                    "{word} could be taken for a domain"
                );
            }
            // An include costs at least itself; without one there is nothing to count.
            assert_eq!(one.include.is_some(), one.lookups > 0, "{}", one.id);
            assert!(one.include.is_some() || one.path != EnvelopePath::Yours, "{}", one.id);
            assert!(one.include.as_ref().is_none_or(|name| syntax::Domain::parse(name).is_ok()), "{}", one.id);
            assert!(one.source.starts_with("https://"), "{}", one.id);
        }
        assert_eq!(file.verified.len(), 10);
    }
}
