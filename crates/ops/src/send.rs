//! Sending one message as a mailbox, from the CLI: the same rules as submission.

use std::time::Duration;

use rules::{
    Blame, Fault, Retry,
    id::MessageId,
    secret::unguessable,
    submission::{Caller, Refused, check_mail, check_message, check_proof, check_recipient},
};
use store::{NewMessage, NewRecipient, Once};
use syntax::{Address, Draft, FromField, Message};

use crate::{Ops, mailbox::unknown_mailbox};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// `mailbox.unknown`, `submission.refused` with the reply and its entry in the context, `store.*`
    pub async fn send(&self, composed: Composed) -> Result<MessageId, Fault> {
        self.send_in_thread(composed, Vec::new()).await
    }

    /// As [`Ops::send`], with more header fields.
    pub(crate) async fn send_in_thread(
        &self,
        composed: Composed,
        more: Vec<(String, String)>,
    ) -> Result<MessageId, Fault> {
        let new = self.compose(composed, more).await?;
        self.store.accept(new, Vec::new()).await
    }

    /// As [`Ops::send`], once for each key of a caller: asked for again, it gives the message of the first time.
    ///
    /// # Errors
    /// As [`Ops::send`]; `idempotency.reused` when the key was used for something else.
    pub async fn send_once(&self, composed: Composed, owner: &str, key: &str) -> Result<MessageId, Fault> {
        let said = format!("{} {:?} {} {}", composed.from, composed.to, composed.subject, composed.text);
        let once = Once { owner: owner.to_owned(), key: key.to_owned(), fingerprint: unguessable(&self.key, &said) };
        // What was accepted stays accepted, whatever the rules would say of it now.
        if let Some(id) = self.store.accepted_for(&once).await? {
            return Ok(id);
        }
        let new = self.compose(composed, Vec::new()).await?;
        self.store.accept_once(new, once).await
    }

    async fn compose(&self, composed: Composed, more: Vec<(String, String)>) -> Result<NewMessage, Fault> {
        if let Some(fault) = self.store.shedding() {
            return Err(fault);
        }
        let mailbox = self.mailbox(&composed.from).await?;
        if mailbox.suspended_at.is_some() {
            return Err(suspended(&mailbox.address));
        }
        let now = self.store.clock().now();
        let submitter = self.store.submitter(&mailbox.id, now - DAY).await?;
        let submitter = submitter.ok_or_else(|| unknown_mailbox(&mailbox.address))?;
        check_proof(&mailbox.address, &submitter.standing, self.proof_required).map_err(refused)?;
        let caller = Caller {
            mailbox: mailbox.address.clone(),
            daily_cap: submitter.mailbox.allowance(),
            grants: submitter.addresses(),
            accepted_today: submitter.accepted,
        };
        check_mail(&caller, Some(&mailbox.address)).map_err(refused)?;
        for address in &composed.to {
            let suppression = self.store.suppression(address).await?;
            check_recipient(address, suppression.as_ref().map(|row| row.reason.as_str())).map_err(refused)?;
        }
        let seed = format!("{} {}", now.micros(), mailbox.id);
        let message_id = format!("{}@{}", unguessable(&self.key, &seed), mailbox.address.domain());
        let draft = Draft {
            from: FromField { display: mailbox.display.clone(), address: mailbox.address.clone() },
            to: composed.to.clone(),
            subject: composed.subject.clone(),
            text: composed.text,
            date: now,
            message_id: message_id.clone(),
            more,
        };
        let content = draft.write();
        let parsed =
            Message::parse(&content).map_err(|malformed| Fault::caller("submission.refused", malformed.to_string()))?;
        check_message(&caller, &parsed).map_err(refused)?;
        let recipients = composed.to.into_iter();
        Ok(NewMessage {
            domain: mailbox.domain,
            mailbox: mailbox.id,
            from: mailbox.address,
            subject: composed.subject,
            message_id,
            content,
            recipients: recipients
                .map(|address| NewRecipient { address, original: None, notify_failure: true })
                .collect(),
            envid: None,
            expires_at: now + self.expiry,
        })
    }
}

fn suspended(address: &Address) -> Fault {
    Fault::new("submission.refused", Blame::Caller, Retry::AfterChange)
        .context(format!("{address} is suspended: `coldrelay mailbox resume {address}` lets it send again"))
}

fn refused(refused: Refused) -> Fault {
    Fault::new("submission.refused", Blame::Caller, Retry::AfterChange).context(refused.reply.to_string())
}
