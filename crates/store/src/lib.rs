//! The rows: one SQL text on SQLite and PostgreSQL, one committer, group commit.
//!
//! Everything that a reply depends on goes through the committer: it is durable when the call returns.
//! Reading order: [`Store`], then one module a table.

mod access;
mod arriving;
mod attempt;
mod callout;
mod committer;
mod connect;
mod desk;
mod domain;
mod event;
mod fault;
mod id;
mod idempotency;
mod kept;
mod lease;
mod listing;
mod mail;
mod mail_test;
mod mailbox;
mod message;
mod migrate;
mod open;
mod page;
mod proof;
mod queue;
mod quota;
mod record;
mod report;
mod row;
mod rule;
mod suppression;
mod webhook;
mod workspace;
mod zone;

pub use access::{Account, ApiKey, Audit, Deed, NewAccount, NewApiKey, NewSession, Session};
pub use arriving::{Arriving, ArrivingMail, ArrivingReport, Complaint, Forward};
pub use attempt::Attempt;
pub use callout::{CalloutAnswer, NewCallout, Permit};
pub use desk::{
    BounceCount, DayTally, DeskCounts, DomainFilter, DomainRow, MailboxFilter, MailboxOrder, MailboxRow, MailboxState,
    MessageFilter, MessageRow, WaitingRow,
};
pub use domain::{DkimKey, NewDomain, SendingDomain};
pub use event::StoredEvent;
pub use idempotency::Once;
pub use listing::{ListingPeriod, SeenListing};
pub use mail::{Mail, MailKind, NewMail, PastMail};
pub use mail_test::{MailTest, TestArrival};
pub use mailbox::{Mailbox, NewMailbox};
pub use message::{NewMessage, NewRecipient, QueueFilter, QueuedMessage, QueuedRecipient, State};
pub use open::{Health, Store};
pub use proof::{Letter, Pairing, Proof, ProofEnd, ProofOverride, ProofReason};
pub use queue::{BeginAttempt, Due, ReversePath, Settled, Verdict};
pub use quota::{Fits, Quota};
pub use record::DayCount;
pub use report::{NewReport, ReportFilter, ReportState, ReportedSource, ReportedTls, SourceDay, StoredReport, TlsDay};
pub use rule::{ArrivingRule, RuleAction};
pub use suppression::Suppression;
pub use webhook::{
    AttemptNote, Delivery, DeliveryFilter, DeliveryState, NewDelivery, NewWebhook, SettledDelivery, Webhook,
    WebhookChange,
};
pub use workspace::Workspace;
pub use zone::ZoneRecord;
