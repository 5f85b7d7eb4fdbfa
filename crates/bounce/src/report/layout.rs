//! Bounces that are written for people: qmail, Exim, Sendmail, Exchange, Domino, Courier, Gmail and
//! all the rest.
//!
//! They have no grammar in common, but one order: an introduction, the recipients, about each of them
//! the reason, then the message that came back. So this looks for the end (where the returned
//! message begins), for addresses in a recipient's place, and for the words about each of them.

use super::Said;
use crate::{codes, line, mime::Mail};

/// Lines at which the returned message begins, lower-case without what decorates them.
const RETURNED: [&str; 44] = [
    "below this line is a copy",
    "this is a copy of",
    "original message",
    "message header follows",
    "unsent message",
    "undelivered message follows",
    "returned message",
    "message headers",
    "the following is a copy",
    "here is a copy",
    "copy of the original",
    "start of message",
    "copy of your message",
    "received: from",
    "received: by",
    "received: (",
    "return-path:",
    "your original message",
    "content-type: message/rfc822",
    "headers of the message",
    "original headers",
    "header of the original",
    "text of your message",
    "message text follows",
    "the body of your message",
    "rest of the message",
    "returned content",
    "begin included message",
    "ihre nachricht",
    "message d'origine",
    "mensaje original",
    "mensagem original",
    "cabeçalho",
    "ursprüngliche nachricht",
    "messaggio originale",
    "исходное сообщение",
    "元のメッセージ",
    "原始邮件",
    "----- the following is",
    "the header of",
    "message contents",
    "first 50 lines",
    "the attached message",
    "x-mailer:",
];

/// Words right before an address that put it into a recipient's place, lower-case.
const PLACES: [&str; 63] = [
    "recipient:",
    "recipient address:",
    "recipients:",
    "failed recipient:",
    "failed recipients:",
    "failed addresses:",
    "rcpt to:",
    "rcpt to",
    "recipient <",
    "unknown user:",
    "unknown user",
    "undeliverable to",
    "delivery to",
    "delivered to",
    "deliver to",
    "deliver mail to",
    "delivering to",
    "message to",
    "mail to",
    "sent to",
    "send to",
    "sending to",
    "email to",
    "e-mail to",
    "addressed to",
    "address:",
    "address",
    "user:",
    "user",
    "mailbox:",
    "mailbox",
    "recipient",
    "account",
    "for:",
    "to:",
    "failed to deliver to",
    "exceeds allowed size:",
    "following address:",
    "over quota:",
    "empfänger",
    "empfänger:",
    "an:",
    "adresse",
    "destinataire",
    "destinataire :",
    "à",
    "destinatario",
    "destinatario:",
    "destinatário",
    "para:",
    "a:",
    "получатель",
    "кому:",
    "宛先",
    "宛先:",
    "受信者",
    "收件人",
    "收件人:",
    "reach",
    "reached:",
    "could not reach",
    "target address:",
    "failed:",
];

/// Starts of lines whose addresses are nobody's fault, lower-case.
const OTHERS: [&str; 26] = [
    "from:",
    "sender:",
    "message-id",
    "return-path",
    "reply-to",
    "date:",
    "x-",
    "cc:",
    "references:",
    "in-reply-to:",
    "please contact",
    "for further assistance",
    "for assistance",
    "contact",
    "if you",
    "please forward",
    "please send",
    "help",
    "questions",
    "von:",
    "de:",
    "mail from",
    ">>> mail from",
    "mime-version",
    "received:",
    "delivered-to:",
];

/// One address with its place.
struct Named {
    address: String,
    line: usize,
    weight: u8,
}

/// Reads the recipients and what is said about each.
pub(super) fn read(mail: &Mail, words: &str) -> Vec<Said> {
    let text = before_returned(words);
    let lines: Vec<&str> = text.lines().collect();
    let named = named(mail, &lines);
    let mut recipients = failed_recipients(mail);
    if recipients.is_empty() {
        recipients = chosen(&named);
    }
    if recipients.is_empty() {
        recipients = returned_to(mail, words);
    }
    let alone = recipients.len() == 1;
    let listed = recipients.clone();
    recipients
        .into_iter()
        .map(|recipient| {
            let block = block(&lines, &named, &recipient, &listed);
            let silent = codes::find(&block) == codes::Codes::default();
            let block = if alone && silent { format!("{block}\n{text}") } else { block };
            let context = line::cut(text.trim(), super::MAX_WORDS).to_owned();
            Said { recipient, text: block, context, ..Said::default() }.complete()
        })
        .collect()
}

