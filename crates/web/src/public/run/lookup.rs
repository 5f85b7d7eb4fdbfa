//! Tools that look something up by a name.

use std::collections::BTreeMap;

use bounce::Explanation;
use check::{Checks, Choice, DomainFacts, Facts, Finding, MailHosts, Report, Selector, Subject, Told, worst};
use ops::MailboxCheck;
use rules::{Fault, reach::Reach};
use serde_json::{Value, json};
use syntax::Address;

use super::value;
use crate::public::{
    answer::Sink,
    block::Block,
    input::{self, Input},
};

/// The deliverability test.
pub(super) async fn domain(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let domain = input.domain("domain")?;
    let facts = DomainFacts {
        ips: input.ip("ip")?.into_iter().collect(),
        helo: input.domain_if_any("helo")?.map(|name| name.to_string()),
        selectors: selector(input)?.map(|name| Selector { name, expected: None }).into_iter().collect(),
        dial: true,
        blocklists: true,
        bulk: input.has("bulk"),
    };
    sink.begin();
    sink.tell(Block::Heading(format!("What was found of {domain}")));
    let mut order = InOrder { sink, next: 0, early: BTreeMap::new() };
    let report = checks.report(&domain, &facts, |told| order.take(told)).await;
    order.end();
    conclusions(&report).into_iter().for_each(|block| sink.tell(block));
    value(&report)
}

/// Grade, predicted replies, and what was not seen.
pub(crate) fn conclusions(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(grade) = &report.grade {
        blocks.push(Block::Heading(String::from("Grade")));
        blocks.push(Block::Grade(format!("{}, for what it sends", report.about), grade.clone()));
    }
    if let Some(grade) = &report.inbound {
        let about = "Protection of what it receives: never why its own mail is refused";
        blocks.push(Block::Grade(about.to_owned(), grade.clone()));
    }
    blocks.push(Block::Heading(String::from("What large receivers would answer")));
    blocks.push(Block::Predicted(report.predicted.clone()));
    blocks
}

/// Gives rows out in the order of a report, each as soon as those before it are there.
struct InOrder<'s> {
    sink: &'s Sink,
    next: usize,
    early: BTreeMap<usize, Vec<Finding>>,
}

impl InOrder<'_> {
    fn take(&mut self, told: &Told) {
        self.early.insert(told.place, told.findings.clone());
        while let Some(findings) = self.early.remove(&self.next) {
            self.next += 1;
            rows(self.sink, findings);
        }
    }

    fn end(self) {
        for findings in self.early.into_values() {
            rows(self.sink, findings);
        }
    }
}

pub(super) fn rows(sink: &Sink, findings: Vec<Finding>) {
    if !findings.is_empty() {
        sink.tell(Block::Findings(findings));
    }
}

fn selector(input: &Input) -> Result<Option<String>, Fault> {
    let text = input.text("selector");
    if text.is_empty() { Ok(None) } else { rules::generate::dkim::selector(&text).map(Some) }
}

/// What the lists say.
pub(super) async fn blocklist(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let text = input.text("subject");
    if text.is_empty() {
        return Err(Fault::caller("blocklist.malformed", "nothing was named: write an IP or a domain"));
    }
    let subject = Subject::parse(&text)?;
    subject.within(Reach::Public)?;
    match &subject {
        Subject::Domain(domain) => drop(input::public(domain.clone())?),
        Subject::Address(address) => drop(input::public(address.domain().clone())?),
        Subject::Ip(_) => {}
    }
    sink.begin();
    let report = checks.blocklist(&subject, &Choice::default()).await?;
    sink.tell(Block::Heading(format!("What the lists say of {subject}")));
    rows(sink, report.findings.clone());
    let zone = |zone: &check::ZoneReport| {
        vec![
            zone.state.as_str().to_owned(),
            format!("{} ({})", zone.name, zone.zone),
            zone.weight.as_str().to_owned(),
            zone.reason.clone().or(zone.why.clone()).unwrap_or_default(),
            zone.delist.unwrap_or_default().to_owned(),
        ]
    };
    let head = vec!["says", "list", "weight", "why", "removal"];
    sink.tell(Block::Table(format!("{} lists", report.zones.len()), head, report.zones.iter().map(zone).collect()));
    value(&report)
}

