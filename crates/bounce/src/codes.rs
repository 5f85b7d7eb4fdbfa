//! Reply codes and enhanced codes inside other text.

use smtp::{Enhanced, Reply};

/// The codes that a text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Codes {
    /// The reply code and where it stands, in octets.
    pub reply: Option<(u16, usize)>,
    /// The enhanced status code.
    pub enhanced: Option<Enhanced>,
}

/// Longest text in which codes are looked for, in octets: a reply is far shorter.
const MAX_OCTETS: usize = 16 * 1024;

/// The likeliest reply code and enhanced code of a text.
///
/// Numbers in mail logs are mostly not reply codes: sizes, ports, queue ids. So a number counts the
/// more the more it looks like a reply: an enhanced code behind it, `said:` or `smtp;` before it, the
/// start of a line. Of two that look alike the first counts.
pub(crate) fn find(text: &str) -> Codes {
    let octets = text.as_bytes();
    let octets = octets.get(..octets.len().min(MAX_OCTETS)).unwrap_or_default();
    let mut reply: Option<(i32, u16, usize)> = None;
    let mut enhanced: Option<(i32, Enhanced)> = None;
    let mut at = 0;
    while let Some(found) = octets.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)) {
        at += found;
        let digits = octets.get(at..).map_or(0, |rest| rest.iter().take_while(|octet| octet.is_ascii_digit()).count());
        if digits == 3
            && let Some((weight, code)) = reply_at(octets, at)
            && reply.is_none_or(|(best, ..)| weight > best)
        {
            reply = Some((weight, code, at));
        }
        if digits == 1
            && let Some((weight, code, length)) = enhanced_at(octets, at)
        {
            if enhanced.is_none_or(|(best, _)| weight > best) {
                enhanced = Some((weight, code));
            }
            at += length;
            continue;
        }
        at += digits;
    }
    let Some((_, code, start)) = reply else { return Codes { reply: None, enhanced: enhanced.map(|(_, code)| code) } };
    // The enhanced code right behind the reply is the reply's own.
    let own = octets.get(start + 3..).and_then(behind);
    Codes { reply: Some((code, start)), enhanced: own.or(enhanced.map(|(_, code)| code)) }
}

/// The reply that the text starts with; continuation lines may follow on the same line, as after
/// unfolding: `550-5.1.1 No such 550 5.1.1 mailbox`.
pub(crate) fn reply_at_start(text: &str) -> Option<Reply> {
    let text = text.trim();
    let code: u16 = text.get(..3)?.parse().ok().filter(|code| (400..600).contains(code))?;
    let mut more = text.as_bytes().get(3) == Some(&b'-');
    let mut rest = text.get(3..)?;
    if !rest.is_empty() && !rest.starts_with([' ', '-']) {
        return None;
    }
    rest = rest.get(1..).unwrap_or_default();
    let mut enhanced = None;
    let mut lines = Vec::new();
    loop {
        let (line, next) = if more { cut(rest, code) } else { (rest, None) };
        let (found, line) = without_enhanced(line);
        enhanced = enhanced.or(found);
        lines.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
        let Some((mark, tail)) = next else { break };
        more = mark == '-';
        rest = tail;
    }
    Some(Reply { code, enhanced, lines })
}

/// The likeliest reply anywhere in the text.
pub(crate) fn reply_in(text: &str) -> Option<Reply> {
    let codes = find(text);
    let (code, start) = codes.reply?;
    let reply = text.get(start..).and_then(reply_at_start);
    let mut reply = reply.unwrap_or_else(|| Reply::bare(code, text.get(start + 3..).unwrap_or_default().trim()));
    reply.enhanced = reply.enhanced.or(codes.enhanced);
    Some(reply)
}

/// The enhanced code that stands first in what follows a reply code.
fn behind(rest: &[u8]) -> Option<Enhanced> {
    let skipped = rest.iter().take_while(|octet| b" -:#'\"[(".contains(octet)).count();
    let tail = rest.get(skipped..)?;
    enhanced_at(tail, 0).map(|(_, code, _)| code)
}

