//! Reports: counted once, summed up, refused apart.

use std::time::Duration;

use report::Kind;
use store::{
    Arriving, ArrivingReport, Complaint, NewReport, ReportFilter, ReportState, ReportedSource, ReportedTls, ReportsOf,
    StoredReport,
};
use syntax::Domain;

use crate::house::{House, NOON, Place, add_domain, address};

crate::on_both_databases!(
    a_report_counts_once_however_often_it_comes,
    a_forged_report_does_not_make_a_real_one_a_duplicate,
    sums_are_by_domain_day_and_outcome,
    what_does_not_count_is_kept_with_its_reason,
    only_a_proven_complaint_suppresses,
    a_workspace_has_the_reports_about_its_domains_and_no_others,
    a_list_goes_on_behind_the_last_one_seen,
);

fn source(ip: &str, messages: u64, passed: bool) -> ReportedSource {
    ReportedSource {
        source_ip: ip.to_owned(),
        header_from: "example.com".to_owned(),
        authenticated_as: "example.com".to_owned(),
        disposition: "none".to_owned(),
        dkim_aligned: passed,
        spf_aligned: false,
        messages,
    }
}

fn report(id: &str) -> NewReport {
    let tls = |result: &str, sessions| ReportedTls {
        policy: "sts".to_owned(),
        result: result.to_owned(),
        mx_host: "box.example.com".to_owned(),
        sessions,
    };
    NewReport {
        kind: Kind::DmarcAggregate,
        state: ReportState::Counted,
        reason: None,
        key: format!("google.com\n{id}"),
        domain: "example.com".to_owned(),
        organization: "google.com".to_owned(),
        report_id: id.to_owned(),
        sender: Some(Domain::parse("google.com").unwrap()),
        verified: true,
        begins_at: NOON,
        ends_at: NOON + Duration::from_secs(86_399),
        messages: 5,
        failures: 2,
        recipient: None,
        detail: "{}".to_owned(),
        sources: vec![source("192.0.2.1", 3, true), source("192.0.2.9", 2, false)],
        tls: vec![tls("success", 7), tls("certificate-expired", 1)],
    }
}

async fn arrive(house: &House, report: NewReport, complaint: Option<Complaint>) {
    let report = Some(ArrivingReport { report, complaint });
    house.store.arrive(Arriving { report, ..Arriving::default() }).await.unwrap();
}

async fn listed(house: &House) -> Vec<StoredReport> {
    house.store.reports(&ReportFilter::default()).await.unwrap()
}

async fn a_report_counts_once_however_often_it_comes(place: Place) {
    let house = House::at(place).await;
    arrive(&house, report("1"), None).await;
    arrive(&house, report("1"), None).await;
    arrive(&house, report("2"), None).await;
    let states: Vec<ReportState> = listed(&house).await.iter().map(|report| report.state).collect();
    assert_eq!(states, [ReportState::Counted, ReportState::Duplicate, ReportState::Counted]);
    let reports = listed(&house).await;
    assert_eq!(reports[1].reason.as_deref(), Some(format!("the same as report {}", reports[2].id).as_str()));
    let sums = house.store.report_sources(&ReportsOf::default(), NOON).await.unwrap();
    assert_eq!(sums.iter().map(|row| row.seen.messages).collect::<Vec<_>>(), [6, 4]);
}

async fn a_forged_report_does_not_make_a_real_one_a_duplicate(place: Place) {
    let house = House::at(place).await;
    arrive(&house, NewReport { verified: false, ..report("1") }, None).await;
    arrive(&house, report("1"), None).await;
    assert!(listed(&house).await.iter().all(|report| report.state == ReportState::Counted));
}

async fn sums_are_by_domain_day_and_outcome(place: Place) {
    let house = House::at(place).await;
    let day = Duration::from_secs(86_400);
    arrive(&house, report("1"), None).await;
    arrive(&house, NewReport { begins_at: NOON + day, ..report("2") }, None).await;
    arrive(&house, NewReport { domain: "example.org".to_owned(), ..report("3") }, None).await;
    let com = of_domain("example.com");
    let days =
        |rows: Vec<store::SourceDay>| rows.into_iter().map(|row| (row.day, row.seen.source_ip)).collect::<Vec<_>>();
    let found = days(house.store.report_sources(&com, NOON).await.unwrap());
    let expect =
        [("20261123", "192.0.2.1"), ("20261123", "192.0.2.9"), ("20261124", "192.0.2.1"), ("20261124", "192.0.2.9")];
    assert_eq!(found, expect.map(|(day, ip)| (day.to_owned(), ip.to_owned())));
    assert_eq!(house.store.report_sources(&com, NOON + day).await.unwrap().len(), 2);
    assert_eq!(house.store.report_sources(&ReportsOf::default(), NOON).await.unwrap().len(), 6);
    let tls = house.store.report_tls(&com, NOON).await.unwrap();
    assert_eq!(tls[0].seen.result, "certificate-expired");
    assert_eq!(tls.iter().map(|row| row.seen.sessions).sum::<u64>(), 16);
    let only = ReportFilter { of: com.clone(), kind: Some(Kind::DmarcAggregate), limit: 1, ..ReportFilter::default() };
    assert_eq!(house.store.reports(&only).await.unwrap()[0].report_id, "2");
    assert_eq!(house.store.reports_since(&com, NOON + day).await.unwrap().len(), 1);
}

