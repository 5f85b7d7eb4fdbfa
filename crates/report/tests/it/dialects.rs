//! What is read of each reporter's own form.

use report::{Aggregate, Problem, parse_aggregate, parse_tls};

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Organization, id, seconds, domain, policy, then for each record: source, count, disposition, DKIM, SPF.
fn check(name: &str, head: &str, records: &[&str]) -> Aggregate {
    let report = parse_aggregate(&vector(name)).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    let policy = &report.policy;
    let found = format!(
        "{} {} {}-{} {} {}",
        report.organization, report.report_id, report.begins_at, report.ends_at, policy.domain, policy.p
    );
    assert_eq!(found, head, "{name}");
    let shown = report.records.iter().map(|record| {
        let source = record.source_ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
        let (dkim, spf) = (record.dkim_aligned, record.spf_aligned);
        format!("{source} {} {} {dkim} {spf} {}", record.count, record.disposition, record.header_from)
    });
    assert_eq!(shown.collect::<Vec<_>>(), records, "{name}");
    report
}

#[test]
fn google_is_read() {
    let report = check(
        "google.xml",
        "google.com 1234567890123456789 1794873600-1794959999 example.com reject",
        &["192.0.2.10 12 none true true example.com", "2001:db8::bad 3 reject false false example.com"],
    );
    assert_eq!((report.messages(), report.policy.np.as_str()), (15, "reject"));
    assert_eq!(report.records[1].spf[0].result, "softfail");
    assert!(report.records[1].dkim.is_empty());
}

#[test]
fn microsoft_is_read() {
    let report = check(
        "microsoft.xml",
        "Outlook.com 0f5d2c6a4b7e4d53a1c2b3d4e5f60718 1794873600-1794960000 example.com quarantine",
        &["192.0.2.10 5 none true false example.com"],
    );
    let record = &report.records[0];
    assert_eq!((record.envelope_to.as_str(), record.envelope_from.as_str()), ("hotmail.com", "bounces.example.org"));
    assert_eq!((record.spf[0].scope.as_str(), record.dkim[0].selector.as_str()), ("mfrom", "r1"));
    assert!(record.passed());
}

#[test]
fn yahoo_is_read_through_its_white_space() {
    check(
        "yahoo.xml",
        "Yahoo 1794959000.123456 1794873600-1794959999 example.com reject",
        &["192.0.2.10 7 none true true example.com"],
    );
}

#[test]
fn mail_ru_is_read_through_its_capitals() {
    let report = check(
        "mailru.xml",
        "Mail.Ru 48123456789012345671794873600 1794873600-1794960000 example.com none",
        &["198.51.100.7 2 none false false example.com"],
    );
    assert_eq!(report.records[0].spf[0].result, "fail");
}

#[test]
fn fastmail_is_read_with_its_reasons() {
    let report = check(
        "fastmail.xml",
        "Fastmail Pty Ltd 4711 1794873600-1794959999 example.com reject",
        &["203.0.113.9 1 none false false example.com"],
    );
    let record = &report.records[0];
    assert_eq!(record.overrides[0].kind, "forwarded");
    assert_eq!(record.overrides[0].comment, "trusted & sealed (ARC) <lists.example.org> é");
    assert_eq!(record.dkim.iter().map(|dkim| dkim.result.as_str()).collect::<Vec<_>>(), ["fail", "pass"]);
    assert_eq!(report.errors, ["one record was left out"]);
}

#[test]
fn the_form_of_rfc_9990_is_read_with_prefixes_and_extensions() {
    let report = check(
        "rfc9990.xml",
        "Receiver Example 3v98abbp8ya9n3va8yr8oa3ya 1794873600-1794959999 example.com quarantine",
        &["192.0.2.123 123 pass true false mail.example.com"],
    );
    assert_eq!(report.generator.as_deref(), Some("Receiver Reporter 2.0"));
    assert_eq!((report.policy.discovery_method.as_str(), report.policy.testing.as_str()), ("treewalk", "n"));
}

#[test]
fn an_old_draft_is_read_as_far_as_it_goes() {
    check(
        "draft.xml",
        "old.example.org old:1 1794873600-1794960000 example.com ",
        &["- 0 none true false example.com"],
    );
}