/// The lines about a recipient; empty when the text does not name it.
pub(super) fn about(words: &str, recipient: &str) -> String {
    let text = before_returned(words);
    let lines: Vec<&str> = text.lines().collect();
    let wanted = recipient.to_lowercase();
    let Some(start) = lines.iter().position(|line| line.to_lowercase().contains(&wanted)) else { return String::new() };
    let mut about = String::new();
    for (number, line) in lines.iter().enumerate().skip(start).take(30) {
        let blank = line.trim().is_empty();
        // A paragraph ends the words, unless no code was told yet.
        if number > start && blank && codes::find(&about).reply.is_some() {
            break;
        }
        // The next recipient's words begin.
        let other = addresses(line).next().is_some_and(|(at, one)| at <= 4 && !one.eq_ignore_ascii_case(recipient));
        if number > start && other {
            break;
        }
        about.push_str(line.trim());
        about.push(' ');
    }
    about
}

/// The text up to where the returned message begins.
fn before_returned(words: &str) -> &str {
    let mut offset = 0;
    for (number, line) in words.split_inclusive('\n').enumerate() {
        let plain = line.trim().trim_start_matches(['-', '=', '*', '>', '_', '+', '|', '#', ' ', ':']).to_lowercase();
        let headed = line.trim_start().starts_with(['-', '=', '*', '_'])
            || plain.ends_with(':')
            || plain.starts_with("received: ")
            || plain.starts_with("return-path:");
        if number > 2 && headed && RETURNED.iter().any(|start| plain.starts_with(start)) {
            return words.get(..offset).unwrap_or_default();
        }
        offset += line.len();
    }
    words
}

/// Addresses in a line: the octet at which each begins, and the address.
fn addresses(line: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    line.match_indices('@').filter_map(move |(at, _)| {
        let is_part = |letter: char| letter.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(letter);
        let front = line.get(..at)?;
        let start = if front.ends_with('"') {
            front.trim_end_matches('"').rfind('"')?
        } else {
            front.char_indices().rev().take_while(|(_, letter)| is_part(*letter)).last().map_or(at, |(index, _)| index)
        };
        let tail = line.get(at + 1..)?;
        let length = tail
            .find(|letter: char| !(letter.is_alphanumeric() || letter == '.' || letter == '-'))
            .unwrap_or(tail.len());
        let text = line.get(start..at + 1 + length)?.trim_end_matches(['.', '-']).trim_start_matches(['\'', '.']);
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        // `to=ann@example.com`, and X.400's `dda:SMTP=ann@example.com`.
        let text = text
            .rsplit_once('=')
            .filter(|(name, _)| ["to", "smtp"].iter().any(|one| name.eq_ignore_ascii_case(one)))
            .map_or(text, |(_, address)| address);
        Some((start, line::address(text)?))
    })
}

/// Every address of the text with the weight of its place.
fn named(mail: &Mail, lines: &[&str]) -> Vec<Named> {
    let own: Vec<String> = ["from", "to", "return-path", "x-original-to", "delivered-to"]
        .iter()
        .filter_map(|name| mail.header.value(name))
        .flat_map(|value| addresses(value).map(|(_, address)| address.to_lowercase()).collect::<Vec<_>>())
        .collect();
    let mut named = Vec::new();
    for (number, line) in lines.iter().enumerate().take(2000) {
        let lower = line.trim_start().to_lowercase();
        if OTHERS.iter().any(|start| lower.starts_with(start)) {
            continue;
        }
        for (at, address) in addresses(line).take(20) {
            let key = address.to_lowercase();
            let local = key.split('@').next().unwrap_or_default();
            let is_daemon = ["postmaster", "mailer-daemon", "abuse", "mailerdaemon"].contains(&local);
            let mut weight = weight(line, at, &address);
            if own.contains(&key) || is_daemon {
                weight = weight.min(1);
            }
            if named.len() < super::MAX_RECIPIENTS {
                named.push(Named { address, line: number, weight });
            }
        }
    }
    // The sender of the message that came back is named often; when anything else is there, it is not meant.
    if named.iter().any(|one| !own.contains(&one.address.to_lowercase())) {
        named.retain(|one| !own.contains(&one.address.to_lowercase()));
    }
    named
}

