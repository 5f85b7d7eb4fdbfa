//! The rows: one SQL text on SQLite and PostgreSQL, one committer, group commit.
//!
//! Everything that a reply depends on goes through the committer: it is durable when the call returns.
//! Reading order: [`Store`], then one module a table.

mod access;
mod arriving;
mod asked;
mod attempt;
mod callout;
mod certificate;
mod checkpoint;
mod committer;
mod connect;
mod copy;
mod describe;
mod desk;
mod dkim;
mod domain;
mod entry;
mod event;
mod expunge;
mod fault;
mod folder;
mod glance;
mod id;
mod idempotency;
mod kept;
mod latch;
mod lease;
mod listing;
mod load;
mod login;
mod mail;
mod mail_test;
mod mailbox;
mod message;
mod migrate;
mod open;
mod page;
mod past;
mod proof;
mod queue;
mod quota;
mod ramp;
mod record;
mod report;
mod room;
mod row;
mod rule;
mod search;
mod submitter;
mod suppression;
mod together;
mod transfer;
mod uids;
#[cfg(test)]
mod upgrade_tests;
mod verify;
mod watch;
mod webhook;
mod workspace;
mod zone;

pub use access::{Account, ApiKey, Audit, Deed, NewAccount, NewApiKey, NewSession, Session};
pub use arriving::{Arriving, ArrivingMail, ArrivingReport, Complaint, Forward};
pub use attempt::Attempt;
pub use callout::{CalloutAnswer, NewCallout, Permit};
pub use certificate::{Ca, Certificate, CertificateEnd, ChallengeProof, Given, WantedCertificate};
pub use copy::{DatabaseCopy, copy_in, copy_out, look_into_copy, waiting_in_copy};
pub use describe::{Describe, Described, Searched};
pub use desk::{
    BounceCount, DayTally, DeskCounts, DomainFilter, DomainRow, InboxFilter, InboxRow, MailboxFilter, MailboxOrder,
    MailboxRow, MailboxState, MessageFilter, MessageRow, WaitingRow,
};
pub use dkim::KeyLife;
pub use domain::{DkimKey, NewDomain, Sender, SendingDomain};
pub use entry::{Entry, EntryKept, FlagChange, Flags, FlagsStored, FolderChanges, Wanted};
pub use event::StoredEvent;
pub use folder::{Folder, FolderCounts, FolderId, INBOX, SEPARATOR, Special};
pub use glance::{Glance, glance};
pub use idempotency::Once;
pub use listing::{ListingPeriod, SeenListing};
pub use login::Login;
pub use mail::{Mail, MailKind, NewMail};
pub use mail_test::{MailTest, TestArrival};
pub use mailbox::{Mailbox, NewMailbox};
pub use message::{NewMessage, NewRecipient, QueueFilter, QueuedMessage, QueuedRecipient, State};
pub use migrate::SCHEMA_VERSION;
pub use open::{Health, Store};
pub use past::{ImportMark, PastMail, Place};
pub use proof::{Letter, Pairing, Proof, ProofEnd, ProofOverride, ProofReason};
pub use queue::{BeginAttempt, Due, Park, ReversePath, Settled, Turn, Verdict};
pub use quota::{Fits, Quota};
pub use ramp::{Allowances, RampDay};
pub use record::DayCount;
pub use report::{
    NewReport, ReportFilter, ReportState, ReportedSource, ReportedTls, ReportsOf, SourceDay, StoredReport, TlsDay,
};
pub use room::{DiskRoom, disk_room};
pub use rule::{ArrivingRule, RuleAction};
pub use search::{Search, SearchIn};
pub use submitter::{Grant, Submitter};
pub use suppression::Suppression;
pub use transfer::{Copied, NewEntry};
pub use uids::Uids;
pub use verify::{Look, VerifiedDatabase, must_be_sound, verify_copy, verify_database};
pub use watch::{FOLDER_GONE, FolderWatch};
pub use webhook::{
    AttemptNote, Delivery, DeliveryFilter, DeliveryState, NewDelivery, NewWebhook, SettledDelivery, Webhook,
    WebhookChange,
};
pub use workspace::Workspace;
pub use zone::ZoneRecord;
