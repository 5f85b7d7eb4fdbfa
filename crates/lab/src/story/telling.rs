//! Reading from the store what happened.

use bounce::Refusal as Seen;
use rules::Fault;
use smtp::{Reply, Stage, client::RecipientOutcome};
use store::{Attempt, MailKind, QueuedMessage, QueuedRecipient, SendingDomain, State};
use syntax::Address;

use super::{Direct, Lab};
use crate::{
    hostile::refusal,
    report::{Delivery, DomainSummary, FaultStory, Hostile, MailboxSummary, Received, Refusal, Report},
    roster::RECEIVERS,
};

/// Mails read from the mailboxes.
const MANY: u32 = 1000;

impl Lab {
    pub(super) async fn tell(
        &self,
        directs: Vec<Direct>,
        refused: Vec<Hostile>,
        faults: Vec<FaultStory>,
    ) -> Result<Report, Fault> {
        let mut deliveries = self.deliveries().await?;
        deliveries.extend(directs.iter().map(Direct::delivery));
        deliveries.sort_by_key(|delivery| place(&delivery.receiver));
        let received = self.received().await?;
        let came = |kind: &str| received.iter().filter(|mail| mail.from_outside && mail.kind == kind).count();
        Ok(Report {
            deliveries,
            refused,
            faults,
            healthy: Vec::new(),
            forecasts: Vec::new(),
            domains: self.domains().await?,
            mailboxes: self.mailboxes(&received).await?,
            proofs: Vec::new(),
            replies_received: came("reply"),
            bounces_received: came("bounce"),
            received,
        })
    }

    /// Every recipient of every message, in the order of submission.
    pub(super) async fn deliveries(&self) -> Result<Vec<Delivery>, Fault> {
        let mut deliveries = Vec::new();
        for message in self.messages().await?.iter().rev() {
            for recipient in &message.recipients {
                let attempts = self.ops.store.attempts(&recipient.id).await?;
                deliveries.push(delivery(message, recipient, &attempts));
            }
        }
        Ok(deliveries)
    }

    async fn received(&self) -> Result<Vec<Received>, Fault> {
        let mailboxes = self.ops.mailboxes(None).await?;
        let mut received = Vec::new();
        for mail in self.ops.store.mails(None, MANY).await? {
            let Some(mailbox) = mailboxes.iter().find(|mailbox| mailbox.id == mail.mailbox) else { continue };
            received.push(Received {
                mailbox: mailbox.address.clone(),
                kind: kind(mail.kind).into(),
                from: mail.from,
                subject: mail.subject,
                from_outside: mail.verdicts.is_some(),
                about: mail.about.map(|about| about.0),
            });
        }
        received.reverse();
        Ok(received)
    }

    async fn domains(&self) -> Result<Vec<DomainSummary>, Fault> {
        let mut summaries = Vec::new();
        for SendingDomain { id, name, egress_ip, mail_host, .. } in self.ops.store.domains(None).await? {
            let checks = self.ops.check_domain(&name).await?;
            let keys = self.ops.store.dkim_keys(&id).await?;
            summaries.push(DomainSummary {
                name,
                egress_ip,
                mail_host,
                records: checks.len(),
                proved: checks.iter().filter(|check| check.status == "ok").count(),
                selectors: keys.into_iter().map(|key| key.selector).collect(),
            });
        }
        Ok(summaries)
    }

    async fn mailboxes(&self, received: &[Received]) -> Result<Vec<MailboxSummary>, Fault> {
        let mailboxes = self.ops.mailboxes(None).await?;
        let count = |address: &Address| received.iter().filter(|mail| mail.mailbox == *address).count();
        let summary = |mailbox: store::Mailbox| MailboxSummary {
            mails: count(&mailbox.address),
            address: mailbox.address,
            display: mailbox.display,
        };
        Ok(mailboxes.into_iter().map(summary).collect())
    }
}

