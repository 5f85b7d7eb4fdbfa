//! DMARC aggregate reports: RFC 9990, RFC 7489 appendix C, and what reporters make of them.

use std::net::IpAddr;

use crate::{
    Problem,
    xml::{self, Visitor},
};

/// Most records of one report.
pub const MAX_RECORDS: usize = 50_000;
/// Most authentication results, overrides or errors kept of one record or report.
const MAX_LISTED: usize = 20;

/// A report on what one receiver saw of one domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Aggregate {
    /// `org_name`.
    pub organization: String,
    /// `email`.
    pub email: String,
    /// `report_id`; with the organization it names the report.
    pub report_id: String,
    /// `generator` (RFC 9990).
    pub generator: Option<String>,
    /// Begin of the period, in seconds since the epoch.
    pub begins_at: i64,
    /// Its end.
    pub ends_at: i64,
    /// What went wrong at the reporter.
    pub errors: Vec<String>,
    /// The policy that was found.
    pub policy: Policy,
    /// One per source and outcome.
    pub records: Vec<Record>,
}

/// `policy_published`, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "fields are named for the elements of RFC 9990 §3.1.1.4")]
pub struct Policy {
    pub domain: String,
    pub p: String,
    pub sp: String,
    pub np: String,
    pub adkim: String,
    pub aspf: String,
    pub pct: String,
    pub testing: String,
    pub discovery_method: String,
}

/// `record`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// `source_ip`, when it is an address.
    pub source_ip: Option<IpAddr>,
    /// Messages.
    pub count: u64,
    /// `disposition`, lower-case: `none`, `pass`, `quarantine`, `reject`.
    pub disposition: String,
    /// DKIM passed and was aligned.
    pub dkim_aligned: bool,
    /// SPF passed and was aligned.
    pub spf_aligned: bool,
    /// Why the policy was not followed.
    pub overrides: Vec<Override>,
    /// `header_from`.
    pub header_from: String,
    /// `envelope_from`.
    pub envelope_from: String,
    /// `envelope_to`.
    pub envelope_to: String,
    /// What DKIM came to.
    pub dkim: Vec<DkimResult>,
    /// What SPF came to.
    pub spf: Vec<SpfResult>,
}

/// `reason`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Override {
    /// `type`: `forwarded`, `mailing_list`, `local_policy`…
    #[serde(rename = "type")]
    pub kind: String,
    /// `comment`.
    pub comment: String,
}

/// `auth_results/dkim`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "fields are named for the elements of RFC 9990 §3.1.1.11")]
pub struct DkimResult {
    pub domain: String,
    pub selector: String,
    pub result: String,
}

/// `auth_results/spf`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "fields are named for the elements of RFC 9990 §3.1.1.12")]
pub struct SpfResult {
    pub domain: String,
    pub scope: String,
    pub result: String,
}

impl Record {
    /// DMARC passed: one of the two passed and was aligned.
    pub fn passed(&self) -> bool {
        self.dkim_aligned || self.spf_aligned
    }
}

impl Aggregate {
    /// Messages in all records.
    pub fn messages(&self) -> u64 {
        self.records.iter().fold(0, |sum, record| sum.saturating_add(record.count))
    }
}

/// Reads a report's XML.
///
/// # Errors
/// [`Problem`]: broken XML, entities, too deep, too many records, or no report.
pub fn parse_aggregate(octets: &[u8]) -> Result<Aggregate, Problem> {
    let mut reading = Reading::default();
    xml::walk(&decoded(octets), &mut reading)?;
    let mut report = reading.report;
    if !reading.seen {
        return Err(Problem::NoReport("there is no <feedback> element"));
    }
    if report.policy.domain.is_empty() {
        // Reality: a few reporters leave policy_published out; the records still name the domain.
        report.policy.domain = report.records.first().map(|record| record.header_from.clone()).unwrap_or_default();
    }
    if report.policy.domain.is_empty() {
        return Err(Problem::NoReport("it names no domain"));
    }
    if report.ends_at < report.begins_at {
        std::mem::swap(&mut report.begins_at, &mut report.ends_at);
    }
    Ok(report)
}

/// The text: UTF-8, what the declaration says, or UTF-16 by its mark.
fn decoded(octets: &[u8]) -> String {
    let charset = match octets {
        [0xff, 0xfe, ..] => "utf-16le".to_owned(),
        [0xfe, 0xff, ..] => "utf-16be".to_owned(),
        _ => declared(octets).unwrap_or_else(|| "utf-8".to_owned()),
    };
    let text = syntax::decode_charset(octets, &charset);
    text.trim_start_matches('\u{feff}').trim_start().to_owned()
}

/// The encoding in `<?xml … encoding="…"?>`.
fn declared(octets: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(octets.get(..octets.len().min(200))?).to_ascii_lowercase();
    let (declaration, _) = head.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next()?;
    let (name, _) = value.get(1..)?.split_once(quote)?;
    // The text has come through as octets: a declaration of UTF-16 that can be read here is wrong.
    (!name.starts_with("utf-16")).then(|| name.to_owned())
}

#[derive(Default)]
struct Reading {
    seen: bool,
    report: Aggregate,
}

