//! An installation as a folder of plain files, and back: no lock-in.
//!
//! `folder` writes files and holds them against the manifest, `records` says what stands in them, `write` and `read` do the two
//! deeds, `maildir`, `mbox` and `account` (IMAP) take mail from elsewhere, `mail` puts it into a mailbox without duplicates.

mod account;
mod folder;
mod mail;
mod maildir;
mod mbox;
mod read;
mod records;
mod write;

pub use account::ImapAccount;
pub use mail::{MailSource, MailsTaken};
pub use read::{Ported, Tally};
pub use records::Manifest;
pub use write::{Cast, ExportOptions};
