//! Whom a RCPT at the MX names: the answers are true, so that callback verification can be believed.

use rules::{
    Fault, forward,
    id::{MailTestId, MailboxId, RecipientId},
    proof::CORRESPONDENT,
    token,
};
use store::{Mailbox, QueuedMessage, QueuedRecipient, RuleAction, SendingDomain};
use syntax::{Address, Domain};

use crate::{answer::OPT_OUT_ROLE, start::Shared};

/// Where mail for one forward path goes.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    pub(crate) forward_path: Address,
    pub(crate) place: Place,
    /// The domain: its mail host speaks in our name.
    pub(crate) domain: SendingDomain,
    /// What the return-path token is about.
    pub(crate) about: Option<About>,
}

/// Where a message is kept.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Mailbox(MailboxId),
    /// A one-time address: the message is tested, whatever its faults.
    Test(MailTestId),
    /// A reverse-path under which we passed mail on: what comes back is passed on to whom it stands for.
    Return(Address),
    /// The correspondent of a pairing proof under way: the message is looked at, whatever its faults.
    Correspondent,
}

impl Addressee {
    /// The mailbox, when it is one.
    pub(crate) fn mailbox(&self) -> Option<&MailboxId> {
        match &self.place {
            Place::Mailbox(mailbox) => Some(mailbox),
            Place::Test(_) | Place::Return(_) | Place::Correspondent => None,
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
pub const ROLES: [&str; 4] = ["postmaster", "abuse", "reports", OPT_OUT_ROLE];

/// What the local part of a one-time address begins with.
pub const TEST_PREFIX: &str = "test-";

/// Looks a forward path up.
pub(crate) async fn find(shared: &Shared, address: &Address) -> Result<Found, Fault> {
    let Some(domain) = serving(shared, address.domain()).await? else { return Ok(Found::NotOurs) };
    if let Some((recipient, message)) = returned(shared, address).await? {
        let about = Some(About { recipient: recipient.id, address: recipient.address });
        return Ok(found(address, Place::Mailbox(message.mailbox), domain, about));
    }
    if begins_with(address, CORRESPONDENT) && shared.store.proof_of_correspondent(address).await?.is_some() {
        return Ok(found(address, Place::Correspondent, domain, None));
    }
    if begins_with(address, TEST_PREFIX)
        && let Some(test) = shared.store.waiting_mail_test(address).await?
    {
        return Ok(found(address, Place::Test(test), domain, None));
    }
    if let Some(original) = forward::read_srs(&shared.key, address, shared.store.clock().now()) {
        return Ok(found(address, Place::Return(original), domain, None));
    }
    Ok(match mailbox(shared, &domain, address).await? {
        Some(mailbox) if mailbox.suspended_at.is_some() => Found::Suspended,
        Some(mailbox) => found(address, Place::Mailbox(mailbox.id), domain, None),
        None => Found::NoMailbox,
    })
}

/// Whether the local part begins so, whatever the case.
pub(crate) fn begins_with(address: &Address, prefix: &str) -> bool {
    address.local().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn found(address: &Address, place: Place, domain: SendingDomain, about: Option<About>) -> Found {
    Found::Addressee(Box::new(Addressee { forward_path: address.clone(), place, domain, about }))
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
        && !is_filtered(shared, domain, address).await?
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

/// Whether a rule keeps this name from the catch-all. What a domain must answer to is never kept from it.
async fn is_filtered(shared: &Shared, domain: &SendingDomain, address: &Address) -> Result<bool, Fault> {
    let local = address.local().to_lowercase();
    if ROLES.contains(&local.as_str()) {
        return Ok(false);
    }
    let rules = shared.store.rules(Some(&domain.id)).await?;
    Ok(rules.iter().any(|rule| matches!(&rule.action, RuleAction::Refuse { pattern } if fits(pattern, &local))))
}

/// Whether a text is like a pattern in which `*` stands for any letters, or none. Takes time in proportion to both.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, text, expect) in [
            ("info", "info", true),
            ("info", "infos", false),
            ("info*", "infos", true),
            ("*sales", "presales", true),
            ("*sales", "salesman", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "ac", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expect, "{pattern} {text}");
        }
    }
}
