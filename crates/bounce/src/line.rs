//! One line: a pasted reply, or a line of a mail server's log.

use std::borrow::Cow;

use smtp::{Enhanced, Stage};

use crate::codes;

/// What one line tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line<'a> {
    /// The log's format: `reply`, `postfix`, `exim`, `sendmail`, `haraka`, `powermta`, `kumomta`, `text`.
    pub format: &'static str,
    /// Reply code.
    pub reply: Option<u16>,
    /// Enhanced status code, as written.
    pub enhanced: Option<Enhanced>,
    /// What the peer said, without what the log says around it.
    pub text: Cow<'a, str>,
    /// The stage, when told.
    pub stage: Option<Stage>,
    /// The host that said it.
    pub host: Option<String>,
    /// The recipient.
    pub recipient: Option<String>,
}

/// Longest line that is looked at, in octets.
const MAX_OCTETS: usize = 64 * 1024;

impl<'a> Line<'a> {
    /// Reads one line, or a reply of several. Never fails: what is not understood stays text.
    pub fn read(text: &'a str) -> Self {
        let text = cut(text.trim(), MAX_OCTETS);
        if starts_with_code(text) {
            return Self::reply(text);
        }
        if text.starts_with('{')
            && let Some(line) = kumomta(text)
        {
            return line;
        }
        powermta(text).unwrap_or_else(|| Self::log(text))
    }

    /// A reply, bare or with what some servers put behind it.
    fn reply(text: &'a str) -> Self {
        let found = codes::find(text);
        // Of a reply in several lines the codes are taken away: a phrase may run over the line's end.
        let several = text.as_bytes().get(3) == Some(&b'-') || text.contains('\n');
        if several && let Some(reply) = codes::reply_at_start(text) {
            let words = reply.text();
            let (said, stage) = without_command(&words);
            let said = Cow::Owned(said.into_owned());
            return Self {
                format: "reply",
                reply: Some(reply.code),
                enhanced: reply.enhanced.or(found.enhanced),
                text: said,
                stage,
                ..Self::default()
            };
        }
        let (said, stage) = without_command(text);
        Self {
            format: "reply",
            reply: found.reply.map(|(code, _)| code),
            enhanced: found.enhanced,
            text: said,
            stage,
            host: None,
            recipient: None,
        }
    }

    fn log(text: &'a str) -> Self {
        let lower = text.to_ascii_lowercase();
        let format = format(&lower);
        let said = said(text, format);
        let mut found = codes::find(said);
        if found.reply.is_none() && found.enhanced.is_none() {
            found = codes::find(text);
        }
        let dsn = after(text, "dsn=").and_then(|rest| Enhanced::parse(rest.split([',', ' ']).next()?));
        let dsn = dsn.filter(|code| code.class != 2);
        let (words, in_reply_to) = without_command(said);
        Self {
            format,
            reply: found.reply.map(|(code, _)| code),
            enhanced: found.enhanced.or(dsn),
            text: words,
            stage: in_reply_to.or_else(|| stage(&lower)),
            host: host(text),
            recipient: recipient(text),
        }
    }
}

fn starts_with_code(text: &str) -> bool {
    matches!(text.as_bytes(), [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', rest @ ..] if rest.first().is_none_or(|octet| b" -\r\n:,".contains(octet)))
}

/// Which program wrote the line.
fn format(lower: &str) -> &'static str {
    let has = |words: &str| lower.contains(words);
    if has("postfix") || has("status=bounced (") || has("status=deferred (") || has("noqueue: reject") {
        "postfix"
    } else if has("stat=") && has("mailer=") || has("sendmail[") {
        "sendmail"
    } else if has(" r=") && has(" t=") && (has(" ** ") || has(" == ")) || has("exim[") {
        "exim"
    } else if has("[outbound]") || has("haraka") {
        "haraka"
    } else {
        "text"
    }
}

/// What the peer said, without what the log says around it.
fn said<'a>(text: &'a str, format: &str) -> &'a str {
    let marks: &[&str] = match format {
        "postfix" => &[" said: ", " talk to me: ", "status=bounced (", "status=deferred (", "noqueue: ", "NOQUEUE: "],
        "sendmail" => &["stat=Deferred: ", "reply=", "stat="],
        "exim" => {
            &[": SMTP error from remote mail server ", ": SMTP error from remote mailer ", " defer (", "]: ", ": "]
        }
        "haraka" => &["response=\"", "reason=\"", "err=\"", "msg=\"", "response=", "reason=", "err="],
        _ => &[" said: ", " talk to me: ", " responded with ", " response: "],
    };
    let found = marks.iter().find_map(|mark| text.split_once(mark)).map_or(text, |(_, rest)| rest);
    if format == "haraka" { found.split_once('"').map_or(found, |(front, _)| front) } else { found }
}

