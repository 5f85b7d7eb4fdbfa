//! Tools that read a whole message.

use check::{Checks, MessageFacts, MessageReport, Nature, opt_out, worst};
use rules::Fault;
use serde_json::{Value, json};
use syntax::Message;

use super::{lookup, value};
use crate::public::{answer::Sink, block::Block, input::Input};

/// The header analyzer.
pub(super) async fn analyze(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let octets = message(input)?;
    let facts = MessageFacts { blocklists: true, bulk: input.has("bulk"), ..MessageFacts::default() };
    told(&octets, &facts, checks, sink).await
}

/// The test of a message, told.
pub(crate) async fn told(octets: &[u8], facts: &MessageFacts, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    if Message::parse(octets).is_ok_and(|message| !message.fields().is_empty()) {
        sink.begin();
    }
    let report = checks.message(octets, facts).await?;
    about(&report, sink);
    sink.tell(Block::Heading(String::from("What was found")));
    lookup::rows(sink, report.report.findings.clone());
    lookup::conclusions(&report.report).into_iter().for_each(|block| sink.tell(block));
    value(&report)
}

fn about(report: &MessageReport, sink: &Sink) {
    let mut pairs = vec![
        ("From", report.from.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("Subject", report.subject.clone().unwrap_or_default()),
        ("Envelope sender", report.mail_from.clone().unwrap_or_default()),
        ("Brought by", report.ip.map(|ip| ip.to_string()).unwrap_or_default()),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    sink.tell(Block::Heading(String::from("The message")));
    sink.tell(Block::Pairs(pairs));
    if !report.path.is_empty() {
        let head = vec!["at", "by", "from", "IP", "with"];
        sink.tell(Block::Table(String::from("The way that it took"), head, report.way()));
    }
}

/// The CAN-SPAM checker.
pub(super) fn can_spam(input: &Input, sink: &Sink) -> Result<Value, Fault> {
    let octets = message(input)?;
    let unreadable = |why: String| Fault::caller("message.malformed", format!("this is no message: {why}"));
    let message = Message::parse(&octets).map_err(|malformed| unreadable(malformed.to_string()))?;
    if message.fields().is_empty() {
        return Err(unreadable(String::from("it has no header; paste the mail with its source")));
    }
    let kind = match input.text("kind").as_str() {
        "bulk" => Some(Nature::Bulk),
        "commercial" => Some(Nature::Commercial),
        "conversation" => Some(Nature::Conversation),
        _ => None,
    };
    let findings = opt_out(&message, kind);
    sink.tell(Block::Heading(String::from("What the message owes its recipient")));
    lookup::rows(sink, findings.clone());
    sink.tell(Block::Text(String::from("This is information, not legal advice.")));
    Ok(json!({ "state": worst(&findings), "findings": findings }))
}

/// The file, else what was pasted. A form ends lines as mail does; text from elsewhere may not.
fn message(input: &Input) -> Result<Vec<u8>, Fault> {
    let file = input.octets("file");
    let octets = if file.is_empty() { input.octets("message").trim_ascii_start() } else { file };
    if octets.is_empty() {
        return Err(Fault::caller("message.none", "nothing was pasted or uploaded: the source of a message is wanted"));
    }
    Ok(octets.to_vec())
}
