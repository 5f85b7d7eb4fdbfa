//! What other hosts report about mail in our name: DMARC aggregate and failure reports, TLS reports, complaints;
//! taken apart, however they are packed, within bounds.
//!
//! What it is not: a judge. Whether a report is about a domain of ours, counts, or proves anything is decided by
//! `rules`. Unlike the reader of mail-auth, one odd value costs nothing but itself, and what is too large, too deep
//! or packed to burst is told by name. Reading order: [`read()`], [`Report`], then `unpack`, `aggregate`, `tls`,
//! `feedback`.

mod aggregate;
mod feedback;
mod problem;
mod read;
mod tls;
mod unpack;
mod xml;
mod zip;

pub use aggregate::{Aggregate, DkimResult, Override, Policy, Record, SpfResult, parse_aggregate};
pub use feedback::{AuthFailure, Feedback, FeedbackKind};
pub use problem::Problem;
pub use read::{Kind, Report, Unreadable, read};
pub use tls::{TlsFailure, TlsPolicy, TlsReport, parse_tls};
pub use unpack::{MAX_RATIO, MAX_UNPACKED, unpack};
