//! Reports of receivers: listed, shown, summed up.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use report::Kind;
use rules::{Fault, id::ReportId};
use store::{ReportFilter, ReportState, SourceDay, StoredReport, TlsDay};
use syntax::{Domain, Timestamp};
use tokio::task::JoinSet;

use crate::{Ops, domain::unknown};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Sources whose reverse names are looked up, those with the most messages first.
const NAMED_SOURCES: usize = 50;
/// Longest wait for all these names.
const NAMES_LIMIT: Duration = Duration::from_secs(5);

/// A report and what was read of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ShownReport {
    /// The report.
    #[serde(flatten)]
    pub report: StoredReport,
    /// Everything that was read.
    pub detail: serde_json::Value,
}

/// What receivers say of mail in our name.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReportSummary {
    /// The domain; `None` for all.
    pub domain: Option<Domain>,
    /// Since when.
    pub since: Timestamp,
    /// How many reports came, and what became of them.
    pub reports: ReportCounts,
    /// DMARC over everything.
    pub dmarc: Tally,
    /// Who sends as us, the most messages first.
    pub sources: Vec<Source>,
    /// DMARC by day, oldest first.
    pub days: Vec<DayTally>,
    /// Who reported.
    pub reporters: Vec<Reporter>,
    /// How others got on with our TLS.
    pub tls: TlsSummary,
    /// DMARC failure reports: incidents.
    pub dmarc_failures: u64,
    /// Complaints.
    pub complaints: Complaints,
}

/// How many reports came, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "fields are named for the states of a report")]
pub struct ReportCounts {
    pub counted: u64,
    pub duplicate: u64,
    pub refused: u64,
    pub unreadable: u64,
    pub unproven: u64,
    /// Of those that count, those whose sender nothing vouches for.
    pub unverified: u64,
}

/// Messages, and how they fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Messages.
    pub messages: u64,
    /// DMARC passed.
    pub passed: u64,
    /// DKIM passed and was aligned.
    pub dkim_aligned: u64,
    /// SPF passed and was aligned.
    pub spf_aligned: u64,
    /// The receiver put it aside.
    pub quarantined: u64,
    /// The receiver refused it.
    pub rejected: u64,
}

/// One source that sends as us.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Source {
    /// Its IP; `other` for those beyond what is kept.
    pub ip: String,
    /// Whose it is: `ours` for an egress IP of ours, else the domain that DKIM or SPF proved, else the domain of its
    /// reverse name; empty when nothing says.
    pub organization: String,
    /// Its reverse name.
    pub name: Option<String>,
    /// It is an egress IP of ours.
    pub is_ours: bool,
    /// Its messages.
    #[serde(flatten)]
    pub tally: Tally,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DayTally {
    /// `20261123`, in UTC.
    pub day: String,
    /// Its messages.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Somebody who reports.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reporter {
    /// As it calls itself.
    pub organization: String,
    /// What it reports on.
    pub kind: Kind,
    /// Reports that count.
    pub reports: u64,
    /// Messages or sessions in them.
    pub messages: u64,
}

/// How others got on with our TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct TlsSummary {
    /// Sessions that were fine.
    pub successes: u64,
    /// Sessions that were not.
    pub failures: u64,
    /// Failures by type and MX host, the most first.
    pub by_type: Vec<TlsFailures>,
}

/// Failures of one type at one host.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TlsFailures {
    /// RFC 8460 §4.3.
    pub result: String,
    /// The MX host; empty when it was not said.
    pub mx_host: String,
    /// Sessions.
    pub sessions: u64,
}

/// Complaints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Complaints {
    /// Proved to be about messages of ours.
    pub proven: u64,
    /// Nothing shows that they are; they changed nothing.
    pub unproven: u64,
}

