//! The DMARC record of a domain: by the tree walk of RFC 9989, and by the public-suffix list as receivers of RFC 7489 do.

use auth::{DmarcMethod, DmarcRecord, DmarcWalk, Policy, is_dmarc, walk_dmarc};
use syntax::Domain;
use tokio::task::JoinSet;

use crate::{Checks, Finding, Kind, State};

const RECORD: Kind = Kind::outbound("dmarc.record", "dmarc", "RFC 9989 §4.10");
const MISSING: Kind =
    Kind::outbound("dmarc.missing", "dmarc", "RFC 9989 §4.10; Gmail, Yahoo and Microsoft for bulk senders");
const SEVERAL: Kind = Kind::outbound("dmarc.several-records", "dmarc", "RFC 9989 §4.10");
const SYNTAX: Kind = Kind::outbound("dmarc.syntax", "dmarc", "RFC 9989 §4.7");
const TAG: Kind = Kind::outbound("dmarc.tag", "dmarc", "RFC 9989 §4.7");
const DIFFERS: Kind = Kind::outbound("dmarc.walk-differs", "dmarc", "RFC 9989 §4.10.2, RFC 7489 §3.2");
const REPORTS: Kind = Kind::outbound("dmarc.no-reports", "dmarc", "RFC 9990 §2");
const DESTINATION: Kind = Kind::outbound("dmarc.report-destination", "dmarc", "RFC 9990 §4");

pub(crate) const KINDS: &[&Kind] = &[&RECORD, &MISSING, &SEVERAL, &SYNTAX, &TAG, &DIFFERS, &REPORTS, &DESTINATION];

/// Destinations that are asked whether they want the reports.
const MAX_DESTINATIONS: usize = 5;

impl Checks {
    /// The record that holds for the domain.
    pub async fn dmarc(&self, domain: &Domain) -> Vec<Finding> {
        match walk_dmarc(&self.resolver, domain).await {
            Ok(walk) => self.of_walk(&walk).await,
            Err(fault) => vec![RECORD.unknown(&fault)],
        }
    }

    /// What a walk comes to.
    pub(crate) async fn of_walk(&self, walk: &DmarcWalk) -> Vec<Finding> {
        let mut findings = problems(walk);
        match walk.record() {
            Some(record) => {
                findings.insert(0, found(walk, record));
                findings.extend(of_record(record));
                findings.extend(self.destinations(walk, record).await);
            }
            // What is there and does not count has been told.
            None if findings.is_empty() => findings.push(missing(walk)),
            None => {}
        }
        if walk.differs() && (walk.walk.found_at.is_some() || walk.suffix.found_at.is_some()) {
            findings.push(differs(walk));
        }
        findings
    }

    /// A destination in another organisation must say that it wants the reports. RFC 9990 §4
    async fn destinations(&self, walk: &DmarcWalk, record: &DmarcRecord) -> Vec<Finding> {
        let Some(at) = walk.walk.found_at.clone() else { return Vec::new() };
        let mut targets: Vec<Domain> =
            record.rua.iter().filter_map(|to| Domain::parse(to.rsplit('@').next()?).ok()).collect();
        targets.sort();
        targets.dedup();
        let elsewhere = |target: &Domain| target.registrable() != at.registrable();
        let mut asking = JoinSet::new();
        for target in targets.into_iter().filter(elsewhere).take(MAX_DESTINATIONS) {
            let (resolver, name) = (self.resolver.clone(), format!("{at}._report._dmarc.{target}"));
            asking.spawn(async move { (resolver.txt(&name).await, name, target) });
        }
        let mut findings = Vec::new();
        while let Some(ended) = asking.join_next().await {
            let Ok((answer, name, target)) = ended else { continue };
            match answer {
                Ok(found) if found.clone().records().iter().any(|text| is_dmarc(text)) => {}
                Ok(_) => findings.push(
                    DESTINATION
                        .warn(format!(
                            "{target} does not say that it takes DMARC reports about {at}: most are not sent"
                        ))
                        .fix(format!("ask {target} to publish the record, or report to an address of your own domain"))
                        .record(format!("{name}. TXT \"v=DMARC1\"")),
                ),
                Err(fault) => findings.push(DESTINATION.unknown(&fault)),
            }
        }
        findings
    }
}

fn found(walk: &DmarcWalk, record: &DmarcRecord) -> Finding {
    let at = walk.walk.found_at.as_ref().map(ToString::to_string).unwrap_or_default();
    let finding = RECORD.ok(format!("the DMARC record of {} asks for {}", walk.domain, method(&walk.walk)));
    let finding = finding.with(format!("_dmarc.{at}"), &record.text);
    let unseen = walk.steps.iter().filter_map(|step| step.unseen.as_ref().map(|why| (&step.domain, why)));
    unseen.fold(finding, |finding, (domain, why)| finding.with(format!("_dmarc.{domain} not seen"), why))
}

fn missing(walk: &DmarcWalk) -> Finding {
    let asked: Vec<String> = walk.steps.iter().map(|step| format!("_dmarc.{}", step.domain)).collect();
    let organization = &walk.suffix.organizational;
    MISSING
        .bad(format!("neither {} nor a domain above it has a DMARC record", walk.domain))
        .with("asked", asked.join(", "))
        .record(format!("_dmarc.{organization}. TXT \"v=DMARC1; p=none; rua=mailto:dmarc@{organization}\""))
}

fn problems(walk: &DmarcWalk) -> Vec<Finding> {
    let with_problem = walk.steps.iter().filter_map(|step| step.problem.as_ref().map(|problem| (step, problem)));
    with_problem
        .map(|(step, problem)| {
            let kind = if step.records.len() > 1 { &SEVERAL } else { &SYNTAX };
            // Only what stands on the way to the record that counts does harm.
            let state = if walk.walk.found_at.is_some() { State::Warn } else { State::Bad };
            let finding = kind.found(state, format!("what stands at _dmarc.{} does not count: {problem}", step.domain));
            step.records.iter().fold(finding, |finding, text| finding.with("record", text))
        })
        .collect()
}

fn of_record(record: &DmarcRecord) -> Vec<Finding> {
    let mut findings: Vec<Finding> = record
        .notes
        .iter()
        .map(|note| {
            let state = if note.misleads { State::Warn } else { State::Ok };
            TAG.found(state, format!("`{}` in the DMARC record: {}", note.tag, note.why)).with("record", &record.text)
        })
        .collect();
    if record.rua.is_empty() {
        findings
            .push(REPORTS.warn("the DMARC record asks for no reports (`rua`): nobody will see who sends in this name"));
    }
    findings
}

fn differs(walk: &DmarcWalk) -> Finding {
    DIFFERS
        .warn(format!("receivers of RFC 9989 and older ones come to different answers about {}", walk.domain))
        .with("by the tree walk (RFC 9989)", shown(&walk.walk))
        .with("by the public-suffix list (RFC 7489)", shown(&walk.suffix))
        .fix(format!("publish a DMARC record at {}: then both agree", walk.suffix.organizational))
}

fn shown(found: &DmarcMethod) -> String {
    let at = found.found_at.as_ref().map_or_else(|| String::from("no record"), |at| format!("the record at {at}"));
    format!("{at}, {}; aligned within {}", method(found), found.organizational)
}

fn method(found: &DmarcMethod) -> &'static str {
    match found.policy {
        Some(Policy::Reject) => "p=reject",
        Some(Policy::Quarantine) => "p=quarantine",
        Some(Policy::None) => "p=none",
        None => "no policy",
    }
}