/// How much the place of an address in its line is a recipient's.
fn weight(line: &str, at: usize, address: &str) -> u8 {
    let front = line.get(..at).unwrap_or_default();
    let tail = line.get(at + address.len()..).unwrap_or_default();
    let before = front.trim().trim_end_matches(['<', '"', '\'', '(', '[', '=']).trim().to_lowercase();
    let decorated = before.trim_start_matches(['*', '-', '>', '|', '#', '+', '.']).trim();
    if decorated.is_empty() || is_code(decorated) {
        let rest = tail.trim_start_matches(['>', '"', '\'', ')', ']']).trim();
        return match rest.chars().next() {
            None => 5,
            Some(':') => 5,
            _ if front.contains('<') || line.starts_with(' ') || line.starts_with('\t') => 4,
            _ => 3,
        };
    }
    if PLACES.iter().any(|place| before.ends_with(place)) {
        return 4;
    }
    1
}

/// Whether the text is nothing but codes: `550 5.1.1`.
fn is_code(text: &str) -> bool {
    text.len() <= 12
        && text.chars().all(|letter| letter.is_ascii_digit() || ".- #".contains(letter))
        && text.contains(|letter: char| letter.is_ascii_digit())
}

/// The recipients: the addresses of the best places.
fn chosen(named: &[Named]) -> Vec<String> {
    let best = named.iter().map(|one| one.weight).max().unwrap_or(0);
    let mut chosen: Vec<String> = Vec::new();
    for one in named.iter().filter(|one| one.weight == best) {
        if !chosen.iter().any(|address| address.eq_ignore_ascii_case(&one.address)) {
            chosen.push(one.address.clone());
        }
        // Without a recipient's place the first address is the best guess.
        if best <= 1 {
            break;
        }
    }
    chosen
}

/// `X-Failed-Recipients`, which Exim and Gmail write.
fn failed_recipients(mail: &Mail) -> Vec<String> {
    let values = mail.header.all("x-failed-recipients");
    let mut found: Vec<String> =
        values.flat_map(|value| value.split(',').filter_map(line::address).collect::<Vec<_>>()).collect();
    found.dedup();
    found
}

/// The To field of the message that came back.
fn returned_to(mail: &Mail, words: &str) -> Vec<String> {
    let returned = mail
        .leaves
        .iter()
        .find(|leaf| matches!(leaf.kind.as_str(), "message/rfc822" | "text/rfc822-headers"))
        .map(|leaf| leaf.text.as_str());
    let tail = words.get(before_returned(words).len()..).unwrap_or_default();
    let text = returned.unwrap_or(tail);
    let to = text.lines().find(|line| line.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("to:")));
    let found: Vec<String> =
        to.into_iter().flat_map(|line| addresses(line).map(|(_, address)| address).collect::<Vec<_>>()).collect();
    found.into_iter().take(1).collect()
}

/// The words about a recipient: from its line to the next recipient's.
fn block(lines: &[&str], named: &[Named], recipient: &str, listed: &[String]) -> String {
    let is = |one: &&Named, address: &str| one.address.eq_ignore_ascii_case(address);
    let Some(start) = named.iter().find(|one| is(one, recipient)).map(|one| one.line) else { return String::new() };
    let is_other = |one: &&Named| {
        one.line > start && !is(one, recipient) && one.weight >= 3 && listed.iter().any(|address| is(one, address))
    };
    let end = named.iter().filter(is_other).map(|one| one.line).min().unwrap_or(lines.len());
    let own = join(lines, start, end.min(start + 60));
    if codes::find(&own).reply.is_some() || listed.len() == 1 {
        return own;
    }
    // Sendmail lists the recipients first and says why further down.
    let again = named
        .iter()
        .filter(|one| is(one, recipient) && one.line > start)
        .map(|one| join(lines, one.line, one.line + 4));
    std::iter::once(own).chain(again).collect::<Vec<_>>().join("\n")
}

fn join(lines: &[&str], start: usize, end: usize) -> String {
    lines.get(start..end.min(lines.len())).unwrap_or_default().join("\n")
}
