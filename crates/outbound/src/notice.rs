//! The notice of a final failure into the sender's mailbox. RFC 3464.

use bounce::{
    Explanation,
    dsn::{self, Cover, Dsn, DsnAction, DsnRecipient},
};
use smtp::{Enhanced, client::Delivery};
use store::{MailKind, NewMail};
use syntax::{Address, Message};

use crate::{courier::Begun, scheduler::Shared, settle::Ending};

/// A delivery of nothing, for a recipient that no connection is made for.
pub(crate) fn nothing() -> Delivery {
    Delivery { reverse_path: None, recipients: Vec::new(), content: Vec::new(), envid: None }
}

/// The notice; `None` when its addresses cannot be made, which their rows rule out.
pub(crate) fn write(shared: &Shared, begun: &Begun, ending: &Ending, explanation: &Explanation) -> Option<NewMail> {
    let due = &begun.due;
    let now = shared.now();
    let daemon = Address::new("postmaster", begun.domain.mail_host.clone()).ok()?;
    let status = ending.reply.as_ref().and_then(|reply| reply.enhanced).unwrap_or_else(|| status_of(ending));
    let dsn = Dsn {
        reporting_mta: begun.domain.mail_host.to_string(),
        envid: due.envid.clone(),
        message_id: None,
        recipients: vec![DsnRecipient {
            original: due.original.clone(),
            address: due.address.clone(),
            action: DsnAction::Failed,
            status,
            remote_mta: ending.peer.as_ref().map(|peer| peer.host.to_string()),
            diagnostic: ending.reply.clone(),
        }],
    };
    let cover = Cover {
        from: daemon,
        to: due.from.clone(),
        date: now,
        message_id: format!("dsn-{}-{}@{}", due.recipient, begun.number, begun.domain.mail_host),
        text: text(begun, ending, explanation),
    };
    let content = dsn::write(&cover, &dsn, &begun.content);
    let subject = Message::parse(&content).ok().and_then(|message| message.value("Subject")).unwrap_or_default();
    Some(NewMail {
        mailbox: due.mailbox.clone(),
        kind: MailKind::Bounce,
        reverse_path: None,
        forward_path: due.from.clone(),
        from: Some(cover.from),
        subject,
        about: Some(due.recipient.clone()),
        verdicts: None,
        content,
    })
}

/// What people read: what happened, why, what to do.
fn text(begun: &Begun, ending: &Ending, explanation: &Explanation) -> String {
    let Explanation { title, fix, entry, .. } = explanation;
    let said = match (&ending.reply, &ending.peer) {
        (Some(reply), Some(peer)) => format!("{} said:\n\n    {reply}", peer.host),
        (Some(reply), None) => format!("The reply was:\n\n    {reply}"),
        (None, Some(peer)) => format!("{} gave no answer that settles it.", peer.host),
        (None, None) => String::from("No connection was made."),
    };
    let meaning = reference::entry(entry).map(|page| page.summary.clone()).unwrap_or_default();
    format!(
        "Your message to <{}> was not delivered, and will not be tried again.\n\n{said}\n\n\
         {title}\n\n{meaning}\n\nWhat to do: {fix}\n\nReference entry: {entry}\nAttempts: {}\n",
        begun.due.address, begun.number
    )
}

/// RFC 3463: network and routing status for what no host replied to.
fn status_of(ending: &Ending) -> Enhanced {
    match ending.fault {
        Some("dns.null-mx") => Enhanced::new(5, 1, 10),
        Some("dns.no-such-domain") => Enhanced::new(5, 1, 2),
        Some("queue.expired") => Enhanced::new(5, 4, 7),
        _ => Enhanced::new(5, 4, 4),
    }
}
