//! Sending one message as a mailbox, from the CLI: the same rules as submission.

use rules::{Fault, id::MessageId};
use syntax::Address;

use crate::Ops;

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Composed {
    /// One of our mailboxes.
    pub from: Address,
    /// Recipients.
    pub to: Vec<Address>,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
}

impl Ops {
    /// Composes and accepts it.
    ///
    /// # Errors
    /// `submission.refused` with the reply and its entry in the context, `store.*`
    pub async fn send(&self, _composed: Composed) -> Result<MessageId, Fault> {
        todo!()
    }
}
