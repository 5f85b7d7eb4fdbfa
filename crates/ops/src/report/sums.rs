//! What many reports come to. Pure.

use std::{collections::BTreeMap, net::IpAddr};

use report::Kind;
use store::{ReportState, SourceDay, StoredReport, TlsDay};
use syntax::Domain;

use super::{Complaints, DayTally, DomainTally, ReportCounts, Reporter, Source, Tally, TlsFailures, TlsSummary};

impl Tally {
    pub(super) fn with(mut self, row: &SourceDay) -> Self {
        let seen = &row.seen;
        let of = |holds: bool| if holds { seen.messages } else { 0 };
        self.messages += seen.messages;
        self.passed += of(seen.dkim_aligned || seen.spf_aligned);
        self.dkim_aligned += of(seen.dkim_aligned);
        self.spf_aligned += of(seen.spf_aligned);
        self.quarantined += of(seen.disposition == "quarantine");
        self.rejected += of(seen.disposition == "reject");
        self
    }
}

pub(super) fn sources(rows: &[SourceDay], ours: &[IpAddr]) -> Vec<Source> {
    let mut by_ip: BTreeMap<&str, (Tally, BTreeMap<&str, u64>)> = BTreeMap::new();
    for row in rows {
        let (tally, proved) = by_ip.entry(&row.seen.source_ip).or_default();
        *tally = tally.with(row);
        *proved.entry(&row.seen.authenticated_as).or_default() += row.seen.messages;
    }
    let source = |(ip, (tally, proved)): (&str, (Tally, BTreeMap<&str, u64>))| {
        let is_ours = ip.parse::<IpAddr>().is_ok_and(|ip| ours.contains(&ip));
        let named = proved.into_iter().filter(|(domain, _)| !domain.is_empty()).max_by_key(|(_, messages)| *messages);
        let organization = match (is_ours, named) {
            (true, _) => "ours".to_owned(),
            (false, Some((domain, _))) => organization(domain),
            (false, None) => String::new(),
        };
        Source { ip: ip.to_owned(), organization, name: None, is_ours, tally }
    };
    let mut sources: Vec<Source> = by_ip.into_iter().map(source).collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.tally.messages));
    sources
}

/// The registrable domain of a name.
pub(super) fn organization(name: &str) -> String {
    let registrable = Domain::parse(name).ok().and_then(|domain| domain.registrable());
    registrable.map_or_else(|| name.to_owned(), |domain| domain.to_string())
}

pub(super) fn by_day(rows: &[SourceDay]) -> Vec<DayTally> {
    let mut days: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in rows {
        let tally = days.entry(&row.day).or_default();
        *tally = tally.with(row);
    }
    days.into_iter().map(|(day, tally)| DayTally { day: day.to_owned(), tally }).collect()
}

pub(super) fn by_domain(rows: &[SourceDay]) -> Vec<DomainTally> {
    let mut domains: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in rows {
        let tally = domains.entry(&row.domain).or_default();
        *tally = tally.with(row);
    }
    let one = |(domain, tally): (&str, Tally)| DomainTally { domain: domain.to_owned(), tally };
    let mut domains: Vec<DomainTally> = domains.into_iter().map(one).collect();
    domains.sort_by_key(|domain| std::cmp::Reverse(domain.tally.messages));
    domains
}

pub(super) fn counts(reports: &[StoredReport]) -> ReportCounts {
    let mut counts = ReportCounts::default();
    for report in reports {
        let count = match report.state {
            ReportState::Counted => &mut counts.counted,
            ReportState::Duplicate => &mut counts.duplicate,
            ReportState::Refused => &mut counts.refused,
            ReportState::Unreadable => &mut counts.unreadable,
            ReportState::Unproven => &mut counts.unproven,
        };
        *count += 1;
        counts.unverified += u64::from(report.state == ReportState::Counted && !report.verified);
    }
    counts
}

pub(super) fn of_kind(reports: &[StoredReport], kind: Kind, state: ReportState) -> impl Iterator<Item = &StoredReport> {
    reports.iter().filter(move |report| report.kind == kind && report.state == state)
}

pub(super) fn complaints(reports: &[StoredReport]) -> Complaints {
    let count = |state| u64::try_from(of_kind(reports, Kind::Complaint, state).count()).unwrap_or(u64::MAX);
    Complaints { proven: count(ReportState::Counted), unproven: count(ReportState::Unproven) }
}

