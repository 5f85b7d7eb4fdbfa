//! Reading a notification, whoever wrote it.

use smtp::Enhanced;
use syntax::{Address, Kind, Malformed, Message, Part, message_ids};

use super::{Dsn, DsnAction, DsnRecipient};
use crate::codes;

/// Most recipients that are read from one notification.
const MAX_RECIPIENTS: usize = 1000;

/// Reads a `multipart/report; report-type=delivery-status`; `None` when the message is something else.
///
/// # Errors
/// [`Malformed`] when it claims to be one and its delivery-status part cannot be read.
pub fn read(message: &[u8]) -> Result<Option<Dsn>, Malformed> {
    // A header that cannot be read claims nothing.
    let Ok(message) = Message::parse(message) else { return Ok(None) };
    let content_type = message.value("Content-Type").unwrap_or_default().to_ascii_lowercase();
    if !content_type.starts_with("multipart/report") {
        return Ok(None);
    }
    let parts = message.parts();
    let Some(status) = parts.iter().find(|part| is_status(part)) else {
        let claims = content_type.contains("delivery-status");
        return if claims { Err(nothing()) } else { Ok(None) };
    };
    let mut dsn = read_fields(&status.octets())?;
    dsn.message_id = parts.iter().find_map(returned_message_id);
    Ok(Some(dsn))
}

/// Reads the fields of a `message/delivery-status` part alone.
///
/// # Errors
/// [`Malformed`] when they are no header fields or name no recipient.
pub fn read_fields(octets: &[u8]) -> Result<Dsn, Malformed> {
    let mut dsn = Dsn { reporting_mta: String::new(), envid: None, recipients: Vec::new(), message_id: None };
    let mut fault = nothing();
    let mut rest = trim_start(octets);
    while !rest.is_empty() && dsn.recipients.len() < MAX_RECIPIENTS {
        let group = Message::parse(rest)?;
        if let Some(host) = group.value("Reporting-MTA") {
            dsn.reporting_mta = typed(&host).1;
            dsn.envid = group.value("Original-Envelope-Id");
        }
        match recipient(&group) {
            Some(Ok(recipient)) => dsn.recipients.push(recipient),
            Some(Err(malformed)) => fault = malformed,
            None => {}
        }
        rest = trim_start(group.body());
    }
    if dsn.recipients.is_empty() { Err(fault) } else { Ok(dsn) }
}

/// One group of fields; `None` when it is not about a recipient. RFC 3464 §2.3.
fn recipient(group: &Message<'_>) -> Option<Result<DsnRecipient, Malformed>> {
    let original = group.value("Original-Recipient").map(|value| {
        let (kind, address) = typed(&value);
        let address = readable(&kind, &address);
        if kind.is_empty() { address } else { format!("{kind};{address}") }
    });
    let named = group.value("Final-Recipient").or_else(|| group.value("Original-Recipient"))?;
    let (kind, named) = typed(&named);
    let address = match Address::parse(&readable(&kind, &named)) {
        Ok(address) => address,
        Err(malformed) => return Some(Err(malformed)),
    };
    let action = group.value("Action").and_then(|value| DsnAction::parse(first_word(&value)));
    let diagnostic = group.value("Diagnostic-Code").and_then(|value| diagnostic(&value));
    let status = group.value("Status").and_then(|value| Enhanced::parse(first_word(&value)));
    let status = status.or(diagnostic.as_ref().and_then(|reply: &smtp::Reply| reply.enhanced));
    Some(Ok(DsnRecipient {
        original,
        address,
        action: action.unwrap_or(DsnAction::Failed),
        status: status.unwrap_or(implied(action)),
        remote_mta: group.value("Remote-MTA").map(|value| typed(&value).1).filter(|host| !host.is_empty()),
        diagnostic,
    }))
}

/// Diagnostic-Code; only type smtp holds a reply. RFC 3464 §2.3.6.
fn diagnostic(value: &str) -> Option<smtp::Reply> {
    let (kind, text) = value.split_once(';')?;
    kind.trim().eq_ignore_ascii_case("smtp").then(|| codes::reply_at_start(text).or_else(|| codes::reply_in(text)))?
}

/// The status that an action implies when it is not stated, as the field requires it to be.
fn implied(action: Option<DsnAction>) -> Enhanced {
    match action {
        None | Some(DsnAction::Failed) => Enhanced::new(5, 0, 0),
        Some(DsnAction::Delayed) => Enhanced::new(4, 0, 0),
        Some(_) => Enhanced::new(2, 0, 0),
    }
}

