//! Reports of receivers, with everything that a reporter can write being hostile.

use report::{Aggregate, DkimResult, Kind, Policy, Record, TlsFailure, TlsPolicy, TlsReport};
use store::{Arriving, ArrivingReport, NewReport, ReportFilter, ReportState, ReportedSource, ReportedTls, ReportsOf};

use super::{Duration, NOW, World, XSS, desk};

const DAY: Duration = Duration::from_secs(86_400);

fn source(ip: &str, messages: u64, passed: bool) -> ReportedSource {
    ReportedSource {
        source_ip: ip.to_owned(),
        header_from: XSS.to_owned(),
        authenticated_as: if passed { "example.com".to_owned() } else { String::new() },
        disposition: if passed { "none" } else { "reject" }.to_owned(),
        dkim_aligned: passed,
        spf_aligned: false,
        messages,
    }
}

fn report(kind: Kind, domain: &str, id: &str) -> NewReport {
    let aggregate = kind == Kind::DmarcAggregate;
    NewReport {
        kind,
        state: ReportState::Counted,
        reason: Some(XSS.to_owned()),
        key: format!("{domain} {id}"),
        domain: domain.to_owned(),
        organization: format!("{id} {XSS}"),
        report_id: XSS.to_owned(),
        sender: None,
        verified: false,
        begins_at: NOW - DAY,
        ends_at: NOW,
        messages: 50,
        failures: 10,
        recipient: None,
        detail: detail(kind),
        sources: if aggregate {
            vec![source("127.0.1.1", 40, true), source("198.51.100.9", 10, false)]
        } else {
            Vec::new()
        },
        tls: if kind == Kind::Tls {
            vec![session("success", 9), session("certificate-expired", 3)]
        } else {
            Vec::new()
        },
    }
}

fn session(result: &str, sessions: u64) -> ReportedTls {
    ReportedTls { policy: "sts".into(), result: result.into(), mx_host: XSS.into(), sessions }
}

fn detail(kind: Kind) -> String {
    let text = || XSS.to_owned();
    let detail = match kind {
        Kind::DmarcAggregate => {
            let dkim = vec![DkimResult { domain: text(), selector: text(), result: "pass".into() }];
            let record = |count| Record { count, header_from: text(), dkim: dkim.clone(), ..Record::default() };
            let records = (1..=300).map(record).collect();
            let policy = Policy { domain: text(), p: "reject".into(), ..Policy::default() };
            serde_json::to_string(&Aggregate { errors: vec![text()], policy, records, ..Aggregate::default() })
        }
        Kind::Tls => {
            let details =
                vec![TlsFailure { result: "certificate-expired".into(), more: text(), ..TlsFailure::default() }];
            let policies = vec![TlsPolicy { domain: text(), details, ..TlsPolicy::default() }];
            serde_json::to_string(&TlsReport { policies, ..TlsReport::default() })
        }
        _ => serde_json::to_string(&serde_json::json!({"reporter": XSS, "recipients": ["bob@example.net"]})),
    };
    detail.unwrap()
}

impl World {
    async fn reported(&self, report: NewReport) -> String {
        let report = Some(ArrivingReport { report, complaint: None });
        self.ops.store.arrive(Arriving { report, ..Arriving::default() }).await.unwrap();
        let newest = ReportFilter { limit: 1, ..ReportFilter::default() };
        self.ops.reports(&newest).await.unwrap()[0].id.to_string()
    }
}

fn is_safe(body: &str) {
    assert!(body.contains("&#60;script&#62;alert(1)"), "it is not shown at all: {body}");
    assert!(!body.contains("<script>alert") && !body.contains("<img src=x"), "open to injection: {body}");
    assert!(body.len() < 100 * 1024, "{} octets", body.len());
}

