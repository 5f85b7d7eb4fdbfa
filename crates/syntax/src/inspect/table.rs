//! What every fault means: one table of ids, severities, titles, rules, reasons and what providers answer. An id is never
//! renamed; the reference names each in an entry.

mod address;
mod from;
mod international;
mod text;

use super::Severity;

pub(super) use {address::*, from::*, international::*, text::*};

/// A kind of fault.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct FaultKind {
    /// Stable public id: `from.unquoted-comma`.
    pub id: &'static str,
    /// How bad it is in a bare address.
    pub severity: Severity,
    /// How bad it is in a header field, which may hold comments and folds.
    pub in_field: Severity,
    /// The rule: `RFC 5322 §3.4`.
    pub rule: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub explanation: &'static str,
    /// What providers are known to answer.
    pub verdicts: &'static [Verdict],
}

/// What a provider is known to answer, or to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// Gmail, Microsoft, Yahoo.
    pub provider: &'static str,
    /// Its codes; empty when there is no reply of its own.
    pub reply: &'static str,
    /// What it says or does.
    pub says: &'static str,
    /// The entry of the reference about it.
    pub entry: &'static str,
}

/// Every kind, by group.
pub(super) fn all() -> Vec<&'static FaultKind> {
    [text::ALL, address::ALL, international::ALL, from::ALL].concat()
}

const GMAIL_NO_ADDRESS: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "the message lacks a valid address in From",
    entry: "550-5-7-1-from-at-gmail",
};
const GMAIL_SEVERAL: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "messages with several addresses in From are not accepted",
    entry: "550-5-7-1-from-at-gmail",
};
const GMAIL_TWO_FIELDS: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "not RFC 5322: several From headers",
    entry: "550-5-7-1-from-at-gmail",
};
const GMAIL_DOMAIN: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "the domain name in From does not comply",
    entry: "550-5-7-1-from-at-gmail",
};
const GMAIL_MALFORMED: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "not RFC 5322: a malformed header",
    entry: "550-5-7-1-format-at-gmail",
};
const GMAIL_ENCODED: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "encoded-word syntax is not permitted there",
    entry: "550-5-7-1-format-at-gmail",
};
const GMAIL_UNICODE: Verdict = Verdict {
    provider: "Gmail",
    reply: "550 5.7.1",
    says: "a Unicode letter in a header that may hold none",
    entry: "550-5-7-1-format-at-gmail",
};
const GMAIL_SENDER: Verdict = Verdict {
    provider: "Gmail",
    reply: "553 5.1.7",
    says: "the sender's address is not valid under RFC 5321",
    entry: "553-5-1-7-at-gmail",
};
const MICROSOFT_FROM: Verdict = Verdict {
    provider: "Microsoft",
    reply: "550 5.7.512",
    says: "the message must follow RFC 5322 §3.6.2",
    entry: "550-5-7-512-at-outlook",
};
const YAHOO_HEADERS: Verdict = Verdict {
    provider: "Yahoo",
    reply: "554",
    says: "headers are not RFC compliant [291]",
    entry: "554-headers-at-yahoo",
};
const YAHOO_ODD: Verdict = Verdict {
    provider: "Yahoo",
    reply: "550",
    says: "odd characters in an address are refused by policy",
    entry: "550-policy-at-yahoo",
};
const YAHOO_DOMAIN: Verdict = Verdict {
    provider: "Yahoo",
    reply: "451, 554",
    says: "the domain in From has no SOA record",
    entry: "451-unresolvable-at-yahoo",
};
const GMAIL_IMPERSONATES: Verdict = Verdict {
    provider: "Gmail",
    reply: "",
    says: "mail from gmail.com by other servers fails its DMARC policy",
    entry: "550-5-7-26-dmarc-at-gmail",
};

/// Declares kinds of faults: `NAME = "id", Severity, "rule", "title", "explanation", [verdicts];`. `Error/Warning` is an
/// error in a bare address and a warning in a header field.
macro_rules! kinds {
    ($($name:ident = $id:literal, $severity:ident $(/ $in_field:ident)?, $rule:literal, $title:literal, $why:literal,
        [$($verdict:ident),*];)*) => {
        $(pub(in crate::inspect) static $name: FaultKind = FaultKind {
            id: $id,
            severity: Severity::$severity,
            in_field: kinds!(@field $severity $($in_field)?),
            rule: $rule,
            title: $title,
            explanation: $why,
            verdicts: &[$($verdict),*],
        };)*
        pub(super) static ALL: &[&FaultKind] = &[$(&$name),*];
    };
    (@field $severity:ident $in_field:ident) => { Severity::$in_field };
    (@field $severity:ident) => { Severity::$severity };
}
use kinds;
