//! What stands in the files of an export.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use store::{Flags, MailKind, Place};
use syntax::{Address, Domain, Timestamp};

/// What the manifest calls itself.
pub(super) const FORMAT: &str = "coldrelay-export";
/// The version that is written; older ones are read, newer ones are refused.
pub(super) const VERSION: u32 = 2;
/// The manifest's name.
pub(super) const MANIFEST: &str = "manifest.json";
/// A domain a line.
pub(super) const DOMAINS: &str = "domains.jsonl";
/// A mailbox a line.
pub(super) const MAILBOXES: &str = "mailboxes.jsonl";
/// A suppressed address a line.
pub(super) const SUPPRESSIONS: &str = "suppressions.jsonl";
/// An event a line.
pub(super) const EVENTS: &str = "events.jsonl";
/// The index of the mail of one mailbox, in its folder.
pub(super) const MAIL_INDEX: &str = "mail.jsonl";

/// What an export holds; written last, so that a folder without it is an export that did not end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// `coldrelay-export`.
    pub format: String,
    /// Version of the form.
    pub version: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// When.
    pub written_at: Timestamp,
    /// How many of each.
    pub counts: Counts,
    /// Every file but this one.
    pub files: Vec<FileEntry>,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Domains.
    pub domains: usize,
    /// DKIM keys.
    pub keys: usize,
    /// Mailboxes.
    pub mailboxes: usize,
    /// Mails.
    pub mails: usize,
    /// Suppressed addresses.
    pub suppressions: usize,
    /// Events.
    pub events: usize,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Below the folder, with `/`.
    pub path: String,
    /// Its length.
    pub octets: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DomainRecord {
    pub name: Domain,
    pub workspace: String,
    pub egress_ip: IpAddr,
    pub mail_host: Domain,
    pub catch_all: Option<Address>,
    pub dmarc_policy: String,
    pub created_at: Timestamp,
    pub keys: Vec<KeyRecord>,
}

/// A DKIM key; the private part lies in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub selector: String,
    pub algorithm: String,
    pub active: bool,
    pub txt: String,
    /// PKCS#8 in PEM. RFC 5958, RFC 7468.
    pub file: String,
}

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MailboxRecord {
    pub address: Address,
    pub display: Option<String>,
    pub daily_cap: u32,
    pub suspended: bool,
    pub created_at: Timestamp,
    /// As whom it may send besides itself.
    pub send_as: Vec<Address>,
    /// Where its mail lies; none: it has none, or mail was not asked for.
    pub folder: Option<String>,
    /// The names of its folders, empty ones too. Absent in version 1.
    #[serde(default)]
    pub folders: Vec<String>,
}

/// A mail, in the index of its mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MailRecord {
    /// Below the mailbox's folder.
    pub file: String,
    pub kind: MailKind,
    pub reverse_path: Option<Address>,
    pub forward_path: Address,
    pub from: Option<Address>,
    pub subject: String,
    pub verdicts: Option<String>,
    pub suspicion: Option<String>,
    pub received_at: Timestamp,
    /// Where it lies; INBOX without flags when empty. Absent in version 1.
    #[serde(default)]
    pub places: Vec<PlaceRecord>,
}

/// A mail in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlaceRecord {
    pub folder: String,
    /// As IMAP writes them: `\\Seen`, keywords as they are.
    pub flags: Vec<String>,
    pub internal_at: Timestamp,
}

/// System flags and their bits.
const SYSTEM: [(&str, u8); 5] = [
    ("\\Seen", Flags::SEEN),
    ("\\Answered", Flags::ANSWERED),
    ("\\Flagged", Flags::FLAGGED),
    ("\\Deleted", Flags::DELETED),
    ("\\Draft", Flags::DRAFT),
];
/// Longest keyword, in octets.
const LONGEST_KEYWORD: usize = 100;

impl PlaceRecord {
    pub fn of(place: &Place) -> Self {
        let system = SYSTEM.iter().filter(|(_, bit)| place.flags.bits & bit != 0).map(|(name, _)| (*name).to_owned());
        Self {
            folder: place.folder.clone(),
            flags: system.chain(place.flags.keywords.iter().cloned()).collect(),
            internal_at: place.internal_at,
        }
    }

    pub fn place(self) -> Place {
        Place { folder: self.folder, flags: flags_of(&self.flags), internal_at: self.internal_at }
    }
}

/// Flags as IMAP writes them, as the store holds them. What is neither a system flag nor a keyword that can be written is left.
pub(super) fn flags_of(written: &[String]) -> Flags {
    let mut flags = Flags::default();
    for flag in written {
        match SYSTEM.iter().find(|(name, _)| name.eq_ignore_ascii_case(flag)) {
            Some((_, bit)) => flags.bits |= bit,
            None if is_keyword(flag) => flags.keywords.push(flag.clone()),
            None => {}
        }
    }
    flags
}

/// RFC 9051 §9 `flag-keyword`: an atom.
fn is_keyword(text: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet);
    !text.is_empty() && text.len() <= LONGEST_KEYWORD && text.bytes().all(fits)
}
