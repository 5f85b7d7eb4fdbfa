//! Mail that a mailbox passes on: sealed with ARC, under a reverse-path of ours (SRS), through the queue; and bounces of
//! such mail, which go back to whom they are for.

use auth::{Algorithm, Arrived, PrivateKey, SigningKey};
use rules::{Fault, forward, id::MailboxId};
use store::{Forward, NewMessage, NewRecipient, RuleAction, SendingDomain};
use syntax::{Address, Message, message_ids, parse_from};

use crate::{arrival::Arrival, settings::SEAL_LIMIT, trace};

/// Most addresses that one mailbox passes its mail on to.
const MAX_FORWARDS: usize = 10;

/// What becomes of a mail by the rules of its mailbox.
#[derive(Default)]
pub(crate) struct PassedOn {
    pub(crate) forwards: Vec<Forward>,
    /// A rule says that it is not kept.
    pub(crate) gone: bool,
}

/// Copies by the rules of this mailbox. A message that has been here before is not passed on again.
pub(crate) async fn by_rules(
    arrival: &Arrival<'_>,
    message: &Message<'_>,
    top: &str,
    mailbox: &MailboxId,
) -> Result<PassedOn, Fault> {
    let shared = arrival.shared;
    let rules = shared.store.rules_of(mailbox).await?;
    if rules.is_empty() {
        return Ok(PassedOn::default());
    }
    let Some(mailbox) = shared.store.mailboxes(None).await?.into_iter().find(|known| known.id == *mailbox) else {
        return Ok(PassedOn::default());
    };
    if forward::is_looping(&shared.key, message, &mailbox.address) {
        tracing::warn!(mailbox = %mailbox.id, "a message came back that was passed on: it is kept");
        return Ok(PassedOn::default());
    }
    let Some(domain) = domain_of(arrival, &mailbox.address).await? else { return Ok(PassedOn::default()) };
    let mark = forward::loop_mark(&shared.key, &mailbox.address);
    let top = format!("Delivered-To: {}\r\n{}: {mark}\r\n{top}", mailbox.address, forward::LOOP_FIELD);
    let content = trace::rewrite(message, &top, |field| arrival.is_dropped(field));
    let content = sealed(arrival, content, &domain).await?;
    let reverse_path = arrival.reverse_path.map(|original| {
        // Too long to be rewritten: what fails comes to the mailbox itself.
        forward::srs(&shared.key, original, &domain.name, shared.store.clock().now())
            .unwrap_or_else(|| mailbox.address.clone())
    });
    let mut passed_on = PassedOn::default();
    for rule in rules.into_iter().take(MAX_FORWARDS) {
        let RuleAction::Forward { to, keep } = rule.action else { continue };
        let message = new_message(arrival, message, &content, &domain, &mailbox.id, to);
        passed_on.forwards.push(Forward { message, reverse_path: reverse_path.clone() });
        passed_on.gone |= !keep;
    }
    Ok(passed_on)
}

/// A bounce to a reverse-path that we made for somebody else: passed on to them, as a notification.
pub(crate) async fn returned(
    arrival: &Arrival<'_>,
    message: &Message<'_>,
    top: &str,
    original: &Address,
    ours: &SendingDomain,
) -> Result<Option<Forward>, Fault> {
    let mailboxes = arrival.shared.store.mailboxes(Some(&ours.id)).await?;
    let Some(mailbox) = mailboxes.into_iter().next() else { return Ok(None) };
    let content = trace::rewrite(message, top, |field| arrival.is_dropped(field));
    let mut message = new_message(arrival, message, &content, ours, &mailbox.id, original.clone());
    // RFC 3464 §2: nobody is told of a notification that fails.
    message.recipients.iter_mut().for_each(|recipient| recipient.notify_failure = false);
    Ok(Some(Forward { message, reverse_path: None }))
}

fn new_message(
    arrival: &Arrival<'_>,
    message: &Message<'_>,
    content: &[u8],
    domain: &SendingDomain,
    mailbox: &MailboxId,
    to: Address,
) -> NewMessage {
    let from = message.value("From").and_then(|value| parse_from(&value).ok()).map(|from| from.address);
    let from = from.or_else(|| arrival.reverse_path.cloned());
    let message_id = message.value("Message-ID").and_then(|value| message_ids(&value).into_iter().next());
    NewMessage {
        domain: domain.id.clone(),
        mailbox: mailbox.clone(),
        from: from.unwrap_or_else(|| to.clone()),
        subject: message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default(),
        message_id: message_id.unwrap_or_default(),
        content: content.to_vec(),
        recipients: vec![NewRecipient { address: to, original: None, notify_failure: true }],
        envid: None,
        expires_at: arrival.shared.store.clock().now() + arrival.shared.settings.expiry,
    }
}

async fn domain_of(arrival: &Arrival<'_>, address: &Address) -> Result<Option<SendingDomain>, Fault> {
    arrival.shared.store.domain(address.domain()).await
}

/// With an ARC set of the domain's first key; as it is when there is no key, or the seal takes too long.
async fn sealed(arrival: &Arrival<'_>, content: Vec<u8>, domain: &SendingDomain) -> Result<Vec<u8>, Fault> {
    let keys = arrival.shared.store.dkim_keys(&domain.id).await?;
    // ARC knows RSA alone with certainty: RFC 8617 §4.1.3 takes DKIM's algorithms, few verify Ed25519.
    let key = keys.into_iter().find(|key| key.active && key.algorithm == Algorithm::Rsa.as_str());
    let Some(key) = key else { return Ok(content) };
    let key = SigningKey {
        domain: domain.name.clone(),
        selector: key.selector,
        algorithm: Algorithm::Rsa,
        key: PrivateKey(key.private_key),
    };
    let arrived = Arrived { ip: arrival.peer, helo: arrival.helo, mail_from: arrival.reverse_path, message: &content };
    let sealing = arrival.shared.verifier.seal(&arrived, arrival.host, &key);
    match tokio::time::timeout(SEAL_LIMIT, sealing).await {
        Ok(sealed) => sealed,
        Err(_) => Ok(content),
    }
}
