//! The return-path token: ties a bounce to its attempt, and cannot be forged.

use syntax::{Address, Domain};

use crate::{id::RecipientId, secret::Key};

/// `bounce+<token>@<domain>`; the token is base32 of recipient id (16 octets), attempt number and an
/// 8-octet HMAC-SHA-256. At most 64 octets of local part.
pub fn return_path(_key: &Key, _recipient: &RecipientId, _attempt: u32, _domain: &Domain) -> Address {
    todo!()
}

/// What a return path names, when it is one of ours and its MAC is right (case-insensitive).
pub fn read_return_path(_key: &Key, _address: &Address) -> Option<(RecipientId, u32)> {
    todo!()
}
