//! Bounces that come back to a return path of ours.

use bounce::{Outcome, Recognised, Source, dsn, explain_message};
use rules::{Fault, event::Event, id::AttemptId};
use smtp::{Enhanced, Reply, Stage};
use store::{NewMail, Settled, Verdict};

use crate::{addressee::About, start::Shared};

/// Most characters of a bounce's words that are kept as the reply.
const MAX_WORDS: usize = 1000;

/// Whether a message is a notification.
pub(crate) enum Notification {
    /// It is.
    Read(Box<Recognised>),
    /// It claims to be one and cannot be read: kept for people to look at.
    Unreadable,
    /// It is something else.
    No,
}

/// Looks. What is addressed to a return path of ours may be a bounce in any form; anything else must
/// say that it is one, or people who write about failed mail would be taken for machines.
pub(crate) fn read(message: &[u8], to_return_path: bool) -> Notification {
    let found = |recognised| Notification::Read(Box::new(recognised));
    match dsn::read(message) {
        Ok(Some(_)) => found(explain_message(message)),
        claim if to_return_path => {
            let recognised = explain_message(message);
            match (recognised.source, claim) {
                (Source::Bounce | Source::Delay, _) => found(recognised),
                (_, Err(_)) => Notification::Unreadable,
                _ => Notification::No,
            }
        }
        Err(_) => Notification::Unreadable,
        Ok(None) => Notification::No,
    }
}

/// Settles the recipient that the return path names, together with the mail; gives the mail back when there
/// is nothing to settle (delayed, delivered…), to be stored like any other.
pub(crate) async fn settle(
    shared: &Shared,
    told: &Recognised,
    about: &About,
    mail: NewMail,
) -> Result<Option<NewMail>, Fault> {
    let Some(failed) = said_about(told, about).filter(|_| told.source == Source::Bounce) else {
        return Ok(Some(mail));
    };
    let reply = reply_of(failed);
    let mx_host = failed.host.clone();
    let explanation = &failed.explanation;
    if explanation.suppress {
        // First, and idempotent: should the rest fail, the notification comes again.
        shared.store.suppress(&about.address, explanation.entry).await?;
    }
    let bounced = Event::Bounced {
        recipient: about.recipient.clone(),
        to: about.address.clone(),
        entry: explanation.entry.to_owned(),
        class: explanation.class,
        late: true,
    };
    let settled = Settled {
        // The store makes a row of its own for what was said later.
        attempt: AttemptId(String::new()),
        recipient: about.recipient.clone(),
        verdict: Verdict::Bounced,
        mx_host,
        peer: None,
        tls: None,
        stage: Stage::Notification.as_str().to_owned(),
        reply: Some(reply.to_string()),
        enhanced: reply.enhanced.map(|enhanced| enhanced.to_string()),
        entry: Some(explanation.entry.to_owned()),
        class: Some(explanation.class),
        transcript: String::new(),
        notice: Some(mail),
        events: vec![bounced],
    };
    shared.store.bounce_late(settled).await?;
    Ok(None)
}

/// What is said about our recipient. The token says which one is meant; the address may have been rewritten
/// on the way (an alias), so that a notification about one recipient is about ours.
fn said_about<'a>(told: &'a Recognised, about: &About) -> Option<&'a Outcome> {
    let key = about.address.key();
    let is_key = |address: &Option<String>| address.as_deref().is_some_and(|address| address.to_lowercase() == key);
    let named = |said: &&Outcome| is_key(&said.recipient) || is_key(&said.original_recipient);
    told.recipients.iter().find(named).or(match told.recipients.as_slice() {
        [only] => Some(only),
        _ => None,
    })
}

/// What was said, as a reply; its code is made from the status where none was told.
fn reply_of(said: &Outcome) -> Reply {
    let enhanced = said.enhanced.as_deref().and_then(Enhanced::parse);
    let temporary = enhanced.is_some_and(|code| code.class == 4);
    let words: String = said.text.chars().take(MAX_WORDS).collect();
    let whole = Reply::parse(&words).filter(|reply| Some(reply.code) == said.reply);
    whole.unwrap_or_else(|| {
        let code = said.reply.unwrap_or(if temporary { 450 } else { 550 });
        let words = if words.is_empty() { "no diagnostic was given".to_owned() } else { words };
        Reply { code, enhanced, lines: vec![words] }
    })
}