#[test]
fn google_tells_tls_failures_by_type_and_host() {
    let report = parse_tls(&vector("tls-google.json")).unwrap();
    assert_eq!((report.organization.as_str(), report.begins_at), ("Google Inc.", 1_794_873_600));
    let policy = &report.policies[0];
    assert_eq!((policy.kind.as_str(), policy.domain.as_str()), ("sts", "example.com"));
    assert_eq!((policy.successes, policy.failures), (41, 4));
    let failure = &policy.details[0];
    assert_eq!((failure.result.as_str(), failure.mx_host.as_str()), ("certificate-expired", "box.example.com"));
    assert_eq!(failure.count, 3);
}

#[test]
fn microsoft_tells_tls_with_counts_as_text() {
    let report = parse_tls(&vector("tls-microsoft.json")).unwrap();
    let counts: Vec<(u64, u64)> = report.policies.iter().map(|policy| (policy.successes, policy.failures)).collect();
    assert_eq!(counts, [(12, 0), (0, 2)]);
    assert_eq!(report.policies[0].domain, "example.com");
    assert_eq!(report.policies[0].mx_hosts, ["box.example.com"]);
    assert_eq!(report.policies[1].details[0].sending_ip, None);
}

#[test]
fn what_is_no_report_says_why() {
    let problem = |text: &str| parse_aggregate(text.as_bytes()).unwrap_err().id();
    assert_eq!(problem("<html></html>"), "report.no-report");
    assert_eq!(problem("<feedback></feedback>"), "report.no-report");
    assert_eq!(problem("<feedback><record>"), "report.syntax");
    assert_eq!(problem("<feedback><record></feedback"), "report.syntax");
    assert_eq!(problem(""), "report.no-report");
    assert_eq!(parse_tls(b"{}").unwrap_err().id(), "report.no-report");
    assert_eq!(parse_tls(b"{\"policies\":").unwrap_err().id(), "report.syntax");
}

#[test]
fn an_address_in_angle_brackets_costs_nothing_but_itself() {
    let broken = "<feedback><report_metadata><org_name>veeam.example</org_name><email><report@veeam.example></email><report_id>1</report_id></report_metadata><policy_published><domain>example.com</domain></policy_published></feedback>";
    let report = parse_aggregate(broken.as_bytes()).unwrap();
    assert_eq!((report.organization.as_str(), report.report_id.as_str()), ("veeam.example", "1"));
    assert_eq!(report.policy.domain, "example.com");
}

#[test]
fn entities_are_never_expanded() {
    let laughs = "<!DOCTYPE f [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><feedback><policy_published><domain>&b;</domain></policy_published></feedback>";
    assert_eq!(parse_aggregate(laughs.as_bytes()), Err(Problem::Entities));
    let outside = "<feedback><policy_published><domain>a&file;b</domain></policy_published></feedback>";
    assert_eq!(parse_aggregate(outside.as_bytes()).unwrap().policy.domain, "a&file;b");
}

#[test]
fn depth_records_and_texts_are_bounded() {
    let deep = "<feedback>".repeat(100);
    assert_eq!(parse_aggregate(deep.as_bytes()), Err(Problem::TooDeep));
    let records = "<record/>".repeat(50_001);
    let many = format!("<feedback>{records}</feedback>");
    assert_eq!(parse_aggregate(many.as_bytes()), Err(Problem::TooManyRecords { limit: 50_000 }));
    let dkim = "<dkim><domain>example.com</domain></dkim>".repeat(500);
    let name = "x".repeat(100_000);
    let long = format!(
        "<feedback><report_metadata><org_name>{name}</org_name></report_metadata><record><identifiers><header_from>example.com</header_from></identifiers><auth_results>{dkim}</auth_results></record></feedback>"
    );
    let report = parse_aggregate(long.as_bytes()).unwrap();
    assert_eq!((report.organization.len(), report.records[0].dkim.len()), (4096, 20));
}

proptest::proptest! {
    #[test]
    fn a_report_changed_anywhere_never_panics(at in 0_usize..2000, octet in proptest::num::u8::ANY) {
        let mut xml = vector("fastmail.xml");
        let index = at % xml.len();
        xml[index] = octet;
        let _ = parse_aggregate(&xml);
        let mut json = vector("tls-google.json");
        let index = at % json.len();
        json[index] = octet;
        let _ = parse_tls(&json);
    }
}