/// Without `(in reply to RCPT TO command)`, and the stage that it names.
fn without_command(text: &str) -> (Cow<'_, str>, Option<Stage>) {
    let Some(at) = text.find("(in reply to ") else { return (Cow::Borrowed(text), None) };
    let (front, tail) = text.split_at(at);
    (Cow::Borrowed(front.trim_end()), stage(&tail.to_ascii_lowercase()))
}

/// The stage, by what servers write. `lower` is lower-case. The order matters: the first that occurs wins.
pub(crate) fn stage(lower: &str) -> Option<Stage> {
    const WORDS: [(&str, Stage); 37] = [
        ("end of data", Stage::Message),
        ("reply to rcpt", Stage::Rcpt),
        ("reply to mail", Stage::Mail),
        ("reply to data", Stage::Data),
        ("reply to ehlo", Stage::Helo),
        ("reply to helo", Stage::Helo),
        ("reply to starttls", Stage::StartTls),
        ("reply to auth", Stage::Auth),
        ("refused to talk to me", Stage::Greeting),
        ("after rcpt to", Stage::Rcpt),
        ("after pipelined rcpt to", Stage::Rcpt),
        ("after pipelined mail from", Stage::Mail),
        ("after mail from", Stage::Mail),
        ("after end of data", Stage::Message),
        ("after sending data", Stage::Message),
        ("after data", Stage::Data),
        ("after pipelined end of data", Stage::Message),
        ("after ehlo", Stage::Helo),
        ("after helo", Stage::Helo),
        ("after initial connection", Stage::Greeting),
        ("after starttls", Stage::StartTls),
        ("after i sent the message", Stage::Message),
        ("does not like recipient", Stage::Rcpt),
        ("sender was rejected", Stage::Mail),
        ("but greeting failed", Stage::Greeting),
        ("but my name was rejected", Stage::Helo),
        ("sender is rejected", Stage::Mail),
        ("noqueue: reject: rcpt", Stage::Rcpt),
        ("noqueue: reject: mail", Stage::Mail),
        ("noqueue: reject: connect", Stage::Greeting),
        ("noqueue: reject: helo", Stage::Helo),
        (">>> rcpt to", Stage::Rcpt),
        (">>> mail from", Stage::Mail),
        (">>> data", Stage::Message),
        ("rcpt to command", Stage::Rcpt),
        ("during rcpt to", Stage::Rcpt),
        ("during mail from", Stage::Mail),
    ];
    // All of them hold one of these; most texts hold none.
    if ![
        "reply to",
        "after ",
        "refused to talk",
        "end of data",
        "like recipient",
        "rejected",
        "greeting",
        ">>> ",
        "command",
        "during",
    ]
    .iter()
    .any(|word| lower.contains(word))
    {
        return None;
    }
    WORDS.iter().find(|(words, _)| lower.contains(words)).map(|(_, stage)| *stage)
}

/// The host: `host mx.example.com[192.0.2.1] said`, `relay=mx.example.com[…]`, `H=mx.example.com […]`.
pub(crate) fn host(text: &str) -> Option<String> {
    const MARKS: [&str; 16] = [
        "host ",
        "relay=",
        "H=",
        "connect to ",
        "lost connection with ",
        "while talking to ",
        "Connected to ",
        "server for the domain ",
        "by the server for the recipient domain ",
        "Remote-MTA: dns;",
        "mx=",
        "host=",
        "talking to ",
        "conversation with ",
        "Remote host ",
        "remote server ",
    ];
    let found = MARKS.iter().filter_map(|mark| after(text, mark));
    let name = |rest: &str| {
        let rest = rest.trim_start_matches(['"', ' ', '[', '<']);
        rest.split(['[', ' ', ',', ':', '\n', '\r', '"', ')', '(', '>', ';', ']'])
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_ascii_lowercase()
    };
    let is_name = |name: &String| {
        name.contains('.') && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-_".contains(&octet))
    };
    found.map(name).find(is_name)
}

