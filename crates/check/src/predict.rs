//! What Gmail, Microsoft and Yahoo would answer, and by which rule. Pure: facts in, replies out.
//!
//! Each provider is a table of rules in the order in which it judges; the first that strikes is the reply. The words are the
//! provider's, with our domain and IP in their places.

use std::net::IpAddr;

use auth::{Policy, Verdict};

/// What is known of a message, or of the mail of a domain. `None` is not known: a rule that needs it does not strike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The From domain.
    pub from: String,
    /// The domain of the envelope sender.
    pub mail_from: String,
    /// The IP that sends.
    pub ip: Option<IpAddr>,
    /// SPF of the envelope sender.
    pub spf: Option<Verdict>,
    /// Whether some DKIM signature passes.
    pub dkim: Option<bool>,
    /// DMARC of the From domain.
    pub dmarc: Option<Verdict>,
    /// What its record asks for; `Some(None)` when there is no record.
    pub policy: Option<Option<Policy>>,
    /// Whether the IP has a name that leads back to it.
    pub forward_confirmed: Option<bool>,
    /// Whether the envelope sender's domain exists.
    pub exists: Option<bool>,
    /// Whether Spamhaus lists the IP.
    pub ip_listed: Option<bool>,
    /// Whether Spamhaus lists the From domain.
    pub domain_listed: Option<bool>,
    /// What is wrong with the From field, when it was looked at.
    pub from_field: Option<FromField>,
    /// Whether the sender counts as one of bulk: 5,000 messages a day to the provider's users.
    pub bulk: bool,
}

/// The From field, as receivers judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromField {
    /// One, with one address.
    Right,
    /// None, or none with an address.
    NoAddress,
    /// Several addresses.
    Several,
    /// Several From fields.
    Fields,
}

/// What a provider would answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Predicted {
    /// `gmail`, `outlook`, `yahoo`.
    pub provider: &'static str,
    /// `550 5.7.26 …`; `None` when no rule that is known strikes.
    pub reply: Option<String>,
    /// The rule, with whose it is and since when.
    pub rule: &'static str,
    /// The entry of the reference.
    pub entry: Option<&'static str>,
    /// What was not known, and could change the answer.
    pub unknown: Vec<&'static str>,
}

struct Rule {
    strikes: fn(&Known) -> Option<String>,
    rule: &'static str,
}

/// What each provider would answer.
pub fn predict(known: &Known) -> Vec<Predicted> {
    [("gmail", GMAIL), ("outlook", OUTLOOK), ("yahoo", YAHOO)]
        .map(|(provider, rules)| one(provider, rules, known))
        .into()
}

fn one(provider: &'static str, rules: &[Rule], known: &Known) -> Predicted {
    let struck = rules.iter().find_map(|rule| (rule.strikes)(known).map(|reply| (rule.rule, reply)));
    let entry = struck.as_ref().and_then(|(_, reply)| bounce::classify_line(reply)).map(|entry| entry.id.as_str());
    let (rule, reply) = struck.unzip();
    Predicted {
        provider,
        reply,
        rule: rule.unwrap_or("no rule that can be looked at from here strikes; reputation and content decide"),
        entry,
        unknown: unknown(known),
    }
}

fn unknown(known: &Known) -> Vec<&'static str> {
    let facts = [
        ("spf", matches!(known.spf, None | Some(Verdict::TempError))),
        ("dkim", known.dkim.is_none()),
        ("dmarc", matches!(known.dmarc, None | Some(Verdict::TempError))),
        ("ptr", known.forward_confirmed.is_none()),
        ("blocklists", known.ip_listed.is_none()),
    ];
    facts.into_iter().filter(|(_, is_unknown)| *is_unknown).map(|(name, _)| name).collect()
}

fn shown(ip: Option<IpAddr>) -> String {
    ip.map(|ip| ip.to_string()).unwrap_or_default()
}

fn fails(verdict: Option<Verdict>) -> bool {
    verdict.is_some_and(|verdict| !matches!(verdict, Verdict::Pass | Verdict::TempError))
}

impl Known {
    /// Neither SPF nor DKIM passes, and both are known.
    fn unauthenticated(&self) -> bool {
        fails(self.spf) && self.dkim == Some(false)
    }

    fn against_policy(&self) -> bool {
        self.dmarc == Some(Verdict::Fail) && self.policy == Some(Some(Policy::Reject))
    }
}

const GMAIL_HELP: &str = "For more information, go to https://support.google.com/mail/answer/81126#authentication";

