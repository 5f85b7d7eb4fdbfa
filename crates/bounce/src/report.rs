//! Messages that tell what became of another message: bounces in every form, delays, feedback
//! reports, automatic replies.
//!
//! Reading order: [`Report`], [`read`]; then `fields` (RFC 3464), `layout` (everything older),
//! `feedback` (RFC 5965), `kind` (what it is at all).

mod feedback;
mod fields;
mod kind;
mod layout;

pub(crate) use kind::is_automatic_subject;
use smtp::{Enhanced, Stage};

use crate::{
    codes, line,
    mime::{Leaf, Mail, without_tags},
};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Delivery failed.
    Bounce,
    /// Delivery takes longer; it is still tried. No bounce.
    Delay,
    /// Delivered, relayed or expanded. No bounce.
    Success,
    /// A recipient's complaint or another feedback report. RFC 5965.
    Feedback,
    /// An answering machine. RFC 3834. No bounce.
    AutoReply,
    /// None of these.
    Other,
}

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// The form it was read from: `rfc3464`, `layout`, `arf`, `rfc3834`, `ses`, `none`.
    pub format: &'static str,
    /// One per recipient; empty when none is named.
    pub recipients: Vec<Said>,
    /// Message-ID of the returned message, without brackets.
    pub message_id: Option<String>,
    /// `Feedback-Type` of a feedback report.
    pub feedback: Option<String>,
}

/// What is said about one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The recipient.
    pub recipient: String,
    /// The address that was written to, where it differs: Original-Recipient.
    pub original: Option<String>,
    /// Reply code.
    pub reply: Option<u16>,
    /// Enhanced status code, as written.
    pub enhanced: Option<Enhanced>,
    /// The words: the diagnostic, or the lines about the recipient.
    pub text: String,
    /// The host that refused.
    pub host: Option<String>,
    /// The stage at which it refused.
    pub stage: Option<Stage>,
    /// More of the message's words, for when the text alone says nothing.
    pub context: String,
    /// `Action: delayed`, or words that say so.
    pub delayed: bool,
    /// `Action: delivered`, `relayed` or `expanded`.
    pub delivered: bool,
}

/// Most recipients that are read from one message.
const MAX_RECIPIENTS: usize = 1000;
/// Most octets of words kept for one recipient.
const MAX_WORDS: usize = 4 * 1024;

/// Reads a message. Never fails; what is no report has [`Kind::Other`] and no recipients.
pub fn read(message: &[u8]) -> Report {
    let mail = Mail::read(message);
    if let Some(report) = feedback::read(&mail) {
        return report;
    }
    if kind::is_auto_reply(&mail) {
        return kind::auto_reply(&mail);
    }
    let words = words(&mail);
    let found = fields::read(&mail, &words);
    let mut report = if found.iter().any(|said| !said.delivered) || (!found.is_empty() && words.trim().is_empty()) {
        Report::new("rfc3464", found)
    } else if let Some(recipients) = ses(&mail) {
        Report::new("ses", recipients)
    } else {
        let fallback = if kind::is_bounce(&mail, &words) { layout::read(&mail, &words) } else { Vec::new() };
        if fallback.is_empty() { Report::new("rfc3464", found) } else { Report::new("layout", fallback) }
    };
    report.message_id = returned_message_id(&mail);
    report.kind = kind::of(&mail, &words, &report.recipients);
    if report.kind == Kind::Delay {
        report.recipients.iter_mut().for_each(|said| said.delayed = true);
    }
    report.recipients.truncate(MAX_RECIPIENTS);
    report
}

impl Report {
    fn new(format: &'static str, recipients: Vec<Said>) -> Self {
        let format = if recipients.is_empty() { "none" } else { format };
        Self { kind: Kind::Other, format, recipients, message_id: None, feedback: None }
    }
}

