//! What bounds a test: silence, long chains, strange answers, and how many questions are open at once.

use std::time::Duration;

use check::{Checks, DomainFacts, State};
use syntax::Domain;
use testkit::nameserver::{Habit, Zones};

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

#[tokio::test]
async fn a_server_that_answers_strangely_makes_the_check_unknown() {
    for habit in [Habit::Silent, Habit::OtherSocket, Habit::OtherId, Habit::Refused, Habit::ServFail] {
        let server = Zones::text("a.test TXT \"v=spf1 -all\"").habit("a.test", habit).serve().await;
        let resolver = dns::Resolver::new(&[server.address], Duration::from_millis(100), false).unwrap();
        let checks = Checks::new(resolver).unwrap();
        for finding in [checks.spf_record(&domain("a.test")).await, checks.soa(&domain("a.test")).await].concat() {
            assert_eq!(finding.state, State::Unknown, "{habit:?}: {finding:?}");
        }
    }
}

#[tokio::test]
async fn a_cut_off_answer_is_asked_for_again_over_tcp() {
    let long = format!("v=spf1 {}-all", "ip4:192.0.2.1 ".repeat(250));
    let server = Zones::records(vec![dns::Record::new("a.test", 60, dns::Data::Txt(long))])
        .habit("b.test", Habit::Truncated)
        .serve()
        .await;
    let checks = Checks::new(server.resolver()).unwrap();
    let findings = checks.spf_record(&domain("a.test")).await;
    assert!(findings.iter().any(|finding| finding.id == "spf.long"), "{findings:#?}");
}

#[tokio::test]
async fn a_test_asks_its_questions_at_the_same_time() {
    let zones = "a.test MX 10 mail.a.test.\nmail.a.test A 192.0.2.5\na.test TXT \"v=spf1 -all\"";
    let delay = Duration::from_millis(100);
    let server = Zones::text(zones).delay(delay).serve().await;
    let resolver = dns::Resolver::new(&[server.address], Duration::from_secs(5), false).unwrap();
    let checks = Checks::new(resolver).unwrap();
    let begun = tokio::time::Instant::now();
    checks.report(&domain("a.test"), &DomainFacts::default(), |_| {}).await;
    let questions = u32::try_from(server.asked().len()).unwrap();
    // One after another they would take their sum; a ratio, so a slow machine changes nothing.
    assert!(questions >= 12, "{questions}");
    assert!(begun.elapsed() < delay * questions / 2, "{questions} questions took {:?}", begun.elapsed());
}
