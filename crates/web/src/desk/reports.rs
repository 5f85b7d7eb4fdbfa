//! What receivers report of mail in our name: who sends as us, and every report that came.

mod detail;

use std::{collections::BTreeMap, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    http::header,
    response::IntoResponse,
};
use ops::{Ops, ReportSummary, ShownReport, Source, Tally};
use report::{Aggregate, Kind};
use rules::id::{MessageId, ReportId};
use store::{ReportFilter, ReportState, ReportsOf, StoredReport};
use syntax::{Domain, Timestamp};

use self::detail::Detail;
use super::{
    Answer, Frame, Refused, Scope, Viewer,
    chart::{Bar, stacked},
    cut, download,
    fields::Fields,
    link, page_and_one,
};
use crate::site::page;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The periods that may be chosen, in days; the first when none is.
const PERIODS: [u32; 3] = [30, 7, 90];
/// Sources, domains and reporters that are shown of each.
const FEW: usize = 50;

#[derive(Template)]
#[template(path = "desk/reports.html")]
struct List {
    frame: Frame,
    domain: String,
    kind: String,
    days: u32,
    /// On the first page, when there is something to sum up.
    sums: Option<Sums>,
    rows: Vec<StoredReport>,
    /// The record that asks for reports about the chosen domain.
    asks: Option<String>,
    next: Option<String>,
}

/// A summary, with its drawing.
struct Sums {
    told: ReportSummary,
    bars: Vec<Bar>,
    most: u64,
    /// Day by day without gaps, the latest first.
    days: Vec<(String, Tally)>,
}

impl List {
    fn is_filtered(&self) -> bool {
        !self.domain.is_empty() || !self.kind.is_empty()
    }
    fn kinds(&self) -> [(&'static str, &'static str); 4] {
        Kind::ALL.map(|kind| (kind.as_str(), words(kind)))
    }
    /// Days, and whether they are chosen.
    fn periods(&self) -> [(u32, bool); 3] {
        PERIODS.map(|days| (days, days == self.days))
    }
}

/// A kind in words.
pub(crate) fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::DmarcAggregate => "DMARC, by source",
        Kind::DmarcFailure => "DMARC, one failure",
        Kind::Tls => "TLS",
        Kind::Complaint => "complaint",
    }
}

/// The class of the pill of a report's state.
pub(crate) fn tone(state: ReportState) -> &'static str {
    match state {
        ReportState::Counted => "ok",
        ReportState::Duplicate => "unknown",
        ReportState::Refused | ReportState::Unproven => "warn",
        ReportState::Unreadable => "bad",
    }
}

/// `97.5 %`, or a dash of nothing. Not rounded up: 100 % is all.
pub(crate) fn share(part: &u64, all: &u64) -> String {
    match u128::from(*part).saturating_mul(1000).checked_div(u128::from(*all)) {
        Some(thousandths) => format!("{}.{} %", thousandths / 10, thousandths % 10),
        None => String::from("–"),
    }
}

/// The tags of a policy that say something.
pub(crate) fn policy(told: &Aggregate) -> Vec<(&'static str, &str)> {
    let policy = &told.policy;
    let tags = [
        ("Domain", &policy.domain),
        ("p", &policy.p),
        ("sp", &policy.sp),
        ("np", &policy.np),
        ("adkim", &policy.adkim),
        ("aspf", &policy.aspf),
        ("pct", &policy.pct),
        ("t", &policy.testing),
    ];
    tags.into_iter().filter(|(_, value)| !value.is_empty()).map(|(tag, value)| (tag, value.as_str())).collect()
}

/// What a source comes to: class and words.
pub(crate) fn judged(source: &Source) -> (&'static str, &'static str) {
    let all_passed = source.tally.passed == source.tally.messages;
    match (source.is_ours, all_passed) {
        (true, true) => ("ok", "ours"),
        (true, false) => ("bad", "ours, and fails"),
        (false, true) => ("warn", "sends as you"),
        (false, false) if source.tally.passed > 0 => ("warn", "sends as you, partly"),
        (false, false) => ("unknown", "a stranger, or set up wrongly"),
    }
}