impl Said {
    /// Takes codes, stage and host from the words, where they are not known yet.
    fn complete(mut self) -> Self {
        self.stage = self.stage.or_else(|| line::stage(&self.text.to_ascii_lowercase()));
        self.host = self.host.or_else(|| line::host(&self.text));
        if let Some(answer) = answer(&self.text) {
            self.text = answer;
        }
        let found = codes::find(&self.text);
        self.reply = self.reply.or(found.reply.map(|(code, _)| code));
        // A generic X.0.0 says less than any other.
        self.enhanced = match (self.enhanced, found.enhanced) {
            (Some(code), Some(better)) if code.subject == 0 && code.detail == 0 => Some(better),
            (code, found) => code.or(found),
        };
        self.text = line::cut(self.text.trim(), MAX_WORDS).to_owned();
        self
    }
}

/// What the peer answered, in a transcript: Sendmail's `(reason: …)`, or the lines `<<< …`. What
/// stands around it is the notifying host's own guess: Sendmail adds `User unknown` to any 550.
fn answer(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("(reason: ") {
        let reason = rest
            .split_once(")\n")
            .or_else(|| rest.split_once(") "))
            .map_or(rest.trim_end_matches(')'), |(reason, _)| reason);
        if codes::find(reason).reply.is_some() {
            return Some(reason.to_owned());
        }
    }
    let is_answer = |line: &&str| line.strip_prefix("<<< ").is_some_and(|said| said.starts_with(['4', '5']));
    let lines: Vec<&str> =
        text.lines().map(str::trim_start).filter(is_answer).filter_map(|line| line.get(4..)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The text that people read: all text leaves before the returned message.
fn words(mail: &Mail) -> String {
    let is_returned = |leaf: &Leaf| leaf.is_returned() || leaf.kind == "message/partial";
    let before = || mail.leaves.iter().take_while(|leaf| !is_returned(leaf));
    let plain: Vec<&str> = before().filter(|leaf| leaf.kind == "text/plain").map(|leaf| leaf.text.as_str()).collect();
    if plain.iter().any(|text| !text.trim().is_empty()) {
        return plain.join("\n");
    }
    let html: Vec<String> =
        before().filter(|leaf| leaf.kind == "text/html").map(|leaf| without_tags(&leaf.text)).collect();
    html.join("\n")
}

/// The Message-ID of the message that came back.
fn returned_message_id(mail: &Mail) -> Option<String> {
    let returned = mail.leaves.iter().find(|leaf| leaf.is_returned()).map(|leaf| leaf.text.as_str());
    let text = returned.or_else(|| mail.leaves.first().map(|leaf| leaf.text.as_str()))?;
    let line =
        text.lines().find(|line| line.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("message-id:")))?;
    syntax::message_ids(line).into_iter().next()
}

/// A bounce notification of Amazon SES: JSON.
fn ses(mail: &Mail) -> Option<Vec<Said>> {
    let text = mail.leaves.iter().map(|leaf| leaf.text.trim()).find(|text| text.contains("bouncedRecipients"))?;
    let start = text.find('{')?;
    let mut stream = serde_json::Deserializer::from_str(text.get(start..)?).into_iter::<serde_json::Value>();
    let outer = stream.next()?.ok()?;
    // SNS wraps the notification into a string.
    let inner = outer
        .get("Message")
        .and_then(|value| value.as_str())
        .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let notification = inner.unwrap_or(outer);
    let recipients = notification.get("bounce")?.get("bouncedRecipients")?.as_array()?;
    let said = recipients.iter().take(MAX_RECIPIENTS).filter_map(|one| {
        let field = |name: &str| one.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        let status = Enhanced::parse(field("status"));
        let said = Said {
            recipient: line::address(field("emailAddress"))?,
            text: field("diagnosticCode").to_owned(),
            ..Said::default()
        };
        let said = said.complete();
        Some(Said { enhanced: said.enhanced.or(status), ..said })
    });
    Some(said.collect())
}