pub(super) fn reporters(reports: &[StoredReport]) -> Vec<Reporter> {
    let mut sums: BTreeMap<(&str, Kind), (u64, u64)> = BTreeMap::new();
    for report in reports.iter().filter(|report| report.state == ReportState::Counted) {
        let (count, messages) = sums.entry((&report.organization, report.kind)).or_default();
        *count += 1;
        *messages += report.messages;
    }
    let reporter = |((organization, kind), (reports, messages)): ((&str, Kind), (u64, u64))| Reporter {
        organization: organization.to_owned(),
        kind,
        reports,
        messages,
    };
    sums.into_iter().map(reporter).collect()
}

pub(super) fn tls_summary(rows: &[TlsDay]) -> TlsSummary {
    let mut summary = TlsSummary::default();
    let mut sums: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in rows {
        if row.seen.result == "success" {
            summary.successes += row.seen.sessions;
        } else {
            summary.failures += row.seen.sessions;
            *sums.entry((&row.seen.result, &row.seen.mx_host)).or_default() += row.seen.sessions;
        }
    }
    let failures = |((result, mx_host), sessions): ((&str, &str), u64)| TlsFailures {
        result: result.to_owned(),
        mx_host: mx_host.to_owned(),
        sessions,
    };
    summary.by_type = sums.into_iter().map(failures).collect();
    summary.by_type.sort_by_key(|one| std::cmp::Reverse(one.sessions));
    summary
}

#[cfg(test)]
mod tests {
    use store::ReportedSource;

    use super::*;

    fn row(day: &str, ip: &str, proved: &str, disposition: &str, passed: (bool, bool), messages: u64) -> SourceDay {
        let seen = ReportedSource {
            source_ip: ip.to_owned(),
            header_from: "example.com".to_owned(),
            authenticated_as: proved.to_owned(),
            disposition: disposition.to_owned(),
            dkim_aligned: passed.0,
            spf_aligned: passed.1,
            messages,
        };
        SourceDay { domain: "example.com".to_owned(), day: day.to_owned(), seen }
    }

    #[test]
    fn it_is_told_who_sends_as_us_and_how_that_fares() {
        let rows = [
            row("20261117", "192.0.2.1", "example.com", "none", (true, true), 10),
            row("20261118", "192.0.2.1", "example.com", "none", (true, false), 5),
            row("20261118", "198.51.100.9", "mail.crm.co.uk", "quarantine", (false, false), 30),
            row("20261118", "203.0.113.5", "", "reject", (false, false), 2),
        ];
        let found = sources(&rows, &["192.0.2.1".parse().unwrap()]);
        let shown: Vec<(&str, &str, u64)> =
            found.iter().map(|one| (one.ip.as_str(), one.organization.as_str(), one.tally.messages)).collect();
        assert_eq!(shown, [("198.51.100.9", "crm.co.uk", 30), ("192.0.2.1", "ours", 15), ("203.0.113.5", "", 2)]);
        let days = by_day(&rows);
        let (first, second) = (days[0].tally, days[1].tally);
        assert_eq!((first.messages, first.passed, first.spf_aligned), (10, 10, 10));
        assert_eq!((second.messages, second.passed, second.quarantined, second.rejected), (37, 5, 30, 2));
        let other = SourceDay { domain: "example.org".to_owned(), ..rows[2].clone() };
        let domains = by_domain(&[rows[0].clone(), rows[1].clone(), other]);
        let shown: Vec<(&str, u64, u64)> =
            domains.iter().map(|one| (one.domain.as_str(), one.tally.messages, one.tally.passed)).collect();
        assert_eq!(shown, [("example.org", 30, 0), ("example.com", 15, 15)]);
    }

    #[test]
    fn tls_failures_are_told_by_type_and_host() {
        let row = |result: &str, sessions| TlsDay {
            domain: "example.com".to_owned(),
            day: "20261117".to_owned(),
            seen: store::ReportedTls {
                policy: "sts".to_owned(),
                result: result.to_owned(),
                mx_host: "box.example.com".to_owned(),
                sessions,
            },
        };
        let found = tls_summary(&[row("success", 9), row("certificate-expired", 1), row("dane-required", 4)]);
        assert_eq!((found.successes, found.failures), (9, 5));
        assert_eq!(found.by_type[0].result, "dane-required");
    }
}
