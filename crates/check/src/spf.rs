//! SPF: the record of a domain, and what it says of an IP. RFC 7208.

use std::net::IpAddr;

use auth::{MAX_LOOKUPS, SpfQuery, SpfReport, SpfSurvey, Verdict, evaluate_spf, survey_spf};
use syntax::{Address, Domain};

use crate::{Checks, Finding, Kind, State};

const RESULT: Kind = Kind::outbound("spf.result", "spf", "RFC 7208 §2.6");
const MISSING: Kind = Kind::outbound("spf.missing", "spf", "RFC 7208 §4.5");
const SEVERAL: Kind = Kind::outbound("spf.several-records", "spf", "RFC 7208 §4.5");
const SYNTAX: Kind = Kind::outbound("spf.syntax", "spf", "RFC 7208 §4.6");
const LOOKUPS: Kind = Kind::outbound("spf.too-many-lookups", "spf", "RFC 7208 §4.6.4");
const VOIDS: Kind = Kind::outbound("spf.void-lookups", "spf", "RFC 7208 §4.6.4");
const MX_LIMIT: Kind = Kind::outbound("spf.mx-limit", "spf", "RFC 7208 §4.6.4");
const INCLUDE: Kind = Kind::outbound("spf.include-missing", "spf", "RFC 7208 §5.2");
const LOOP: Kind = Kind::outbound("spf.include-loop", "spf", "RFC 7208 §5.2");
const REDIRECT: Kind = Kind::outbound("spf.redirect-missing", "spf", "RFC 7208 §6.1");
const TIMEOUT: Kind = Kind::outbound("spf.timeout", "spf", "RFC 7208 §2.6.6");
const OPEN: Kind = Kind::outbound("spf.passes-all", "spf", "RFC 7208 §11.4");
const PTR: Kind = Kind::outbound("spf.ptr", "spf", "RFC 7208 §5.5");
const END: Kind = Kind::outbound("spf.no-end", "spf", "RFC 7208 §4.7");
const LONG: Kind = Kind::outbound("spf.long", "spf", "RFC 7208 §3.4");
const WIDE: Kind = Kind::outbound("spf.wide", "spf", "Gmail, 2026-02: 5.7.24, suspicious entries");

pub(crate) const KINDS: &[&Kind] = &[
    &RESULT, &MISSING, &SEVERAL, &SYNTAX, &LOOKUPS, &VOIDS, &MX_LIMIT, &INCLUDE, &LOOP, &REDIRECT, &TIMEOUT, &OPEN,
    &PTR, &END, &LONG, &WIDE,
];

/// Octets of a record that fit into one answer over UDP with room for others. RFC 7208 §3.4
const COMFORTABLE: usize = 450;
/// A network of so many addresses or more is nobody's own: /15.
const WIDE_PREFIX: u8 = 15;

impl Checks {
    /// Whether the domain, as envelope sender, allows that IP, with every step.
    pub async fn spf_report(&self, query: &SpfQuery) -> SpfReport {
        evaluate_spf(&self.resolver, query).await
    }

    /// What the record of the domain costs and allows.
    pub async fn spf_survey(&self, domain: &Domain) -> SpfSurvey {
        survey_spf(&self.resolver, domain.as_str()).await
    }

    /// Whether the domain, as envelope sender, allows that IP.
    pub async fn spf(&self, domain: &Domain, ip: IpAddr) -> Vec<Finding> {
        let query = SpfQuery {
            ip,
            helo: domain.to_string(),
            mail_from: Some(format!("postmaster@{domain}")),
            receiver: String::from("unknown"),
            at: 0,
        };
        let sender = Address::new("postmaster", domain.clone()).ok();
        let (report, (other, _)) =
            tokio::join!(evaluate_spf(&self.resolver, &query), self.verifier.spf(ip, domain.as_str(), sender.as_ref()));
        let finding = result(&report, &format!("{domain} for {ip}"));
        vec![if other == report.result { finding } else { finding.with("mail-auth says", other.as_str()) }]
    }

    /// The record of the domain, for whatever IP.
    pub async fn spf_record(&self, domain: &Domain) -> Vec<Finding> {
        let survey = self.spf_survey(domain).await;
        match survey.record.clone() {
            Some(record) => of_record(domain, &record, &survey),
            None => vec![self.no_record(domain, &survey).await],
        }
    }