impl Ops {
    /// Reports, newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn reports(&self, filter: &ReportFilter) -> Result<Vec<StoredReport>, Fault> {
        self.store.reports(filter).await
    }

    /// One report.
    ///
    /// # Errors
    /// `report.unknown`, `store.*`
    pub async fn received_report(&self, id: &str) -> Result<ShownReport, Fault> {
        let found = self.store.report(&ReportId(id.to_owned())).await?;
        let (report, detail) = found.ok_or_else(|| {
            Fault::caller("report.unknown", format!("no report {id}: `coldrelay report list` shows the ids"))
        })?;
        Ok(ShownReport { report, detail: serde_json::from_str(&detail).unwrap_or_default() })
    }

    /// What the reports of the last so many days say of one domain of ours, or of all.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn report_summary(&self, domain: Option<&Domain>, days: u32) -> Result<ReportSummary, Fault> {
        if let Some(name) = domain {
            self.store.domain(name).await?.ok_or_else(|| unknown(name))?;
        }
        let since = self.store.clock().now() - DAY * days;
        let rows = self.store.report_sources(domain, since).await?;
        let tls = self.store.report_tls(domain, since).await?;
        let reports = self.store.reports_since(domain, since).await?;
        let ours: Vec<IpAddr> = self.store.domains(None).await?.iter().map(|domain| domain.egress_ip).collect();
        let mut sources = sources(&rows, &ours);
        self.name(&mut sources).await;
        Ok(ReportSummary {
            domain: domain.cloned(),
            since,
            reports: counts(&reports),
            dmarc: rows.iter().fold(Tally::default(), Tally::with),
            sources,
            days: by_day(&rows),
            reporters: reporters(&reports),
            tls: tls_summary(&tls),
            dmarc_failures: of_kind(&reports, Kind::DmarcFailure, ReportState::Counted).map(|one| one.messages).sum(),
            complaints: complaints(&reports),
        })
    }

    /// Looks up the reverse names of the largest sources; those that do not come in time stay away.
    async fn name(&self, sources: &mut [Source]) {
        let mut asking = JoinSet::new();
        for (index, source) in sources.iter().enumerate().take(NAMED_SOURCES) {
            let (Ok(ip), resolver) = (source.ip.parse::<IpAddr>(), self.resolver.clone()) else { continue };
            asking.spawn(async move { (index, resolver.ptr(ip).await.ok()) });
        }
        let gathering = async {
            while let Some(found) = asking.join_next().await {
                let Ok((index, Some(names))) = found else { continue };
                let name = names.records().into_iter().next().map(|name| name.trim_end_matches('.').to_lowercase());
                if let (Some(source), Some(name)) = (sources.get_mut(index), name) {
                    if source.organization.is_empty() {
                        source.organization = organization(&name);
                    }
                    source.name = Some(name);
                }
            }
        };
        let _ = tokio::time::timeout(NAMES_LIMIT, gathering).await;
    }
}

impl Tally {
    fn with(mut self, row: &SourceDay) -> Self {
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

fn sources(rows: &[SourceDay], ours: &[IpAddr]) -> Vec<Source> {
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
fn organization(name: &str) -> String {
    let registrable = Domain::parse(name).ok().and_then(|domain| domain.registrable());
    registrable.map_or_else(|| name.to_owned(), |domain| domain.to_string())
}

fn by_day(rows: &[SourceDay]) -> Vec<DayTally> {
    let mut days: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in rows {
        let tally = days.entry(&row.day).or_default();
        *tally = tally.with(row);
    }
    days.into_iter().map(|(day, tally)| DayTally { day: day.to_owned(), tally }).collect()
}

fn counts(reports: &[StoredReport]) -> ReportCounts {
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

fn of_kind(reports: &[StoredReport], kind: Kind, state: ReportState) -> impl Iterator<Item = &StoredReport> {
    reports.iter().filter(move |report| report.kind == kind && report.state == state)
}

fn complaints(reports: &[StoredReport]) -> Complaints {
    let count = |state| u64::try_from(of_kind(reports, Kind::Complaint, state).count()).unwrap_or(u64::MAX);
    Complaints { proven: count(ReportState::Counted), unproven: count(ReportState::Unproven) }
}

fn reporters(reports: &[StoredReport]) -> Vec<Reporter> {
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

fn tls_summary(rows: &[TlsDay]) -> TlsSummary {
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
