//! The public names of events, and which events have none.

use crate::{event::Event, listing::Listing};

/// The name of the event that a test sends. No filter leaves it out.
pub const TEST: &str = "webhook.test";

/// What is promised about the events of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Name {
    /// Stable: `message.delivered`.
    pub name: &'static str,
    /// When it is sent.
    pub when: &'static str,
    /// What `data` holds, sorted. More may be added; none is taken away.
    pub data: &'static [&'static str],
}

const NAMES: &[Name] = &[
    Name {
        name: "message.accepted",
        when: "A message was taken for relay and is safe on the disk.",
        data: &["domain", "from", "message", "octets", "recipients", "workspace"],
    },
    Name {
        name: "message.delivered",
        when: "A recipient's host took responsibility.",
        data: &["attempt", "domain", "from", "message", "recipient", "to", "workspace"],
    },
    Name {
        name: "message.deferred",
        when: "An attempt failed; another follows.",
        data: &["attempt", "class", "domain", "entry", "from", "message", "recipient", "to", "workspace"],
    },
    Name {
        name: "message.bounced",
        when: "A recipient has failed for good, by a reply or (`late`) by a notification.",
        data: &["class", "domain", "entry", "from", "late", "message", "recipient", "to", "workspace"],
    },
    Name {
        name: "message.in_doubt",
        when: "The connection was lost after the final dot, or we stopped during an attempt: perhaps delivered.",
        data: &["attempt", "domain", "from", "message", "recipient", "to", "workspace"],
    },
    Name {
        name: "message.dropped",
        when: "An operator dropped a waiting recipient.",
        data: &["domain", "from", "message", "recipient", "to", "workspace"],
    },
    Name {
        name: "reply.received",
        when: "A reply to a message of ours (`message`) arrived in a mailbox (`address`).",
        data: &["address", "domain", "from", "mail", "mailbox", "message", "subject", "workspace"],
    },
    Name {
        name: "report.received",
        when: "A report of a receiver arrived: DMARC, TLS, a complaint. `state` says whether it counts.",
        data: &["domain", "organization", "report", "report_kind", "state", "workspace"],
    },
    Name {
        name: "complaint.received",
        when: "A complaint arrived. Only one that is `proven` to be about a message of ours changed anything.",
        data: &["address", "domain", "from", "message", "proven", "recipient", "report", "why", "workspace"],
    },
    Name {
        name: "recipient.opted_out",
        when: "A recipient asked to be left alone. Told to endpoints of the whole installation.",
        data: &["address", "reason"],
    },
    Name {
        name: "recipient.suppressed",
        when: "An address is left alone for another reason. Told to endpoints of the whole installation.",
        data: &["address", "reason"],
    },
    Name {
        name: "mailbox.proof_failed",
        when: "The pairing proof of a mailbox failed, or fails for another reason than before: it cannot send until one passes.",
        data: &["address", "domain", "entry", "evidence", "finding", "mailbox", "workspace"],
    },
    Name {
        name: "mailbox.proof_passed",
        when: "The pairing proof of a mailbox passed, the first time or after it had failed.",
        data: &["address", "domain", "mailbox", "workspace"],
    },
    Name {
        name: "domain.state_changed",
        when: "A domain was made (`state` is `created`) or its records were published (`published`).",
        data: &["domain", "state", "workspace"],
    },
    Name {
        name: "load.changed",
        when: "Memory, disk or commits passed their mark, and no new mail is taken on (`shedding`); or that is over. Told to \
               endpoints of the whole installation.",
        data: &["mark", "pressure", "seen", "shedding"],
    },
    Name {
        name: "certificate.issued",
        when: "A CA gave a certificate for the names that mail programs and senders meet; it is shown from now on.",
        data: &["domain", "name", "names", "not_after", "workspace"],
    },
    Name {
        name: "certificate.failed",
        when: "An order for a certificate failed. The one that is there stays; the next order is made at `next`.",
        data: &["code", "domain", "name", "next", "problem", "workspace"],
    },
    Name {
        name: "blocklist.listed",
        when: "A blocklist lists an IP or domain of ours, or says something else of it. `bad`: mail is refused for it.",
        data: &["bad", "before", "codes", "domain", "now", "subject", "workspace", "zone"],
    },
    Name {
        name: "blocklist.delisted",
        when: "A blocklist has ended a listing.",
        data: &["bad", "before", "codes", "domain", "now", "subject", "workspace", "zone"],
    },
];