const GMAIL: &[Rule] = &[
    Rule {
        rule: "Gmail, since 2024-02: every sending IP has a PTR that leads back to it",
        strikes: |known| {
            (known.forward_confirmed == Some(false)).then(|| {
                format!(
                    "550 5.7.25 [{}] The IP address sending this message does not have a PTR record setup, or the \
                     corresponding forward DNS entry does not match the sending IP. {GMAIL_HELP}",
                    shown(known.ip)
                )
            })
        },
    },
    Rule {
        rule: "Gmail: a message has one From field with one address (RFC 5322 §3.6)",
        strikes: |known| {
            Some(match known.from_field? {
                FromField::Right => return None,
                FromField::NoAddress => String::from(
                    "550 5.7.1 Messages missing a valid address in the From: header, or having no From: header, are not accepted.",
                ),
                FromField::Several => {
                    String::from("550 5.7.1 Messages with multiple addresses in the From: header are not accepted.")
                }
                FromField::Fields => String::from(
                    "550 5.7.1 This message is not RFC 5322 compliant because it has multiple From: headers.",
                ),
            })
        },
    },
    Rule {
        rule: "Gmail, since 2024-02: SPF or DKIM passes, for every sender",
        strikes: |known| {
            known.unauthenticated().then(|| {
                format!(
                    "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders \
                     to authenticate with either SPF or DKIM. Authentication results: DKIM = did not pass SPF [{}] with ip: \
                     [{}] = did not pass. {GMAIL_HELP}",
                    known.mail_from,
                    shown(known.ip)
                )
            })
        },
    },
    Rule {
        rule: "the domain's own DMARC policy (RFC 9989 §5)",
        strikes: |known| {
            known.against_policy().then(|| {
                format!(
                    "550 5.7.26 Unauthenticated email from {} is not accepted due to domain's DMARC policy. Please contact the \
                     administrator of {} domain if this was a legitimate mail. {GMAIL_HELP}",
                    known.from, known.from
                )
            })
        },
    },
    Rule {
        rule: "the domain's own SPF policy (`-all`, RFC 7208 §8.4), which Gmail follows",
        strikes: |known| {
            (known.spf == Some(Verdict::Fail)).then(|| {
                format!(
                    "550 5.7.26 The MAIL FROM domain [{}] has an SPF record with a hard fail policy (-all) but it fails to pass \
                     SPF checks with the ip: [{}]. {GMAIL_HELP}",
                    known.mail_from,
                    shown(known.ip)
                )
            })
        },
    },
    Rule {
        rule: "Gmail, since 2024-02, refused since 2025-11: senders of bulk pass SPF",
        strikes: |known| {
            (known.bulk && fails(known.spf)).then(|| {
                format!("550 5.7.27 This message was blocked because it didn't pass SPF authentication. Gmail requires bulk email senders \
                     to authenticate their email with SPF. {GMAIL_HELP}")
            })
        },
    },
    Rule {
        rule: "Gmail, since 2024-02, refused since 2025-11: senders of bulk pass DKIM",
        strikes: |known| {
            (known.bulk && known.dkim == Some(false)).then(|| {
                format!(
                    "550 5.7.30 This message was blocked because it didn't pass DKIM authentication. Gmail requires bulk email senders \
                     to authenticate their email with DKIM. {GMAIL_HELP}"
                )
            })
        },
    },
    Rule {
        rule: "Gmail, since 2024-02, refused since 2025-11: senders of bulk have a DMARC record",
        strikes: |known| {
            (known.bulk && known.policy == Some(None)).then(|| {
                format!("550 5.7.40 Your message was blocked because the sending domain doesn't have a DMARC record or the DMARC record \
                     doesn't specify a DMARC policy. {GMAIL_HELP}")
            })
        },
    },
    Rule {
        rule: "Gmail, since 2024-02, deferred since 2025-11: for bulk, From is aligned with SPF or DKIM",
        strikes: |known| {
            (known.bulk && known.dmarc == Some(Verdict::Fail)).then(|| {
                format!(
                    "421 4.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't \
                     aligned with either the authenticated SPF or DKIM organizational domain. {GMAIL_HELP}"
                )
            })
        },
    },
];

const OUTLOOK_HELP: &str = "To learn how to fix this see: https://go.microsoft.com/fwlink/p/?linkid=2319303";

const OUTLOOK: &[Rule] = &[
    Rule {
        rule: "Outlook.com uses block lists of its own and Spamhaus's",
        strikes: |known| {
            (known.ip_listed == Some(true)).then(|| {
                format!(
                    "550 5.7.1 Unfortunately, messages from [{}] weren't sent. Please contact your Internet service provider \
                     since part of their network is on our block list (S3140).",
                    shown(known.ip)
                )
            })
        },
    },
    Rule {
        rule: "Microsoft: several addresses in From need a Sender (RFC 5322 §3.6.2)",
        strikes: |known| {
            matches!(known.from_field, Some(FromField::NoAddress | FromField::Several | FromField::Fields))
                .then(|| String::from("550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant"))
        },
    },
    Rule {
        rule: "Outlook.com, since 2025-05-05: senders of 5,000 a day pass SPF and DKIM, and DMARC",
        strikes: |known| {
            let (spf, dkim, dmarc) = (known.spf?, known.dkim?, known.dmarc?);
            let passes = spf == Verdict::Pass && dkim && dmarc == Verdict::Pass;
            let word = |passes: bool| if passes { "Pass" } else { "Fail" };
            (known.bulk && !passes).then(|| {
                format!(
                    "550 5.7.515 Access denied, sending domain {} doesn't meet the required authentication level. {OUTLOOK_HELP} \
                     Spf= {} , Dkim= {} , DMARC= {}",
                    known.from.to_uppercase(),
                    word(spf == Verdict::Pass),
                    word(dkim),
                    word(dmarc == Verdict::Pass)
                )
            })
        },
    },
    Rule {
        rule: "the domain's own DMARC policy (RFC 9989 §5)",
        strikes: |known| {
            known.against_policy().then(|| {
                format!(
                    "550 5.7.509 Access denied, sending domain {} does not pass DMARC verification and has a DMARC policy of reject.",
                    known.from.to_uppercase()
                )
            })
        },
    },
];

