//! SMTP TLS reports. RFC 8460 §4.

use std::net::IpAddr;

use serde_json::Value;

use crate::Problem;

/// Most octets of a report's JSON: a value costs many times its text in memory.
const MAX_JSON: usize = 4 * 1024 * 1024;
/// Most policies of a report, and most failures of a policy.
const MAX_LISTED: usize = 1000;
/// Most characters of a text that is kept.
const MAX_TEXT: usize = 500;

/// A report on how one sender got on with the TLS of our MX.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TlsReport {
    /// `organization-name`.
    pub organization: String,
    /// `contact-info`.
    pub contact: String,
    /// `report-id`.
    pub report_id: String,
    /// Begin of the period, in seconds since the epoch.
    pub begins_at: i64,
    /// Its end.
    pub ends_at: i64,
    /// One per policy.
    pub policies: Vec<TlsPolicy>,
}

/// What came of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TlsPolicy {
    /// `sts`, `tlsa` or `no-policy-found`.
    pub kind: String,
    /// `policy-domain`.
    pub domain: String,
    /// `mx-host`.
    pub mx_hosts: Vec<String>,
    /// Sessions that were fine.
    pub successes: u64,
    /// Sessions that were not.
    pub failures: u64,
    /// Why they were not.
    pub details: Vec<TlsFailure>,
}

/// `failure-details`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TlsFailure {
    /// `result-type`: `certificate-expired`… RFC 8460 §4.3.
    pub result: String,
    /// `sending-mta-ip`.
    pub sending_ip: Option<IpAddr>,
    /// `receiving-mx-hostname`.
    pub mx_host: String,
    /// `receiving-ip`.
    pub receiving_ip: Option<IpAddr>,
    /// `failed-session-count`.
    pub count: u64,
    /// `failure-reason-code`.
    pub reason: String,
    /// `additional-information`.
    pub more: String,
}

/// Reads a report's JSON.
///
/// # Errors
/// [`Problem::TooLarge`], [`Problem::Syntax`], [`Problem::NoReport`].
pub fn parse_tls(octets: &[u8]) -> Result<TlsReport, Problem> {
    if octets.len() > MAX_JSON {
        return Err(Problem::TooLarge { limit: MAX_JSON });
    }
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let value: Value = serde_json::from_slice(octets).map_err(|error| Problem::Syntax(error.to_string()))?;
    let policies = value.get("policies").and_then(Value::as_array);
    let policies = policies.ok_or(Problem::NoReport("the JSON has no `policies`"))?;
    let range = value.get("date-range").unwrap_or(&Value::Null);
    Ok(TlsReport {
        organization: text(&value, "organization-name"),
        contact: text(&value, "contact-info"),
        report_id: text(&value, "report-id"),
        begins_at: moment(range, "start-datetime"),
        ends_at: moment(range, "end-datetime"),
        policies: policies.iter().take(MAX_LISTED).map(policy).collect(),
    })
}

fn policy(value: &Value) -> TlsPolicy {
    let named = value.get("policy").unwrap_or(&Value::Null);
    let summary = value.get("summary").unwrap_or(&Value::Null);
    let details = value.get("failure-details").and_then(Value::as_array);
    let details: Vec<TlsFailure> = details.into_iter().flatten().take(MAX_LISTED).map(failure).collect();
    // Reality: a reporter that leaves the summary out still lists what failed.
    let listed = details.iter().fold(0_u64, |sum, failure| sum.saturating_add(failure.count));
    TlsPolicy {
        kind: text(named, "policy-type").to_ascii_lowercase(),
        domain: text(named, "policy-domain").to_ascii_lowercase(),
        mx_hosts: texts(named, "mx-host"),
        successes: number(summary, "total-successful-session-count").unwrap_or(0),
        failures: number(summary, "total-failure-session-count").unwrap_or(listed),
        details,
    }
}

fn failure(value: &Value) -> TlsFailure {
    TlsFailure {
        result: text(value, "result-type").to_ascii_lowercase(),
        sending_ip: text(value, "sending-mta-ip").parse().ok(),
        mx_host: text(value, "receiving-mx-hostname").trim_end_matches('.').to_ascii_lowercase(),
        receiving_ip: text(value, "receiving-ip").parse().ok(),
        count: number(value, "failed-session-count").unwrap_or(1),
        reason: text(value, "failure-reason-code"),
        more: text(value, "additional-information"),
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).map(|text| text.trim().chars().take(MAX_TEXT).collect()).unwrap_or_default()
}

/// A list of texts; a single text is a list of one.
fn texts(value: &Value, name: &str) -> Vec<String> {
    match value.get(name) {
        Some(Value::Array(list)) => list.iter().take(20).filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// A count; reality: some write it as text.
fn number(value: &Value, name: &str) -> Option<u64> {
    let value = value.get(name)?;
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn moment(value: &Value, name: &str) -> i64 {
    syntax::Timestamp::parse(&text(value, name)).map_or(0, |at| at.micros() / 1_000_000)
}
