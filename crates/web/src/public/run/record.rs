//! Generators and the calculator.

use auth::Algorithm;
use check::{Checks, State};
use rules::{
    Fault,
    cost::{Costing, Way, compare},
    generate::{
        Generated, ReportUri,
        dmarc::{Alignment, Dmarc, Policy},
        spf::{End, MAX_LOOKUPS, Source, Spf},
    },
    money::Cents,
};
use serde_json::{Value, json};

use super::value;
use crate::public::{Public, answer::Sink, block::Block, input::Input};

/// Most senders of one record: each may cost look-ups.
const MAX_SENDERS: usize = 40;

/// The SPF generator.
pub(super) async fn spf(input: &Input, checks: &Checks, sink: &Sink) -> Result<Value, Fault> {
    let domain = input.domain("domain")?;
    let senders = input.text("senders");
    let words: Vec<&str> = senders.split([' ', ',', '\n', '\r', '\t']).filter(|word| !word.is_empty()).collect();
    if words.len() > MAX_SENDERS {
        return Err(Fault::caller("generate.spf-senders", format!("at most {MAX_SENDERS} senders are taken here")));
    }
    let sources = words.into_iter().map(Source::parse).collect::<Result<Vec<_>, _>>()?;
    let end = End::parse(&or(input.text("end"), "fail"))?;
    sink.begin();
    let made = checks.generate_spf(&Spf { domain, sources, end }).await?;
    told(&made.made, sink);
    let about = if made.exact { "" } else { "about " };
    let costs = made.costs.iter().map(|cost| vec![cost.term.clone(), cost.lookups.to_string()]).collect();
    let caption = format!("It needs {about}{} of {MAX_LOOKUPS} look-ups", made.lookups);
    sink.tell(Block::Table(caption, vec!["term", "look-ups"], costs));
    value(&made)
}

/// The DKIM generator.
pub(super) async fn dkim(input: &Input, sink: &Sink) -> Result<Value, Fault> {
    let domain = input.domain("domain")?;
    let selector = input.text("selector");
    let algorithm = match input.text("algorithm").as_str() {
        "ed25519" => Algorithm::Ed25519,
        _ => Algorithm::Rsa,
    };
    rules::generate::dkim::selector(&selector)?;
    sink.begin();
    // An RSA key is work for a processor: it must not hold up what waits for the network.
    let making = tokio::task::spawn_blocking(move || ops::new_dkim_key(&domain, &selector, algorithm));
    let key = making.await.map_err(|error| {
        Fault::new("dkim.key", rules::Blame::Us, rules::Retry::Later).context("making a key").caused_by(error)
    })??;
    told(&key.made, sink);
    sink.tell(Block::Notice(State::Warn, String::from("The private key is shown once and kept nowhere: save it now.")));
    sink.tell(Block::Code(String::from("Private key"), key.private_pem()));
    Ok(json!({ "made": value(&key.made)?, "private_key": key.private_pem() }))
}

/// The DMARC generator.
pub(super) fn dmarc(input: &Input, sink: &Sink) -> Result<Value, Fault> {
    let wish = Dmarc {
        sp: if input.has("sp") { Some(Policy::parse(&input.text("sp"))?) } else { None },
        adkim: Alignment::parse(&or(input.text("adkim"), "relaxed"))?,
        aspf: Alignment::parse(&or(input.text("aspf"), "relaxed"))?,
        rua: if input.has("rua") { vec![ReportUri::parse(&input.text("rua"))?] } else { Vec::new() },
        ..Dmarc::new(input.domain("domain")?, Policy::parse(&or(input.text("p"), "none"))?)
    };
    let made = wish.generate();
    told(&made, sink);
    value(&made)
}

fn or(text: String, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text }
}

/// Records, their parts, what to beware and what to know.
fn told(made: &Generated, sink: &Sink) {
    sink.tell(Block::Heading(String::from("What to publish")));
    for record in &made.records {
        sink.tell(Block::Text(record.purpose.clone()));
        let pairs =
            vec![("Name", record.name.clone()), ("Type", record.kind.to_owned()), ("TTL", record.ttl.to_string())];
        sink.tell(Block::Pairs(pairs));
        sink.tell(Block::Code(String::from("Value"), record.value.clone()));
        sink.tell(Block::Code(String::from("As a line of a zone file"), record.zone_line()));
    }
    if !made.parts.is_empty() {
        let rows = made.parts.iter().map(|part| vec![part.text.clone(), part.means.clone()]).collect();
        sink.tell(Block::Table(String::from("What it means"), vec!["part", "meaning"], rows));
    }
    made.warnings.iter().for_each(|text| sink.tell(Block::Notice(State::Warn, text.clone())));
    if !made.notes.is_empty() {
        sink.tell(Block::Heading(String::from("To know")));
        sink.tell(Block::List(made.notes.clone()));
    }
}

/// The cost calculator.
pub(super) fn cost(input: &Input, public: &Public, sink: &Sink) -> Result<Value, Fault> {
    if !input.has("mailboxes") {
        return Err(Fault::caller("cost.number", "how many mailboxes? Write a number"));
    }
    let mailboxes = input.number("mailboxes", 0)?;
    let domains = input.number("domains", mailboxes.div_ceil(5))?;
    let defaults = Costing::new(mailboxes, domains, input.number("ips", domains)?);
    let money =
        |name: &str, default: Cents| if input.has(name) { Cents::parse(&input.text(name)) } else { Ok(default) };
    let costed = compare(&Costing {
        tiers: public.tiers.clone(),
        server_month: money("server_month", defaults.server_month)?,
        admin_hours: input.number("admin_hours", defaults.admin_hours)?,
        hour: money("hour", defaults.hour)?,
        ..defaults
    })?;
    let row =
        |way: &Way| vec![way.name.to_owned(), way.month.to_string(), way.year.to_string(), way.mailbox.to_string()];
    let head = vec!["way", "a month", "a year", "a mailbox a month"];
    sink.tell(Block::Heading(format!("What {mailboxes} mailboxes cost")));
    sink.tell(Block::Table(String::from("Side by side"), head, costed.ways.iter().map(row).collect()));
    for way in &costed.ways {
        let rows = way.items.iter().map(|item| vec![item.how.clone(), item.year.to_string()]).collect();
        sink.tell(Block::Table(format!("{}, a year", way.name), vec!["how", "a year"], rows));
    }
    let assumed = costed.assumed.iter().map(|one| vec![one.name.to_owned(), one.value.clone(), one.basis.to_owned()]);
    sink.tell(Block::Table(
        String::from("What is assumed"),
        vec!["assumed", "value", "what it rests on"],
        assumed.collect(),
    ));
    sink.tell(Block::List(costed.notes.clone()));
    value(&costed)
}