const YAHOO_HELP: &str = "see https://senders.yahooinc.com/smtp-error-codes";

const YAHOO: &[Rule] = &[
    Rule {
        rule: "Yahoo refuses what Spamhaus lists",
        strikes: |known| {
            (known.ip_listed == Some(true)).then(|| {
                format!(
                    "553 5.7.1 [BL21] Connections will not be accepted from {}, because the ip is in Spamhaus's list",
                    shown(known.ip)
                )
            })
        },
    },
    Rule {
        rule: "Yahoo, since 2024-02: the envelope sender's domain exists, with an SOA record",
        strikes: |known| {
            (known.exists == Some(false)).then(|| format!("451 4.1.8 Unresolvable RFC.5321 from domain; {YAHOO_HELP}"))
        },
    },
    Rule {
        rule: "Yahoo, since 2024-02: SPF or DKIM passes, for every sender",
        strikes: |known| {
            known.unauthenticated().then(|| {
                format!("554 5.7.26 Yahoo requires all senders to authenticate with either SPF or DKIM; {YAHOO_HELP}")
            })
        },
    },
    Rule {
        rule: "the domain's own DMARC policy (RFC 9989 §5)",
        strikes: |known| {
            known.against_policy().then(|| format!("554 5.7.9 Message not accepted for policy reasons; {YAHOO_HELP}"))
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Known {
        Known {
            from: "a.test".into(),
            mail_from: "a.test".into(),
            ip: Some([192, 0, 2, 5].into()),
            spf: Some(Verdict::Pass),
            dkim: Some(true),
            dmarc: Some(Verdict::Pass),
            policy: Some(Some(Policy::Reject)),
            forward_confirmed: Some(true),
            exists: Some(true),
            ip_listed: Some(false),
            domain_listed: Some(false),
            from_field: Some(FromField::Right),
            bulk: true,
        }
    }

    /// Codes of Gmail, Outlook.com and Yahoo; empty when nothing strikes.
    fn check(known: &Known, expect: [&str; 3]) {
        for (predicted, expect) in predict(known).iter().zip(expect) {
            let reply = predicted.reply.clone().unwrap_or_default();
            assert!(
                reply.starts_with(expect) && reply.is_empty() == expect.is_empty(),
                "{}: {reply:?}, not {expect}",
                predicted.provider
            );
            if !reply.is_empty() {
                let entry = predicted.entry.unwrap_or_default();
                assert!(entry.ends_with(predicted.provider), "{reply} leads to {entry}");
            }
        }
    }

    #[test]
    fn nothing_strikes_a_healthy_sender() {
        check(&healthy(), ["", "", ""]);
        check(&Known::default(), ["", "", ""]);
        assert_eq!(predict(&Known::default())[0].unknown, ["spf", "dkim", "dmarc", "ptr", "blocklists"]);
    }

    #[test]
    fn each_fault_brings_the_reply_of_its_rule() {
        check(&Known { forward_confirmed: Some(false), ..healthy() }, ["550 5.7.25", "", ""]);
        check(&Known { dkim: Some(false), ..healthy() }, ["550 5.7.30", "550 5.7.515", ""]);
        check(&Known { dkim: Some(false), bulk: false, ..healthy() }, ["", "", ""]);
        let nothing = Known { spf: Some(Verdict::None), dkim: Some(false), dmarc: Some(Verdict::Fail), ..healthy() };
        check(&nothing, ["550 5.7.26", "550 5.7.515", "554 5.7.26"]);
        check(&Known { dmarc: Some(Verdict::Fail), ..healthy() }, ["550 5.7.26", "550 5.7.515", "554 5.7.9"]);
        check(
            &Known { dmarc: Some(Verdict::Fail), bulk: false, ..healthy() },
            ["550 5.7.26", "550 5.7.509", "554 5.7.9"],
        );
        check(
            &Known { dmarc: Some(Verdict::None), policy: Some(None), ..healthy() },
            ["550 5.7.40", "550 5.7.515", ""],
        );
        check(&Known { ip_listed: Some(true), ..healthy() }, ["", "550 5.7.1", "553 5.7.1"]);
        check(&Known { from_field: Some(FromField::Several), ..healthy() }, ["550 5.7.1", "550 5.7.512", ""]);
        let unaligned = Known { dmarc: Some(Verdict::Fail), policy: Some(Some(Policy::None)), ..healthy() };
        check(&unaligned, ["421 4.7.32", "550 5.7.515", ""]);
    }
}
