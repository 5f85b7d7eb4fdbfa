//! Against a name server on loopback; what is generated is held against our own evaluation of it.

use std::net::IpAddr;

use auth::{SpfQuery, Verdict, evaluate_spf};
use rules::generate::{
    Generated, ReportUri, bimi, dkim, dmarc, mta_sts,
    spf::{Known, Source},
    tls_rpt,
};
use testkit::nameserver::{Habit, Nameserver, Zones};

use super::*;

const ZONES: &str = "\
mail.vendor.test TXT \"v=spf1 include:a.vendor.test include:b.vendor.test ~all\"
a.vendor.test TXT \"v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/25 ~all\"
b.vendor.test TXT \"v=spf1 ip6:2001:db8:7::/48 a:host.vendor.test/28 ~all\"
host.vendor.test A 203.0.113.17
macro.vendor.test TXT \"v=spf1 exists:%{i}.x.vendor.test -all\"
minus.vendor.test TXT \"v=spf1 -ip4:198.51.100.7 ip4:198.51.100.0/24 -all\"
open.vendor.test TXT \"v=spf1 +all\"
two.vendor.test TXT \"v=spf1 -all\"
two.vendor.test TXT \"v=spf1 ~all\"
shared.vendor.test TXT \"v=spf1 include:left.vendor.test include:right.vendor.test -all\"
left.vendor.test TXT \"v=spf1 include:a.vendor.test -all\"
right.vendor.test TXT \"v=spf1 include:a.vendor.test -all\"
loop.vendor.test TXT \"v=spf1 include:loop.vendor.test -all\"
deep.vendor.test TXT \"v=spf1 include:open.vendor.test -all\"
none.vendor.test TXT \"hello\"
example.com MX 10 box.example.com.
box.example.com A 192.0.2.10
dear.test TXT \"v=spf1 mx include:mail.vendor.test -all\"
dear.test MX 10 box.example.com.
moved.test TXT \"v=spf1 redirect=dear.test\"
";

fn wish(sources: &[&str]) -> Spf {
    let sources = sources.iter().map(|text| Source::parse(text).unwrap()).collect();
    Spf { domain: "example.com".parse().unwrap(), sources, end: End::Fail }
}

async fn world() -> (Nameserver, Checks) {
    let server = Zones::text(ZONES).habit("silent.vendor.test", Habit::ServFail).serve().await;
    let checks = Checks::new(server.resolver()).unwrap();
    (server, checks)
}

/// The zones with what was generated in them.
async fn published(made: &Generated) -> Nameserver {
    Zones::text(&format!("{ZONES}{}", made.zone())).serve().await
}

async fn verdict(server: &Nameserver, domain: &str, ip: &str) -> Verdict {
    let ip: IpAddr = ip.parse().unwrap();
    let mail_from = Some(format!("ann@{domain}"));
    let query = SpfQuery { ip, helo: "box.example.com".into(), mail_from, receiver: "mx.test".into(), at: 0 };
    evaluate_spf(&server.resolver(), &query).await.result
}

#[tokio::test]
async fn the_count_that_is_told_is_the_count_that_is_surveyed() {
    let (_server, checks) = world().await;
    let answer = checks.generate_spf(&wish(&["mx", "include:mail.vendor.test", "192.0.2.1"])).await.unwrap();
    assert_eq!((answer.lookups, answer.exact), (5, true));
    assert!(answer.costs.iter().any(|cost| cost.known == Known::Measured && cost.lookups == 4), "{:?}", answer.costs);
    auth::parse_spf(&answer.made.records[0].value).unwrap();
    let server = published(&answer.made).await;
    assert_eq!(survey_spf(&server.resolver(), "example.com").await.lookups, answer.lookups);
    for (ip, expect) in [("192.0.2.10", Verdict::Pass), ("198.51.100.200", Verdict::Pass), ("192.0.2.2", Verdict::Fail)]
    {
        assert_eq!(verdict(&server, "example.com", ip).await, expect, "{ip}");
    }
}

#[tokio::test]
async fn what_cannot_be_measured_is_told_and_never_counted_as_nothing() {
    let (_server, checks) = world().await;
    let answer = checks.generate_spf(&wish(&["include:silent.vendor.test", "include:none.vendor.test"])).await.unwrap();
    assert_eq!((answer.lookups, answer.exact), (2, false));
    let warnings = answer.made.warnings.join("\n");
    assert!(warnings.contains("silent.vendor.test could not be measured"), "{warnings}");
    assert!(warnings.contains("none.vendor.test has not exactly one SPF record"), "{warnings}");
    let open = checks.generate_spf(&wish(&["include:open.vendor.test"])).await.unwrap();
    assert!(open.made.warnings[0].contains("lets everybody send"), "{:?}", open.made.warnings);
}

