//! The From header: exactly one mailbox for the mail we send. RFC 5322 §3.6.2.

use crate::{Address, Malformed};

/// What a From field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromField {
    /// The display name, decoded (RFC 2047), when there is one.
    pub display: Option<String>,
    /// The address.
    pub address: Address,
}

/// Reads the value of a From field that must hold exactly one mailbox.
///
/// # Errors
/// [`Malformed`] with the offset of the fault in `value`; two addresses or a group are
/// [`crate::Kind::TwoAddresses`].
pub fn parse_from(_value: &str) -> Result<FromField, Malformed> {
    todo!()
}

impl std::fmt::Display for FromField {
    /// The field's value, quoted and encoded as needed: `"Doe, Ann" <ann@example.com>`.
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
