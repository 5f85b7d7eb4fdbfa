//! What every code, finding and fault means and what to do: content files with sources.
//!
//! One TOML file an entry in `content/` (the file's name is the entry's id), embedded at build
//! time, read once, validated by the tests; what entries refer to stands in `catalogue/`. Reading
//! order: [`Entry`], [`Class`], [`Rule`], [`Index`], [`find`](fn@find).
//!
//! This crate knows *which rules match* an outcome; which of them wins is decided in `bounce`.
//!
//! ```
//! let entry = reference::entry("553").unwrap();
//! assert_eq!(entry.reply, [553]);
//! assert!(reference::find("5.7.26").iter().any(|entry| entry.id == "550-5-7-26"));
//! assert_eq!(reference::provider_of_host("mta5.am0.yahoodns.net").unwrap().id, "yahoo");
//! ```

mod axes;
mod blocklist;
mod catalogue;
mod content;
mod entry;
mod find;
mod index;
mod mail_domains;
mod mx;
mod pattern;
mod plain;
mod provider;
mod rule;
mod sender;
mod sequencer;
mod step;

pub use axes::{Action, Category, Class, HowLong, Identity, Retry, Scope, Who};
pub use blocklist::{Blocklist, Code, Listed, Means, Policy, ReturnCode, Status, Weight, blocklist, blocklists};
pub use catalogue::{Check, Citation, Source, checks, citation, sources};
pub use content::{all, entry, finding};
pub use entry::{Cause, Entry, Faq, Fixture, Page};
pub use find::{find, search};
pub use index::{Grounds, Hit, Index, Seen, index};
pub use mail_domains::{MailDomains, Says, Stance, mail_domains};
pub use mx::{MxKind, MxProvider, mx_providers, provider_of_mx};
pub use pattern::{NotAPattern, Pattern};
pub use plain::plain;
pub use provider::{Provider, provider, provider_of_host, providers};
pub use rule::Rule;
pub use sender::{Basis, EnvelopePath, Sender, sender, senders, senders_verified};
pub use sequencer::{Column, Field, Ground, Kind, Sequencer, sequencer, sequencers, sequencers_verified};
pub use step::Step;