#[tokio::test]
async fn what_two_includes_share_costs_twice_and_is_no_loop() {
    let (_server, checks) = world().await;
    let wanted = wish(&["include:shared.vendor.test"]);
    let answer = checks.generate_spf(&wanted).await.unwrap();
    assert_eq!((answer.lookups, answer.exact), (5, true), "{:?}", answer.made.warnings);
    let flat = checks.flatten_spf(&wanted).await.unwrap();
    assert_eq!(flat.made.records[0].value, "v=spf1 ip4:198.51.100.0/24 -all");
    // By the evaluator, too: a client that nothing matches pays for both.
    let server = published(&answer.made).await;
    let query = SpfQuery {
        ip: "192.0.2.1".parse().unwrap(),
        helo: "box.example.com".into(),
        mail_from: Some("ann@example.com".into()),
        receiver: "mx.test".into(),
        at: 0,
    };
    assert_eq!(evaluate_spf(&server.resolver(), &query).await.lookups, 5);
}

#[tokio::test]
async fn a_flat_record_needs_no_look_ups_and_says_the_same() {
    let (_server, checks) = world().await;
    let wanted = wish(&["mx", "include:mail.vendor.test"]);
    let flat = checks.flatten_spf(&wanted).await.unwrap();
    assert_eq!(
        flat.made.records[0].value,
        "v=spf1 ip4:192.0.2.10 ip4:198.51.100.0/24 ip4:203.0.113.16/28 ip6:2001:db8:7::/48 -all"
    );
    assert_eq!((flat.lookups, flat.networks, flat.kept.len()), (0, 4, 0));
    assert!(flat.made.warnings[0].contains("goes stale"), "{:?}", flat.made.warnings);
    let before = published(&wanted.generate(&Measured::new()).unwrap().made).await;
    let after = published(&flat.made).await;
    for ip in [
        "192.0.2.10",
        "198.51.100.9",
        "198.51.101.0",
        "203.0.113.31",
        "203.0.113.32",
        "2001:db8:7:1::5",
        "2001:db8:8::",
    ] {
        let (before, after) = (verdict(&before, "example.com", ip).await, verdict(&after, "example.com", ip).await);
        assert_eq!(before, after, "{ip}");
    }
}

#[tokio::test]
async fn a_published_record_is_flattened_and_a_redirect_followed() {
    let (_server, checks) = world().await;
    for (name, before) in [("dear.test", 5), ("moved.test", 6)] {
        let (lookups, flat) = checks.flatten_published(&name.parse().unwrap()).await.unwrap();
        assert_eq!((lookups, flat.lookups), (before, 0), "{name}");
        assert!(flat.made.records[0].value.ends_with(" -all"), "{}", flat.made.records[0].value);
    }
    let fault = checks.flatten_published(&"none.vendor.test".parse().unwrap()).await.unwrap_err();
    assert_eq!(fault.code, "generate.spf-none");
}

#[tokio::test]
async fn what_hangs_on_the_client_stays_and_keeps_its_cost() {
    let (_server, checks) = world().await;
    let flat = checks
        .flatten_spf(&wish(&["include:macro.vendor.test", "include:minus.vendor.test", "192.0.2.1"]))
        .await
        .unwrap();
    assert_eq!(
        flat.made.records[0].value,
        "v=spf1 ip4:192.0.2.1 include:macro.vendor.test include:minus.vendor.test -all"
    );
    assert_eq!((flat.lookups, flat.kept.len()), (3, 2));
    assert_eq!(survey_spf(&published(&flat.made).await.resolver(), "example.com").await.lookups, 3);
}

#[tokio::test]
async fn what_cannot_be_read_is_never_left_out_silently() {
    let (_server, checks) = world().await;
    for (source, code) in [
        ("include:silent.vendor.test", "generate.spf-lookup"),
        ("include:none.vendor.test", "generate.spf-flat"),
        ("include:open.vendor.test", "generate.spf-flat"),
        ("include:deep.vendor.test", "generate.spf-flat"),
        ("include:loop.vendor.test", "generate.spf-lookup"),
    ] {
        assert_eq!(checks.flatten_spf(&wish(&[source])).await.unwrap_err().code, code, "{source}");
    }
    let domain: Domain = "example.com".parse().unwrap();
    for record in
        ["v=spf1 -ip4:192.0.2.1 mx -all", "v=spf1 mx +all", "v=spf1 nonsense -all", "v=spf1 redirect=%{d}.x.test"]
    {
        assert_eq!(checks.flatten_record(&domain, record).await.unwrap_err().code, "generate.spf-flat", "{record}");
    }
}

