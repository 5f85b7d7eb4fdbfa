//! Whom an event concerns: its ids, looked up. An event that cannot be traced to a workspace is told to none.

use rules::{
    Fault,
    event::Event,
    id::{MessageId, WorkspaceId},
    webhook::Whose,
};

use crate::{
    Store,
    row::{Query, Row, sql},
};

impl Store {
    /// The workspace, and what stands beside the event in a webhook's body.
    ///
    /// # Errors
    /// `store.*`
    pub async fn whose(&self, event: &Event) -> Result<Whose, Fault> {
        let Some(query) = lookup(event) else { return Ok(Whose::default()) };
        self.row("look up whom an event concerns", query).await?.as_ref().map_or_else(|| Ok(Whose::default()), read)
    }
}

/// Gives workspace, domain, message, from_address, address, subject. `None`: a matter of the whole installation.
fn lookup(event: &Event) -> Option<Query> {
    const DOMAIN: &str = "SELECT workspace, name, NULL AS message, NULL AS from_address, NULL AS address, NULL AS subject \
                          FROM domain WHERE name = $1";
    const SUBJECT: &str = "SELECT workspace, name, NULL AS message, NULL AS from_address, NULL AS address, \
                           NULL AS subject FROM domain WHERE name = $1 OR egress_ip = $1 ORDER BY name LIMIT 1";
    const MAIL_HOST: &str = "SELECT workspace, name, NULL AS message, NULL AS from_address, NULL AS address, \
                             NULL AS subject FROM domain WHERE mail_host = $1 ORDER BY name LIMIT 1";
    const MAILBOX: &str = "SELECT domain.workspace, domain.name, NULL AS message, NULL AS from_address, mailbox.address, \
                           NULL AS subject FROM mailbox JOIN domain ON domain.id = mailbox.domain WHERE mailbox.id = $1";
    const MESSAGE: &str = "SELECT domain.workspace, domain.name, message.id AS message, message.from_address, \
                           NULL AS address, NULL AS subject FROM message JOIN domain ON domain.id = message.domain \
                           WHERE message.id = $1";
    const RECIPIENT: &str = "SELECT domain.workspace, domain.name, message.id AS message, message.from_address, \
                             NULL AS address, NULL AS subject FROM recipient \
                             JOIN message ON message.id = recipient.message \
                             JOIN domain ON domain.id = message.domain WHERE recipient.id = $1";
    const MAIL: &str = "SELECT domain.workspace, domain.name, NULL AS message, mail.from_address, mailbox.address, \
                        mail.subject FROM mail JOIN mailbox ON mailbox.id = mail.mailbox \
                        JOIN domain ON domain.id = mailbox.domain WHERE mail.id = $1";
    let (text, id) = match event {
        Event::DomainAdded { domain } | Event::DomainPublished { domain, .. } => (DOMAIN, domain.to_string()),
        Event::CertificateIssued { name, .. } | Event::CertificateFailed { name, .. } => (MAIL_HOST, name.clone()),
        Event::ListingChanged { subject, .. } => (SUBJECT, subject.clone()),
        Event::MailboxAdded { mailbox, .. }
        | Event::MailboxProofFailed { mailbox, .. }
        | Event::MailboxProofPassed { mailbox, .. } => (MAILBOX, mailbox.0.clone()),
        Event::MessageAccepted { message, .. } => (MESSAGE, message.0.clone()),
        Event::AttemptBegun { recipient, .. }
        | Event::Delivered { recipient, .. }
        | Event::Deferred { recipient, .. }
        | Event::Bounced { recipient, .. }
        | Event::InDoubt { recipient, .. }
        | Event::Dropped { recipient, .. } => (RECIPIENT, recipient.0.clone()),
        Event::MailReceived { mail, .. }
        | Event::ReplyReceived { mail, .. }
        | Event::RecipientOptedOut { mail, .. } => (MAIL, mail.0.clone()),
        Event::ReportReceived { domain, .. } => (DOMAIN, domain.clone()),
        Event::ComplaintReceived { recipient: Some(recipient), .. } => (RECIPIENT, recipient.0.clone()),
        // A suppression holds for the whole installation; a refusal may be of somebody who is nobody here.
        // So may a complaint that names no recipient of ours.
        Event::Suppressed { .. }
        | Event::LoadChanged { .. }
        | Event::ComplaintReceived { .. }
        | Event::SubmissionRefused { .. }
        | Event::InboundRefused { .. } => return None,
    };
    Some(sql(text).bind(id))
}

fn read(row: &Row) -> Result<Whose, Fault> {
    Ok(Whose {
        workspace: Some(WorkspaceId(row.text("workspace")?)),
        domain: Some(row.parsed("name")?),
        message: row.text_or_none("message")?.map(MessageId),
        from: row.parsed_or_none("from_address")?,
        address: row.parsed_or_none("address")?,
        subject: row.text_or_none("subject")?,
    })
}
