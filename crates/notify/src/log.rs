//! Follows the event table: each event becomes a log line and moves its metrics.

use std::time::Duration;

use rules::{Fault, event::Event, listing::Listing};
use store::Store;
use syntax::Address;

use crate::Metrics;

/// Events read at once.
const PAGE: u32 = 500;

/// Follows until the future is dropped, looking every `poll`. Starts at the end of the log.
///
/// A store that cannot be read is tried again; nothing is skipped by it.
pub async fn follow(store: Store, metrics: Metrics, poll: Duration) {
    let mut last = None;
    loop {
        match look(&store, &metrics, last).await {
            Ok(Looked { sequence, more }) => {
                last = Some(sequence);
                if more {
                    continue;
                }
            }
            Err(fault) => tracing::warn!(code = fault.code, %fault, "the event log cannot be read now"),
        }
        tokio::time::sleep(poll).await;
    }
}

struct Looked {
    sequence: i64,
    more: bool,
}

/// Tells what is new since `last`; the first time, only finds where the log ends.
async fn look(store: &Store, metrics: &Metrics, last: Option<i64>) -> Result<Looked, Fault> {
    metrics.set_queue_depth(store.health().await?.queued);
    let Some(last) = last else { return Ok(Looked { sequence: store.last_event().await?, more: false }) };
    let events = store.events_after(last, PAGE).await?;
    for stored in &events {
        metrics.count(&stored.event);
        tracing::info!(target: "coldrelay::event", sequence = stored.sequence, at = %stored.at, "{}", line(&stored.event));
    }
    let sequence = events.last().map_or(last, |stored| stored.sequence);
    Ok(Looked { sequence, more: events.len() >= PAGE as usize })
}

/// An event as one line: its kind, then `name=value`. Of addresses only the domain is told: logs travel further
/// than mailboxes should.
pub fn line(event: &Event) -> String {
    format!("{} {}", event.kind(), details(event))
}

fn details(event: &Event) -> String {
    match event {
        Event::DomainAdded { domain } => format!("domain={domain}"),
        Event::DomainPublished { domain, changes } => format!("domain={domain} changes={changes}"),
        Event::MailboxAdded { mailbox, address } => {
            format!("mailbox={mailbox} domain={}", address.domain())
        }
        Event::MessageAccepted { message, from, recipients, octets } => {
            format!("message={message} from_domain={} recipients={recipients} octets={octets}", from.domain())
        }
        Event::SubmissionRefused { login, entry, reply } => format!(
            "login_domain={} entry={entry} reply={}",
            login.as_deref().map_or_else(|| "-".to_owned(), domain_of),
            quoted(reply)
        ),
        Event::AttemptBegun { recipient, attempt, number } => {
            format!("recipient={recipient} attempt={attempt} number={number}")
        }
        Event::Delivered { recipient, attempt, to } => {
            format!("recipient={recipient} attempt={attempt} to_domain={}", to.domain())
        }
        Event::Deferred { recipient, attempt, to, entry, class } => format!(
            "recipient={recipient} attempt={attempt} to_domain={} entry={entry} who={} action={}",
            to.domain(),
            class.who.as_str(),
            class.action.as_str()
        ),
        Event::Bounced { recipient, to, entry, class, late } => format!(
            "recipient={recipient} to_domain={} entry={entry} who={} action={} late={late}",
            to.domain(),
            class.who.as_str(),
            class.action.as_str()
        ),
        Event::InDoubt { recipient, attempt, to } => {
            format!("recipient={recipient} attempt={attempt} to_domain={}", to.domain())
        }
        Event::Dropped { recipient, to } => format!("recipient={recipient} to_domain={}", to.domain()),
        Event::MailReceived { mail, mailbox, mail_kind } => {
            format!("mail={mail} mailbox={mailbox} mail_kind={mail_kind}")
        }
        Event::InboundRefused { reply } => format!("reply={}", quoted(reply)),
        Event::Suppressed { address, reason } => {
            format!("domain={} reason={}", address.domain(), quoted(reason))
        }
        Event::MailboxProofPassed { mailbox, .. } => format!("mailbox={mailbox}"),
        Event::MailboxProofFailed { mailbox, finding, entry, evidence, .. } => {
            format!("mailbox={mailbox} finding={} entry={entry} evidence={}", finding.finding(), quoted(evidence))
        }
        Event::ListingChanged { subject, zone, before, now, codes, bad } => format!(
            "subject={subject} zone={zone} before={} now={} codes={} bad={bad}",
            before.map_or("-", Listing::as_str),
            now.as_str(),
            codes.join(",")
        ),
        Event::CertificateIssued { name, names, not_after } => {
            format!("name={name} names={} not_after={not_after}", names.join(","))
        }
        Event::CertificateFailed { name, code, problem, next } => {
            format!("name={name} code={code} next={next} problem={}", quoted(problem))
        }
        Event::ReplyReceived { mail, mailbox, message, from } => format!(
            "mail={mail} mailbox={mailbox} message={message} from_domain={}",
            from.as_ref().map_or_else(|| "-".to_owned(), |from| from.domain().to_string())
        ),
        Event::LoadChanged { pressure, shedding, seen, mark } => {
            format!("pressure={} shedding={shedding} seen={} mark={}", pressure.as_str(), quoted(seen), quoted(mark))
        }
        Event::RecipientOptedOut { address, mail, .. } => format!("domain={} mail={mail}", address.domain()),
        Event::ReportReceived { report, report_kind, state, domain, organization } => format!(
            "report={report} report_kind={report_kind} state={state} domain={} organization={}",
            quoted(domain),
            quoted(organization)
        ),
        Event::ComplaintReceived { report, address, recipient, proven, .. } => format!(
            "report={report} domain={} recipient={} proven={proven}",
            address.as_ref().map_or_else(|| "-".to_owned(), |address| address.domain().to_string()),
            recipient.as_ref().map_or("-", rules::id::RecipientId::as_str)
        ),
    }
}

/// The domain of a login, which a stranger typed: an address, or nothing that is told.
fn domain_of(login: &str) -> String {
    Address::parse(login).map_or_else(|_| "?".to_owned(), |address| address.domain().to_string())
}

/// Text of others, kept on one line, without the addresses in it.
fn quoted(text: &str) -> String {
    let words = text.split_whitespace().map(|word| match word.split_once('@') {
        Some((_, domain)) => format!("…@{domain}"),
        None => word.to_owned(),
    });
    let text: Vec<String> = words.collect();
    format!("{:?}", text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_shows_no_mailbox_and_no_second_line() {
        assert_eq!(quoted("550 5.1.1 <ann@example.com>\r\n gone"), "\"550 5.1.1 …@example.com> gone\"");
        assert_eq!(domain_of("ann@example.com"), "example.com");
        assert_eq!(domain_of("ann\nforged line"), "?");
    }
}