impl Visitor for Reading {
    fn open(&mut self, path: &[String]) -> Result<(), Problem> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["feedback"] => self.seen = true,
            [_, "record"] if self.report.records.len() >= MAX_RECORDS => {
                return Err(Problem::TooManyRecords { limit: MAX_RECORDS });
            }
            [_, "record"] => self.report.records.push(Record::default()),
            [_, "record", .., "policy_evaluated", "reason"] => {
                self.in_record(|record| grow(&mut record.overrides));
            }
            [_, "record", "auth_results", "dkim"] => self.in_record(|record| grow(&mut record.dkim)),
            [_, "record", "auth_results", "spf"] => self.in_record(|record| grow(&mut record.spf)),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, path: &[String], text: &str) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            [_, "report_metadata", rest @ ..] => self.metadata(rest, text),
            [_, "policy_published", name] => self.policy(name, text),
            [_, "record", rest @ ..] => self.record(rest, text),
            _ => {}
        }
    }
}

/// One more, up to the bound: what is beyond it writes over the last.
fn grow<T: Default>(list: &mut Vec<T>) {
    if list.len() >= MAX_LISTED {
        list.pop();
    }
    list.push(T::default());
}

impl Reading {
    fn in_record(&mut self, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.report.records.last_mut() {
            change(record);
        }
    }

    fn metadata(&mut self, path: &[&str], text: &str) {
        let report = &mut self.report;
        match path {
            ["org_name"] => report.organization = text.to_owned(),
            ["email"] => report.email = text.to_owned(),
            ["report_id"] => report.report_id = text.to_owned(),
            ["generator"] => report.generator = Some(text.to_owned()).filter(|text| !text.is_empty()),
            ["error"] if report.errors.len() < MAX_LISTED && !text.is_empty() => report.errors.push(text.to_owned()),
            [.., "begin"] => report.begins_at = moment(text),
            [.., "end"] => report.ends_at = moment(text),
            _ => {}
        }
    }

    fn policy(&mut self, name: &str, text: &str) {
        let policy = &mut self.report.policy;
        let field = match name {
            "domain" => &mut policy.domain,
            "p" => &mut policy.p,
            "sp" => &mut policy.sp,
            "np" => &mut policy.np,
            "adkim" => &mut policy.adkim,
            "aspf" => &mut policy.aspf,
            "pct" => &mut policy.pct,
            "testing" => &mut policy.testing,
            "discovery_method" => &mut policy.discovery_method,
            _ => return,
        };
        *field = text.to_ascii_lowercase();
    }

    fn record(&mut self, path: &[&str], text: &str) {
        let Some(record) = self.report.records.last_mut() else { return };
        match path {
            ["row", "source_ip"] => record.source_ip = address(text),
            ["row", "count"] => record.count = text.parse().unwrap_or(0),
            [.., "policy_evaluated", "disposition"] => record.disposition = text.to_ascii_lowercase(),
            [.., "policy_evaluated", "dkim"] => record.dkim_aligned = is_pass(text),
            [.., "policy_evaluated", "spf"] => record.spf_aligned = is_pass(text),
            [.., "policy_evaluated", "reason", name] => {
                let Some(reason) = record.overrides.last_mut() else { return };
                match *name {
                    "type" => reason.kind = text.to_ascii_lowercase(),
                    "comment" => reason.comment = text.to_owned(),
                    _ => {}
                }
            }
            ["auth_results", "dkim", name] => dkim(record, name, text),
            ["auth_results", "spf", name] => spf(record, name, text),
            // `identities` is the name of an early draft, and still sent.
            [.., "identifiers" | "identities", name] => identifier(record, name, text),
            _ => {}
        }
    }
}

fn identifier(record: &mut Record, name: &str, text: &str) {
    match name {
        "header_from" => record.header_from = text.to_ascii_lowercase(),
        "envelope_from" => record.envelope_from = text.to_ascii_lowercase(),
        "envelope_to" => record.envelope_to = text.to_ascii_lowercase(),
        _ => {}
    }
}

fn dkim(record: &mut Record, name: &str, text: &str) {
    let Some(dkim) = record.dkim.last_mut() else { return };
    match name {
        "domain" => dkim.domain = text.to_ascii_lowercase(),
        "selector" => dkim.selector = text.to_owned(),
        "result" => dkim.result = text.to_ascii_lowercase(),
        _ => {}
    }
}

fn spf(record: &mut Record, name: &str, text: &str) {
    let Some(spf) = record.spf.last_mut() else { return };
    match name {
        "domain" => spf.domain = text.to_ascii_lowercase(),
        "scope" => spf.scope = text.to_ascii_lowercase(),
        // Reality: `hardfail` is what an early draft called fail.
        "result" if text.eq_ignore_ascii_case("hardfail") => spf.result = "fail".to_owned(),
        "result" => spf.result = text.to_ascii_lowercase(),
        _ => {}
    }
}

fn is_pass(text: &str) -> bool {
    text.eq_ignore_ascii_case("pass")
}

/// An address; one of IPv4 mapped into IPv6 is of IPv4.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// Seconds since the epoch. Reality: some write milliseconds, fractions, or RFC 3339.
fn moment(text: &str) -> i64 {
    let whole = text.split('.').next().unwrap_or_default();
    match whole.parse::<i64>() {
        Ok(number) if number.abs() >= 100_000_000_000 => number / 1000,
        Ok(number) => number,
        Err(_) => syntax::Timestamp::parse(text).map_or(0, |at| at.micros() / 1_000_000),
    }
}