async fn what_does_not_count_is_kept_with_its_reason(place: Place) {
    let house = House::at(place).await;
    let start = house.store.last_event().await.unwrap();
    let refused = NewReport {
        state: ReportState::Refused,
        reason: Some("evil.test is no domain of ours\0".to_owned()),
        domain: "evil.test".to_owned(),
        messages: u64::MAX,
        ..report("1")
    };
    arrive(&house, refused.clone(), None).await;
    arrive(&house, refused, None).await;
    let kept = listed(&house).await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].state, ReportState::Refused);
    assert!(kept[0].reason.as_deref().is_some_and(|reason| reason.starts_with("evil.test is no domain")));
    assert!(house.store.report_sources(&ReportsOf::default(), NOON).await.unwrap().is_empty());
    assert_eq!(house.kinds_after(start).await, ["report-received", "report-received"]);
    let (again, detail) = house.store.report(None, &kept[0].id).await.unwrap().unwrap();
    assert_eq!((again.id, detail.as_str()), (kept[0].id.clone(), "{}"));
}

async fn only_a_proven_complaint_suppresses(place: Place) {
    let house = House::at(place).await;
    let bob = address("bob@example.net");
    let complaint = |proven, of| Complaint { of, recipient: None, proven, why: "the token is ours".to_owned() };
    let about = |id: &str| NewReport { kind: Kind::Complaint, sources: Vec::new(), tls: Vec::new(), ..report(id) };
    arrive(&house, NewReport { state: ReportState::Unproven, ..about("1") }, Some(complaint(false, None))).await;
    arrive(&house, about("2"), Some(complaint(true, Some((bob.clone(), false))))).await;
    assert!(house.store.suppressions().await.unwrap().is_empty());
    let start = house.store.last_event().await.unwrap();
    arrive(&house, about("3"), Some(complaint(true, Some((bob.clone(), true))))).await;
    arrive(&house, about("3"), Some(complaint(true, Some((bob.clone(), true))))).await;
    let suppression = house.store.suppression(&bob).await.unwrap().unwrap();
    assert_eq!(suppression.reason, "complaint");
    assert!(suppression.why.is_some_and(|why| why.ends_with("the token is ours")));
    let kinds = ["report-received", "complaint-received", "suppressed", "report-received"];
    assert_eq!(house.kinds_after(start).await, kinds);
}

fn of_domain(name: &str) -> ReportsOf {
    ReportsOf { workspace: None, domain: Domain::parse(name).ok() }
}

async fn a_workspace_has_the_reports_about_its_domains_and_no_others(place: Place) {
    let house = House::at(place).await;
    let rival = add_domain(&house.store, "rival", "example.org", "127.0.1.2").await;
    arrive(&house, report("1"), None).await;
    arrive(&house, NewReport { domain: "example.org".to_owned(), ..report("2") }, None).await;
    let nobodys = NewReport { state: ReportState::Refused, domain: "evil.test".to_owned(), ..report("3") };
    arrive(&house, nobodys, None).await;
    for (workspace, name, id) in [(&house.domain.workspace, "example.com", "1"), (&rival.workspace, "example.org", "2")]
    {
        let of = ReportsOf { workspace: Some(workspace.clone()), domain: None };
        let listed = house.store.reports(&ReportFilter { of: of.clone(), ..ReportFilter::default() }).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.report_id.as_str()).collect::<Vec<_>>(), [id]);
        let sources = house.store.report_sources(&of, NOON).await.unwrap();
        assert!(sources.len() == 2 && sources.iter().all(|row| row.domain == name), "{sources:?}");
        assert!(house.store.report_tls(&of, NOON).await.unwrap().iter().all(|row| row.domain == name));
        assert_eq!(house.store.reports_since(&of, NOON).await.unwrap().len(), 1);
        for one in self::listed(&house).await {
            let found = house.store.report(Some(workspace), &one.id).await.unwrap();
            assert_eq!(found.is_some(), one.domain == name, "{}", one.domain);
        }
    }
    let foreign = ReportsOf { workspace: Some(rival.workspace), ..of_domain("example.com") };
    assert!(house.store.reports(&ReportFilter { of: foreign, ..ReportFilter::default() }).await.unwrap().is_empty());
}

async fn a_list_goes_on_behind_the_last_one_seen(place: Place) {
    let house = House::at(place).await;
    for id in ["1", "2", "3"] {
        arrive(&house, report(id), None).await;
    }
    let page = async |before| {
        let filter = ReportFilter { before, limit: 2, ..ReportFilter::default() };
        house.store.reports(&filter).await.unwrap()
    };
    let first = page(None).await;
    let rest = page(first.last().map(|one| one.id.clone())).await;
    let ids: Vec<&str> = first.iter().chain(&rest).map(|one| one.report_id.as_str()).collect();
    assert_eq!(ids, ["3", "2", "1"]);
}
