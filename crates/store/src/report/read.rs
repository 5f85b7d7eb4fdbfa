//! Reports listed and summed up, each within the domains of one workspace when one is given.

use report::Kind;
use rules::{
    Fault,
    id::{RecipientId, ReportId, WorkspaceId},
};
use syntax::{Domain, Timestamp};

use super::{ReportState, ReportedSource, ReportedTls, StoredReport};
use crate::{
    Store,
    desk::Select,
    row::{Query, Row},
};

/// Most rows of a summary that are read.
const MAX_ROWS: i64 = 100_000;
/// All of a report but `detail`, which may be megabytes.
const COLUMNS: &str = "SELECT id, kind, state, reason, domain, organization, report_id, sender, verified, begins_at, ends_at, \
                       messages, failures, recipient, received_at FROM report";

/// Whose reports.
#[derive(Debug, Clone, Default)]
pub struct ReportsOf {
    /// Only about domains of this workspace; `None`: all, those about nobody's domain too.
    pub workspace: Option<WorkspaceId>,
    /// Only about this domain.
    pub domain: Option<Domain>,
}

/// Which reports to list.
#[derive(Debug, Clone, Default)]
pub struct ReportFilter {
    /// Whose.
    pub of: ReportsOf,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only those that came before this one: the cursor.
    pub before: Option<ReportId>,
    /// At most so many (0: 100), newest first.
    pub limit: u32,
}

/// Messages from one source on one day, over all reports that count.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SourceDay {
    /// The domain.
    pub domain: String,
    /// The day, `20261123`.
    pub day: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: ReportedSource,
}

/// Sessions with one outcome on one day, over all reports that count.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TlsDay {
    /// The domain.
    pub domain: String,
    /// The day, `20261123`.
    pub day: String,
    /// What was seen.
    #[serde(flatten)]
    pub seen: ReportedTls,
}

impl Store {
    /// Reports, newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn reports(&self, filter: &ReportFilter) -> Result<Vec<StoredReport>, Fault> {
        let mut select = of(&filter.of);
        if let Some(kind) = filter.kind {
            let mark = select.text(kind.as_str());
            select.and(format!("kind = {mark}"));
        }
        if let Some(before) = &filter.before {
            let mark = select.text(before.0.clone());
            select.and(format!("id < {mark}"));
        }
        let limit = select.number(i64::from(if filter.limit == 0 { 100 } else { filter.limit }));
        let query = select.query(COLUMNS, &format!("ORDER BY id DESC LIMIT {limit}"));
        self.rows("list reports", query).await?.iter().map(read).collect()
    }

    /// One report and everything that was read of it, as JSON; that of another workspace than the given one is not there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn report(
        &self,
        workspace: Option<&WorkspaceId>,
        id: &ReportId,
    ) -> Result<Option<(StoredReport, String)>, Fault> {
        let mut select = of(&ReportsOf { workspace: workspace.cloned(), domain: None });
        let mark = select.text(id.0.clone());
        select.and(format!("id = {mark}"));
        let row = self.row("read a report", select.query("SELECT * FROM report", "")).await?;
        row.map(|row| Ok((read(&row)?, row.text("detail")?))).transpose()
    }

    /// Who sent in the name of these domains since that moment, by domain, day and outcome.
    ///
    /// # Errors
    /// `store.*`
    pub async fn report_sources(&self, whose: &ReportsOf, since: Timestamp) -> Result<Vec<SourceDay>, Fault> {
        let query = since_day(
            "SELECT domain, day, source_ip, header_from, authenticated_as, disposition, dkim_aligned, spf_aligned, \
             CAST(SUM(messages) AS BIGINT) AS messages FROM report_source",
            "GROUP BY domain, day, source_ip, header_from, authenticated_as, disposition, dkim_aligned, spf_aligned \
             ORDER BY domain, day, source_ip",
            whose,
            since,
        );
        let read = |row: &Row| {
            let seen = ReportedSource {
                source_ip: row.text("source_ip")?,
                header_from: row.text("header_from")?,
                authenticated_as: row.text("authenticated_as")?,
                disposition: row.text("disposition")?,
                dkim_aligned: row.flag("dkim_aligned")?,
                spf_aligned: row.flag("spf_aligned")?,
                messages: row.count("messages")?,
            };
            Ok(SourceDay { domain: row.text("domain")?, day: row.text("day")?, seen })
        };
        self.rows("sum up DMARC reports", query).await?.iter().map(read).collect()
    }

    /// How others got on with our TLS since that moment, by domain, day and outcome.
    ///
    /// # Errors
    /// `store.*`
    pub async fn report_tls(&self, whose: &ReportsOf, since: Timestamp) -> Result<Vec<TlsDay>, Fault> {
        let query = since_day(
            "SELECT domain, day, policy, result, mx_host, CAST(SUM(sessions) AS BIGINT) AS sessions FROM report_tls",
            "GROUP BY domain, day, policy, result, mx_host ORDER BY domain, day, result, mx_host",
            whose,
            since,
        );
        let read = |row: &Row| {
            let seen = ReportedTls {
                policy: row.text("policy")?,
                result: row.text("result")?,
                mx_host: row.text("mx_host")?,
                sessions: row.count("sessions")?,
            };
            Ok(TlsDay { domain: row.text("domain")?, day: row.text("day")?, seen })
        };
        self.rows("sum up TLS reports", query).await?.iter().map(read).collect()
    }

    /// Reports whose period begins since that moment, of any kind and state, newest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn reports_since(&self, whose: &ReportsOf, since: Timestamp) -> Result<Vec<StoredReport>, Fault> {
        let mut select = of(whose);
        let mark = select.number(since.micros());
        select.and(format!("begins_at >= {mark}"));
        let limit = select.number(MAX_ROWS);
        let query = select.query(COLUMNS, &format!("ORDER BY id DESC LIMIT {limit}"));
        self.rows("list reports", query).await?.iter().map(read).collect()
    }
}

/// The conditions on the column `domain`.
fn of(whose: &ReportsOf) -> Select {
    let mut select = Select::default();
    if let Some(workspace) = &whose.workspace {
        let mark = select.text(workspace.0.clone());
        select.and(format!("domain IN (SELECT d.name FROM domain d WHERE d.workspace = {mark})"));
    }
    if let Some(domain) = &whose.domain {
        let mark = select.text(domain.to_string());
        select.and(format!("domain = {mark}"));
    }
    select
}

fn since_day(before: &str, after: &str, whose: &ReportsOf, since: Timestamp) -> Query {
    let mut select = of(whose);
    let mark = select.text(since.day());
    select.and(format!("day >= {mark}"));
    let limit = select.number(MAX_ROWS);
    select.query(before, &format!("{after} LIMIT {limit}"))
}

fn read(row: &Row) -> Result<StoredReport, Fault> {
    Ok(StoredReport {
        id: ReportId(row.text("id")?),
        kind: row.named("kind", Kind::parse)?,
        state: row.named("state", ReportState::parse)?,
        reason: row.text_or_none("reason")?,
        domain: row.text("domain")?,
        organization: row.text("organization")?,
        report_id: row.text("report_id")?,
        sender: row.text_or_none("sender")?,
        verified: row.flag("verified")?,
        begins_at: row.moment("begins_at")?,
        ends_at: row.moment("ends_at")?,
        messages: row.count("messages")?,
        failures: row.count("failures")?,
        recipient: row.text_or_none("recipient")?.map(RecipientId),
        received_at: row.moment("received_at")?,
    })
}
