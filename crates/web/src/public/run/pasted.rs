//! Tools that read what was pasted: a From field, a bounce.

use bounce::{Outcome, explain_message, explain_text};
use check::{Checks, Facts, State};
use rules::Fault;
use serde_json::{Value, json};
use syntax::{Domain, inspect_address, inspect_from};

use super::{lookup, value};
use crate::public::{
    answer::Sink,
    block::Block,
    input::{self, Input},
};

/// Most recipients of a bounce that are told.
const MAX_RECIPIENTS: usize = 20;

/// The From validator.
pub(super) fn from(input: &Input, sink: &Sink) -> Result<Value, Fault> {
    let text = input.text("from");
    if text.is_empty() {
        return Err(Fault::caller(
            "from.none",
            "nothing was pasted: write a From field, as in Ann Lee <ann@example.com>",
        ));
    }
    let octets = text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    let told = if input.text("as") == "address" { inspect_address(&octets) } else { inspect_from(&octets) };
    let (state, sentence) = match (told.valid, told.faults.is_empty()) {
        (true, true) => (State::Ok, "It is right."),
        (true, false) => (State::Warn, "It is valid, and something is to be said about it."),
        (false, _) => (State::Bad, "It is not valid: receivers refuse or misread it."),
    };
    sink.tell(Block::Heading(String::from("What was found")));
    sink.tell(Block::Notice(state, sentence.to_owned()));
    sink.tell(Block::Picture(told.shown()));
    if let Some(repaired) = &told.repaired {
        sink.tell(Block::Code(String::from("Put right"), repaired.clone()));
    }
    let row = |fault: &syntax::TextFault| {
        vec![
            fault.severity.as_str().to_owned(),
            fault.message.clone(),
            fault.explanation.to_owned(),
            fault.rule.to_owned(),
        ]
    };
    if !told.faults.is_empty() {
        let head = vec!["severity", "what", "why it matters", "rule"];
        sink.tell(Block::Table(String::from("Fault by fault"), head, told.faults.iter().map(row).collect()));
    }
    for entry in told.faults.iter().filter_map(|fault| reference::finding(fault.id)).take(1) {
        sink.tell(Block::Entry(entry.id.clone(), entry.title.clone()));
    }
    value(&told)
}

/// The bounce decoder.
pub(super) async fn bounce(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let file = input.octets("file");
    let text = input.text("text");
    if file.is_empty() && text.is_empty() {
        return Err(Fault::caller("bounce.none", "nothing was pasted: paste a reply, a log line or a whole bounce"));
    }
    let known = lookup::facts(input)?;
    let found = if file.is_empty() { explain_text(&text) } else { Some(explain_message(file)) };
    let Some(mut found) = found.filter(|found| !found.recipients.is_empty()) else {
        let what = "no SMTP reply was found in it: paste the whole line with its code, as in 550 5.7.1 …";
        return Err(Fault::caller("bounce.no-reply", what));
    };
    sink.begin();
    found.recipients.truncate(MAX_RECIPIENTS);
    let mut findings = Vec::new();
    for (place, outcome) in found.recipients.iter_mut().enumerate() {
        one(outcome, sink);
        // Of many recipients the first stands for all: a page is no way to ask for a hundred looks.
        if known.domain.is_some() && place == 0 {
            let facts = with_recipient(&known, outcome);
            let told = lookup::verified(checks, &mut outcome.explanation, &facts, sink).await?;
            findings.push(told);
        } else {
            sink.tell(Block::Heading(String::from("Why, the likeliest first")));
            sink.tell(lookup::causes(&outcome.explanation));
        }
        steps(outcome, sink);
    }
    Ok(json!({ "recognised": value(&found)?, "verified": findings }))
}

fn with_recipient(known: &Facts, outcome: &Outcome) -> Facts {
    let domain = outcome.recipient.as_deref().and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
    let domain = domain.and_then(|domain| Domain::parse(domain).ok()).and_then(|domain| input::public(domain).ok());
    Facts { recipient_domain: domain, ..known.clone() }
}

fn one(outcome: &Outcome, sink: &Sink) {
    let explanation = &outcome.explanation;
    let class = explanation.class;
    sink.tell(Block::Heading(explanation.title.to_owned()));
    let reply = outcome.reply.map(|code| code.to_string());
    let codes: Vec<String> = reply.into_iter().chain(outcome.enhanced.clone()).collect();
    let provider = explanation.provider.and_then(reference::provider).map(|provider| provider.name.clone());
    let mut pairs = vec![
        ("Recipient", outcome.recipient.clone().unwrap_or_default()),
        ("Reply", codes.join(" ")),
        ("Host", outcome.host.clone().unwrap_or_default()),
        ("Provider", provider.unwrap_or_default()),
        ("Whose matter", class.who.to_string().replace('_', " ")),
        ("For how long", class.how_long.to_string().replace('_', " ")),
        ("What to do", class.action.to_string().replace('_', " ")),
        ("Retry", explanation.retry.to_string().replace('_', " ")),
        ("Suppress the recipient", if explanation.suppress { "yes" } else { "no" }.to_owned()),
        ("Sure", format!("{} %", explanation.confidence)),
    ];
    pairs.retain(|(_, value)| !value.is_empty());
    if let Some(entry) = reference::entry(explanation.entry) {
        sink.tell(Block::Text(entry.summary.clone()));
    }
    sink.tell(Block::Pairs(pairs));
    if !outcome.text.is_empty() {
        sink.tell(Block::Code(String::from("The words that were looked at"), outcome.text.clone()));
    }
    sink.tell(Block::Text(format!("It was recognised by {}.", explanation.evidence.join(", "))));
}

fn steps(outcome: &Outcome, sink: &Sink) {
    let Some(entry) = reference::entry(outcome.explanation.entry) else { return };
    let step = |step: &reference::Step| match step.text.as_str() {
        "" => step.title.clone(),
        text => format!("{}: {text}", step.title),
    };
    sink.tell(Block::Heading(String::from("What to do")));
    sink.tell(Block::List(entry.steps.iter().map(step).collect()));
    sink.tell(Block::Entry(entry.id.clone(), format!("All about it: {}", entry.title)));
}
