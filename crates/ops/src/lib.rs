//! One function per user deed: the CLI, the API and the pages are thin faces of it.

mod access;
mod backup;
mod blocklist;
mod certificate;
mod desk;
mod doctor;
mod domain;
mod exchange;
mod house;
mod load;
mod mail_test;
mod mailbox;
mod mailbox_check;
mod portable;
mod probe;
mod proof;
mod push;
mod queue;
mod ramp;
mod record;
mod report;
mod rows;
mod rule;
mod send;
mod tenancy;
mod tools;
mod verify;
mod webhook;

pub use access::{AccountRequest, Browser, MadeApiKey, NewKey, OpenedSession, TotpSetUp, Typed};
pub use backup::{
    BackupFile, BackupManifest, Elsewhere, Installation, RESTORING, Restored, back_up, check_backup, restore,
};
pub use blocklist::{BlocklistWatch, ListedSubject};
pub use certificate::{CertificateView, CertificateWatch};
pub use desk::{Attachment, BounceCause, DomainView, Imported, MailboxView, Opened, Overview, Verified};
pub use doctor::{Diagnosis, Doctor, worst};
pub use domain::{
    Check, DomainReport, DomainRequest, DomainState, DomainStep, DomainSummary, RotatedKey, Rotation, RotationStep,
    name_deeds,
};
pub use exchange::{
    BadRow, ExportRequest, Exported, FilePasswords, Passwords, ReadRow, Table as ReadMailboxes, credentials_csv,
    export_format, export_media, file_passwords,
};
pub use house::{House, HouseSettings, Running};
pub use load::{LoadWatch, memory_mark};
pub use mail_test::facts_of_test;
pub use mailbox::{MailboxRequest, NewCredentials};
pub use mailbox_check::{CalloutSettings, MailboxCheck, MailboxChecked};
pub use portable::{Cast, ExportOptions, ImapAccount, MailSource, MailsTaken, Manifest, Ported, Tally as PortedTally};
pub use probe::{ArmReport, ProbePlan, ProbeReport, ProbeRequest, Quoted, ReceiverReport};
pub use proof::ProofWatch;
pub use push::{Push, PushEnd, PushPasswords, PushRow, PushSecret, Vendor};
pub use queue::{Why, WhyRecipient};
pub use record::{KINDS as RECORD_KINDS, SendingRecord};
pub use report::{
    Complaints, DayTally, DomainTally, ReportCounts, ReportSummary, Reporter, ShownReport, Source, Tally, TlsFailures,
    TlsSummary,
};
pub use rows::RowOutcome;
pub use send::Composed;
pub use tools::{NewDkimKey, new_dkim_key};
pub use verify::verify;
pub use webhook::{DeliveryPage, WebhookRequest, WebhookTest, WebhookUpdate, WebhookWithSecret};

use dns::Resolver;
use rules::secret::Key;
use store::Store;

/// What a deed works with. Cheap to clone. Deeds are methods, one file a subject.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Rows.
    pub store: Store,
    /// For live proof.
    pub resolver: Resolver,
    /// The installation's secret.
    pub key: Key,
    /// How domains are published.
    pub publishing: Publishing,
    /// Messages a new mailbox may submit in 24 hours.
    pub daily_cap: u32,
    /// How new mailboxes come to it.
    pub ramp: rules::ramp::Slope,
    /// How long a submitted message may wait in the queue.
    pub expiry: std::time::Duration,
    /// Which pairing proofs a mailbox must have to send.
    pub proof_required: rules::proof::Required,
}

/// How records reach the DNS.
#[derive(Debug, Clone)]
pub enum Publishing {
    /// Served by the embedded DNS (through the store).
    Embedded,
    /// Dynamic update.
    Rfc2136(dns::publish::Rfc2136),
    /// A provider's API.
    Provider(dns::publish::Provider),
    /// Printed as a zone file; the operator takes it from there.
    Print,
}
