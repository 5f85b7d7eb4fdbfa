//! Whether a mailbox exists: three-valued, always with the reason. What the store, the delivery history and the domain's MX say
//! comes first; a callout is the last resort, and only a refusal of the recipient itself means no.
//!
//! Reading order: [`Answer`], [`Verdict`], [`Flags`], [`suggestion`], [`of_history`], then `callout`.

pub mod callout;
mod history;
mod typo;

use reference::mail_domains;
use syntax::{Address, Timestamp};

pub use history::{History, Past, of_history};
pub use typo::{distance, suggestion};

/// Yes, no, or nobody can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Not known; the reason says why.
    Unknown,
}

impl Answer {
    /// The word used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// Reads [`Answer::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Yes, Self::No, Self::Unknown].into_iter().find(|answer| answer.as_str() == text)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The grammar of addresses.
    Syntax,
    /// Our own store: the domain is one of this installation.
    Store,
    /// What became of our own messages to this address.
    History,
    /// The domain's MX records.
    Mx,
    /// A callout.
    Callout,
}

impl By {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Store => "store",
            Self::History => "history",
            Self::Mx => "mx",
            Self::Callout => "callout",
        }
    }
}

/// An answer about a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// Whether the mailbox exists.
    pub exists: Answer,
    /// Why, one sentence without final stop.
    pub reason: String,
    /// Who says so.
    pub by: By,
    /// Whether the domain takes mail for every local part.
    pub catch_all: Answer,
}

impl Verdict {
    /// A verdict that says nothing about catch-all.
    pub fn new(exists: Answer, by: By, reason: impl Into<String>) -> Self {
        Self { exists, reason: reason.into(), by, catch_all: Answer::Unknown }
    }

    /// The same, saying whether the domain takes every local part.
    #[must_use]
    pub fn with_catch_all(self, catch_all: Answer) -> Self {
        Self { catch_all, ..self }
    }
}

/// What the address says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Flags {
    /// A role and not a person: `info@`.
    pub role: bool,
    /// Where private people have mailboxes.
    pub free: bool,
    /// A mailbox that is thrown away after minutes.
    pub disposable: bool,
}

/// What the address says by itself.
pub fn flags(address: &Address) -> Flags {
    let (lists, domain) = (mail_domains(), address.domain().as_str());
    Flags { role: lists.is_role(address.local()), free: lists.is_free(domain), disposable: lists.is_disposable(domain) }
}

/// `2026-11-24`.
fn day(at: Timestamp) -> String {
    at.day()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_is() {
        let check = |text: &str, (role, free, disposable)| {
            assert_eq!(flags(&Address::parse(text).unwrap()), Flags { role, free, disposable }, "{text}");
        };
        check("ann@example.com", (false, false, false));
        check("info@example.com", (true, false, false));
        check("ann@gmail.com", (false, true, false));
        check("sales@x.mailinator.com", (true, false, true));
    }
}
