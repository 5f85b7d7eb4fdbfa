//! The rows: one SQL text on SQLite and PostgreSQL, one committer, group commit.
//!
//! Everything that a reply depends on goes through the committer: it is durable when the call returns.
//! Reading order: [`Store`], then one module a table.

mod attempt;
mod callout;
mod committer;
mod connect;
mod domain;
mod event;
mod fault;
mod id;
mod latch;
mod lease;
mod listing;
mod mail;
mod mail_test;
mod mailbox;
mod message;
mod migrate;
mod open;
mod queue;
mod record;
mod row;
mod suppression;
mod workspace;
mod zone;

pub use attempt::Attempt;
pub use callout::{CalloutAnswer, NewCallout, Permit};
pub use domain::{DkimKey, NewDomain, SendingDomain};
pub use event::StoredEvent;
pub use listing::{ListingPeriod, SeenListing};
pub use mail::{Mail, MailKind, NewMail};
pub use mail_test::{MailTest, TestArrival};
pub use mailbox::{Mailbox, NewMailbox};
pub use message::{NewMessage, NewRecipient, QueueFilter, QueuedMessage, QueuedRecipient, State};
pub use open::{Health, Store};
pub use queue::{BeginAttempt, Due, Park, Settled, Turn, Verdict};
pub use record::DayCount;
pub use suppression::Suppression;
pub use workspace::Workspace;
pub use zone::ZoneRecord;