/// The mail hosts of a domain.
pub(super) async fn mx(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let domain = input.domain("domain")?;
    sink.begin();
    let (hosts, findings) = tokio::join!(checks.mail_hosts(&domain), checks.mx(&domain));
    sink.tell(Block::Heading(format!("Mail hosts of {domain}")));
    if let Ok(MailHosts::Hosts { hosts } | MailHosts::OwnAddress { hosts }) = &hosts {
        let row = |host: &check::MailHost| {
            let addresses: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
            vec![
                host.preference.to_string(),
                host.name.clone(),
                host.unknown.clone().unwrap_or_else(|| addresses.join(", ")),
                host.provider.unwrap_or_default().to_owned(),
            ]
        };
        let head = vec!["preference", "host", "addresses", "provider"];
        sink.tell(Block::Table(String::from("Lower is asked first"), head, hosts.iter().map(row).collect()));
    }
    rows(sink, findings.clone());
    let state = worst(&findings);
    Ok(json!({ "about": domain.as_str(), "state": state, "hosts": hosts.ok(), "findings": findings }))
}

/// The checks that the causes of an entry name.
pub(super) async fn live(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let id = input.text("entry");
    let entry = reference::entry(&id)
        .ok_or_else(|| Fault::caller("reference.unknown", format!("the reference has no entry `{id}`")))?;
    let facts = facts(input)?;
    sink.begin();
    sink.tell(Block::Entry(entry.id.clone(), entry.title.clone()));
    let mut explanation = Explanation::written(entry, entry.class, String::from("you chose it"));
    verified(checks, &mut explanation, &facts, sink).await
}

/// Runs the checks, and tells them and the causes in their new order.
pub(super) async fn verified(
    checks: &Checks,
    explanation: &mut Explanation,
    facts: &Facts,
    sink: &Sink,
) -> Result<Value, Fault> {
    let findings = ops::verify(checks, explanation, facts).await;
    sink.tell(Block::Heading(String::from("What the live checks say")));
    if findings.is_empty() {
        let why = "No check could run with what is known: name the sending IP and the DKIM selector too.";
        sink.tell(Block::Notice(check::State::Unknown, why.to_owned()));
    }
    rows(sink, findings.clone());
    sink.tell(Block::Heading(String::from("Causes, those that are confirmed first")));
    sink.tell(causes(explanation));
    Ok(json!({ "explanation": value(explanation)?, "findings": findings }))
}

/// The causes with what speaks for them.
pub(super) fn causes(explanation: &Explanation) -> Block {
    let cause = |cause: &bounce::RankedCause| match &cause.evidence {
        Some(evidence) => format!("{} ({evidence})", cause.why),
        None => cause.why.to_owned(),
    };
    Block::List(explanation.causes.iter().map(cause).collect())
}

/// What is known of whoever sent.
pub(super) fn facts(input: &Input) -> Result<Facts, Fault> {
    let recipient = match input.text("recipient") {
        text if text.is_empty() => None,
        text => Some(address(&text)?),
    };
    Ok(Facts {
        domain: input.domain_if_any("domain")?,
        ip: input.ip("ip")?,
        selector: selector(input)?,
        helo: input.domain_if_any("helo")?.map(|name| name.to_string()),
        recipient_domain: recipient.map(|address| address.domain().clone()),
        ..Facts::default()
    })
}

fn address(text: &str) -> Result<Address, Fault> {
    let address = Address::parse(text)
        .map_err(|malformed| Fault::caller("address.malformed", format!("`{text}` is no address: {malformed}")))?;
    input::public(address.domain().clone())?;
    Ok(address)
}

/// What can be told of an address. Neither the store is asked, which would tell strangers who has a mailbox here, nor the host.
pub(super) async fn mailbox(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let text = input.text("address");
    if let Ok(address) = Address::parse(&text) {
        input::public(address.domain().clone())?;
    }
    sink.begin();
    let checked = MailboxCheck { checks: checks.clone(), ops: None, callout: None }.check(&text).await?;
    let flags = checked.flags;
    let flags = [(flags.role, "role"), (flags.free, "free mail"), (flags.disposable, "disposable")];
    let flags: Vec<&str> = flags.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    let mut pairs = vec![
        ("Exists", checked.verdict.exists.to_string()),
        ("Why", checked.verdict.reason.clone()),
        ("Mail hosts", checked.mx.join(", ")),
        ("Flags", flags.join(", ")),
    ];
    pairs.extend(checked.suggestion.as_ref().map(|address| ("Probably meant", address.to_string())));
    pairs.retain(|(_, value)| !value.is_empty());
    sink.tell(Block::Heading(format!("What can be told of {}", checked.input)));
    sink.tell(Block::Pairs(pairs));
    rows(sink, checked.findings.clone());
    value(&checked)
}
