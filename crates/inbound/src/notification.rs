//! Delivery status notifications that come back to a return path of ours.

use bounce::{
    dsn::{self, Dsn, DsnAction, DsnRecipient},
    explain_recipient,
};
use rules::{Fault, event::Event, id::AttemptId};
use smtp::{Reply, Stage};
use store::{NewMail, Settled, Verdict};

use crate::{addressee::About, start::Shared};

/// Whether a message is a notification.
pub(crate) enum Notification {
    /// It is.
    Read(Dsn),
    /// It claims to be one and cannot be read: kept for people to look at.
    Unreadable,
    /// It is something else.
    No,
}

/// Looks.
pub(crate) fn read(message: &[u8]) -> Notification {
    match dsn::read(message) {
        Ok(Some(dsn)) => Notification::Read(dsn),
        Ok(None) => Notification::No,
        Err(_) => Notification::Unreadable,
    }
}

/// Settles the recipient that the return path names, together with the mail; gives the mail back when there
/// is nothing to settle (delayed, delivered…), to be stored like any other.
pub(crate) async fn settle(shared: &Shared, dsn: &Dsn, about: &About, mail: NewMail) -> Result<Option<NewMail>, Fault> {
    let Some(failed) = said_about(dsn, about).filter(|said| said.action == DsnAction::Failed) else {
        return Ok(Some(mail));
    };
    let reply = failed.diagnostic.clone().unwrap_or_else(|| reply_of(failed));
    let mx_host = failed.remote_mta.clone().unwrap_or_else(|| dsn.reporting_mta.clone());
    let explanation = explain_recipient(&DsnRecipient { remote_mta: Some(mx_host.clone()), ..failed.clone() });
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
        mx_host: Some(mx_host),
        peer: None,
        tls: None,
        stage: Stage::Notification.as_str().to_owned(),
        reply: Some(reply.to_string()),
        enhanced: reply.enhanced.or(Some(failed.status)).map(|enhanced| enhanced.to_string()),
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
fn said_about<'a>(dsn: &'a Dsn, about: &About) -> Option<&'a DsnRecipient> {
    let key = about.address.key();
    let by_address = dsn.recipients.iter().find(|said| said.address.key() == key);
    by_address.or(match dsn.recipients.as_slice() {
        [only] => Some(only),
        _ => None,
    })
}

/// The status as a reply, when the diagnostic was left out.
fn reply_of(said: &DsnRecipient) -> Reply {
    let code = if said.status.class == 4 { 450 } else { 550 };
    Reply::new(code, said.status, "no diagnostic was given")
}
