//! Receivers and gateways that are told apart because their replies have meanings of their own.

use std::{collections::HashMap, sync::OnceLock};

/// One provider.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Stable slug: `gmail`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Ends of its MX hosts' names: `google.com`.
    #[serde(default)]
    pub host: Vec<String>,
    /// Domains of its recipients, for a bounce that names no host: `gmail.com`.
    #[serde(default)]
    pub domain: Vec<String>,
    /// Fragments that only its replies hold, as [`plain`](crate::plain()) writes them.
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
        toml::from_str::<File>(include_str!("../catalogue/providers.toml"))
            .map(|file| file.provider)
            .unwrap_or_default()
    })
}

/// The provider of that id.
pub fn provider(id: &str) -> Option<&'static Provider> {
    providers().iter().find(|provider| provider.id == id)
}

/// Names, and which provider they belong to; looked up label by label.
#[derive(Debug, Default)]
pub(crate) struct Names<'e> {
    names: HashMap<&'e str, u16>,
}

impl<'e> Names<'e> {
    pub(crate) fn new(names: impl Iterator<Item = (&'e str, u16)>) -> Self {
        Self { names: names.collect() }
    }

    /// The provider whose name the host is, or is below. `host` is lower-case without a final dot.
    pub(crate) fn of(&self, host: &str) -> Option<u16> {
        let mut rest = host;
        loop {
            if let Some(found) = self.names.get(rest) {
                return Some(*found);
            }
            rest = rest.split_once('.')?.1;
        }
    }
}

/// The provider whose MX host this is.
pub fn provider_of_host(host: &str) -> Option<&'static Provider> {
    static HOSTS: OnceLock<Names<'static>> = OnceLock::new();
    let hosts = HOSTS.get_or_init(|| Names::new(hosts_of(providers())));
    let index = hosts.of(&host.trim_end_matches('.').to_ascii_lowercase())?;
    providers().get(usize::from(index))
}

pub(crate) fn hosts_of(providers: &[Provider]) -> impl Iterator<Item = (&str, u16)> {
    numbered(providers).flat_map(|(number, one)| one.host.iter().map(move |name| (name.as_str(), number)))
}

pub(crate) fn domains_of(providers: &[Provider]) -> impl Iterator<Item = (&str, u16)> {
    numbered(providers).flat_map(|(number, one)| one.domain.iter().map(move |name| (name.as_str(), number)))
}

pub(crate) fn numbered(providers: &[Provider]) -> impl Iterator<Item = (u16, &Provider)> {
    (0_u16..).zip(providers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_mx_host() {
        toml::from_str::<File>(include_str!("../catalogue/providers.toml")).unwrap();
        let id = |host| provider_of_host(host).map(|provider| provider.id.as_str());
        assert_eq!(id("gmail-smtp-in.l.google.com"), Some("gmail"));
        assert_eq!(id("ASPMX.L.GOOGLE.COM."), Some("gmail"));
        assert_eq!(id("example-com.mail.protection.outlook.com"), Some("outlook"));
        assert_eq!(id("mta5.am0.yahoodns.net"), Some("yahoo"));
        assert_eq!(id("mx.notgoogle.com"), None);
        assert_eq!(id("mx.example.test"), None);
    }
}