impl Direct {
    /// As it is reported.
    pub(super) fn delivery(&self) -> Delivery {
        let (status, reply, refusals) = match &self.outcome {
            RecipientOutcome::Accepted(reply) => ("delivered", Some(reply), Vec::new()),
            RecipientOutcome::Refused { stage, reply } => {
                let status = if reply.is_permanent() { "bounced" } else { "deferred" };
                (status, Some(reply), vec![refusal(&seen(*stage, Some(reply), None))])
            }
            RecipientOutcome::Lost(stage) => {
                ("deferred", None, vec![refusal(&seen(*stage, None, Some("connection.lost")))])
            }
            RecipientOutcome::InDoubt => {
                ("in_doubt", None, vec![refusal(&seen(Stage::Message, None, Some("delivery.in-doubt")))])
            }
        };
        Delivery {
            via: "direct",
            reply: reply.map(ToString::to_string),
            enhanced: reply.and_then(|reply| reply.enhanced).map(|code| code.to_string()),
            attempts: 1,
            tls: false,
            ..shell(&self.sender, &self.recipient, status, self.purpose, refusals)
        }
    }
}

fn seen<'r>(stage: Stage, reply: Option<&'r Reply>, fault: Option<&'r str>) -> Seen<'r> {
    Seen { stage, reply, mx_host: None, fault }
}

fn delivery(message: &QueuedMessage, recipient: &QueuedRecipient, attempts: &[Attempt]) -> Delivery {
    let last = attempts.iter().rev().find(|attempt| attempt.ended_at.is_some());
    let refusals = attempts.iter().filter_map(refused).collect();
    Delivery {
        via: "house",
        reply: last.and_then(|attempt| attempt.reply.clone()),
        enhanced: last.and_then(|attempt| attempt.enhanced.clone()),
        attempts: recipient.attempts,
        tls: attempts.iter().any(|attempt| attempt.tls.is_some()),
        ..shell(&message.from, &recipient.address, status(recipient.state), &message.subject, refusals)
    }
}

/// A delivery whose explanation is that of its last refusal.
fn shell(sender: &Address, recipient: &Address, status: &str, purpose: &str, refusals: Vec<Refusal>) -> Delivery {
    let domain = recipient.domain().as_str();
    let receiver = RECEIVERS.iter().find(|resident| resident.domain == domain);
    let last = refusals.last();
    Delivery {
        receiver: receiver.map_or_else(|| domain.to_owned(), |resident| resident.name.to_owned()),
        sender: sender.clone(),
        recipient: recipient.clone(),
        status: status.into(),
        via: "house",
        reply: None,
        enhanced: None,
        entry: last.map(|refusal| refusal.entry.clone()),
        who: last.map(|refusal| refusal.who),
        how_long: last.map(|refusal| refusal.how_long),
        action: last.map(|refusal| refusal.action),
        attempts: 0,
        tls: false,
        purpose: purpose.into(),
        refusals,
    }
}

/// The refusal that an attempt ended with, as the relay explained it.
fn refused(attempt: &Attempt) -> Option<Refusal> {
    let (entry, class) = (attempt.entry.as_deref()?, attempt.class?);
    let page = reference::entry(entry)?;
    Some(Refusal {
        stage: attempt.stage.clone().unwrap_or_default(),
        reply: attempt.reply.clone(),
        enhanced: attempt.enhanced.clone(),
        entry: entry.into(),
        title: page.title.clone(),
        who: class.who,
        how_long: class.how_long,
        action: class.action,
        fix: page.steps.first().map(|step| step.title.clone()).unwrap_or_default(),
    })
}

fn status(state: State) -> &'static str {
    match state {
        State::Delivered => "delivered",
        State::Bounced => "bounced",
        State::InDoubt => "in_doubt",
        State::Queued | State::Sending | State::Deferred => "deferred",
        State::Dropped => "dropped",
    }
}

fn kind(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Message => "message",
        MailKind::Reply => "reply",
        MailKind::Bounce => "bounce",
        MailKind::Auto => "auto",
        MailKind::Report => "report",
    }
}

/// Where a receiver stands in the roster.
fn place(receiver: &str) -> usize {
    RECEIVERS.iter().position(|resident| resident.name == receiver).unwrap_or(usize::MAX)
}
