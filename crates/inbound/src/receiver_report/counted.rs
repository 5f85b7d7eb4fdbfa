//! What reports count, in rows of bounded number.

use std::collections::BTreeMap;

use report::{Aggregate, Record, TlsPolicy};
use store::{ReportedSource, ReportedTls};
use syntax::Timestamp;

/// Most rows that one report makes; the rest is counted under [`OTHER`].
const MAX_ROWS: usize = 2000;
/// What stands for the sources, or hosts, beyond the bound.
const OTHER: &str = "other";
/// Records that the detail of a report keeps.
const MAX_DETAILED: usize = 200;
/// How far ahead a reporter's clock may be, and how long ago a period may be, in seconds.
const AHEAD: i64 = 2 * 24 * 60 * 60;
const AGO: i64 = 400 * 24 * 60 * 60;

/// Who sent, equal outcomes in one row, the most messages first.
pub(super) fn sources(records: &[&Record]) -> Vec<ReportedSource> {
    let mut sums: BTreeMap<(String, String, String, String, bool, bool), u64> = BTreeMap::new();
    for record in records {
        let key = (
            record.source_ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string()),
            record.header_from.clone(),
            authenticated_as(record),
            disposition(&record.disposition).to_owned(),
            record.dkim_aligned,
            record.spf_aligned,
        );
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(record.count);
    }
    let row = |((source_ip, header_from, authenticated_as, disposition, dkim_aligned, spf_aligned), messages)| {
        ReportedSource { source_ip, header_from, authenticated_as, disposition, dkim_aligned, spf_aligned, messages }
    };
    let mut rows: Vec<ReportedSource> = sums.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.messages));
    let rest = rows.split_off(rows.len().min(MAX_ROWS));
    for passed in [true, false] {
        let same = rest.iter().filter(|row| (row.dkim_aligned || row.spf_aligned) == passed);
        let messages = same.fold(0_u64, |sum, row| sum.saturating_add(row.messages));
        if messages > 0 {
            rows.push(ReportedSource {
                source_ip: OTHER.to_owned(),
                header_from: String::new(),
                authenticated_as: String::new(),
                disposition: OTHER.to_owned(),
                dkim_aligned: passed,
                spf_aligned: false,
                messages,
            });
        }
    }
    rows
}

/// The domain whose DKIM passed, else whose SPF did: who really sent.
fn authenticated_as(record: &Record) -> String {
    let dkim = record.dkim.iter().find(|dkim| dkim.result == "pass").map(|dkim| dkim.domain.clone());
    let spf = || record.spf.iter().find(|spf| spf.result == "pass").map(|spf| spf.domain.clone());
    dkim.or_else(spf).unwrap_or_default()
}

/// A word of the closed list of RFC 9990 §3.1.1.9.
fn disposition(word: &str) -> &'static str {
    ["none", "pass", "quarantine", "reject"].into_iter().find(|known| *known == word).unwrap_or("unknown")
}

/// Sessions, equal outcomes in one row.
pub(super) fn sessions(policies: &[&TlsPolicy]) -> Vec<ReportedTls> {
    let mut sums: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    let mut add = |policy: &TlsPolicy, result: &str, mx_host: &str, count: u64| {
        if count > 0 {
            let full = sums.len() >= MAX_ROWS;
            let mx_host = if full { OTHER } else { mx_host };
            let sum = sums.entry((policy_kind(&policy.kind).to_owned(), result_type(result), mx_host.to_owned()));
            let sum = sum.or_default();
            *sum = sum.saturating_add(count);
        }
    };
    for policy in policies {
        let mx_host = policy.mx_hosts.first().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
        add(policy, "success", mx_host.as_deref().unwrap_or_default(), policy.successes);
        let listed = policy.details.iter().fold(0_u64, |sum, failure| sum.saturating_add(failure.count));
        for failure in &policy.details {
            add(policy, &failure.result, &failure.mx_host, failure.count);
        }
        // Failures that no detail tells of.
        add(policy, "unspecified", "", policy.failures.saturating_sub(listed));
    }
    let row = |((policy, result, mx_host), sessions)| ReportedTls { policy, result, mx_host, sessions };
    sums.into_iter().map(row).collect()
}

fn policy_kind(kind: &str) -> &'static str {
    ["sts", "tlsa", "no-policy-found"].into_iter().find(|known| *known == kind).unwrap_or("unknown")
}

/// A word that no reporter can make long.
fn result_type(result: &str) -> String {
    let word: String =
        result.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(60).collect();
    if word.is_empty() { "unspecified".to_owned() } else { word }
}

/// The period; now, where what it says cannot be.
pub(super) fn period(begins_at: i64, ends_at: i64, now: Timestamp) -> (Timestamp, Timestamp) {
    let seconds = now.micros() / 1_000_000;
    let can_be = |at: i64| (seconds.saturating_sub(AGO)..=seconds.saturating_add(AHEAD)).contains(&at);
    let moment = |at: i64| Timestamp::from_micros(at.saturating_mul(1_000_000));
    match (can_be(begins_at), can_be(ends_at)) {
        (true, true) => (moment(begins_at), moment(ends_at)),
        (true, false) => (moment(begins_at), moment(begins_at)),
        _ => (now, now),
    }
}

/// What makes two reports the same: reporter and id; where there is no id, reporter, period and domain.
pub(super) fn key(organization: &str, report_id: &str, begins_at: Timestamp, domain: &str) -> String {
    let organization = organization.to_lowercase();
    match report_id {
        "" => format!("{organization}\n\n{}\n{domain}", begins_at.micros()),
        id => format!("{organization}\n{id}\n{domain}"),
    }
}

/// What was read, with the first of its records.
pub(super) fn detail(report: &Aggregate) -> String {
    let mut kept = report.clone();
    kept.records.truncate(MAX_DETAILED);
    serde_json::to_string(&kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_outcomes_are_one_row_and_rows_are_bounded() {
        let record = |ip: u32, count: u64| Record {
            source_ip: Some(std::net::Ipv4Addr::from(ip).into()),
            count,
            disposition: "none".to_owned(),
            header_from: "example.com".to_owned(),
            ..Record::default()
        };
        let two = [record(1, 2), record(1, 3)];
        assert_eq!(sources(&two.iter().collect::<Vec<_>>())[0].messages, 5);
        let many: Vec<Record> = (0..2500).map(|ip| record(ip, 1)).collect();
        let rows = sources(&many.iter().collect::<Vec<_>>());
        assert_eq!(rows.len(), MAX_ROWS + 1);
        assert_eq!((rows[MAX_ROWS].source_ip.as_str(), rows[MAX_ROWS].messages), (OTHER, 500));
    }

    #[test]
    fn failures_without_details_are_counted_too() {
        let policy = TlsPolicy { kind: "sts".to_owned(), successes: 3, failures: 2, ..TlsPolicy::default() };
        let rows = sessions(&[&policy]);
        let shown: Vec<(&str, u64)> = rows.iter().map(|row| (row.result.as_str(), row.sessions)).collect();
        assert_eq!(shown, [("success", 3), ("unspecified", 2)]);
    }

    #[test]
    fn a_period_that_cannot_be_is_now() {
        let now = Timestamp::from_micros(1_795_435_200_000_000);
        assert_eq!(period(0, i64::MAX, now), (now, now));
        assert_eq!(period(1_795_400_000, 9_999_999_999, now).1.micros(), 1_795_400_000_000_000);
    }
}
