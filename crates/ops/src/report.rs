//! Reports of receivers: listed, shown, summed up; each within the domains of one workspace (`None`: all).
//!
//! Reading order: what is told, the deeds, then `sums`.

mod sums;

use std::{net::IpAddr, time::Duration};

use report::Kind;
use rules::{
    Fault,
    id::{ReportId, WorkspaceId},
};
use store::{ReportFilter, ReportState, ReportsOf, StoredReport};
use syntax::{Domain, Timestamp};
use tokio::task::JoinSet;

use crate::Ops;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Sources whose reverse names are looked up, those with the most messages first.
const NAMED_SOURCES: usize = 50;
/// Longest wait for all these names: a page waits for them.
const NAMES_LIMIT: Duration = Duration::from_secs(2);

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
    /// DMARC by domain, the most messages first.
    pub domains: Vec<DomainTally>,
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

/// One domain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DomainTally {
    /// Its name.
    pub domain: String,
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

    /// One report; that of another workspace is not there.
    ///
    /// # Errors
    /// `report.unknown`, `store.*`
    pub async fn received_report(&self, of: Option<&WorkspaceId>, id: &str) -> Result<ShownReport, Fault> {
        let found = self.store.report(of, &ReportId(id.to_owned())).await?;
        let (report, detail) = found.ok_or_else(|| {
            Fault::caller("report.unknown", format!("no report {id}: `coldrelay report list` shows the ids"))
        })?;
        Ok(ShownReport { report, detail: serde_json::from_str(&detail).unwrap_or_default() })
    }

    /// What the reports of the last so many days say of one domain of ours, or of all.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn report_summary(
        &self,
        of: Option<&WorkspaceId>,
        domain: Option<&Domain>,
        days: u32,
    ) -> Result<ReportSummary, Fault> {
        if let Some(name) = domain {
            self.domain_within(of, name).await?;
        }
        let whose = ReportsOf { workspace: of.cloned(), domain: domain.cloned() };
        let since = self.store.clock().now() - DAY * days;
        let rows = self.store.report_sources(&whose, since).await?;
        let tls = self.store.report_tls(&whose, since).await?;
        let reports = self.store.reports_since(&whose, since).await?;
        let ours: Vec<IpAddr> = self.store.domains(of).await?.iter().map(|domain| domain.egress_ip).collect();
        let mut sources = sums::sources(&rows, &ours);
        self.name(&mut sources).await;
        let incidents = sums::of_kind(&reports, Kind::DmarcFailure, ReportState::Counted);
        Ok(ReportSummary {
            domain: domain.cloned(),
            since,
            reports: sums::counts(&reports),
            dmarc: rows.iter().fold(Tally::default(), Tally::with),
            sources,
            days: sums::by_day(&rows),
            domains: sums::by_domain(&rows),
            reporters: sums::reporters(&reports),
            tls: sums::tls_summary(&tls),
            dmarc_failures: incidents.map(|one| one.messages).sum(),
            complaints: sums::complaints(&reports),
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
                        source.organization = sums::organization(&name);
                    }
                    source.name = Some(name);
                }
            }
        };
        let _ = tokio::time::timeout(NAMES_LIMIT, gathering).await;
    }
}
