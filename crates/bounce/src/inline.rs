//! A reply inside other text: a log line, a Diagnostic-Code.

use smtp::{Enhanced, Reply};

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

/// The best reply anywhere in the text: one with an enhanced code before one without.
pub(crate) fn reply_in(text: &str) -> Option<Reply> {
    let mut starts = text.char_indices().filter(|(at, _)| is_start(text, *at)).map(|(at, _)| at);
    let first = starts.next()?;
    let better = std::iter::once(first).chain(starts).find(|at| {
        let after = text.get(at + 4..).unwrap_or_default();
        without_enhanced(after).0.is_some()
    });
    reply_at_start(text.get(better.unwrap_or(first)..)?)
}

/// Whether a reply may start here: three digits, apart from what stands before, and a blank or
/// hyphen with a word behind.
fn is_start(text: &str, at: usize) -> bool {
    let front = text.get(..at).unwrap_or_default();
    let apart = front.chars().next_back().is_none_or(|before| before.is_whitespace() || ":;\"'(>".contains(before));
    // Sendmail's log writes `reply=550 …`; other numbers behind `=` are sizes and delays.
    if !apart && !front.ends_with("reply=") {
        return false;
    }
    let octets = text.as_bytes().get(at..).unwrap_or_default();
    matches!(octets, [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', next, ..] if !next.is_ascii_whitespace())
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

/// An enhanced code that old servers put into the text: `no mailbox here (#5.1.1)`.
pub(crate) fn enhanced_within(text: &str) -> Option<Enhanced> {
    let codes = text.split('#').skip(1).map(|rest| rest.split([')', ' ', ']']).next().unwrap_or_default());
    codes.filter_map(|word| Enhanced::parse(word.trim_end_matches(['.', ':', ',']))).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(u16, &str, &[&str])>) {
        let found = reply_in(text);
        let found = found.as_ref().map(|reply| {
            let lines: Vec<&str> = reply.lines.iter().map(String::as_str).collect();
            (reply.code, reply.enhanced.map(|code| code.to_string()).unwrap_or_default(), lines)
        });
        let expect = expect.map(|(code, enhanced, lines)| (code, enhanced.to_owned(), lines.to_vec()));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_reply_is_found_inside_other_text() {
        check("550 5.1.1 gone", Some((550, "5.1.1", &["gone"])));
        check("host mx[192.0.2.1] said: 452 4.2.2 full", Some((452, "4.2.2", &["full"])));
        check("smtp;550 5.7.1 no", Some((550, "5.7.1", &["no"])));
        check("delay=421, size=554 reply=550 unknown", Some((550, "", &["unknown"])));
        check("550-5.1.1 one 550-5.1.1 two 550 5.1.1 three", Some((550, "5.1.1", &["one", "two", "three"])));
        check("size 554 octets; then 550 5.1.1 gone", Some((550, "5.1.1", &["gone"])));
    }

    #[test]
    fn text_without_a_reply_gives_none() {
        check("connect to mx.example.test[192.0.2.55]:25: Connection refused", None);
        check("delivered 250 2.0.0 OK", None);
        check("the 4500 people", None);
        check("", None);
    }

    #[test]
    fn an_enhanced_code_in_brackets_is_found() {
        assert_eq!(enhanced_within("sorry, no mailbox here by that name. (#5.1.1)"), Some(Enhanced::new(5, 1, 1)));
        assert_eq!(enhanced_within("ticket #4711"), None);
    }
}
