//! Writing a notification of our own.

use smtp::Reply;
use syntax::{Address, Draft, FromField, Message};

use super::{Cover, Dsn, DsnAction, DsnRecipient};

/// Longest line of a field before it is folded, in octets. RFC 5322 §2.1.1.
const FOLD_AT: usize = 76;
/// Most octets of a reply's line that are kept: a fold-free word must fit the 998 of RFC 5322 §2.1.1.
const MAX_REPLY_LINE: usize = 900;
/// Most octets of the returned header.
const MAX_RETURNED_OCTETS: usize = 64 * 1024;

/// Writes one; `original` is the returned message, of which the header is included.
pub fn write(cover: &Cover, dsn: &Dsn, original: &[u8]) -> Vec<u8> {
    let draft = draft(cover, dsn).write();
    let (header, text) = split(&draft);
    let status = status(dsn);
    let returned = returned(original);
    let boundary = boundary(&cover.message_id, &[&text, &status, &returned]);

    let mut out = header;
    out.push_str("MIME-Version: 1.0\r\n");
    out.push_str("Content-Type: multipart/report; report-type=delivery-status;\r\n");
    out.push_str(&format!("\tboundary=\"{boundary}\"\r\n\r\n"));
    out.push_str("This is a delivery status notification in MIME format.\r\n");
    let returned_type = if returned.is_ascii() {
        "Content-Type: text/rfc822-headers\r\n"
    } else {
        // RFC 6533 §5: a header with UTF-8 in it.
        "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n"
    };
    let parts = [("", text), ("Content-Type: message/delivery-status\r\n", status), (returned_type, returned)];
    for (fields, body) in &parts {
        out.push_str(&format!("\r\n--{boundary}\r\n{fields}"));
        // The first part brings its own fields.
        out.push_str(if fields.is_empty() { "" } else { "\r\n" });
        out.push_str(body);
    }
    out.push_str(&format!("\r\n--{boundary}--\r\n"));
    out.into_bytes()
}

fn draft(cover: &Cover, dsn: &Dsn) -> Draft {
    let subject = match dsn.recipients.first().map(|recipient| recipient.action) {
        Some(DsnAction::Delayed) => "Your message is delayed",
        Some(DsnAction::Delivered | DsnAction::Relayed | DsnAction::Expanded) => "Your message was delivered",
        Some(DsnAction::Failed) | None => "Your message was not delivered",
    };
    Draft {
        from: FromField { display: Some("Mail Delivery System".to_owned()), address: cover.from.clone() },
        to: vec![cover.to.clone()],
        subject: subject.to_owned(),
        text: cover.text.clone(),
        date: cover.date,
        message_id: cover.message_id.clone(),
        // RFC 3834 §2: nobody answers automatically to it.
        more: vec![("Auto-Submitted".to_owned(), "auto-replied".to_owned())],
    }
}

/// The draft's header without its MIME fields, and its text as a part with them.
fn split(draft: &[u8]) -> (String, String) {
    let Ok(message) = Message::parse(draft) else { return (String::new(), String::new()) };
    let (mut header, mut part) = (String::new(), String::new());
    for field in message.fields() {
        let line = format!("{}:{}", field.name, String::from_utf8_lossy(field.raw));
        let name = field.name.to_ascii_lowercase();
        if name.starts_with("content-") {
            part.push_str(&line);
        } else if name != "mime-version" {
            header.push_str(&line);
        }
    }
    part.push_str("\r\n");
    part.push_str(&String::from_utf8_lossy(message.body()));
    (header, part)
}

/// The fields of the `message/delivery-status` part. RFC 3464 §2.
fn status(dsn: &Dsn) -> String {
    let mut out = String::new();
    field(&mut out, "Reporting-MTA", &format!("dns; {}", dsn.reporting_mta));
    if let Some(envid) = &dsn.envid {
        field(&mut out, "Original-Envelope-Id", envid);
    }
    for recipient in &dsn.recipients {
        out.push_str("\r\n");
        of_recipient(&mut out, recipient);
    }
    out
}