/// The recipient: `to=<ann@example.com>`, `RCPT TO:<ann@example.com>`, `** ann@example.com`.
fn recipient(text: &str) -> Option<String> {
    const MARKS: [&str; 10] =
        ["to=<", "RCPT TO:<", "rcpt to:<", "rcpt=<", "recipient=<", " ** ", " == ", "rcpt=\"", "recipient=", "to="];
    let found = MARKS.iter().filter_map(|mark| after(text, mark));
    found.filter_map(|rest| address(rest.split(['>', ' ', ',', '"', ';', ')']).next()?)).next()
}

/// The text behind the mark.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.find(mark).and_then(|at| text.get(at + mark.len()..))
}

pub(crate) fn address(text: &str) -> Option<String> {
    let text = text.trim_matches(['<', '>', '"', '\'', ' ']);
    syntax::Address::parse(text).ok().map(|address| address.to_string())
}

/// A record of PowerMTA's accounting file: `type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,…`.
/// The order of the fields is a setting, so they are known by their form.
fn powermta(text: &str) -> Option<Line<'_>> {
    let is_record = ["b,", "t,", "tq,", "rb,", "rs,"].iter().any(|start| text.starts_with(start));
    if !is_record {
        return None;
    }
    let fields = record(text);
    if fields.len() < 6 {
        return None;
    }
    let status = fields.iter().find_map(|field| {
        let word = field.split(' ').next()?;
        Enhanced::parse(word).filter(|code| code.class != 2)
    });
    let diagnostic = fields.iter().find(|field| field.starts_with("smtp;") || field.starts_with("x-unix;"));
    let text = diagnostic.cloned().unwrap_or_default();
    let found = codes::find(&text);
    let mut addresses = fields.iter().filter_map(|field| address(field));
    let (first, second) = (addresses.next(), addresses.next());
    let is_host = |field: &&String| {
        field.contains('.')
            && field.contains(" (")
            && !field.contains(['@', ';'])
            && Enhanced::parse(field.split(' ').next().unwrap_or_default()).is_none()
    };
    let host = fields.iter().find(is_host);
    Some(Line {
        format: "powermta",
        reply: found.reply.map(|(code, _)| code),
        enhanced: found.enhanced.or(status),
        stage: None,
        host: host.map(|field| field.split(' ').next().unwrap_or_default().to_ascii_lowercase()),
        // `orig` (the sender) comes before `rcpt`.
        recipient: second.or(first),
        text: Cow::Owned(text),
    })
}

/// The fields of one CSV record. RFC 4180.
fn record(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                fields.last_mut().into_iter().for_each(|field| field.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().into_iter().for_each(|field| field.push(letter)),
        }
    }
    fields
}

/// A log record of KumoMTA.
fn kumomta(text: &str) -> Option<Line<'_>> {
    let record: serde_json::Value = serde_json::from_str(text).ok()?;
    let response = record.get("response")?;
    let number =
        |value: &serde_json::Value, name: &str| value.get(name)?.as_u64().and_then(|number| u16::try_from(number).ok());
    let enhanced = response.get("enhanced_code").and_then(|code| {
        let class = u8::try_from(number(code, "class")?).ok()?;
        Some(Enhanced::new(class, number(code, "subject")?, number(code, "detail")?))
    });
    let content = response.get("content").and_then(|value| value.as_str()).unwrap_or_default();
    let command = response.get("command").and_then(|value| value.as_str()).unwrap_or_default().to_ascii_lowercase();
    let stage = [
        ("rcpt", Stage::Rcpt),
        ("mail", Stage::Mail),
        ("data", Stage::Data),
        (".", Stage::Message),
        ("ehlo", Stage::Helo),
        ("starttls", Stage::StartTls),
    ];
    let recipient = record.get("recipient").and_then(|value| value.as_str().or_else(|| value.get(0)?.as_str()));
    let peer = record.get("peer_address").and_then(|peer| peer.get("name")).and_then(|name| name.as_str());
    Some(Line {
        format: "kumomta",
        reply: number(response, "code").filter(|code| (400..600).contains(code)),
        enhanced: enhanced.or_else(|| codes::find(content).enhanced),
        text: Cow::Owned(content.to_owned()),
        stage: stage.iter().find(|(start, _)| command.starts_with(start)).map(|(_, stage)| *stage),
        host: peer.map(|name| name.trim_end_matches('.').to_ascii_lowercase()),
        recipient: recipient.and_then(address),
    })
}

