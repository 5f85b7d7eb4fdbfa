//! Whether a mailbox has room: asked at RCPT, and again with the message. RFC 5321 §4.2.3, RFC 3463 §3.3.

use rules::Fault;
use smtp::{Reply, replies};
use store::Fits;

use crate::{
    addressee::{Addressee, Place},
    start::Shared,
};

/// The refusal of a message of so many octets (0: not known yet); `None` when it fits. A full mailbox is full for now:
/// its owner can make room. One that could never hold the message will not take it later either.
pub(crate) async fn refusal(shared: &Shared, addressee: &Addressee, octets: usize) -> Result<Option<Reply>, Fault> {
    let Place::Mailbox(mailbox) = &addressee.place else { return Ok(None) };
    let Some(quota) = shared.store.quota(mailbox).await? else { return Ok(None) };
    Ok(match quota.fits(u64::try_from(octets.max(1)).unwrap_or(u64::MAX)) {
        Fits::Yes => None,
        Fits::NotNow => Some(replies::mailbox_full()),
        Fits::Never => Some(replies::mailbox_too_small()),
    })
}
