//! What follows from the answers: a finding for each listing, one for the whole, one for what could not be asked.

use reference::{Blocklist, Means, Weight, blocklist};
use rules::{Fault, listing::Listing};

use super::{Subject, ZoneReport};
use crate::{Finding, Kind, State};

const IP: Kind = Kind::outbound("blocklist.ip", "ip-blocklists", "RFC 5782 §2.1");
const DOMAIN: Kind = Kind::outbound("blocklist.domain", "domain-blocklists", "RFC 5782 §2.3");
const URL: Kind = Kind::outbound("blocklist.url", "url-blocklists", "RFC 5782 §2.3");
const IP_REFUSED: Kind = Kind::outbound("blocklist.zone-refused", "ip-blocklists", "RFC 5782 §5");
const DOMAIN_REFUSED: Kind = Kind::outbound("blocklist.domain-zone-refused", "domain-blocklists", "RFC 5782 §5");
const URL_REFUSED: Kind = Kind::outbound("blocklist.url-zone-refused", "url-blocklists", "RFC 5782 §5");

pub(crate) const KINDS: &[&Kind] = &[&IP, &DOMAIN, &URL, &IP_REFUSED, &DOMAIN_REFUSED, &URL_REFUSED];

/// In what part the subject is looked at.
pub(super) struct About {
    link: bool,
}

/// The IP or domain that sends.
pub(super) const ABOUT_SENDER: About = About { link: false };
/// A domain that a link names.
pub(super) const ABOUT_LINK: About = About { link: true };

impl About {
    /// The kinds of a listing and of what could not be asked.
    fn kinds(&self, subject: &Subject) -> (&'static Kind, &'static Kind) {
        match subject {
            Subject::Ip(_) => (&IP, &IP_REFUSED),
            _ if self.link => (&URL, &URL_REFUSED),
            _ => (&DOMAIN, &DOMAIN_REFUSED),
        }
    }
}

/// The subject cannot be asked about at all.
pub(super) fn not_looked(subject: &Subject, about: &About, fault: &Fault) -> Finding {
    about.kinds(subject).0.unknown(fault)
}

/// Everything that follows.
pub(super) fn of(subject: &Subject, zones: &[ZoneReport], about: &About) -> Vec<Finding> {
    let (kind, refused) = about.kinds(subject);
    let listings = zones.iter().filter(|zone| zone.state == Listing::Listed && zone.counted_as.is_none());
    let mut findings: Vec<Finding> = listings.map(|zone| listing(subject, zone, kind)).collect();
    let is_listed = zones.iter().any(ZoneReport::counts);
    let unasked = unasked(subject, zones, refused);
    let clear = clear(subject, zones, kind);
    // Where no list answered, it is said once.
    if !is_listed && (clear.state == State::Ok || unasked.is_none()) {
        findings.push(clear);
    }
    findings.extend(unasked);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.state));
    findings
}

/// On that list.
fn listing(subject: &Subject, zone: &ZoneReport, kind: &'static Kind) -> Finding {
    let list = blocklist(zone.zone);
    let gravest = zone.codes.iter().map(|told| told.means).max_by_key(|means| gravity(*means)).unwrap_or(Means::Info);
    let state = match gravest {
        Means::Bad => State::Bad,
        Means::Minor => State::Warn,
        Means::Info | Means::Good | Means::Refused => State::Ok,
    };
    let meanings: Vec<&str> = zone.codes.iter().map(|told| told.meaning.as_str()).collect();
    let (meanings, name) = (meanings.join("; "), subject.name());
    let seen = match gravest {
        Means::Good => format!("{name} is on the white list {}: {meanings}", zone.name),
        Means::Info => format!("{name} is on {}, which is told for completeness: {meanings}", zone.name),
        _ => format!("{name} is on {}: {meanings}", zone.name),
    };
    let mut finding = kind.found(state, seen);
    for told in &zone.codes {
        finding = finding.with(format!("{} says", zone.zone), format!("{} ({})", told.code, told.meaning));
    }
    finding = zone.reason.iter().fold(finding, |finding, reason| finding.with("reason", reason));
    finding =
        list.and_then(|list| list.note.as_ref()).into_iter().fold(finding, |finding, note| finding.with("note", note));
    if matches!(state, State::Warn | State::Bad) { finding.fix(fix(zone, list)) } else { finding }
}

/// What must be stopped first, then where to ask for removal.
fn fix(zone: &ZoneReport, list: Option<&Blocklist>) -> String {
    let first = list.and_then(|list| list.first.as_deref()).unwrap_or("Stop what led to the listing.");
    match zone.delist {
        Some(page) => format!("{first} Then look it up and ask for removal, once: {page}"),
        None => first.to_owned(),
    }
}

fn gravity(means: Means) -> u8 {
    match means {
        Means::Good => 0,
        Means::Info => 1,
        Means::Refused => 2,
        Means::Minor => 3,
        Means::Bad => 4,
    }
}

/// On none; unknown when no list answered.
fn clear(subject: &Subject, zones: &[ZoneReport], kind: &'static Kind) -> Finding {
    let blocklists = || zones.iter().filter(|zone| zone.weight != Weight::White);
    let answered = blocklists().filter(|zone| matches!(zone.state, Listing::Clear | Listing::Listed)).count();
    let silent = blocklists().count() - answered;
    let silence = match silent {
        0 => String::new(),
        count => format!("; {count} gave no answer that counts"),
    };
    let finding = match answered {
        0 => kind.found(
            State::Unknown,
            format!("could not look: of {silent} blocklists none gave an answer about {}", subject.name()),
        ),
        count => kind.ok(format!("{} is on no blocklist that matters; {count} answered{silence}", subject.name())),
    };
    blocklists()
        .filter(|zone| !matches!(zone.state, Listing::Clear | Listing::Listed))
        .fold(finding, |finding, zone| finding.with(zone.zone, why(zone)))
}

/// Lists that large receivers refuse by, and that told nothing: whoever reads "on no list" must know.
fn unasked(subject: &Subject, zones: &[ZoneReport], kind: &'static Kind) -> Option<Finding> {
    let takes = |zone: &ZoneReport| blocklist(zone.zone).is_some_and(|list| list.takes(subject.listed()));
    let untold = |zone: &&ZoneReport| {
        let is_silent = matches!(zone.state, Listing::Refused | Listing::Unknown);
        zone.weight == Weight::Major && is_silent && takes(zone)
    };
    let untold: Vec<&ZoneReport> = zones.iter().filter(untold).collect();
    let names: Vec<&str> = untold.iter().map(|zone| zone.name).collect();
    if names.is_empty() {
        return None;
    }
    let seen =
        format!("could not look: {} told nothing about {}; a refusal is no listing", names.join(", "), subject.name());
    let finding =
        untold.iter().fold(kind.found(State::Unknown, seen), |finding, zone| finding.with(zone.zone, why(zone)));
    Some(finding.fix(
        "Ask through a recursive resolver of your own, on an IP with reverse DNS of its own (`blocklist.servers`), or set the \
         lists' keys (`blocklist.keys`).",
    ))
}

fn why(zone: &ZoneReport) -> String {
    let why = zone.why.as_deref().unwrap_or("no reason");
    format!("{}: {why}", zone.state.as_str())
}