    /// Why the survey has no record: none, several, or no answer.
    async fn no_record(&self, domain: &Domain, survey: &SpfSurvey) -> Finding {
        match self.resolver.txt(domain.as_str()).await {
            Err(fault) => TIMEOUT.unknown(&fault),
            Ok(found) => {
                let records: Vec<String> = found.records().into_iter().filter(|text| auth::is_spf(text)).collect();
                if records.len() > 1 {
                    let finding = SEVERAL.bad(format!(
                        "{domain} has {} SPF records: every receiver takes it for an error",
                        records.len()
                    ));
                    return records.iter().fold(finding, |finding, record| finding.with("record", record));
                }
                let problems = survey.problems.iter();
                problems.fold(MISSING.bad(format!("{domain} has no SPF record")), |finding, line| {
                    finding.with("problem", line)
                })
            }
        }
    }
}

/// The finding that a report comes to.
pub fn result(report: &SpfReport, about: &str) -> Finding {
    let verdict = report.result.as_str();
    let finding = match (&report.problem, report.result) {
        (Some(problem), Verdict::TempError) => {
            TIMEOUT.found(State::Unknown, format!("could not look: {}", problem.message))
        }
        (Some(problem), _) => {
            kind_of(problem.id).bad(format!("SPF of {about} is an error ({verdict}): {}", problem.message))
        }
        (None, Verdict::Pass) => {
            RESULT.ok(format!("SPF of {about}: pass, by `{}`", report.matched.as_deref().unwrap_or("")))
        }
        (None, Verdict::None) => MISSING.bad(format!("SPF of {about}: none, there is no record")),
        (None, _) => RESULT.bad(format!(
            "SPF of {about}: {verdict}, by `{}`",
            report.matched.as_deref().unwrap_or("the end of the record")
        )),
    };
    let record = report.trace.iter().find(|step| step.outcome == "record").map(|step| step.term.clone());
    let finding = record.into_iter().fold(finding, |finding, record| finding.with("record", record));
    finding
        .with("look-ups", format!("{} of {MAX_LOOKUPS}", report.lookups))
        .with("void look-ups", format!("{} of {}", report.voids, auth::MAX_VOIDS))
}

fn kind_of(problem: &str) -> &'static Kind {
    KINDS.iter().copied().find(|kind| kind.id == problem).unwrap_or(&SYNTAX)
}

fn of_record(domain: &Domain, record: &str, survey: &SpfSurvey) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(bad) = auth::parse_spf(record) {
        findings.push(
            SYNTAX.bad(format!("in the SPF record of {domain}, `{}`: {}", bad.term, bad.why)).with("record", record),
        );
        return findings;
    }
    let lookups = format!("the SPF record of {domain} needs {} look-ups of {MAX_LOOKUPS}", survey.lookups);
    let counted = match survey.lookups {
        count if count > MAX_LOOKUPS => LOOKUPS.bad(format!("{lookups}: an error at every receiver")),
        MAX_LOOKUPS => LOOKUPS.warn(format!("{lookups}: the next one breaks it")),
        _ => LOOKUPS.ok(lookups),
    };
    let counted = counted.with("record", record);
    findings.push(survey.includes.iter().fold(counted, |finding, (depth, name)| {
        finding
            .with("includes", format!("{}{name}", "  ".repeat(usize::try_from(*depth).unwrap_or(0).saturating_sub(1))))
    }));
    if let Some(first) = survey.problems.first() {
        let finding = INCLUDE.bad(format!("a part of the SPF record of {domain} cannot be read: {first}"));
        findings.push(survey.problems.iter().skip(1).fold(finding, |finding, line| finding.with("problem", line)));
    }
    if survey.passes_all {
        findings
            .push(OPEN.bad(format!("the SPF record of {domain} lets everybody send (`+all`)")).with("record", record));
    } else if survey.end.is_none() && !record.to_ascii_lowercase().contains("redirect=") {
        findings.push(
            END.warn(format!("the SPF record of {domain} has no end: write `-all` or `~all`")).with("record", record),
        );
    }
    if survey.dynamic.iter().any(|term| term.to_ascii_lowercase().contains("ptr")) {
        findings.push(
            PTR.warn(format!("the SPF record of {domain} uses `ptr`, which is slow and not to be used"))
                .with("record", record),
        );
    }
    if record.len() > COMFORTABLE {
        findings.push(LONG.warn(format!(
            "the SPF record of {domain} has {} octets, and {COMFORTABLE} fit comfortably",
            record.len()
        )));
    }
    if let Some(wide) = survey.networks.iter().find(|network| is_wide(network)) {
        findings.push(WIDE.warn(format!("the SPF record of {domain} lets the whole of {wide} send")));
    }
    findings
}

fn is_wide(network: &str) -> bool {
    let length =
        network.strip_prefix("ip4:").and_then(|rest| rest.split_once('/')).and_then(|(_, length)| length.parse().ok());
    length.is_some_and(|length: u8| length <= WIDE_PREFIX)
}