fn of_recipient(out: &mut String, recipient: &DsnRecipient) {
    if let Some(original) = &recipient.original {
        let (kind, address) = original.split_once(';').unwrap_or(("rfc822", original));
        let address = if address.is_ascii() { address.to_owned() } else { braces(address) };
        field(out, "Original-Recipient", &format!("{kind};{address}"));
    }
    field(out, "Final-Recipient", &typed(&recipient.address));
    field(out, "Action", recipient.action.as_str());
    field(out, "Status", &recipient.status.to_string());
    if let Some(host) = &recipient.remote_mta {
        field(out, "Remote-MTA", &format!("dns; {host}"));
    }
    if let Some(reply) = &recipient.diagnostic {
        field(out, "Diagnostic-Code", &format!("smtp; {}", in_one(reply)));
    }
}

/// `rfc822; ann@example.com`, or `utf-8; j\x{FC}rgen@…`. RFC 6533 §3. A blank in a quoted local part would be lost in folding.
fn typed(address: &Address) -> String {
    let text = address.to_string();
    if text.is_ascii() && !text.contains(' ') { format!("rfc822; {text}") } else { format!("utf-8; {}", braces(&text)) }
}

/// utf-8-addr-xtext: what a field of ASCII can hold. RFC 6533 §3.
fn braces(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '!'..='~' if !matches!(character, '+' | '=' | '\\') => out.push(character),
            other => out.push_str(&format!("\\x{{{:02X}}}", u32::from(other))),
        }
    }
    out
}

/// All lines of a reply with their codes, joined by blanks: `550-5.1.1 No such 550 5.1.1 mailbox`.
fn in_one(reply: &Reply) -> String {
    let enhanced = reply.enhanced.map(|code| format!("{code} ")).unwrap_or_default();
    let last = reply.lines.len().saturating_sub(1);
    let line = |(index, line): (usize, &String)| {
        let mark = if index == last { ' ' } else { '-' };
        let line: String = line.chars().take(MAX_REPLY_LINE).collect();
        format!("{}{mark}{enhanced}{line}", reply.code)
    };
    reply.lines.iter().enumerate().map(line).collect::<Vec<_>>().join(" ")
}

/// One field on one or more lines. Whatever a value holds, it cannot start another field.
fn field(out: &mut String, name: &str, value: &str) {
    let clean = |character: char| if character.is_ascii() && !character.is_ascii_control() { character } else { '?' };
    let value: String = value.chars().map(clean).collect();
    let mut length = name.len() + 2;
    out.push_str(name);
    out.push(':');
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        let folds = length + word.len() >= FOLD_AT && length > name.len() + 2;
        out.push_str(if folds { "\r\n " } else { " " });
        length = if folds { 1 } else { length + 1 } + word.len();
        out.push_str(word);
    }
    out.push_str("\r\n");
}

/// The returned message's header with CRLF line ends.
fn returned(original: &[u8]) -> String {
    let header = match Message::parse(original) {
        Ok(message) => original.get(..message.header_octets()).unwrap_or_default(),
        Err(_) => b"",
    };
    let header = header.get(..MAX_RETURNED_OCTETS).unwrap_or(header);
    let text = String::from_utf8_lossy(header);
    text.lines().map(|line| format!("{line}\r\n")).collect()
}

/// A boundary that occurs in none of the parts.
fn boundary(seed: &str, parts: &[&str]) -> String {
    let seed: String = seed.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let mut number = 0_u32;
    loop {
        let boundary = format!("=_{seed}.{number}");
        if !parts.iter().any(|part| part.contains(&boundary)) {
            return boundary;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_start_another_field() {
        let mut out = String::new();
        field(&mut out, "Original-Envelope-Id", "a\r\nAction: delivered");
        assert_eq!(out, "Original-Envelope-Id: a??Action: delivered\r\n");
    }

    #[test]
    fn a_long_value_is_folded_at_blanks() {
        let mut out = String::new();
        field(&mut out, "Diagnostic-Code", &"word ".repeat(40));
        assert!(out.lines().all(|line| line.len() <= 78), "{out}");
        assert_eq!(out.matches("word").count(), 40);
    }

    #[test]
    fn the_boundary_occurs_in_no_part() {
        assert_eq!(boundary("a@b", &["--=_ab.0", "=_ab.1"]), "=_ab.2");
    }
}