/// How much the three digits at `at` look like a reply code.
fn reply_at(octets: &[u8], at: usize) -> Option<(i32, u16)> {
    let digits = octets.get(at..at + 3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok().filter(|code| (400..600).contains(code))?;
    let front = octets.get(..at).unwrap_or_default();
    let tail = octets.get(at + 3..).unwrap_or_default();
    if !tail.first().is_none_or(|octet| b" -:,.;)]\"'>\r\n\t".contains(octet)) {
        return None;
    }
    // `550.` ends a sentence, `550.1` is a number, `4,550,1` and `550:12` are something else.
    if let [b'.' | b':' | b',', next, ..] = tail
        && next.is_ascii_digit()
    {
        return None;
    }
    let mut weight = match front.last() {
        None | Some(b'\n' | b'\r') => 4,
        Some(b' ' | b'\t') => before(front.trim_ascii_end()),
        Some(b':' | b';' | b'<' | b'(' | b'[' | b'"' | b'\'' | b'#' | b'>' | b'|' | b',' | b'*') => 2 + before(front),
        Some(b'-') if front.get(..front.len() - 1).is_some_and(ends_with_code) => 2,
        Some(b'=')
            if ends_with_any(front, &["reply=", "response=", "code=", "reason=", "stat=", "status=", "error="]) =>
        {
            4
        }
        _ => return None,
    };
    if behind(tail).is_some() {
        weight += 6;
    }
    let word: Vec<u8> =
        tail.trim_ascii_start().iter().take_while(|octet| octet.is_ascii_alphabetic()).copied().collect();
    if UNITS.iter().any(|unit| word.eq_ignore_ascii_case(unit.as_bytes())) {
        return None;
    }
    // RFC 5321 §4.2.1 knows the second digits 0, 1, 2 and 5; a few servers use others.
    if !matches!(digits.get(1), Some(b'0' | b'1' | b'2' | b'3' | b'4' | b'5')) {
        weight -= 2;
    }
    (weight >= 2).then_some((weight, code))
}

/// Words behind a number that make it a quantity.
const UNITS: [&str; 14] = [
    "bytes",
    "octets",
    "seconds",
    "secs",
    "messages",
    "kb",
    "mb",
    "hours",
    "days",
    "minutes",
    "kbytes",
    "recipients",
    "km",
    "ms",
];

/// Words before a number that make it a reply code.
const MARKS: [&str; 22] = [
    "said:",
    "smtp;",
    "smtp:",
    "response:",
    "response was:",
    "reply:",
    "reply was:",
    "responded:",
    "error:",
    "error",
    "code",
    "<<<",
    "returned:",
    "was:",
    "response from the remote server was",
    "error was",
    "replied:",
    "says:",
    "reason:",
    "host:",
    "with",
    "status:",
];

/// Words before a number that make it something else.
const OTHERS: [&str; 10] = ["port", "pid", "line", "after", "size", "id", "for", "ticket", "exceeded", "limit"];

fn before(front: &[u8]) -> i32 {
    let near = front.get(front.len().saturating_sub(40)..).unwrap_or_default().to_ascii_lowercase();
    let near = near.trim_ascii_end();
    if near.is_empty() {
        return 4;
    }
    if ends_with_any(near, &MARKS) {
        return 4;
    }
    if OTHERS.iter().any(|word| {
        near.strip_suffix(word.as_bytes())
            .is_some_and(|rest| rest.last().is_none_or(|octet| !octet.is_ascii_alphanumeric()))
    }) {
        return -6;
    }
    if ends_with_code(near) {
        return 3;
    }
    match near.last() {
        Some(b':' | b';' | b'<' | b'(' | b'"' | b'\'' | b'>' | b'|' | b'*' | b'#') => 2,
        _ if octets_end_line(front) => 4,
        _ => 0,
    }
}

fn octets_end_line(front: &[u8]) -> bool {
    front.iter().rev().find(|octet| !matches!(octet, b' ' | b'\t')).is_some_and(|octet| matches!(octet, b'\n' | b'\r'))
}

fn ends_with_code(front: &[u8]) -> bool {
    let digits = front.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    digits == 3 && matches!(front.get(front.len() - 3), Some(b'4' | b'5'))
}

fn ends_with_any(front: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| {
        front.len() >= word.len()
            && front.get(front.len() - word.len()..).is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// How much what stands at `at` looks like an enhanced code, the code, and its length.
fn enhanced_at(octets: &[u8], at: usize) -> Option<(i32, Enhanced, usize)> {
    let rest = octets.get(at..)?;
    if !matches!(rest, [b'4' | b'5', b'.', ..]) {
        return None;
    }
    let front = octets.get(..at).unwrap_or_default();
    if front.last().is_some_and(|octet| octet.is_ascii_alphanumeric() || b"._/@".contains(octet)) {
        return None;
    }
    let length = rest.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'.').count();
    let word = rest.get(..length)?.strip_suffix(b".").unwrap_or(rest.get(..length)?);
    if rest.get(length).is_some_and(|next| next.is_ascii_alphabetic() || b"@/".contains(next)) {
        return None;
    }
    let code = Enhanced::parse(std::str::from_utf8(word).ok()?).filter(|code| code.subject <= 9)?;
    let trimmed = front.trim_ascii_end();
    if ends_with_any(
        trimmed,
        &["version", "exim", "sendmail", "postfix", "exchange", "server", "release", "engine", " v"],
    ) {
        return None;
    }
    let weight = match front.last() {
        Some(b'#') => 3,
        Some(b'(' | b'[' | b'<' | b'"' | b'\'') => 2,
        Some(b'=') => 2,
        None => 2,
        _ if ends_with_code(trimmed) || front.last() == Some(&b'-') => 4,
        _ => 1,
    };
    Some((weight, code, word.len()))
}

/// Cuts a line at the next repetition of the code: (line, (mark, rest)).
fn cut(text: &str, code: u16) -> (&str, Option<(char, &str)>) {
    let code = code.to_string();
    let found = text.match_indices(&code).find_map(|(at, _)| {
        let mark = text.get(at + 3..)?.chars().next().filter(|mark| matches!(mark, ' ' | '-'))?;
        let apart = at == 0 || text.get(..at)?.ends_with(char::is_whitespace);
        apart.then_some((at, mark))
    });
    match found {
        Some((at, mark)) => (text.get(..at).unwrap_or_default(), Some((mark, text.get(at + 4..).unwrap_or_default()))),
        None => (text, None),
    }
}

/// Takes an enhanced code from the start: `5.1.1 gone`, `#5.1.0 gone`.
fn without_enhanced(line: &str) -> (Option<Enhanced>, &str) {
    let line = line.trim_start();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match Enhanced::parse(word.trim_start_matches('#').trim_end_matches([':', ','])) {
        Some(code) => (Some(code), rest),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, reply: Option<u16>, enhanced: &str) {
        let found = find(text);
        let code = found.enhanced.map(|code| code.to_string()).unwrap_or_default();
        assert_eq!((found.reply.map(|(code, _)| code), code.as_str()), (reply, enhanced), "{text}");
    }

    #[test]
    fn codes_are_found_inside_other_text() {
        check("550 5.1.1 gone", Some(550), "5.1.1");
        check("host mx[192.0.2.1] said: 452 4.2.2 full", Some(452), "4.2.2");
        check("smtp;550 5.7.1 no", Some(550), "5.7.1");
        check("smtp; 554-5.7.1 Service unavailable", Some(554), "5.7.1");
        check("delay=421, size=554 reply=550 unknown", Some(550), "");
        check("550-5.1.1 one 550-5.1.1 two 550 5.1.1 three", Some(550), "5.1.1");
        check("size 554 octets; then 550 5.1.1 gone", Some(550), "5.1.1");
        check("550 sorry, no mailbox here by that name. (#5.1.1)", Some(550), "5.1.1");
        check("#5.1.1 smtp;550 5.1.1 RESOLVER.ADR.ExRecipNotFound", Some(550), "5.1.1");
        check("Remote Server returned '550 5.4.1 Recipient address rejected'", Some(550), "5.4.1");
        check("554 delivery error: dd This user doesn't have a yahoo.com account [-5] - mta123", Some(554), "");
        check(
            "SMTP error from remote mail server after RCPT TO:<a@b.test>: host mx [192.0.2.5]: 550 no",
            Some(550),
            "",
        );
        check("The error was: 550, 550 5.2.1 disabled", Some(550), "5.2.1");
        check("(state 14). 5.5.0 unknown", None, "5.5.0");
    }

    #[test]
    fn other_numbers_are_no_codes() {
        check("connect to mx.example.test[192.0.2.55]:25: Connection refused", None, "");
        check("delivered 250 2.0.0 OK", None, "");
        check("the 4500 people", None, "");
        check("Exim 4.92.3 at 5.1.1.1 on port 587, 550 messages, 452 bytes", None, "");
        check("id 550 for 421", None, "");
        check("", None, "");
    }

    #[test]
    fn a_reply_is_taken_whole() {
        let reply = reply_in("said: 550-5.1.1 one 550-5.1.1 two 550 5.1.1 three").unwrap();
        assert_eq!((reply.code, reply.text().as_str()), (550, "one two three"));
        assert_eq!(reply_at_start("nothing"), None);
    }
}
