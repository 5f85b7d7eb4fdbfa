//! Who may do what: roles of people, scopes of keys; where a sign-in may lead; how long a wrong one is waited for.

mod next;
mod throttle;
pub mod totp;

pub use next::local_path;
pub use throttle::{FORGOTTEN_AFTER, Subject, wait_after};

/// What a person may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Runs domains, mailboxes and mail.
    Operator,
    /// Also accounts, keys and settings.
    Owner,
}

impl Role {
    /// The word in tables and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Owner].into_iter().find(|role| role.as_str() == word)
    }
}

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See domains, their records, checks and IPs.
    DomainsRead,
    /// Add, change and publish domains and IPs.
    DomainsWrite,
    /// See mailboxes.
    MailboxesRead,
    /// Add and change mailboxes, make new passwords.
    MailboxesWrite,
    /// See messages, received mail and the queue.
    MessagesRead,
    /// Send.
    MessagesSend,
    /// Retry and drop what is queued.
    QueueWrite,
    /// Change the list of addresses that are left alone.
    SuppressionsWrite,
    /// Run live checks.
    ChecksRun,
    /// See events.
    EventsRead,
    /// Change webhooks.
    WebhooksWrite,
    /// Accounts, keys, settings, audit log.
    Admin,
}

/// Every right with its word, in the order of the enum.
const WORDS: [(Scope, &str); 12] = [
    (Scope::DomainsRead, "domains:read"),
    (Scope::DomainsWrite, "domains:write"),
    (Scope::MailboxesRead, "mailboxes:read"),
    (Scope::MailboxesWrite, "mailboxes:write"),
    (Scope::MessagesRead, "messages:read"),
    (Scope::MessagesSend, "messages:send"),
    (Scope::QueueWrite, "queue:write"),
    (Scope::SuppressionsWrite, "suppressions:write"),
    (Scope::ChecksRun, "checks:run"),
    (Scope::EventsRead, "events:read"),
    (Scope::WebhooksWrite, "webhooks:write"),
    (Scope::Admin, "admin"),
];

impl Scope {
    /// All.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|(scope, _)| *scope)
    }

    /// The word in keys, on the command line and in the API: `domains:read`.
    pub fn as_str(self) -> &'static str {
        WORDS.iter().find(|(scope, _)| *scope == self).map_or("", |(_, word)| word)
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        WORDS.iter().find(|(_, known)| *known == word).map(|(scope, _)| *scope)
    }

    /// The least role that has it.
    pub fn least_role(self) -> Role {
        match self {
            Self::DomainsRead | Self::MailboxesRead | Self::MessagesRead | Self::EventsRead => Role::Viewer,
            Self::Admin => Role::Owner,
            _ => Role::Operator,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let words: Vec<&str> = WORDS.iter().map(|(_, word)| *word).collect();
        Self::parse(word).ok_or_else(|| format!("`{word}` is no scope: use {}", words.join(", ")))
    }
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// What people of a role may do.
    pub fn of(role: Role) -> Self {
        Scope::all().filter(|scope| scope.least_role() <= role).collect()
    }

    /// Whether that is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u16) != 0
    }

    /// Whether all of the others are among them.
    pub fn covers(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::all().filter(move |scope| self.has(*scope))
    }

    /// The least role that has all of them: how a key is shown beside people.
    pub fn least_role(self) -> Role {
        self.iter().map(Scope::least_role).max().unwrap_or(Role::Viewer)
    }

    /// Reads words between spaces; `None` when one is unknown.
    pub fn parse(words: &str) -> Option<Self> {
        words.split_whitespace().map(Scope::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | (1 << scope as u16)))
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Scope::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_those_before_it_may() {
        let [viewer, operator, owner] = [Role::Viewer, Role::Operator, Role::Owner].map(Scopes::of);
        assert!(operator.covers(viewer) && owner.covers(operator));
        assert!(!viewer.covers(operator) && !operator.covers(owner));
        assert!(viewer.has(Scope::DomainsRead) && !viewer.has(Scope::ChecksRun));
        assert!(operator.has(Scope::MessagesSend) && !operator.has(Scope::Admin));
        assert_eq!(owner.iter().count(), 12);
    }

    #[test]
    fn scopes_are_words_that_read_back() {
        for scope in Scope::all() {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        let some: Scopes = [Scope::QueueWrite, Scope::DomainsRead].into_iter().collect();
        assert_eq!(some.to_string(), "domains:read queue:write");
        assert_eq!(Scopes::parse(&some.to_string()), Some(some));
        assert_eq!(Scopes::parse("domains:read everything"), None);
        assert_eq!((some.least_role(), Scopes::default().least_role()), (Role::Operator, Role::Viewer));
    }
}
