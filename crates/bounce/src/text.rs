//! From pasted text to an explanation.

use reference::{Ground, Seen};
use smtp::{Reply, Stage};

use crate::{
    Explanation,
    dsn::{self, Dsn, DsnAction},
    explain::{decide, explain_recipient, named_in, rank},
    inline,
};

/// Longest text that is looked at, in octets; a notification with its message is far below.
const MAX_OCTETS: usize = 1024 * 1024;

/// What a pasted text was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Bare reply lines.
    Reply,
    /// A line of a mail server's log, or other words around a reply.
    LogLine,
    /// A delivery status notification.
    Notification,
}

/// What was recognised in a text, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recognised {
    /// What the text was taken for.
    pub source: Source,
    /// The reply, on one line, when there is one.
    pub reply: Option<String>,
    /// The stage, when the text tells it.
    pub stage: Option<Stage>,
    /// The host that refused, when the text names it.
    pub host: Option<String>,
    /// The recipient, when the text names it.
    pub recipient: Option<String>,
    /// What it means.
    pub explanation: Explanation,
}

/// Explains a raw reply, a log line that holds one, or a whole notification. `None` when the text
/// holds no refusal.
pub fn explain_text(text: &str) -> Option<Recognised> {
    let text = cut(text, MAX_OCTETS);
    notification(text).or_else(|| line(text))
}

fn notification(text: &str) -> Option<Recognised> {
    // Pasted text often starts with blank lines, which would end the header at once.
    let octets = text.trim_start().as_bytes();
    let dsn = match dsn::read(octets) {
        Ok(Some(dsn)) => dsn,
        _ => dsn::read_fields(octets).ok()?,
    };
    of_dsn(&dsn)
}

fn of_dsn(dsn: &Dsn) -> Option<Recognised> {
    let with = |action| dsn.recipients.iter().find(|recipient| recipient.action == action);
    let recipient = with(DsnAction::Failed).or_else(|| with(DsnAction::Delayed))?;
    Some(Recognised {
        source: Source::Notification,
        reply: recipient.diagnostic.as_ref().map(on_one_line),
        stage: Some(Stage::Notification),
        host: recipient.remote_mta.clone(),
        recipient: Some(recipient.address.to_string()),
        explanation: explain_recipient(recipient),
    })
}

fn line(text: &str) -> Option<Recognised> {
    let host = host(text);
    let stage = stage(text);
    let bare = inline::reply_at_start(text);
    let source = if bare.is_some() { Source::Reply } else { Source::LogLine };
    let reply = bare.or_else(|| inline::reply_in(without_said(text)));
    let words = reply.as_ref().map_or_else(|| text.to_owned(), Reply::text);
    // A receiver may quote what another one told it: `its host said: 550 5.1.1 … (see 550-5-1-1)`.
    let own = named_in(&words).is_some() && inline::reply_in(&words).is_none();
    let seen = Seen {
        stage: if own { Some(Stage::Submission) } else { stage },
        code: reply.as_ref().map(|reply| reply.code),
        enhanced: reply.as_ref().and_then(|reply| reply.enhanced.or_else(|| inline::enhanced_within(&words))),
        text: &words,
        mx_host: host.as_deref(),
        fault: None,
        replied: reply.is_some(),
    };
    if reply.is_none() && !speaks(&seen) {
        return None;
    }
    Some(Recognised {
        source,
        reply: reply.as_ref().map(on_one_line),
        stage: seen.stage,
        recipient: recipient(text),
        explanation: decide(&seen),
        host: host.clone(),
    })
}

/// Whether words (not just the lack of a reply) led to a rule.
fn speaks(seen: &Seen<'_>) -> bool {
    rank(seen).first().is_some_and(|(_, hit)| hit.grounds.iter().any(|ground| matches!(ground, Ground::Text(_))))
}

/// What the peer said, without what the log says around it. Postfix writes `said: …`.
fn without_said(text: &str) -> &str {
    let said = [" said: ", " talk to me: "].iter().find_map(|mark| text.split_once(mark));
    let text = said.map_or(text, |(_, rest)| rest);
    text.split_once(" (in reply to").map_or(text, |(front, _)| front)
}

/// The stage, by what Postfix, Exim and others write. The order matters: the first that occurs wins.
fn stage(text: &str) -> Option<Stage> {
    const WORDS: [(&str, Stage); 16] = [
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
        ("after pipelined mail from", Stage::Mail),
        ("after mail from", Stage::Mail),
        ("after data", Stage::Data),
        ("after ehlo", Stage::Helo),
        ("after initial connection", Stage::Greeting),
        ("after starttls", Stage::StartTls),
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().find(|(words, _)| text.contains(words)).map(|(_, stage)| *stage)
}

/// The host: `host mx.example.com[192.0.2.1] said`, `relay=mx.example.com[…]`, `H=mx.example.com […]`.
fn host(text: &str) -> Option<String> {
    let names = ["host ", "relay=", "H=", "connect to ", "lost connection with "];
    let found = names.iter().filter_map(|mark| text.split_once(mark)).map(|(_, rest)| rest);
    let name = |rest: &str| rest.split(['[', ' ', ',', ':', '\n']).next().unwrap_or_default().to_ascii_lowercase();
    found.map(name).find(|name| name.contains('.'))
}

/// The recipient: `to=<ann@example.com>`, `RCPT TO:<ann@example.com>`.
fn recipient(text: &str) -> Option<String> {
    let after = ["to=<", "RCPT TO:<", "rcpt to:<"].iter().find_map(|mark| text.split_once(mark))?.1;
    let address = after.split_once('>')?.0;
    syntax::Address::parse(address).ok().map(|address| address.to_string())
}

fn on_one_line(reply: &Reply) -> String {
    let enhanced = reply.enhanced.map(|code| format!("{code} ")).unwrap_or_default();
    format!("{} {enhanced}{}", reply.code, reply.text()).trim_end().to_owned()
}

/// At most so many octets, cut between characters.
fn cut(text: &str, octets: usize) -> &str {
    let mut end = text.len().min(octets);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
