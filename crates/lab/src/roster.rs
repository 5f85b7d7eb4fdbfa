//! Who lives in the lab: names, domains, addresses.

use std::net::{IpAddr, Ipv4Addr};

/// The zone that lists addresses with a bad name. RFC 5782.
pub(crate) const DNSBL: &str = "dnsbl.test";

/// The list that large receivers use; in the lab it lists the same addresses.
pub(crate) const SPAMHAUS: &str = "zen.spamhaus.org";

/// One receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    /// Its name in the report.
    pub name: &'static str,
    /// Its domain.
    pub domain: &'static str,
    /// Last octet of its 127.0.0.x address; `None` takes no mail at all (null MX).
    pub host: Option<u8>,
}

impl Resident {
    /// The address it listens on.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.map(|octet| IpAddr::V4(Ipv4Addr::new(127, 0, 0, octet)))
    }

    /// The name of its mail host.
    pub fn mx(&self) -> String {
        format!("mx.{}", self.domain)
    }
}

const fn lives(name: &'static str, domain: &'static str, octet: u8) -> Resident {
    Resident { name, domain, host: Some(octet) }
}

/// Every receiver, in the order of the story.
pub(crate) const RECEIVERS: &[Resident] = &[
    lives("accepting", "accepting.test", 11),
    lives("dmarc-enforcing", "dmarc-enforcing.test", 12),
    lives("strict", "strict.test", 13),
    lives("legacy", "legacy.test", 14),
    lives("blocklisting", "blocklisting.test", 15),
    lives("greylisting", "greylisting.test", 16),
    lives("throttling", "throttling.test", 17),
    lives("mailbox-full", "mailbox-full.test", 18),
    lives("unknown-user", "unknown-user.test", 19),
    Resident { name: "null-mx", domain: "null-mx.test", host: None },
    lives("tls-requiring", "tls-requiring.test", 20),
    lives("late-bouncer", "late-bouncer.test", 21),
    lives("drops-at-connect", "drops-at-connect.test", 22),
    lives("drops-at-ehlo", "drops-at-ehlo.test", 23),
    lives("drops-at-mail", "drops-at-mail.test", 24),
    lives("drops-at-rcpt", "drops-at-rcpt.test", 25),
    lives("drops-at-data", "drops-at-data.test", 26),
    lives("drops-after-dot", "drops-after-dot.test", 27),
    lives("outlook-like", "outlook-like.test", 28),
    lives("yahoo-like", "yahoo-like.test", 29),
];

/// Our own sending domains, each with its egress IP 127.0.1.x.
pub(crate) const SENDERS: &[(&str, u8)] = &[
    ("acme-mail.test", 1),
    ("wrong-key.test", 2),
    ("no-spf.test", 3),
    ("listed.test", 4),
    ("unproven.test", 5),
    ("lost-mx.test", 6),
];

/// The egress IP with that last octet.
pub(crate) const fn egress_ip(octet: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 1, octet))
}