/// At most so many octets, cut between characters.
pub(crate) fn cut(text: &str, octets: usize) -> &str {
    let mut end = text.len().min(octets);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        text: &str,
        format: &str,
        codes: (Option<u16>, &str),
        stage: Option<Stage>,
        host: Option<&str>,
        recipient: Option<&str>,
    ) {
        let line = Line::read(text);
        let enhanced = line.enhanced.map(|code| code.to_string()).unwrap_or_default();
        assert_eq!((line.format, line.reply, enhanced.as_str()), (format, codes.0, codes.1), "{text}");
        assert_eq!((line.stage, line.host.as_deref(), line.recipient.as_deref()), (stage, host, recipient), "{text}");
    }

    #[test]
    fn replies_are_read() {
        check("550 5.1.1 no such user", "reply", (Some(550), "5.1.1"), None, None, None);
        check("550-5.1.1 no\r\n550 5.1.1 such user", "reply", (Some(550), "5.1.1"), None, None, None);
        check(
            "421 4.7.0 later (in reply to end of DATA command)",
            "reply",
            (Some(421), "4.7.0"),
            Some(Stage::Message),
            None,
            None,
        );
    }

    #[test]
    fn lines_of_postfix_are_read() {
        check(
            "Nov 24 10:00:00 out postfix/smtp[1]: 4AB: to=<bob@b.test>, relay=mx.b.test[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.b.test[192.0.2.1] said: 550 5.1.1 <bob@b.test>: unknown (in reply to RCPT TO command))",
            "postfix",
            (Some(550), "5.1.1"),
            Some(Stage::Rcpt),
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
        check(
            "postfix/smtp[1]: 4AB: to=<bob@b.test>, relay=none, dsn=4.4.1, status=deferred (connect to mx.b.test[192.0.2.1]:25: Connection timed out)",
            "postfix",
            (None, "4.4.1"),
            None,
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
    }

    #[test]
    fn lines_of_exim_and_sendmail_are_read() {
        check(
            "2026-11-24 10:00:00 1abCde-000001-AB ** bob@b.test R=dnslookup T=remote_smtp H=mx.b.test [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@b.test>: 550 No such user",
            "exim",
            (Some(550), ""),
            Some(Stage::Rcpt),
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
        check(
            "Nov 24 10:00:00 out sendmail[1]: x1: to=<bob@b.test>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.b.test. [192.0.2.1], dsn=5.1.1, stat=User unknown",
            "sendmail",
            (None, "5.1.1"),
            None,
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
    }

    #[test]
    fn records_of_powermta_and_kumomta_are_read() {
        check(
            "b,2026-11-24 10:00:00,2026-11-24 09:59:00,ann@a.test,bob@b.test,,failed,5.1.1 (bad destination mailbox address),\"smtp;550 5.1.1 no, gone\",mx.b.test (192.0.2.1),bad-mailbox,smtp",
            "powermta",
            (Some(550), "5.1.1"),
            None,
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
        check(
            r#"{"type":"Bounce","recipient":"bob@b.test","peer_address":{"name":"mx.b.test.","addr":"192.0.2.1"},"response":{"code":550,"enhanced_code":{"class":5,"subject":1,"detail":1},"content":"gone","command":"RCPT TO:<bob@b.test>"}}"#,
            "kumomta",
            (Some(550), "5.1.1"),
            Some(Stage::Rcpt),
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
    }

    #[test]
    fn lines_of_haraka_are_read() {
        check(
            "[NOTICE] [A1.1] [outbound] bounced rcpt=<bob@b.test> mx=\"mx.b.test\" response=\"550 5.2.1 disabled\"",
            "haraka",
            (Some(550), "5.2.1"),
            None,
            Some("mx.b.test"),
            Some("bob@b.test"),
        );
    }
}
