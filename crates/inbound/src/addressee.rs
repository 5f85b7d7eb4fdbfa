//! Whom a RCPT at the MX names: the answers are true, so that callback verification can be believed.

use rules::{
    Fault,
    id::{MailTestId, MailboxId, RecipientId},
    proof::CORRESPONDENT,
    token,
};
use store::{Mailbox, QueuedMessage, QueuedRecipient, SendingDomain};
use syntax::{Address, Domain};

use crate::start::Shared;

/// Where mail for one forward path goes.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    pub(crate) forward_path: Address,
    pub(crate) place: Place,
    /// The mail host of the domain: speaks in our name.
    pub(crate) mail_host: String,
    /// What the return-path token is about.
    pub(crate) about: Option<About>,
}

/// Where a message is kept.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Mailbox(MailboxId),
    /// A one-time address: the message is tested, whatever its faults.
    Test(MailTestId),
    /// The correspondent of a pairing proof under way: the message is looked at, whatever its faults.
    Correspondent,
}

impl Addressee {
    /// The mailbox, when it is one.
    pub(crate) fn mailbox(&self) -> Option<&MailboxId> {
        match &self.place {
            Place::Mailbox(mailbox) => Some(mailbox),
            Place::Test(_) | Place::Correspondent => None,
        }
    }
}

/// A recipient of ours that a return path names.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) recipient: RecipientId,
    pub(crate) address: Address,
}

/// What a forward path comes to.
#[derive(Debug)]
pub(crate) enum Found {
    Addressee(Box<Addressee>),
    /// The domain is ours and has no such mailbox.
    NoMailbox,
    /// The mailbox is suspended.
    Suspended,
    /// The domain is not ours.
    NotOurs,
}

/// Names that a domain must answer to (RFC 5321 §4.5.1, RFC 2142), or that our own DNS records name.
pub const ROLES: [&str; 3] = ["postmaster", "abuse", "reports"];

/// What the local part of a one-time address begins with.
pub const TEST_PREFIX: &str = "test-";

/// Looks a forward path up.
pub(crate) async fn find(shared: &Shared, address: &Address) -> Result<Found, Fault> {
    let Some(domain) = serving(shared, address.domain()).await? else { return Ok(Found::NotOurs) };
    let mail_host = domain.mail_host.to_string();
    if let Some((recipient, message)) = returned(shared, address).await? {
        let about = Some(About { recipient: recipient.id, address: recipient.address });
        return Ok(found(address, Place::Mailbox(message.mailbox), mail_host, about));
    }
    if begins_with(address, CORRESPONDENT) && shared.store.proof_of_correspondent(address).await?.is_some() {
        return Ok(found(address, Place::Correspondent, mail_host, None));
    }
    if begins_with(address, TEST_PREFIX)
        && let Some(test) = shared.store.waiting_mail_test(address).await?
    {
        return Ok(found(address, Place::Test(test), mail_host, None));
    }
    Ok(match mailbox(shared, &domain, address).await? {
        Some(mailbox) if mailbox.suspended_at.is_some() => Found::Suspended,
        Some(mailbox) => found(address, Place::Mailbox(mailbox.id), mail_host, None),
        None => Found::NoMailbox,
    })
}

/// Whether the local part begins so, whatever the case.
pub(crate) fn begins_with(address: &Address, prefix: &str) -> bool {
    address.local().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn found(address: &Address, place: Place, mail_host: String, about: Option<About>) -> Found {
    Found::Addressee(Box::new(Addressee { forward_path: address.clone(), place, mail_host, about }))
}

/// The sending domain that serves this name: itself, or the one whose mail host it is.
async fn serving(shared: &Shared, name: &Domain) -> Result<Option<SendingDomain>, Fault> {
    if let Some(domain) = shared.store.domain(name).await? {
        return Ok(Some(domain));
    }
    let Some(parent) = name.parent() else { return Ok(None) };
    let domain = shared.store.domain(&parent).await?;
    Ok(domain.filter(|domain| domain.mail_host == *name))
}

/// The recipient that a return path of ours is about.
async fn returned(shared: &Shared, address: &Address) -> Result<Option<(QueuedRecipient, QueuedMessage)>, Fault> {
    match token::read_return_path(&shared.key, address) {
        Some((recipient, _)) => shared.store.recipient(&recipient).await,
        None => Ok(None),
    }
}

/// The mailbox of that name, else the catch-all; a role goes to the domain's first mailbox if need be.
async fn mailbox(shared: &Shared, domain: &SendingDomain, address: &Address) -> Result<Option<Mailbox>, Fault> {
    let is_role = ROLES.contains(&address.local().to_ascii_lowercase().as_str());
    let is_mail_host = *address.domain() != domain.name;
    if !is_mail_host && let Some(mailbox) = shared.store.mailbox(address).await? {
        return Ok(Some(mailbox));
    }
    // The mail host has no mailboxes of its own, but a postmaster.
    if is_mail_host && !is_role {
        return Ok(None);
    }
    if is_mail_host && let Ok(there) = Address::new(address.local(), domain.name.clone()) {
        return Box::pin(mailbox(shared, domain, &there)).await;
    }
    if let Some(catch_all) = &domain.catch_all
        && let Some(mailbox) = shared.store.mailbox(catch_all).await?
    {
        return Ok(Some(mailbox));
    }
    if !is_role {
        return Ok(None);
    }
    let mailboxes = shared.store.mailboxes(Some(&domain.id)).await?;
    Ok(mailboxes.into_iter().find(|mailbox| mailbox.suspended_at.is_none()))
}
