//! What a domain or a local part says about an address before anybody is asked: free mail, disposable, a role; and who does
//! not want to be asked.

use std::{collections::HashSet, sync::OnceLock};

use crate::provider_of_host;

/// The lists of `catalogue/mail-domains.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailDomains {
    /// Where private people have mailboxes, most used first.
    pub free: Vec<String>,
    /// Mailboxes that anybody opens for minutes.
    pub disposable: Vec<String>,
    /// Local parts that stand for a role.
    pub role: Vec<String>,
    /// How receivers take callouts.
    #[serde(rename = "stance")]
    pub stances: Vec<Stance>,
}

/// How a receiver takes the question whether a mailbox exists.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stance {
    /// A provider's id.
    pub provider: String,
    /// Ends of MX host names; empty: every host of the provider.
    #[serde(default)]
    pub host: Vec<String>,
    /// What it says.
    pub says: Says,
    /// In words, without final stop.
    pub why: String,
    /// Where that comes from, in words.
    pub source: String,
}

/// What a receiver says about callouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// It is never asked: its owner forbids it, or we choose so.
    Never,
    /// Its answer to RCPT does not tell a catch-all domain from one that refuses strangers later.
    AnswersLater,
}

/// The lists.
pub fn mail_domains() -> &'static MailDomains {
    static LISTS: OnceLock<MailDomains> = OnceLock::new();
    // The test below keeps the file readable.
    LISTS.get_or_init(|| toml::from_str(include_str!("../catalogue/mail-domains.toml")).unwrap_or_default())
}

impl MailDomains {
    /// Whether private people have mailboxes at that domain. `domain` is in lower-case A-label form.
    pub fn is_free(&self, domain: &str) -> bool {
        static SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
        SET.get_or_init(|| mail_domains().free.iter().map(String::as_str).collect()).contains(domain)
    }

    /// Whether mailboxes of that domain, or of one above it, are thrown away after minutes.
    pub fn is_disposable(&self, domain: &str) -> bool {
        static SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
        let set = SET.get_or_init(|| mail_domains().disposable.iter().map(String::as_str).collect());
        let mut rest = Some(domain);
        std::iter::from_fn(|| {
            let here = rest?;
            rest = here.split_once('.').map(|(_, above)| above);
            Some(here)
        })
        .any(|name| set.contains(name))
    }

    /// Whether a local part stands for a role; a `+` tag is left out.
    pub fn is_role(&self, local: &str) -> bool {
        let local = local.split('+').next().unwrap_or(local).to_lowercase();
        self.role.contains(&local)
    }

    /// How the owner of that MX host takes callouts; the closest host name counts.
    pub fn stance(&self, host: &str) -> Option<&Stance> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let provider = provider_of_host(&host)?;
        let length = |stance: &Stance| {
            let ends = stance.host.iter().filter(|end| is_within(&host, end)).map(String::len).max();
            if stance.host.is_empty() { Some(0) } else { ends }
        };
        let of_provider = self.stances.iter().filter(|stance| stance.provider == provider.id);
        of_provider
            .filter_map(|stance| Some((length(stance)?, stance)))
            .max_by_key(|(length, _)| *length)
            .map(|found| found.1)
    }
}

fn is_within(host: &str, end: &str) -> bool {
    host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read_and_name_what_exists() {
        let lists: MailDomains = toml::from_str(include_str!("../catalogue/mail-domains.toml")).unwrap();
        for stance in &lists.stances {
            assert!(crate::provider(&stance.provider).is_some(), "no provider {}", stance.provider);
            assert!(!stance.source.is_empty(), "{}", stance.provider);
            assert!(!stance.why.ends_with('.'), "{}", stance.why);
        }
        for list in [&lists.free, &lists.disposable, &lists.role] {
            let once: HashSet<&String> = list.iter().collect();
            assert_eq!(once.len(), list.len(), "a name stands there twice");
            assert!(list.iter().all(|name| *name == name.to_lowercase()));
        }
        assert!(lists.free.iter().chain(&lists.disposable).all(|name| syntax::Domain::parse(name).is_ok()));
        assert!(lists.free.iter().all(|name| !lists.disposable.contains(name)));
    }

    #[test]
    fn addresses_are_flagged() {
        let lists = mail_domains();
        assert!(lists.is_free("gmail.com") && !lists.is_free("example.com"));
        assert!(lists.is_disposable("mailinator.com") && lists.is_disposable("me.mailinator.com"));
        assert!(!lists.is_disposable("notmailinator.com"));
        assert!(lists.is_role("Info") && lists.is_role("info+x") && !lists.is_role("infosara"));
    }

    #[test]
    fn the_closest_host_name_says_whether_it_may_be_asked() {
        let says = |host| mail_domains().stance(host).map(|stance| stance.says);
        assert_eq!(says("outlook-com.olc.protection.outlook.com."), Some(Says::Never));
        assert_eq!(says("hotmail-com.OLC.protection.outlook.com"), Some(Says::Never));
        assert_eq!(says("example-com.mail.protection.outlook.com"), Some(Says::AnswersLater));
        assert_eq!(says("gmail-smtp-in.l.google.com"), Some(Says::Never));
        assert_eq!(says("mta5.am0.yahoodns.net"), Some(Says::AnswersLater));
        assert_eq!(says("mx.example.test"), None);
    }
}
