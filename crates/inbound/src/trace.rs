//! Header fields that a server puts on, takes off or looks at. RFC 5321 §4.4, RFC 8601 §5.

use std::net::IpAddr;

use syntax::{Address, Field, Message, Timestamp};

/// What a Received field at the MX says.
pub(crate) struct Received<'a> {
    /// HELO argument, as given.
    pub(crate) helo: &'a str,
    pub(crate) peer: IpAddr,
    pub(crate) by: &'a str,
    /// Transmission type. IANA mail-transmission-types.
    pub(crate) with: &'static str,
    pub(crate) id: &'a str,
    /// Only when there is a single recipient: others are nobody's business.
    pub(crate) recipient: Option<&'a Address>,
    pub(crate) at: Timestamp,
}

impl Received<'_> {
    /// The field, line ends included.
    pub(crate) fn write(&self) -> String {
        let Self { helo, by, with, id, .. } = self;
        let recipient = self.recipient.map(|address| format!("\r\n\tfor <{address}>")).unwrap_or_default();
        format!(
            "Received: from {} ({})\r\n\tby {by} (ColdRelay) with {with} id {id}{recipient};\r\n\t{}\r\n",
            harmless(helo),
            literal(self.peer),
            self.at.rfc5322(),
        )
    }
}

/// The Received field of a submission. It leaves out FROM: where our users sit is no business of their
/// recipients, and filters list home addresses. RFC 5321 §4.4 wants the clause; Gmail and Outlook leave it out too.
pub(crate) fn received_from_user(by: &str, with: &str, id: &str, at: Timestamp) -> String {
    format!("Received: by {by} (ColdRelay) with {with} id {id};\r\n\t{}\r\n", at.rfc5322())
}

/// The transmission type. RFC 3848, RFC 6531 §4.3.
pub(crate) fn transmission(extended: bool, utf8: bool, secured: bool, authenticated: bool) -> &'static str {
    match (extended, utf8, secured, authenticated) {
        (false, ..) => "SMTP",
        (true, false, false, false) => "ESMTP",
        (true, false, true, false) => "ESMTPS",
        (true, false, false, true) => "ESMTPA",
        (true, false, true, true) => "ESMTPSA",
        (true, true, false, false) => "UTF8SMTP",
        (true, true, true, false) => "UTF8SMTPS",
        (true, true, false, true) => "UTF8SMTPA",
        (true, true, true, true) => "UTF8SMTPSA",
    }
}

/// The message with `top` above it and without the fields for which `drop` holds.
pub(crate) fn rewrite(message: &Message<'_>, top: &str, drop: impl Fn(&Field<'_>) -> bool) -> Vec<u8> {
    let mut whole = Vec::with_capacity(top.len() + message.header_octets() + message.body().len() + 2);
    whole.extend_from_slice(top.as_bytes());
    for field in message.fields().iter().filter(|field| !drop(field)) {
        whole.extend_from_slice(field.name.as_bytes());
        whole.push(b':');
        whole.extend_from_slice(field.raw);
    }
    whole.extend_from_slice(b"\r\n");
    whole.extend_from_slice(message.body());
    whole
}

/// Whether a field is an Authentication-Results that speaks in the name of one of these hosts: forged, since
/// we have not written ours yet. One whose author cannot be read is taken for forged. RFC 8601 §5
pub(crate) fn is_forged_verdict(field: &Field<'_>, ours: &[String]) -> bool {
    field.name.eq_ignore_ascii_case("Authentication-Results")
        && authserv_id(&field.value()).is_none_or(|id| ours.iter().any(|our| our.eq_ignore_ascii_case(&id)))
}

/// The authserv-id: the first word that is no comment. RFC 8601 §2.2
fn authserv_id(value: &str) -> Option<String> {
    let text = without_comments(value)?;
    let text = text.trim_start();
    let id = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => text.split(|end: char| end == ';' || end.is_whitespace()).next()?,
    };
    let id = id.trim_end_matches('.');
    (!id.is_empty()).then(|| id.to_owned())
}

/// The text without comments, which nest. `None` when one is not closed.
fn without_comments(value: &str) -> Option<String> {
    let (mut depth, mut escaped, mut text) = (0_usize, false, String::new());
    for character in value.chars() {
        match (character, escaped) {
            ('\\', false) => escaped = true,
            ('(', false) => depth += 1,
            (')', false) => depth = depth.checked_sub(1)?,
            _ => {
                escaped = false;
                if depth == 0 {
                    text.push(character);
                }
            }
        }
    }
    (depth == 0).then_some(text)
}

/// A HELO argument that cannot end a field or close a comment.
fn harmless(helo: &str) -> String {
    let keep = |character: char| {
        let is_name = character.is_ascii_alphanumeric() || "-._:[]".contains(character);
        if is_name { character } else { '?' }
    };
    let name: String = helo.chars().take(255).map(keep).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// An address literal. RFC 5321 §4.1.3
fn literal(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, forged: bool) {
        let text = format!("Authentication-Results: {value}\r\n\r\n");
        let message = Message::parse(text.as_bytes()).unwrap();
        let ours = ["box.example.com".to_owned()];
        assert_eq!(is_forged_verdict(&message.fields()[0], &ours), forged, "{value}");
    }

    #[test]
    fn a_verdict_in_our_name_is_forged_however_it_is_written() {
        check("box.example.com; spf=pass", true);
        check("BOX.example.com 1; spf=pass", true);
        check("(hi (there)) box.example.com; spf=pass", true);
        check("box(x).example.com; spf=pass", true);
        check("\"box.example.com\"; spf=pass", true);
        check("\r\n\tbox.example.com.; spf=pass", true);
        check("(never closed box.example.com; spf=pass", true);
        check("; spf=pass", true);
        check("mx.google.com; spf=pass", false);
        check("notbox.example.com; spf=pass", false);
    }

    #[test]
    fn a_received_field_cannot_be_broken_by_helo() {
        let to = Address::parse("ann@example.com").unwrap();
        let field = Received {
            helo: "evil) by\r\nX: y",
            peer: "::1".parse().unwrap(),
            by: "box.example.com",
            with: transmission(true, false, true, false),
            id: "1f",
            recipient: Some(&to),
            at: Timestamp::from_micros(0),
        };
        assert_eq!(
            field.write(),
            "Received: from evil??by??X:?y ([IPv6:::1])\r\n\tby box.example.com (ColdRelay) with ESMTPS id 1f\r\n\t\
             for <ann@example.com>;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n"
        );
    }

    #[test]
    fn fields_are_taken_off_and_put_on_and_the_rest_is_left_as_it_is() {
        let message = Message::parse(b"A: 1\r\nBcc: x\r\n y\r\nc:2\r\n\r\nbody\r\n").unwrap();
        let whole = rewrite(&message, "Top: 0\r\n", |field| field.name.eq_ignore_ascii_case("bcc"));
        assert_eq!(whole, b"Top: 0\r\nA: 1\r\nc:2\r\n\r\nbody\r\n");
    }
}
