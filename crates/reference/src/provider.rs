//! Receivers that are told apart because their replies have meanings of their own.

use std::sync::OnceLock;

/// One receiver.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Stable slug: `gmail`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Ends of its MX hosts' names.
    pub mx_host: Vec<String>,
    /// Fragments that only its replies hold, lower-case.
    #[serde(default)]
    pub text: Vec<String>,
}

#[derive(serde::Deserialize)]
struct File {
    provider: Vec<Provider>,
}

/// Every provider.
pub fn providers() -> &'static [Provider] {
    static PROVIDERS: OnceLock<Vec<Provider>> = OnceLock::new();
    PROVIDERS.get_or_init(|| {
        // The test below keeps the file readable.
        toml::from_str::<File>(include_str!("../providers.toml")).map(|file| file.provider).unwrap_or_default()
    })
}

/// The provider whose MX host this is.
pub fn provider(mx_host: &str) -> Option<&'static Provider> {
    providers().iter().find(|provider| provider.mx_host.iter().any(|end| host_ends_with(mx_host, end)))
}

/// Whether the host is, or is below, the name (`.google.com`).
pub(crate) fn host_ends_with(host: &str, end: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let end = end.trim_start_matches('.');
    host.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_mx_host() {
        toml::from_str::<File>(include_str!("../providers.toml")).unwrap();
        let id = |host| provider(host).map(|provider| provider.id.as_str());
        assert_eq!(id("gmail-smtp-in.l.google.com"), Some("gmail"));
        assert_eq!(id("ASPMX.L.GOOGLE.COM."), Some("gmail"));
        assert_eq!(id("example-com.mail.protection.outlook.com"), Some("outlook"));
        assert_eq!(id("mta5.am0.yahoodns.net"), Some("yahoo"));
        assert_eq!(id("mx.notgoogle.com"), None);
        assert_eq!(id("mx.example.test"), None);
    }
}
