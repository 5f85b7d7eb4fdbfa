//! A domain in order, and the same with one thing wrong at a time.

use std::net::IpAddr;

use check::{Checks, DomainFacts, Finding, Report, Selector, State};
use rules::reach::Reach;
use syntax::Domain;
use testkit::nameserver::{Habit, Zones};

/// Everything as it should be. `KEY` stands for a good key.
const GOOD: &str = r#"
a.test MX 10 mail.a.test.
a.test TXT "v=spf1 ip4:192.0.2.5 -all"
mail.a.test A 192.0.2.5
mail.a.test TXT "v=spf1 a -all"
5.2.0.192.in-addr.arpa PTR mail.a.test.
s1._domainkey.a.test TXT "KEY"
_dmarc.a.test TXT "v=DMARC1; p=reject; rua=mailto:dmarc@a.test"
_mta-sts.a.test TXT "v=STSv1; id=20261124"
_smtp._tls.a.test TXT "v=TLSRPTv1; rua=mailto:tls@a.test"
"#;

fn key() -> String {
    auth::generate(auth::Algorithm::Rsa).unwrap().1
}

fn zone(text: &str, key: &str) -> Zones {
    // A TXT string has at most 255 octets.
    let (first, second) = key.split_at(200);
    Zones::text(&text.replace("\"KEY\"", &format!("\"{first}\" \"{second}\""))).apex("a.test")
}

async fn report(zones: Zones, key: &str) -> Report {
    let server = zones.serve().await;
    let checks = Checks { reach: Reach::Anywhere, ..Checks::new(server.resolver()).unwrap() };
    let facts = DomainFacts {
        ips: vec!["192.0.2.5".parse::<IpAddr>().unwrap()],
        helo: Some("mail.a.test".into()),
        selectors: vec![Selector { name: "s1".into(), expected: Some(key.to_owned()) }],
        dial: false,
        blocklists: false,
        bulk: true,
    };
    checks.report(&Domain::parse("a.test").unwrap(), &facts, |_| {}).await
}

