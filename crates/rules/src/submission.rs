//! What may be submitted. Each refusal is a reply whose text names its reference entry.

use smtp::Reply;
use syntax::{Address, Message};

/// What the decision rests on.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The authenticated mailbox.
    pub mailbox: Address,
    /// Addresses it may send as (itself included), all real mailboxes.
    pub grants: Vec<Address>,
    /// Messages accepted from it in the last 24 hours.
    pub accepted_today: u32,
    /// Its daily cap.
    pub daily_cap: u32,
}

/// A refusal: the reply and the id of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Reply to be sent.
    pub reply: Reply,
    /// Entry id, also named in the reply's text.
    pub entry: &'static str,
}

/// May this caller use this reverse-path? The null reverse-path is refused on submission.
///
/// # Errors
/// [`Refused`]: `from-not-owned` (550 5.7.1), `null-sender-on-submission`, `daily-cap` (450 4.7.1)…
pub fn check_mail(_caller: &Caller, _reverse_path: Option<&Address>) -> Result<(), Refused> {
    todo!()
}

/// May this message be sent: exactly one From field, one address in it, granted; header bounded?
///
/// # Errors
/// [`Refused`]: `from-malformed` (553 5.1.7), `from-missing`, `from-two-fields`, `from-two-addresses`,
/// `from-not-owned`, `header-malformed`, `header-too-long`…
pub fn check_message(_caller: &Caller, _message: &Message<'_>) -> Result<Address, Refused> {
    todo!()
}
