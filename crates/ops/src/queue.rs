//! The queue: list, show, why, retry, drop.

use bounce::Explanation;
use rules::{Fault, id::MessageId};
use store::{Attempt, QueuedMessage, QueuedRecipient};

use crate::Ops;

/// Why a message is where it is.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Why {
    /// Message.
    pub message: QueuedMessage,
    /// Each recipient.
    pub recipients: Vec<WhyRecipient>,
}

/// Why one recipient is where it is.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WhyRecipient {
    /// Row.
    pub recipient: QueuedRecipient,
    /// Attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Of the last refusal.
    pub explanation: Option<Explanation>,
}

impl Ops {
    /// Everything about one message: id, or the unambiguous start of one.
    ///
    /// # Errors
    /// `queue.unknown`, `queue.ambiguous`, `store.*`
    pub async fn why(&self, _id: &str) -> Result<Why, Fault> {
        todo!()
    }
    /// Makes its waiting recipients due now. Returns how many.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn retry(&self, _id: &MessageId) -> Result<u32, Fault> {
        todo!()
    }
    /// Drops its waiting recipients. Returns how many.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn drop_message(&self, _id: &MessageId) -> Result<u32, Fault> {
        todo!()
    }
}