/// Kinds of events ([`Event::kind`]) that no webhook tells, or not always, and why.
pub const UNNAMED: &[(&str, &str)] = &[
    ("mailbox-added", "whoever made the mailbox was answered"),
    ("submission-refused", "the mail program was told in the reply"),
    ("attempt-begun", "its end is told"),
    ("inbound-refused", "it belongs to no mailbox"),
    ("mail-received", "a reply is `reply.received`, a bounce `message.bounced`, a report `report.received`"),
    ("recipient-opted-out", "the suppression that follows is `recipient.opted_out`"),
    ("listing-changed", "only the beginning, the change and the end of a listing are told"),
];

/// Every name, in the order of the documentation.
pub fn names() -> &'static [Name] {
    NAMES
}

/// The public name of an event; `None` when no webhook tells it.
pub fn name(event: &Event) -> Option<&'static str> {
    match event {
        Event::MessageAccepted { .. } => Some("message.accepted"),
        Event::Delivered { .. } => Some("message.delivered"),
        Event::Deferred { .. } => Some("message.deferred"),
        Event::Bounced { .. } => Some("message.bounced"),
        Event::InDoubt { .. } => Some("message.in_doubt"),
        Event::Dropped { .. } => Some("message.dropped"),
        Event::MailboxProofFailed { .. } => Some("mailbox.proof_failed"),
        Event::MailboxProofPassed { .. } => Some("mailbox.proof_passed"),
        Event::ReplyReceived { .. } => Some("reply.received"),
        Event::ReportReceived { .. } => Some("report.received"),
        Event::ComplaintReceived { .. } => Some("complaint.received"),
        Event::LoadChanged { .. } => Some("load.changed"),
        Event::Suppressed { reason, .. } if reason == "opt-out" => Some("recipient.opted_out"),
        Event::Suppressed { .. } => Some("recipient.suppressed"),
        Event::DomainAdded { .. } | Event::DomainPublished { .. } => Some("domain.state_changed"),
        Event::CertificateIssued { .. } => Some("certificate.issued"),
        Event::CertificateFailed { .. } => Some("certificate.failed"),
        Event::ListingChanged { now: Listing::Listed, .. } => Some("blocklist.listed"),
        Event::ListingChanged { before: Some(Listing::Listed), now: Listing::Clear, .. } => Some("blocklist.delisted"),
        Event::ListingChanged { .. }
        | Event::MailboxAdded { .. }
        | Event::MailReceived { .. }
        | Event::RecipientOptedOut { .. }
        | Event::SubmissionRefused { .. }
        | Event::AttemptBegun { .. }
        | Event::InboundRefused { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::body::tests::samples;

    #[test]
    fn every_kind_of_event_has_a_name_or_stands_among_those_without() {
        for kind in Event::KINDS {
            let of_kind: Vec<_> = samples().into_iter().filter(|event| event.kind() == *kind).collect();
            assert!(!of_kind.is_empty(), "no sample of {kind}");
            let without = UNNAMED.iter().any(|(unnamed, _)| unnamed == kind);
            assert_eq!(without, of_kind.iter().any(|event| name(event).is_none()), "{kind}");
        }
        assert!(UNNAMED.iter().all(|(kind, why)| Event::KINDS.contains(kind) && !why.is_empty()));
    }

    #[test]
    fn every_name_is_described_once_and_is_used() {
        let mut used: Vec<&str> = samples().iter().filter_map(name).collect();
        used.sort_unstable();
        used.dedup();
        let mut described: Vec<&str> = names().iter().map(|one| one.name).collect();
        described.sort_unstable();
        assert_eq!(used, described);
        assert!(!described.contains(&TEST));
    }
}
