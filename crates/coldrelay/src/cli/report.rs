//! `coldrelay report`

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use ops::{Ops, ReportSummary, ShownReport, Tally};
use rules::Fault;
use store::{ReportFilter, ReportsOf, StoredReport};
use syntax::Domain;

use crate::out::{Out, table};

#[derive(Subcommand)]
pub enum Report {
    /// List the reports of receivers, newest first
    List {
        /// Only about this domain
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<Domain>,
        /// Only of this kind
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
    },
    /// Show one report, with everything that was read of it
    Show {
        /// Its id
        id: String,
    },
    /// Who sends as me, how that fares, TLS failures, complaints
    Summary {
        /// Only of this domain
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<Domain>,
        /// So many days back
        #[arg(long, default_value_t = 30, value_name = "NUMBER")]
        days: u32,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Kind {
    DmarcAggregate,
    DmarcFailure,
    Tls,
    Complaint,
}

impl From<Kind> for report::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::DmarcAggregate => Self::DmarcAggregate,
            Kind::DmarcFailure => Self::DmarcFailure,
            Kind::Tls => Self::Tls,
            Kind::Complaint => Self::Complaint,
        }
    }
}

impl Report {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List { domain, kind, limit } => {
                let of = ReportsOf { workspace: None, domain };
                let filter = ReportFilter { of, kind: kind.map(report::Kind::from), before: None, limit };
                out.answer(&ops.reports(&filter).await?, |reports| listed(reports));
            }
            Self::Show { id } => out.answer(&ops.received_report(None, &id).await?, shown),
            Self::Summary { domain, days } => {
                out.answer(&ops.report_summary(None, domain.as_ref(), days).await?, summary);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn listed(reports: &[StoredReport]) -> String {
    let row = |report: &StoredReport| {
        vec![
            report.id.to_string(),
            report.kind.as_str().into(),
            report.state.as_str().into(),
            report.domain.clone(),
            report.organization.clone(),
            if report.verified { "yes".into() } else { "no".into() },
            report.messages.to_string(),
            report.failures.to_string(),
            report.begins_at.day(),
            report.reason.clone().unwrap_or_default(),
        ]
    };
    let headers = ["report", "kind", "state", "domain", "by", "verified", "messages", "failed", "day", "why"];
    table(&headers, reports.iter().map(row).collect())
}

fn shown(shown: &ShownReport) -> String {
    let report = &shown.report;
    let mut lines = vec![
        format!("report     {}", report.id),
        format!("kind       {}, {}", report.kind.as_str(), report.state.as_str()),
        format!("about      {}", report.domain),
        format!("by         {} ({})", report.organization, report.report_id),
        format!("sent by    {}", report.sender.as_deref().unwrap_or("nobody readable")),
        format!("verified   {}", if report.verified { "yes" } else { "no: nothing shows who sent it" }),
        format!("period     {} to {}", report.begins_at, report.ends_at),
        format!("counts     {}, of which {} failed", report.messages, report.failures),
    ];
    lines.extend(report.reason.iter().map(|reason| format!("why        {reason}")));
    lines.push(serde_json::to_string_pretty(&shown.detail).unwrap_or_default());
    lines.join("\n")
}

fn summary(summary: &ReportSummary) -> String {
    let counts = &summary.reports;
    let mut parts = vec![format!(
        "Since {}: {} reports count ({} of them from nobody that can be verified), {} came twice, {} are about others, \
         {} cannot be read, {} complaints are unproven.",
        summary.since.day(),
        counts.counted,
        counts.unverified,
        counts.duplicate,
        counts.refused,
        counts.unreadable,
        counts.unproven
    )];
    let headers = ["messages", "passed", "dkim", "spf", "quarantined", "rejected"];
    let source = |source: &ops::Source| {
        let name = source.name.clone().unwrap_or_default();
        [vec![source.ip.clone(), source.organization.clone(), name], numbers(&source.tally)].concat()
    };
    let rows: Vec<Vec<String>> = summary.sources.iter().map(source).collect();
    parts.push(format!("Who sends as me\n{}", table(&[&["source", "whose", "name"], &headers[..]].concat(), rows)));
    let day = |day: &ops::DayTally| [vec![day.day.clone()], numbers(&day.tally)].concat();
    let rows: Vec<Vec<String>> = summary.days.iter().map(day).collect();
    parts.push(format!("By day\n{}", table(&[&["day"], &headers[..]].concat(), rows)));
    let tls = &summary.tls;
    let failure = |one: &ops::TlsFailures| vec![one.result.clone(), one.mx_host.clone(), one.sessions.to_string()];
    parts.push(format!(
        "TLS of our MX: {} sessions were fine, {} failed\n{}",
        tls.successes,
        tls.failures,
        table(&["failure", "host", "sessions"], tls.by_type.iter().map(failure).collect())
    ));
    let reporter = |one: &ops::Reporter| {
        vec![one.organization.clone(), one.kind.as_str().into(), one.reports.to_string(), one.messages.to_string()]
    };
    let rows = summary.reporters.iter().map(reporter).collect();
    parts.push(format!("Reporters\n{}", table(&["by", "kind", "reports", "messages"], rows)));
    parts.push(format!(
        "{} incidents in DMARC failure reports; {} complaints proven, {} unproven.",
        summary.dmarc_failures, summary.complaints.proven, summary.complaints.unproven
    ));
    parts.join("\n\n")
}

fn numbers(tally: &Tally) -> Vec<String> {
    let Tally { messages, passed, dkim_aligned, spf_aligned, quarantined, rejected } = *tally;
    [messages, passed, dkim_aligned, spf_aligned, quarantined, rejected].iter().map(u64::to_string).collect()
}
