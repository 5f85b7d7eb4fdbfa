//! What hosts write into a header on the way: Received (RFC 5321 §4.4) and Authentication-Results (RFC 8601).

use std::net::IpAddr;

use crate::Timestamp;

/// Most results that are read of one field.
const MAX_RESULTS: usize = 64;

/// One Received field.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Hop {
    /// The name that the client greeted with.
    pub from: Option<String>,
    /// What the server knew of the client: its reverse name and IP, as it wrote it.
    pub seen: Option<String>,
    /// The client's IP.
    pub ip: Option<IpAddr>,
    /// The server that wrote the field.
    pub by: Option<String>,
    /// The protocol: `ESMTPS`.
    pub with: Option<String>,
    /// The server's id for the message.
    pub id: Option<String>,
    /// The recipient.
    #[serde(rename = "for")]
    pub to: Option<String>,
    /// When, as the server's clock had it.
    pub at: Option<Timestamp>,
}

/// One Authentication-Results field.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct AuthResults {
    /// Who says it.
    pub authserv_id: String,
    /// Each method's result, in order.
    pub results: Vec<MethodResult>,
}

/// The result of one method.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct MethodResult {
    /// `spf`, `dkim`, `dmarc`, `arc`, `iprev`…, lower-case.
    pub method: String,
    /// `pass`, `fail`…, lower-case.
    pub result: String,
    /// `reason=`
    pub reason: Option<String>,
    /// `smtp.mailfrom` and its value, in order.
    pub properties: Vec<(String, String)>,
}

impl MethodResult {
    /// The value of a property, such as `header.d`.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the value of a Received field; what is not there is `None`, and nothing is an error: every program writes its own.
pub fn parse_received(value: &str) -> Hop {
    let (text, date) = value.rsplit_once(';').map_or((value, None), |(text, date)| (text, Some(date)));
    let mut hop = Hop { at: date.and_then(|date| Timestamp::parse_rfc5322(date.trim()).ok()), ..Hop::default() };
    let mut clause = String::new();
    let mut comments: Vec<(String, String)> = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Comment(comment) => comments.push((clause.clone(), comment)),
            Token::Word(word) => {
                let lower = word.to_ascii_lowercase();
                if ["from", "by", "via", "with", "id", "for"].contains(&lower.as_str()) && is_new(&hop, &lower) {
                    clause = lower;
                    continue;
                }
                let place = match clause.as_str() {
                    "from" => &mut hop.from,
                    "by" => &mut hop.by,
                    "with" => &mut hop.with,
                    "id" => &mut hop.id,
                    "for" => &mut hop.to,
                    _ => continue,
                };
                place.get_or_insert(word);
            }
        }
    }
    hop.to = hop.to.map(|to| to.trim_matches(['<', '>']).to_owned());
    hop.seen = comments.into_iter().find(|(clause, _)| clause == "from").map(|(_, comment)| comment);
    hop.ip = hop.seen.as_deref().and_then(ip_in).or_else(|| hop.from.as_deref().and_then(ip_in));
    hop
}

/// A keyword that came already is a value: `id for`.
fn is_new(hop: &Hop, keyword: &str) -> bool {
    match keyword {
        "from" => hop.from.is_none(),
        "by" => hop.by.is_none(),
        "with" => hop.with.is_none(),
        "id" => hop.id.is_none(),
        "for" => hop.to.is_none(),
        _ => true,
    }
}

enum Token {
    Word(String),
    Comment(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let (mut tokens, mut word, mut comment, mut depth) = (Vec::new(), String::new(), String::new(), 0_usize);
    for letter in text.chars() {
        match letter {
            '(' => {
                if depth > 0 {
                    comment.push(letter);
                }
                depth += 1;
            }
            ')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    push_word(&mut tokens, &mut word);
                    tokens.push(Token::Comment(std::mem::take(&mut comment).trim().to_owned()));
                } else {
                    comment.push(letter);
                }
            }
            letter if depth > 0 => comment.push(letter),
            letter if letter.is_whitespace() => push_word(&mut tokens, &mut word),
            letter => word.push(letter),
        }
    }
    push_word(&mut tokens, &mut word);
    tokens
}

fn push_word(tokens: &mut Vec<Token>, word: &mut String) {
    if !word.is_empty() {
        tokens.push(Token::Word(std::mem::take(word)));
    }
}

/// `host [192.0.2.1]`, `[IPv6:2001:db8::1]`, `192.0.2.1`
fn ip_in(text: &str) -> Option<IpAddr> {
    let pieces = text.split(|letter: char| letter.is_whitespace() || "[]()<>,=".contains(letter));
    pieces.filter(|piece| !piece.is_empty()).find_map(|piece| {
        let is_tagged = piece.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ipv6:"));
        if is_tagged { piece.get(5..)?.parse().ok() } else { piece.parse().ok() }
    })
}