#[tokio::test]
async fn many_networks_are_split_and_evaluate_as_one() {
    let nets: String = (0..60).map(|number| format!("ip4:198.51.{}.1 ", number * 2)).collect();
    let record = format!("v=spf1 {nets}-all");
    let (_server, checks) = world().await;
    let flat = checks.flatten_record(&"example.com".parse().unwrap(), &record).await.unwrap();
    assert_eq!((flat.lookups, flat.made.records.len()), (3, 4));
    let server = published(&flat.made).await;
    assert_eq!(survey_spf(&server.resolver(), "example.com").await.lookups, flat.lookups);
    assert_eq!(verdict(&server, "example.com", "198.51.118.1").await, Verdict::Pass);
    assert_eq!(verdict(&server, "example.com", "198.51.119.1").await, Verdict::Fail);
}

#[tokio::test]
async fn a_generated_dmarc_record_is_read_by_the_checks_and_by_mail_auth() {
    let wish = dmarc::Dmarc {
        np: Some(dmarc::Policy::Reject),
        adkim: dmarc::Alignment::Strict,
        rua: vec![ReportUri::parse("d@reports.test").unwrap()],
        ..dmarc::Dmarc::new("example.com".parse().unwrap(), dmarc::Policy::Quarantine)
    };
    let server = published(&wish.generate()).await;
    let checks = Checks::new(server.resolver()).unwrap();
    let findings = checks.dmarc(&wish.domain).await;
    assert_ne!(crate::worst(&findings), crate::State::Unknown, "{findings:?}");
    assert!(findings.iter().any(|finding| finding.seen.contains("p=quarantine")), "{findings:?}");
    let message = b"From: ann@example.com\r\nSubject: x\r\n\r\nhi\r\n";
    let from = "bounce@other.test".parse().unwrap();
    let arrived = auth::Arrived { ip: [192, 0, 2, 1].into(), helo: "box.other.test", mail_from: Some(&from), message };
    assert_eq!(checks.verifier.verify(&arrived).await.policy, Some(auth::Policy::Quarantine));
}

#[tokio::test]
async fn the_published_key_verifies_what_the_private_key_signed() {
    for algorithm in [auth::Algorithm::Rsa, auth::Algorithm::Ed25519] {
        let (key, txt) = auth::generate(algorithm).unwrap();
        let domain: Domain = "example.com".parse().unwrap();
        let record = dkim::Dkim {
            domain: domain.clone(),
            selector: dkim::selector("s1").unwrap(),
            key: Some(dkim::PublicKey::parse(&txt).unwrap()),
            testing: false,
            strict: false,
        };
        let server = published(&record.generate()).await;
        let signing = auth::SigningKey { domain, selector: "s1".into(), algorithm, key };
        let signed = auth::Signer::new(&[signing])
            .unwrap()
            .sign(b"From: ann@example.com\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\nhi\r\n")
            .unwrap();
        let checks = Checks::new(server.resolver()).unwrap();
        let arrived = auth::Arrived { ip: [192, 0, 2, 1].into(), helo: "x.test", mail_from: None, message: &signed };
        let verdicts = checks.verifier.verify(&arrived).await;
        assert_eq!(verdicts.dkim.iter().map(|one| one.verdict).collect::<Vec<_>>(), [Verdict::Pass], "{algorithm:?}");
    }
}

#[tokio::test]
async fn every_generated_record_comes_out_of_the_dns_as_it_went_in() {
    let domain: Domain = "bücher.example".parse().unwrap();
    let rua = vec![ReportUri::parse("r@bücher.example").unwrap()];
    let sts = mta_sts::MtaSts {
        domain: domain.clone(),
        mode: mta_sts::Mode::Enforce,
        mx: vec![mta_sts::mx_pattern("box.bücher.example").unwrap()],
        max_age: 604_800,
        id: "1".into(),
    };
    let logo = bimi::Bimi {
        domain: domain.clone(),
        selector: "default".into(),
        logo: Some("https://xn--bcher-kva.example/l.svg".into()),
        evidence: None,
    };
    for made in [sts.generate().unwrap(), tls_rpt::generate(&domain, &rua).unwrap(), logo.generate().unwrap()] {
        let server = published(&made).await;
        for record in &made.records {
            let found = server.resolver().txt(&record.name).await.unwrap().records();
            assert_eq!(found, std::slice::from_ref(&record.value), "{}", record.name);
        }
        assert!(made.notes.iter().any(|line| line.contains("xn--bcher-kva.example")), "{:?}", made.notes);
    }
}
