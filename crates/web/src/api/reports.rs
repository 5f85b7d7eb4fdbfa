//! Reports of receivers about mail in our name: listed, shown, summed up.

use axum::response::Response;
use report::Kind;
use rules::{access::Scope, id::ReportId};
use serde_json::{Value, json};
use store::{ReportFilter, ReportsOf};

use super::{
    call::{Call, told},
    endpoint::{Endpoint, May, Verb},
    page::{Asked, paged},
    schema::{flag, list as list_of, maybe, moment, named, number, open, text, text_within, word},
};
use crate::problem::Problem;

/// Days of a summary when none are asked for.
const USUAL: u32 = 30;
/// Most days of a summary.
const MOST: u32 = 366;
const EXAMPLE: &str = "0193a1b2-0000-7000-8000-000000000006";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let read = May::With(Scope::MessagesRead);
    let domain = || text_within("Only about that domain.", 254);
    vec![
        paged(
            Endpoint::new(Verb::Get, "/reports", "list_reports", "Reports of receivers, newest first", read, list)
                .query("domain", domain(), "example.com")
                .query("kind", word("Only of that kind.", &Kind::ALL.map(Kind::as_str)), "dmarc-aggregate")
                .problems(&[404]),
            named("ReceivedReport"),
            example(),
        ),
        Endpoint::new(
            Verb::Get,
            "/reports/summary",
            "sum_up_reports",
            "Who sends as you and how it fares, TLS failures, complaints",
            read,
            summary,
        )
        .query("domain", domain(), "example.com")
        .query("days", number("So many days back.", 1, MOST.into()), USUAL)
        .answers("Sums over the reports that count.", named("ReportSummary"), summed())
        .problems(&[404]),
        Endpoint::new(
            Verb::Get,
            "/reports/{id}",
            "get_report",
            "One report with everything that was read of it",
            read,
            one,
        )
        .path("id", text_within("The report's id.", 100), EXAMPLE)
        .answers("The report; `detail` is what was read.", named("ReceivedReport"), example()),
    ]
}

fn example() -> Value {
    json!({
        "id": EXAMPLE, "kind": "dmarc-aggregate", "state": "counted", "reason": null, "domain": "example.com",
        "organization": "google.com", "report_id": "1234567890", "sender": "google.com", "verified": true,
        "begins_at": "2026-11-23T00:00:00Z", "ends_at": "2026-11-23T23:59:59Z", "messages": 40, "failures": 7,
        "recipient": null, "received_at": "2026-11-24T09:00:00Z",
    })
}

fn summed() -> Value {
    let none =
        json!({"messages": 0, "passed": 0, "dkim_aligned": 0, "spf_aligned": 0, "quarantined": 0, "rejected": 0});
    json!({
        "domain": "example.com", "since": "2026-10-25T09:00:00Z",
        "reports": {"counted": 0, "duplicate": 0, "refused": 0, "unreadable": 0, "unproven": 0, "unverified": 0},
        "dmarc": none, "sources": [], "days": [], "domains": [], "reporters": [],
        "tls": {"successes": 0, "failures": 0, "by_type": []},
        "dmarc_failures": 0, "complaints": {"proven": 0, "unproven": 0},
    })
}

/// The shape of a report.
pub(super) fn received() -> Value {
    let count = |what: &str| number(what, 0, i64::MAX.unsigned_abs());
    let free = |what: &str| json!({"type": "string", "description": what});
    open(&[
        ("id", text("Id.")),
        ("kind", text("`dmarc-aggregate`, `dmarc-failure`, `tls` or `complaint`.")),
        ("state", text("`counted`, `duplicate`, `refused`, `unreadable` or `unproven`.")),
        ("reason", maybe(free("Why it does not count, or what it proves."))),
        ("domain", free("The domain that it is about; empty when it does not say.")),
        ("organization", free("Who reports, as it says.")),
        ("report_id", free("Its id, as it says.")),
        ("sender", maybe(text("From domain of the mail that brought it."))),
        ("verified", flag("Whether that domain vouches for it.")),
        ("begins_at", moment("Begin of its period.")),
        ("ends_at", moment("End of its period.")),
        ("messages", count("Messages or sessions.")),
        ("failures", count("Those of them that failed.")),
        ("recipient", maybe(text("Id of the recipient that a complaint is about."))),
        ("received_at", moment("When it came.")),
        ("detail?", json!({"type": ["object", "null"], "description": "Everything that was read of it."})),
    ])
}

/// The shape of a summary.
pub(super) fn summary_shape() -> Value {
    let row = || json!({"type": "object"});
    let rows = |what: &str| list_of(what, row(), 200_000);
    open(&[
        ("domain", maybe(text("The domain; null: all."))),
        ("since", moment("Since when.")),
        ("reports", object_of("How many reports came, by what became of them.")),
        ("dmarc", named("DmarcTally")),
        ("sources", rows("Who sends as you, the most messages first: IP, whose it is, name, tally.")),
        ("days", rows("By day, oldest first.")),
        ("domains", rows("By domain, the most messages first.")),
        ("reporters", rows("Who reports on what.")),
        ("tls", object_of("How TLS to your MX fares.")),
        ("dmarc_failures", number("Single failures of DMARC.", 0, i64::MAX.unsigned_abs())),
        ("complaints", object_of("Complaints, proven and unproven.")),
    ])
}

/// The shape of a tally.
pub(super) fn tally() -> Value {
    let count = |what: &str| number(what, 0, u64::MAX);
    open(&[
        ("messages", count("Messages.")),
        ("passed", count("DMARC passed.")),
        ("dkim_aligned", count("DKIM passed and was aligned.")),
        ("spf_aligned", count("SPF passed and was aligned.")),
        ("quarantined", count("Put aside by the receiver.")),
        ("rejected", count("Refused by the receiver.")),
    ])
}

fn object_of(what: &str) -> Value {
    json!({"type": "object", "description": what})
}

async fn list(call: Call) -> Result<Response, Problem> {
    let (asked, ops) = (Asked::of(&call), &call.site.ops);
    let domain = call.domain_asked("domain")?;
    if let Some(name) = &domain {
        ops.domain_within(call.workspace(), name).await?;
    }
    let filter = ReportFilter {
        of: ReportsOf { workspace: call.workspace().cloned(), domain },
        kind: call.get("kind").and_then(Kind::parse),
        before: Some(asked.after.clone()).filter(|id| !id.is_empty()).map(ReportId),
        limit: asked.reads(),
    };
    Ok(asked.page(ops.reports(&filter).await?, |report| report.id.to_string()))
}

async fn summary(call: Call) -> Result<Response, Problem> {
    let domain = call.domain_asked("domain")?;
    let days = call.get("days").and_then(|days| days.parse().ok()).unwrap_or(USUAL);
    told(call.site.ops.report_summary(call.workspace(), domain.as_ref(), days).await)
}

async fn one(call: Call) -> Result<Response, Problem> {
    told(call.site.ops.received_report(call.workspace(), call.part("id")).await)
}
