//! The queue: list, show, why, retry, drop.

use bounce::{Explanation, Refusal, explain};
use rules::{
    Fault,
    id::{MessageId, RecipientId},
};
use smtp::{Reply, Stage};
use store::{Attempt, QueueFilter, QueuedMessage, QueuedRecipient};

use crate::Ops;

/// Messages among which the start of an id is looked for.
const MANY: u32 = 10_000;

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
    /// Everything about one message: id, or the unambiguous start (or end) of one.
    ///
    /// # Errors
    /// `queue.unknown`, `queue.ambiguous`, `store.*`
    pub async fn why(&self, id: &str) -> Result<Why, Fault> {
        let message = self.find(id).await?;
        let mut recipients = Vec::new();
        for recipient in &message.recipients {
            let attempts = self.store.attempts(&recipient.id).await?;
            let explanation = attempts.iter().rev().find(|attempt| attempt.entry.is_some()).map(explanation);
            recipients.push(WhyRecipient { recipient: recipient.clone(), attempts, explanation });
        }
        Ok(Why { message, recipients })
    }

    /// Makes its waiting recipients due now. Returns how many.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn retry(&self, id: &MessageId) -> Result<u32, Fault> {
        let recipients = self.recipients(id).await?;
        self.store.retry_now(&recipients).await
    }

    /// Drops its waiting recipients. Returns how many.
    ///
    /// # Errors
    /// `queue.unknown`, `store.*`
    pub async fn drop_message(&self, id: &MessageId) -> Result<u32, Fault> {
        let recipients = self.recipients(id).await?;
        let dropped = self.store.drop_recipients(&recipients).await?;
        Ok(u32::try_from(dropped.len()).unwrap_or(u32::MAX))
    }

    async fn recipients(&self, id: &MessageId) -> Result<Vec<RecipientId>, Fault> {
        let message = self.find(id.as_str()).await?;
        Ok(message.recipients.into_iter().map(|recipient| recipient.id).collect())
    }

    /// The message of that id, or the only one whose id begins or ends so.
    async fn find(&self, id: &str) -> Result<QueuedMessage, Fault> {
        if let Some(message) = self.store.message(&MessageId(id.into())).await? {
            return Ok(message);
        }
        let all = self.store.queue(&QueueFilter { limit: MANY, ..QueueFilter::default() }).await?;
        let fits = |message: &QueuedMessage| {
            let text = message.id.as_str();
            !id.is_empty() && (text.starts_with(id) || text.ends_with(id))
        };
        let mut found: Vec<QueuedMessage> = all.into_iter().filter(fits).collect();
        match (found.pop(), found.is_empty()) {
            (Some(message), true) => Ok(message),
            (Some(_), false) => {
                let what = format!("more than one message has an id like {id}: give more of it");
                Err(Fault::caller("queue.ambiguous", what))
            }
            (None, _) => {
                let what = format!("no message {id}: `coldrelay queue list` shows the ids");
                Err(Fault::caller("queue.unknown", what))
            }
        }
    }
}

/// The relay's own explanation of an attempt, made again from what was kept.
fn explanation(attempt: &Attempt) -> Explanation {
    let reply = attempt.reply.as_deref().and_then(Reply::parse);
    let stage = attempt.stage.as_deref().and_then(Stage::parse).unwrap_or(Stage::Message);
    let explanation =
        explain(&Refusal { stage, reply: reply.as_ref(), mx_host: attempt.mx_host.as_deref(), fault: None });
    // What was written at the time stands, whatever the rules say today.
    match (attempt.entry.as_deref().and_then(reference::entry), attempt.class) {
        (Some(page), Some(class)) if page.id != explanation.entry => {
            Explanation::written(page, class, format!("written with attempt {}", attempt.number))
        }
        (Some(_), Some(class)) => Explanation { class, ..explanation },
        _ => explanation,
    }
}
