//! How a message is written. RFC 5322 §3.6, RFC 5321 §4.5.3.1.6, RFC 2046 §5.1, RFC 8058.

use std::time::Duration;

use syntax::{Field, Message, Timestamp, content_type, message_ids};

use super::{Letter, Signature};
use crate::{Finding, Kind};

const REQUIRED: Kind = Kind::outbound("message.required-field", "message-format", "RFC 5322 §3.6");
const REPEATED: Kind = Kind::outbound("message.repeated-field", "message-format", "RFC 5322 §3.6");
const DATE: Kind = Kind::outbound("message.date", "message-format", "RFC 5322 §3.3, §3.6.1");
const ID: Kind = Kind::outbound("message.message-id", "message-format", "RFC 5322 §3.6.4");
const LINE: Kind = Kind::outbound("message.line", "message-format", "RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1");
const EIGHT_BIT: Kind = Kind::outbound("message.eight-bit", "message-format", "RFC 5322 §2.2, RFC 2047 §5");
const MIME: Kind = Kind::outbound("message.mime", "message-format", "RFC 2045 §4, RFC 2046 §5.1.1");
const SIZE: Kind = Kind::outbound("message.size", "message-format", "RFC 1870; Gmail and Outlook.com take 25 MB");
const FIELDS: Kind =
    Kind::outbound("one-click.fields", "one-click", "RFC 8058 §3.1; Gmail and Yahoo for bulk senders, since 2024-06");
const SIGNED: Kind = Kind::outbound("one-click.signed", "one-click", "RFC 8058 §4");

pub(crate) const KINDS: &[&Kind] =
    &[&REQUIRED, &REPEATED, &DATE, &ID, &LINE, &EIGHT_BIT, &MIME, &SIZE, &FIELDS, &SIGNED];

/// Octets of a line without its end. RFC 5322 §2.1.1
const MAX_LINE: usize = 998;
/// Octets that Gmail and Outlook.com take. Gmail, 2026-02: 25 MB
const MAX_SIZE: usize = 25_000_000;
/// Octets at which many business receivers draw the line.
const LARGE: usize = 10_000_000;
/// How far a Date may be from the moment of arrival. Yahoo, 2025-04: a Date out of range is refused.
const FAR: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// Fields that stand there at most once. RFC 5322 §3.6
const SINGLE: &[&str] = &[
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

pub(crate) fn findings(letter: &Letter<'_>, signatures: &[Signature], bulk: bool) -> Vec<Finding> {
    let message = &letter.message;
    let mut findings = vec![required(message)];
    findings.extend(repeated(message));
    findings.extend(date(message, letter.at));
    findings.extend(message_id(message));
    findings.push(lines(letter.octets));
    findings.extend(eight_bit(letter));
    findings.extend(mime(message));
    findings.push(size(letter.octets.len()));
    findings.extend(one_click(message, signatures, bulk));
    findings
}

fn required(message: &Message<'_>) -> Finding {
    let lacks = |name: &&str| message.all(name).next().is_none();
    let must: Vec<&str> = ["Date", "From"].into_iter().filter(lacks).collect();
    let should: Vec<&str> = ["Message-ID", "Subject", "To"].into_iter().filter(lacks).collect();
    match (must.is_empty(), should.is_empty()) {
        (true, true) => REQUIRED.ok("every field that a message needs is there"),
        (false, _) => REQUIRED.bad(format!("the message lacks {}, which every message must have", must.join(" and "))),
        (true, false) => {
            REQUIRED.warn(format!("the message lacks {}: filters count that against it", should.join(", ")))
        }
    }
}

fn repeated(message: &Message<'_>) -> Option<Finding> {
    let several: Vec<String> = SINGLE
        .iter()
        .map(|name| (*name, message.all(name).count()))
        .filter(|(_, count)| *count > 1)
        .map(|(name, count)| format!("{name} ({count} times)"))
        .collect();
    (!several.is_empty()).then(|| REPEATED.bad(format!("these stand there more than once: {}", several.join(", "))))
}

fn date(message: &Message<'_>, at: Option<Timestamp>) -> Option<Finding> {
    let value = message.value("Date")?;
    let finding = match (Timestamp::parse_rfc5322(&value), at) {
        (Err(_), _) => DATE.bad("Date is no date as RFC 5322 writes it"),
        (Ok(date), Some(at)) if date.since(at) > FAR || at.since(date) > FAR => {
            DATE.warn(format!("Date is more than two days from the moment at which the message came ({at})"))
        }
        (Ok(_), _) => DATE.ok("Date can be read"),
    };
    Some(finding.with("Date", value))
}

fn message_id(message: &Message<'_>) -> Option<Finding> {
    let value = message.value("Message-ID")?;
    let ids = message_ids(&value);
    let is_one = |id: &String| id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    let finding = match ids.as_slice() {
        [id] if is_one(id) && !id.contains(char::is_whitespace) => ID.ok("Message-ID is well written"),
        _ => ID.bad("Message-ID is not of the form `<unique@domain>`"),
    };
    Some(finding.with("Message-ID", value))
}

fn lines(octets: &[u8]) -> Finding {
    let (mut longest, mut bare) = (0, false);
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        longest = longest.max(line.len());
        bare |= line.contains(&b'\r');
    }
    match (longest > MAX_LINE, bare || octets.contains(&0)) {
        (true, _) => LINE.bad(format!(
            "a line has {longest} octets, and at most {MAX_LINE} are allowed: receivers cut or refuse it"
        )),
        (_, true) => LINE.bad("the message holds a bare CR or a NUL, which receivers refuse"),
        _ => LINE.ok(format!("no line is longer than {MAX_LINE} octets (the longest has {longest})")),
    }
}

