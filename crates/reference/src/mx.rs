//! Who runs the host that an MX record names: mailbox provider, gateway, forwarder.

use std::sync::OnceLock;

/// What the host does with the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MxKind {
    /// Keeps it for people to read.
    Mailbox,
    /// Filters it for whoever keeps it; who that is cannot be seen from the MX.
    Gateway,
    /// Sends it on to another address.
    Forwarding,
    /// Hands it to a program.
    Inbound,
}

impl MxKind {
    /// In words: `mailbox provider`, `filtering gateway`…
    pub fn words(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox provider",
            Self::Gateway => "filtering gateway",
            Self::Forwarding => "forwarding service",
            Self::Inbound => "inbound processing",
        }
    }
}

/// Who runs some MX hosts.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MxProvider {
    /// Stable slug: `google-workspace`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it does with the mail.
    pub kind: MxKind,
    /// The [`Provider`](crate::Provider) whose replies these hosts give.
    pub provider: Option<String>,
    /// Ends of its MX hosts' names; `*` is exactly one label.
    pub host: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Day on which the list was last gone through.
    #[expect(dead_code, reason = "stands in the file for whoever maintains it; the test demands it")]
    verified: String,
    mx: Vec<MxProvider>,
}

/// Every one that is known.
pub fn mx_providers() -> &'static [MxProvider] {
    static PROVIDERS: OnceLock<Vec<MxProvider>> = OnceLock::new();
    PROVIDERS.get_or_init(|| {
        // The tests keep the file readable.
        toml::from_str::<File>(include_str!("../catalogue/mx.toml")).map(|file| file.mx).unwrap_or_default()
    })
}

/// Who runs that MX host; the longest known end of its name decides. `host` in any case, with or without its final dot.
///
/// ```
/// assert_eq!(reference::provider_of_mx("ASPMX.L.GOOGLE.COM.").unwrap().name, "Google Workspace");
/// assert!(reference::provider_of_mx("mx.example.com").is_none());
/// ```
pub fn provider_of_mx(host: &str) -> Option<&'static MxProvider> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let found = mx_providers().iter().flat_map(|one| one.host.iter().map(move |end| (end, one)));
    let fitting = found.filter(|(end, _)| fits(&host, end));
    fitting.max_by_key(|(end, _)| end.split('.').count()).map(|(_, one)| one)
}

/// Whether the name is `end` or below it, label by label.
fn fits(host: &str, end: &str) -> bool {
    let mut labels = host.rsplit('.');
    end.rsplit('.').all(|wanted| labels.next().is_some_and(|label| wanted == "*" || wanted == label))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn id(host: &str) -> Option<&'static str> {
        provider_of_mx(host).map(|one| one.id.as_str())
    }

    #[test]
    fn the_list_is_readable_and_says_nothing_twice() {
        let file: File = toml::from_str(include_str!("../catalogue/mx.toml")).unwrap();
        let (mut ids, mut hosts) = (HashSet::new(), HashSet::new());
        for one in &file.mx {
            assert!(ids.insert(&one.id), "{} twice", one.id);
            assert!(!one.host.is_empty(), "{} has no host", one.id);
            for host in &one.host {
                assert!(hosts.insert(host), "{host} twice");
                assert!(host.contains('.') && *host == host.to_ascii_lowercase(), "{host}");
                assert_eq!(id(&format!("mx7.{}", host.replace('*', "eu-west-1"))), Some(one.id.as_str()), "{host}");
            }
            if let Some(provider) = &one.provider {
                assert!(crate::provider(provider).is_some(), "{}: no provider {provider}", one.id);
            }
        }
    }

    #[test]
    fn the_longest_end_decides() {
        for (host, expect) in [
            ("gmail-smtp-in.l.google.com", "gmail"),
            ("alt4.gmail-smtp-in.l.google.com", "gmail"),
            ("alt1.aspmx.l.google.com.", "google-workspace"),
            ("aspmx3.googlemail.com", "google-workspace"),
            ("SMTP.google.com", "google-workspace"),
            ("example-com.mail.protection.outlook.com", "microsoft365"),
            ("example-com.o-v1.mx.microsoft", "microsoft365"),
            ("outlook-com.olc.protection.outlook.com", "outlook-com"),
            ("mta5.am0.yahoodns.net", "yahoo"),
            ("mx-aol.mail.gm0.yahoodns.net", "aol"),
            ("mx01.mail.icloud.com", "icloud"),
            ("mxa-00000001.gslb.pphosted.com", "proofpoint"),
            ("mx1-us1.ppe-hosted.com", "proofpoint-essentials"),
            ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
            ("d12345a.ess.barracudanetworks.com", "barracuda"),
            ("mx1.hc1234-56.eu.iphmx.com", "cisco"),
            ("in1-smtp.messagingengine.com", "fastmail"),
            ("mxbiz1.qq.com", "exmail"),
            ("mx3.qq.com", "qq"),
            ("163mx01.mxmail.netease.com", "netease"),
            ("mx4.mail.ovh.net", "ovh"),
            ("eforward3.registrar-servers.com", "namecheap-forwarding"),
            ("route1.mx.cloudflare.net", "cloudflare-routing"),
            ("inbound-smtp.eu-west-1.amazonaws.com", "amazon-ses"),
        ] {
            assert_eq!(id(host), Some(expect), "{host}");
        }
    }

    #[test]
    fn a_name_that_only_looks_alike_is_nobodys() {
        let alike = ["notgoogle.com", "google.com.example.org", "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com"];
        for host in alike.into_iter().chain(["mx.example.test", "com", "", "."]) {
            assert_eq!(id(host), None, "{host}");
        }
    }
}