/// The ids of what is not ok, with the states; sorted, each once.
fn faults(findings: &[Finding]) -> Vec<(&'static str, State)> {
    let not_ok = findings.iter().filter(|finding| finding.state != State::Ok);
    let mut ids: Vec<(&str, State)> = not_ok.map(|finding| (finding.id, finding.state)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// With one line exchanged for others, exactly these faults are found.
async fn check(line: &str, instead: &str, expect: &[(&str, State)]) {
    let key = key();
    assert!(GOOD.contains(line), "{line}");
    let report = report(zone(&GOOD.replace(line, instead), &key), &key).await;
    assert_eq!(faults(&report.findings), expect, "{instead}: {:#?}", report.findings);
    for finding in report.findings.iter().filter(|finding| matches!(finding.state, State::Bad | State::Warn)) {
        assert!(finding.fix.is_some() && finding.entry.is_some(), "{finding:?}");
    }
}

#[tokio::test]
async fn a_domain_in_order_has_no_fault_and_full_marks() {
    let key = key();
    let report = report(zone(GOOD, &key), &key).await;
    assert_eq!(faults(&report.findings), [], "{:#?}", report.findings);
    let grade = report.grade.unwrap();
    assert_eq!((grade.letter, grade.points), ('A', grade.of), "{:?}", grade.lines);
    assert!(report.predicted.iter().all(|one| one.reply.is_none()), "{:#?}", report.predicted);
}

#[tokio::test]
async fn faults_of_spf_are_found() {
    use State::{Bad, Warn};
    let line = r#"a.test TXT "v=spf1 ip4:192.0.2.5 -all""#;
    check(line, "", &[("spf.missing", Bad)]).await;
    check(line, r#"a.test TXT "v=spf1 ip4:192.0.2.6 -all""#, &[("spf.result", Bad)]).await;
    check(line, r#"a.test TXT "v=spf1 ip4:192.0.2.5""#, &[("spf.no-end", Warn)]).await;
    check(line, r#"a.test TXT "v=spf1 +all""#, &[("spf.passes-all", Bad)]).await;
    check(line, r#"a.test TXT "v=spf1 ip:192.0.2.5 -all""#, &[("spf.syntax", Bad)]).await;
    let two = "a.test TXT \"v=spf1 ip4:192.0.2.5 -all\"\na.test TXT \"v=spf1 mx -all\"";
    check(line, two, &[("spf.several-records", Bad)]).await;
    let gone = r#"a.test TXT "v=spf1 include:nowhere.test ip4:192.0.2.5 -all""#;
    check(line, gone, &[("spf.include-missing", Bad)]).await;
    check(line, r#"a.test TXT "v=spf1 ip4:192.0.0.0/8 -all""#, &[("spf.wide", Warn)]).await;
}

#[tokio::test]
async fn faults_of_dkim_are_found() {
    use State::Bad;
    let line = r#"s1._domainkey.a.test TXT "KEY""#;
    check(line, "", &[("dkim.missing", Bad)]).await;
    check(line, r#"s1._domainkey.a.test TXT "v=DKIM1; p=""#, &[("dkim.key-different", Bad), ("dkim.revoked", Bad)])
        .await;
    let cut = r#"s1._domainkey.a.test TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0B""#;
    check(line, cut, &[("dkim.key-different", Bad), ("dkim.syntax", Bad)]).await;
    let weak = r#"s1._domainkey.a.test TXT "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKJ2lzDLZ8XlVambQfMXn3LRGKOD5o6lMIgulclWjZwP56LRqdg5ZX15bhc/GsvW8xW/R5Sh1NnkJNyL/cqY1a8CAwEAAQ==""#;
    check(line, weak, &[("dkim.key-different", Bad), ("dkim.weak-key", Bad)]).await;
}

#[tokio::test]
async fn faults_of_dmarc_are_found() {
    use State::{Bad, Warn};
    let line = r#"_dmarc.a.test TXT "v=DMARC1; p=reject; rua=mailto:dmarc@a.test""#;
    check(line, "", &[("dmarc.missing", Bad)]).await;
    check(line, r#"_dmarc.a.test TXT "v=DMARC1; p=reject""#, &[("dmarc.no-reports", Warn)]).await;
    check(line, r#"_dmarc.a.test TXT "v=DMARC1; p=monitor""#, &[("dmarc.syntax", Bad)]).await;
    let two = "_dmarc.a.test TXT \"v=DMARC1; p=none\"\n_dmarc.a.test TXT \"v=DMARC1; p=reject\"";
    check(line, two, &[("dmarc.several-records", Bad)]).await;
    let elsewhere = r#"_dmarc.a.test TXT "v=DMARC1; p=none; rua=mailto:x@b.test""#;
    check(line, elsewhere, &[("dmarc.report-destination", Warn)]).await;
    let asked =
        "_dmarc.a.test TXT \"v=DMARC1; p=none; rua=mailto:x@b.test\"\na.test._report._dmarc.b.test TXT \"v=DMARC1\"";
    check(line, asked, &[]).await;
}

#[tokio::test]
async fn faults_of_hosts_are_found() {
    use State::{Bad, Warn};
    let ptr = "5.2.0.192.in-addr.arpa PTR mail.a.test.";
    check(ptr, "", &[("ptr.missing", Bad)]).await;
    let other = "5.2.0.192.in-addr.arpa PTR other.a.test.\nother.a.test A 192.0.2.9";
    check(ptr, other, &[("helo.matches-ptr", Warn), ("ptr.confirmed", Bad)]).await;
    let generic = "5.2.0.192.in-addr.arpa PTR 192-0-2-5.isp.test.\n192-0-2-5.isp.test A 192.0.2.5";
    check(ptr, generic, &[("helo.matches-ptr", Warn), ("ptr.generic", Warn)]).await;
    let mx = "a.test MX 10 mail.a.test.";
    check(mx, "", &[("mx.sender", Bad)]).await;
    check(mx, "a.test MX 0 .", &[("mx.null", Bad)]).await;
    check(mx, "a.test MX 10 mx.a.test.\nmx.a.test CNAME mail.a.test.", &[("mx.alias", Warn)]).await;
    check(mx, "a.test MX 10 gone.a.test.", &[("mx.address", Warn), ("mx.sender", Bad)]).await;
    check(mx, "a.test MX 5 gone.a.test.\na.test MX 10 mail.a.test.", &[("mx.address", Warn)]).await;
}

#[tokio::test]
async fn faults_of_what_protects_received_mail_explain_no_refusal() {
    use State::Bad;
    let sts = r#"_mta-sts.a.test TXT "v=STSv1; id=20261124""#;
    check(sts, r#"_mta-sts.a.test TXT "v=STSv1;""#, &[("mta-sts.record", Bad)]).await;
    let tls = r#"_smtp._tls.a.test TXT "v=TLSRPTv1; rua=mailto:tls@a.test""#;
    check(tls, r#"_smtp._tls.a.test TXT "v=TLSRPTv1""#, &[("tls-rpt.record", Bad)]).await;
    let key = key();
    let broken = GOOD.replace(sts, r#"_mta-sts.a.test TXT "v=STSv1;""#);
    let report = report(zone(&broken, &key), &key).await;
    assert_eq!(report.grade.map(|grade| grade.letter), Some('A'));
    assert!(report.predicted.iter().all(|one| one.reply.is_none()), "{:#?}", report.predicted);
}

#[tokio::test]
async fn what_is_not_answered_is_unknown_and_counts_neither_way() {
    let key = key();
    let silent =
        zone(GOOD, &key).habit("_dmarc.a.test", Habit::Silent).habit("5.2.0.192.in-addr.arpa", Habit::ServFail);
    let report = report(silent, &key).await;
    let states = faults(&report.findings);
    assert_eq!(states, [("dmarc.record", State::Unknown), ("ptr.confirmed", State::Unknown)], "{:#?}", report.findings);
    assert_eq!(report.grade.map(|grade| grade.letter), Some('A'));
    assert!(report.predicted.iter().all(|one| one.reply.is_none()));
}