/// Reads the value of an Authentication-Results field. RFC 8601 §2.2
pub fn parse_auth_results(value: &str) -> AuthResults {
    let plain = without_comments(value);
    let mut parts = split_outside_quotes(&plain, ';').into_iter();
    let first = parts.next().unwrap_or_default();
    let mut read = AuthResults {
        authserv_id: first.split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned(),
        results: Vec::new(),
    };
    // Reality: Microsoft leaves the authserv-id out in some fields, and begins with the first result.
    let begins_with_result = first.contains('=');
    let results = begins_with_result.then(|| first.clone()).into_iter().chain(parts);
    if begins_with_result {
        read.authserv_id.clear();
    }
    read.results = results.filter_map(|part| method(&part)).take(MAX_RESULTS).collect();
    read
}

fn method(part: &str) -> Option<MethodResult> {
    let mut pairs = split_outside_quotes(part, ' ').into_iter().filter(|pair| !pair.trim().is_empty());
    let first = pairs.next()?;
    let (method, result) = first.split_once('=')?;
    let mut read = MethodResult {
        method: method.split('/').next().unwrap_or_default().trim().to_ascii_lowercase(),
        result: result.trim().to_ascii_lowercase(),
        ..MethodResult::default()
    };
    for pair in pairs {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = value.trim().trim_matches('"').to_owned();
        match name.trim().to_ascii_lowercase() {
            name if name == "reason" => read.reason = Some(value),
            name => read.properties.push((name, value)),
        }
    }
    Some(read)
}

fn without_comments(text: &str) -> String {
    let (mut out, mut depth, mut quoted) = (String::with_capacity(text.len()), 0_usize, false);
    for letter in text.chars() {
        match letter {
            '"' if depth == 0 => {
                quoted = !quoted;
                out.push(letter);
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => depth -= 1,
            letter if depth == 0 => out.push(if letter.is_whitespace() { ' ' } else { letter }),
            _ => {}
        }
    }
    out
}

fn split_outside_quotes(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        if letter == at && !quoted {
            parts.push(std::mem::take(&mut part).trim().to_owned());
        } else {
            part.push(letter);
        }
    }
    parts.push(part.trim().to_owned());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_fields_of_real_programs_are_read() {
        let postfix = "from mail.a.test (unknown [192.0.2.5]) (using TLSv1.3 with cipher X (256/256 bits)) by mx.b.test (Postfix) \
                       with ESMTPS id 4ABC for <u@b.test>; Tue, 24 Nov 2026 10:00:00 +0000 (UTC)";
        let hop = parse_received(postfix);
        assert_eq!((hop.from.as_deref(), hop.by.as_deref()), (Some("mail.a.test"), Some("mx.b.test")));
        assert_eq!((hop.with.as_deref(), hop.to.as_deref()), (Some("ESMTPS"), Some("u@b.test")));
        assert_eq!(hop.ip, Some("192.0.2.5".parse().unwrap()));
        assert_eq!(hop.at.map(|at| at.rfc5322()).as_deref(), Some("Tue, 24 Nov 2026 10:00:00 +0000"));
        let gmail = "by 2002:a05:6402:1:b0:1 with SMTP id x1csp1; Tue, 24 Nov 2026 02:00:01 -0800 (PST)";
        let hop = parse_received(gmail);
        assert_eq!(
            (hop.by.as_deref(), hop.from, hop.id.as_deref()),
            (Some("2002:a05:6402:1:b0:1"), None, Some("x1csp1"))
        );
        let exchange = "from AM6PR.eurprd.prod.outlook.com ([fe80::1]) by AM6.outlook.com ([fe80::2%7]) with mapi id 15.20; 24 Nov 2026 10:00:02 +0000";
        assert_eq!(parse_received(exchange).ip, Some("fe80::1".parse().unwrap()));
        let v6 = "from x ([IPv6:2001:db8::9]) by y; x";
        assert_eq!(parse_received(v6).ip, Some("2001:db8::9".parse().unwrap()));
        assert_eq!(parse_received(""), Hop::default());
    }

    #[test]
    fn results_are_read_with_their_properties() {
        let text = "mx.b.test; dkim=pass (2048-bit key) header.d=a.test header.s=\"s 1\";\r\n spf=softfail reason=\"x; y\" smtp.mailfrom=b@a.test; dmarc=none";
        let read = parse_auth_results(text);
        assert_eq!((read.authserv_id.as_str(), read.results.len()), ("mx.b.test", 3));
        assert_eq!(read.results[0].property("header.s"), Some("s 1"));
        assert_eq!((read.results[1].result.as_str(), read.results[1].reason.as_deref()), ("softfail", Some("x; y")));
        let microsoft = parse_auth_results("spf=pass (sender IP is 192.0.2.5) smtp.mailfrom=a.test; dkim=none");
        assert_eq!((microsoft.authserv_id.as_str(), microsoft.results.len()), ("", 2));
        assert_eq!(parse_auth_results("mx.b.test; none").results, []);
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = (parse_received(&text), parse_auth_results(&text));
        }
    }
}
