//! One author of a field: a name, an address, and what was meant.

use super::{Mailbox, address::Found};

/// An author as far as they could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Author {
    /// The name as receivers show it.
    pub(super) shown: Option<String>,
    /// The name as it was meant, for the repair: with its commas, comments, decoded words.
    pub(super) meant: Option<String>,
    /// The address.
    pub(super) address: Option<Found>,
}

impl Author {
    /// What the outside sees of it; nothing without an address.
    pub(super) fn mailbox(self) -> Option<Mailbox> {
        let address = self.address?;
        Some(Mailbox {
            display_name: self.shown.filter(|name| !name.is_empty()),
            local_part: address.local,
            domain: address.domain,
            start: address.span.start,
            end: address.span.end,
        })
    }
}