#[tokio::test]
async fn without_reports_the_page_says_how_to_get_them() {
    let desk = desk().await;
    let (_, body) = desk.read("/reports").await;
    assert!(body.contains("rua=mailto:") && body.contains("No report has come yet"), "{body}");
    let (_, body) = desk.read("/reports?domain=example.com").await;
    assert!(body.contains("v=DMARC1; p=reject; rua=mailto:reports@example.com"), "{body}");
    for other in ["example.org", "nonsense..", "%3Cscript%3Ealert(1)"] {
        let (status, body) = desk.read(&format!("/reports?domain={other}")).await;
        assert!(status == 200 && body.contains("No report fits") && !body.contains("reports@example.org"), "{body}");
    }
}

#[tokio::test]
async fn it_is_told_who_sends_as_us_day_by_day_and_report_by_report() {
    let desk = desk().await;
    let id = desk.reported(report(Kind::DmarcAggregate, "example.com", "one")).await;
    desk.reported(report(Kind::Tls, "example.com", "two")).await;
    let (_, body) = desk.read("/reports").await;
    is_safe(&body);
    for told in
        ["80.0 %", "127.0.1.1", "ours", "198.51.100.9", "a stranger", "certificate-expired", "2026-11-22: 40 passed"]
    {
        assert!(body.contains(told), "{told}: {body}");
    }
    let (_, body) = desk.read("/reports?kind=tls&domain=example.com&days=7").await;
    assert!(body.contains("two &#60;script") && !body.contains(&format!("/reports/{id}")), "{body}");
    let (_, body) = desk.read(&format!("/reports/{id}")).await;
    is_safe(&body);
    assert!(body.contains("The 100 largest of 300 rows") && body.contains("<td class=\"num\">300</td>"), "{body}");
    let (_, head, body) = desk.ask(Some(desk.viewer()), "GET", &format!("/reports/{id}/report.json"), "").await;
    assert!(head.contains("content-disposition: attachment") && head.contains("application/json"), "{head}");
    assert!(body.contains("\"records\""), "{body}");
}

#[tokio::test]
async fn every_kind_of_report_has_a_page_and_a_long_list_has_pages() {
    let desk = desk().await;
    for kind in Kind::ALL {
        let id = desk.reported(report(kind, "example.com", "one")).await;
        let (status, body) = desk.read(&format!("/reports/{id}")).await;
        assert_eq!(status, 200, "{kind:?}: {body}");
        is_safe(&body);
    }
    for number in 0..60 {
        desk.reported(report(Kind::Complaint, "example.com", &format!("n{number}."))).await;
    }
    let (_, body) = desk.read("/reports?kind=complaint").await;
    assert!(body.contains("n59. ") && !body.contains("n9. "), "{body}");
    let next = body.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    let (_, body) = desk.read(&next).await;
    assert!(body.contains("n9. ") && !body.contains("n59. ") && !body.contains("rel=\"next\""), "{next}: {body}");
}

#[tokio::test]
async fn a_report_of_another_workspace_is_not_there() {
    let desk = desk().await;
    let foreign = desk.reported(report(Kind::DmarcAggregate, "example.org", "one")).await;
    let nobodys = NewReport { state: ReportState::Refused, ..report(Kind::DmarcAggregate, "evil.test", "two") };
    let nobodys = desk.reported(nobodys).await;
    for id in [&foreign, &nobodys] {
        assert_eq!(desk.read(&format!("/reports/{id}")).await.0, 404);
        assert_eq!(desk.read(&format!("/reports/{id}/report.json")).await.0, 404);
    }
    for path in ["/reports", "/reports?domain=example.org", "/reports?domain=evil.test"] {
        let (status, body) = desk.read(path).await;
        assert!(status == 200 && !body.contains(&foreign) && !body.contains("198.51.100.9"), "{path}: {body}");
    }
    let of = ReportsOf { workspace: Some(desk.own.clone()), domain: None };
    assert!(desk.ops.reports(&ReportFilter { of, ..ReportFilter::default() }).await.unwrap().is_empty());
    let (status, _, body) =
        desk.ask(Some(super::Viewer { workspace: None, ..desk.viewer() }), "GET", "/reports", "").await;
    assert!(status == 200 && body.contains(&nobodys) && body.contains(&foreign), "who sees all sees these: {body}");
}
