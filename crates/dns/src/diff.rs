//! What differs between what is planned and what is there.

use crate::{Data, Record};

/// One difference, per owner and type.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Planned and absent.
    Add {
        /// The record.
        record: Record,
    },
    /// There, where something else is planned (same owner and type; for TXT: same kind of text, as `v=spf1`).
    Replace {
        /// What is there.
        old: Vec<Data>,
        /// What is planned.
        record: Record,
    },
    /// There, ours (same owner and type family) and not planned: an extra SPF record, an old MX.
    Remove {
        /// The record.
        record: Record,
    },
}

/// Compares; foreign TXT records at the same owner (site verifications) are left alone.
pub fn diff(_planned: &[Record], _actual: &[Record]) -> Vec<Change> {
    todo!()
}
