//! From whatever a person pastes, or a file holds, to what it means.

use reference::Seen;
use smtp::{Enhanced, Stage};

use crate::{
    Explanation,
    correct::corrected,
    dsn,
    explain::{decide, named_in, rank},
    line::{Line, cut},
    mime::looks_like_mail,
    report::{self, Kind, Report, Said},
};

/// Longest text that is looked at, in octets; a notification with its message is far below.
const MAX_OCTETS: usize = 2 * 1024 * 1024;

/// What a text was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Bare reply lines.
    Reply,
    /// A line of a mail server's log, or other words around a reply.
    LogLine,
    /// A message that says that delivery failed.
    Bounce,
    /// A message that says that delivery takes longer.
    Delay,
    /// A message that says that delivery succeeded.
    Success,
    /// A feedback report.
    Feedback,
    /// An automatic reply.
    AutoReply,
    /// Any other message.
    Message,
}

/// What was recognised in a text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recognised {
    /// What the text was taken for.
    pub source: Source,
    /// The form it was read from: `reply`, `postfix`, `rfc3464`, `layout`, `arf`…
    pub format: &'static str,
    /// Message-ID of the message that came back, when it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// One per recipient; exactly one for a line.
    pub recipients: Vec<Outcome>,
}

/// What became of one recipient, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// The recipient, when it is named.
    pub recipient: Option<String>,
    /// The address that was written to, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_recipient: Option<String>,
    /// Reply code.
    pub reply: Option<u16>,
    /// Enhanced status code, as sent.
    pub enhanced: Option<String>,
    /// Enhanced status code as it was meant, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced_corrected: Option<String>,
    /// The stage, when the text tells it.
    pub stage: Option<Stage>,
    /// The host that refused, when the text names it.
    pub host: Option<String>,
    /// The words that were looked at.
    pub text: String,
    /// What it means.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Explains a raw reply, a log line that holds one, or a whole message. `None` when the text holds
/// no refusal: neither a code nor words that the reference knows.
pub fn explain_text(text: &str) -> Option<Recognised> {
    let text = cut(text, MAX_OCTETS);
    if looks_like_mail(text.as_bytes()) {
        return Some(explain_message(text.as_bytes()));
    }
    if let Ok(dsn) = dsn::read_fields(text.trim_start().as_bytes())
        && !dsn.recipients.is_empty()
    {
        let message = format!("Content-Type: message/delivery-status\n\n{}", text.trim_start());
        return Some(explain_message(message.as_bytes()));
    }
    let line = Line::read(text);
    let told = line.reply.is_some() || line.enhanced.is_some() || speaks(&line);
    told.then(|| Recognised {
        source: if line.format == "reply" { Source::Reply } else { Source::LogLine },
        format: line.format,
        message_id: None,
        recipients: vec![outcome_of_line(&line)],
    })
}

/// Explains one line; what is not understood gets the entry `unknown` and keeps its words.
pub fn explain_line(text: &str) -> Outcome {
    outcome_of_line(&Line::read(text))
}

/// The entry of one line, without what explains it; `None` when nothing in it is known. For
/// counting a whole log.
pub fn classify_line(text: &str) -> Option<&'static reference::Entry> {
    let line = Line::read(text);
    crate::explain::classify(&seen_in(&line))
}

/// Explains a message: a bounce in any form, a delay, a feedback report, an automatic reply. A
/// message that is none of these has no recipients.
pub fn explain_message(message: &[u8]) -> Recognised {
    let report = report::read(message);
    Recognised {
        source: match report.kind {
            Kind::Bounce => Source::Bounce,
            Kind::Delay => Source::Delay,
            Kind::Success => Source::Success,
            Kind::Feedback => Source::Feedback,
            Kind::AutoReply => Source::AutoReply,
            Kind::Other => Source::Message,
        },
        format: report.format,
        message_id: report.message_id.clone(),
        recipients: report.recipients.iter().map(|said| outcome_of(&report, said)).collect(),
    }
}

fn seen_in<'l>(line: &'l Line<'_>) -> Seen<'l> {
    Seen {
        stage: line.stage,
        code: line.reply,
        enhanced: line.enhanced,
        text: &line.text,
        host: line.host.as_deref(),
        recipient_domain: line.recipient.as_deref().and_then(domain),
        fault: None,
        replied: line.reply.is_some(),
    }
}

fn outcome_of_line(line: &Line<'_>) -> Outcome {
    let mut seen = seen_in(line);
    // A receiver may quote what another one told it: `its host said: 550 5.1.1 … (see 550-5-1-1)`.
    if named_in(&line.text).is_some() && !line.text.contains(" said: ") {
        seen.stage = Some(Stage::Submission);
    }
    outcome(&seen, decide(&seen), line.recipient.clone(), None)
}

/// Whether words (not just the lack of a reply) led to a rule.
fn speaks(line: &Line<'_>) -> bool {
    rank(&seen_in(line)).best.is_some_and(|(_, hit)| hit.grounds.text.is_some())
}

/// Below this the text alone has said nothing, and the rest of the message is asked.
const UNSURE: u8 = 50;

fn outcome_of(report: &Report, said: &Said) -> Outcome {
    let fault = match report.kind {
        Kind::Feedback => Some("report.feedback"),
        Kind::AutoReply => Some("report.auto-reply"),
        _ => None,
    };
    let seen = Seen {
        stage: said.stage.or(Some(Stage::Notification)),
        code: said.reply,
        enhanced: said.enhanced,
        text: &said.text,
        host: said.host.as_deref(),
        recipient_domain: domain(&said.recipient),
        fault,
        replied: said.reply.is_some(),
    };
    let mut explanation = decide(&seen);
    if explanation.confidence < UNSURE && !said.context.is_empty() && fault.is_none() {
        let wider = decide(&Seen { text: &said.context, ..seen });
        if wider.confidence > explanation.confidence {
            explanation = wider;
        }
    }
    let told = Seen { stage: said.stage, ..seen };
    let mut outcome = outcome(&told, explanation, Some(said.recipient.clone()), said.original.clone());
    if report.kind == Kind::Delay {
        still_tried(&mut outcome.explanation);
    }
    outcome
}

/// A delay is no bounce: nothing is for good, and nobody is suppressed.
fn still_tried(explanation: &mut Explanation) {
    use reference::{Action, HowLong, Retry};
    explanation.suppress = false;
    if explanation.class.how_long == HowLong::ForGood {
        explanation.class.how_long = HowLong::Later;
    }
    if matches!(explanation.class.action, Action::Suppress) {
        explanation.class.action = Action::Retry;
    }
    if explanation.retry == Retry::Never {
        explanation.retry = Retry::Hours;
    }
}

fn outcome(seen: &Seen<'_>, explanation: Explanation, recipient: Option<String>, original: Option<String>) -> Outcome {
    let as_sent = seen.enhanced;
    let meant = corrected(seen.code, as_sent).filter(|code| Some(*code) != as_sent);
    Outcome {
        recipient,
        original_recipient: original,
        reply: seen.code,
        enhanced: as_sent.map(|code: Enhanced| code.to_string()),
        enhanced_corrected: meant.map(|code| code.to_string()),
        stage: seen.stage,
        host: seen.host.map(str::to_owned),
        text: seen.text.split_whitespace().collect::<Vec<_>>().join(" "),
        explanation,
    }
}

fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}