fn eight_bit(letter: &Letter<'_>) -> Option<Finding> {
    let raw = |field: &&Field<'_>| !field.raw.is_ascii();
    let names: Vec<&str> = letter.message.fields().iter().filter(raw).map(|field| field.name).collect();
    (!names.is_empty()).then(|| {
        let text = format!(
            "unencoded letters beyond ASCII stand in {}: only receivers with SMTPUTF8 take that",
            names.join(", ")
        );
        EIGHT_BIT.warn(text)
    })
}

fn mime(message: &Message<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(value) = message.value("Content-Type") else { return findings };
    if message.all("MIME-Version").next().is_none() {
        findings.push(MIME.warn("there is a Content-Type without MIME-Version: 1.0"));
    }
    let (kind, parameters) = content_type(&value);
    if kind.starts_with("multipart/") {
        let boundary = parameters.iter().find(|(name, _)| name == "boundary").map(|(_, value)| value.as_str());
        findings.extend(match boundary {
            None | Some("") => Some(MIME.bad("the Content-Type names no boundary between its parts")),
            Some(boundary) if !holds_line(message.body(), &format!("--{boundary}--")) => {
                Some(MIME.warn("the last part is not closed by its boundary: was the message cut?"))
            }
            Some(_) => None,
        });
    }
    if findings.is_empty() {
        findings.push(MIME.ok("the MIME structure is whole"));
    }
    findings
}

fn holds_line(body: &[u8], line: &str) -> bool {
    body.split(|octet| *octet == b'\n').any(|one| one.trim_ascii_end() == line.as_bytes())
}

fn size(octets: usize) -> Finding {
    match octets {
        octets if octets > MAX_SIZE => {
            SIZE.bad(format!("the message has {octets} octets: Gmail and Outlook.com take 25 MB"))
        }
        octets if octets > LARGE => {
            SIZE.warn(format!("the message has {octets} octets: many business receivers take 10 MB"))
        }
        octets => SIZE.ok(format!("the message has {octets} octets")),
    }
}

fn one_click(message: &Message<'_>, signatures: &[Signature], bulk: bool) -> Vec<Finding> {
    let Some(value) = message.value("List-Unsubscribe") else {
        let without = "there is no List-Unsubscribe";
        return vec![if bulk {
            FIELDS.warn(format!("{without}: Gmail and Yahoo want one-click unsubscribing in bulk mail"))
        } else {
            FIELDS.ok(format!("{without}, which mail to one person does not need"))
        }];
    };
    let has_https = value.split(['<', '>', ',']).any(|uri| uri.trim().to_ascii_lowercase().starts_with("https://"));
    let post = message.value("List-Unsubscribe-Post").unwrap_or_default();
    let is_post = post.replace(' ', "").eq_ignore_ascii_case("List-Unsubscribe=One-Click");
    let finding = match (has_https, is_post) {
        (true, true) => FIELDS.ok("List-Unsubscribe and List-Unsubscribe-Post allow opting out with one click"),
        (true, false) => {
            FIELDS.warn("List-Unsubscribe-Post: List-Unsubscribe=One-Click is missing: receivers show no button")
        }
        (false, _) => FIELDS.warn("List-Unsubscribe has no https address: opting out with one click needs one"),
    };
    let mut findings = vec![finding.with("List-Unsubscribe", value)];
    if has_https && is_post {
        let covers = |signature: &&Signature, name: &str| signature.covers.iter().any(|one| one == name);
        let both = signatures
            .iter()
            .filter(|signature| signature.verdict == auth::Verdict::Pass)
            .any(|signature| covers(&signature, "list-unsubscribe") && covers(&signature, "list-unsubscribe-post"));
        findings.push(if both {
            SIGNED.ok("a passing DKIM signature covers both unsubscribe fields")
        } else {
            SIGNED.bad("no passing DKIM signature covers both unsubscribe fields: receivers do not use them")
        });
    }
    findings
}