/// `dns; mx.example.com (203.0.113.7)` → (`dns`, `mx.example.com`).
pub(crate) fn typed(value: &str) -> (String, String) {
    let (kind, value) = value.split_once(';').unwrap_or(("", value));
    let value = value.trim().trim_start_matches('<');
    // A quoted local part may hold any of the characters that end an address.
    let quoted = if value.starts_with('"') { value.rfind('"').unwrap_or(0) } else { 0 };
    let end = value.get(quoted..).and_then(|rest| rest.find([' ', '\t', '>', '(']));
    let value = value.get(..end.map_or(value.len(), |end| quoted + end)).unwrap_or_default();
    (kind.trim().to_ascii_lowercase(), value.trim_end_matches('.').to_owned())
}

/// The address as people write it: `\x{E9}` (RFC 6533 §3) and, where even the `@` is written as
/// `+40`, xtext (RFC 3461 §4) undone. `+41` alone is a common sub-address and stays.
pub(crate) fn readable(kind: &str, address: &str) -> String {
    if kind == "utf-8" {
        return braces_undone(address);
    }
    if !address.contains('@') && address.contains("+40") {
        return xtext_undone(address);
    }
    address.to_owned()
}

fn braces_undone(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((front, tail)) = rest.split_once("\\x{") {
        out.push_str(front);
        let (hex, after) = tail.split_once('}').unwrap_or((tail, ""));
        out.extend(u32::from_str_radix(hex, 16).ok().and_then(char::from_u32));
        rest = after;
    }
    out + rest
}

fn xtext_undone(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&octet, tail)) = rest.split_first() {
        let hex = (octet == b'+').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                octets.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(octet);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn is_status(part: &Part<'_>) -> bool {
    matches!(part.content_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
}

fn returned_message_id(part: &Part<'_>) -> Option<String> {
    const RETURNED: [&str; 4] = ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"];
    if !RETURNED.contains(&part.content_type.as_str()) {
        return None;
    }
    let octets = part.octets();
    let returned = Message::parse(trim_start(&octets)).ok()?;
    message_ids(&returned.value("Message-ID")?).into_iter().next()
}

fn first_word(value: &str) -> &str {
    value.split_whitespace().next().unwrap_or_default()
}

/// Without the blank lines at the start.
fn trim_start(octets: &[u8]) -> &[u8] {
    let blank = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    octets.get(blank..).unwrap_or_default()
}

fn nothing() -> Malformed {
    Malformed { kind: Kind::Empty, offset: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_message_is_no_notification() {
        assert_eq!(read(b"From: a@b.test\r\nContent-Type: text/plain\r\n\r\nHello\r\n"), Ok(None));
        assert_eq!(read(b"no header at all"), Ok(None));
        assert_eq!(read(b""), Ok(None));
    }

    #[test]
    fn one_that_claims_to_be_and_holds_no_status_is_malformed() {
        let message = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b--\r\n";
        assert!(read(message).is_err());
        let empty = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.test\r\n--b--\r\n";
        assert!(read(empty).is_err());
    }

    #[test]
    fn another_kind_of_report_is_no_notification() {
        let message = b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--b--\r\n";
        assert_eq!(read(message), Ok(None));
    }

    #[test]
    fn encoded_addresses_are_read() {
        assert_eq!(readable("utf-8", "j\\x{FC}rgen@example.test"), "jürgen@example.test");
        assert_eq!(readable("rfc822", "ann+2Bnews+40example.test"), "ann+news@example.test");
        assert_eq!(readable("rfc822", "ann+41@example.test"), "ann+41@example.test");
        assert_eq!(typed("rfc822; <ann@example.test>"), ("rfc822".to_owned(), "ann@example.test".to_owned()));
        assert_eq!(typed("dns;mx.example.test (203.0.113.7)").1, "mx.example.test");
    }

    #[test]
    fn fields_without_a_status_get_the_one_that_the_action_implies() {
        let fields = b"Reporting-MTA: dns; a.test\n\nFinal-Recipient: rfc822; b@c.test\nAction: delayed\n";
        let dsn = read_fields(fields).unwrap();
        assert_eq!(dsn.recipients[0].status, Enhanced::new(4, 0, 0));
        assert_eq!(dsn.recipients[0].action, DsnAction::Delayed);
        assert_eq!(dsn.recipients[0].diagnostic, None);
    }
}
