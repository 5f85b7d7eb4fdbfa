//! The DMARC record that holds for a domain, by the tree walk of RFC 9989 and by the public-suffix list of RFC 7489, step
//! by step: receivers use either, and the difference can decide a message's fate.
//!
//! `record` is pure; `walk` asks the DNS.

mod record;
mod walk;

pub use record::{DmarcNote, DmarcRecord, Psd, is_dmarc, parse as parse_dmarc};
pub use walk::{DmarcMethod, DmarcStep, DmarcWalk, organizational_domain, walk_dmarc};