/// `/reports`
pub(super) async fn list(State(ops): State<Ops>, viewer: Viewer, RawQuery(query): RawQuery) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let asked = Fields::parse(query.as_deref().unwrap_or_default());
    let [domain, kind] = ["domain", "kind"].map(|name| asked.get(name).to_owned());
    let days = asked.some("days").and_then(|text| text.parse().ok()).filter(|days| PERIODS.contains(days));
    let days = days.unwrap_or(PERIODS[0]);
    let before = asked.some("before").map(|id| ReportId(id.to_owned()));
    let is_first = before.is_none();
    let name = Domain::parse(&domain).ok();
    let frame = Frame::new("/reports", &viewer);
    if name.is_none() && !domain.is_empty() {
        let (rows, sums, asks, next) = (Vec::new(), None, None, None);
        return Ok(page(&List { frame, domain, kind, days, sums, rows, asks, next }).into_response());
    }
    let of = ReportsOf { workspace: viewer.workspace.clone(), domain: name.clone() };
    let filter = ReportFilter { of, kind: Kind::parse(&kind), before, limit: page_and_one() };
    let (rows, more) = cut(ops.reports(&filter).await?);
    let sums = if is_first { sums(&ops, &viewer, name.as_ref(), days).await? } else { None };
    let asks = match &name {
        Some(name) if rows.is_empty() => asks(&ops, &viewer, name).await?,
        _ => None,
    };
    let days_text = days.to_string();
    let base = [("domain", domain.as_str()), ("kind", &kind), ("days", &days_text)];
    let last = rows.last().filter(|_| more);
    let next = last.map(|last| link("/reports", &[base.as_slice(), &[("before", last.id.as_str())]].concat()));
    Ok(page(&List { frame, domain, kind, days, sums, rows, asks, next }).into_response())
}

/// The summary; none when nothing came, or the domain is not one of the viewer's.
async fn sums(ops: &Ops, viewer: &Viewer, domain: Option<&Domain>, days: u32) -> Result<Option<Sums>, Refused> {
    let told = match ops.report_summary(viewer.workspace.as_ref(), domain, days).await {
        Ok(told) => told,
        Err(fault) if fault.code == "domain.unknown" => return Ok(None),
        Err(fault) => return Err(fault.into()),
    };
    let nothing = told.sources.is_empty() && told.reporters.is_empty() && told.reports == ops::ReportCounts::default();
    Ok((!nothing).then(|| drawn(told, ops.store.clock().now(), days)))
}

fn drawn(told: ReportSummary, now: Timestamp, days: u32) -> Sums {
    let known: BTreeMap<&str, Tally> = told.days.iter().map(|day| (day.day.as_str(), day.tally)).collect();
    let of_day = |back: u32| {
        let day = now - DAY * back;
        (super::day(day), known.get(day.day().as_str()).copied().unwrap_or_default())
    };
    let mut days: Vec<(String, Tally)> = (0..days).rev().map(of_day).collect();
    let column = |(day, tally): &(String, Tally)| {
        let failed = tally.messages.saturating_sub(tally.passed);
        (day.clone(), vec![("passed", tally.passed), ("failed", failed)])
    };
    let (bars, most) = stacked(&days.iter().map(column).collect::<Vec<_>>());
    days.reverse();
    days.retain(|(_, tally)| tally.messages > 0);
    Sums { told, bars, most, days }
}

/// The DMARC record that is planned for a domain of the viewer's.
async fn asks(ops: &Ops, viewer: &Viewer, name: &Domain) -> Result<Option<String>, Refused> {
    if ops.domain_within(viewer.workspace.as_ref(), name).await.is_err_and(|fault| fault.code == "domain.unknown") {
        return Ok(None);
    }
    let owner = name.child("_dmarc").to_string();
    let planned = ops.show_domain(name).await?.planned;
    let record = planned.into_iter().find(|record| record.owner == owner && record.data.kind() == "TXT");
    Ok(record.map(|record| format!("{owner} TXT {}", record.data.rdata())))
}

#[derive(Template)]
#[template(path = "desk/report.html")]
struct One {
    frame: Frame,
    report: StoredReport,
    detail: Detail,
    /// The message that a complaint is about.
    message: Option<MessageId>,
}

/// `/reports/<id>`
pub(super) async fn one(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let ShownReport { report, detail } = ops.received_report(viewer.workspace.as_ref(), &id).await?;
    let message = match &report.recipient {
        Some(recipient) => ops.store.recipient(recipient).await?.map(|(_, message)| message.id),
        None => None,
    };
    let detail = Detail::of(report.kind, detail);
    Ok(page(&One { frame: Frame::new("/reports", &viewer), report, detail, message }).into_response())
}

/// Everything that was read of a report, as a file.
pub(super) async fn file(State(ops): State<Ops>, viewer: Viewer, Path(id): Path<String>) -> Answer {
    viewer.must(Scope::MessagesRead)?;
    let shown = ops.received_report(viewer.workspace.as_ref(), &id).await?;
    let text = serde_json::to_string_pretty(&shown).unwrap_or_default();
    let mut response = download("application/json", &format!("report-{}.json", shown.report.id), text);
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_hundred_percent_only_when_it_is_all() {
        assert_eq!(share(&999_999, &1_000_000), "99.9 %");
        assert_eq!(share(&u64::MAX, &u64::MAX), "100.0 %");
        assert_eq!((share(&0, &3), share(&0, &0)), ("0.0 %".to_owned(), "–".to_owned()));
    }
}
