//! Every rule over a real name server on loopback.

use std::time::Duration;

use dns::Asker;
use testkit::nameserver::{Habit, Nameserver, Zones};

use super::*;

/// The test points of an IP list that works.
fn works(zone: &str) -> String {
    format!("2.0.0.127.{zone} A 127.0.0.2\n")
}

/// Lists `192.0.2.5` with that code.
fn lists(zone: &str, code: &str) -> String {
    format!("{}5.2.0.192.{zone} A {code}\n", works(zone))
}

async fn checks(server: &Nameserver, limit: Duration) -> Checks {
    let blocklists = Blocklists::new(Asker::new(&[server.address], limit));
    Checks::new(server.resolver()).unwrap().with_blocklists(blocklists)
}

/// What those zones say about it, over a name server that holds that text.
async fn ask(zones: Zones, about: &str, chosen: &[&str]) -> (BlocklistReport, Vec<String>) {
    let server = zones.serve().await;
    let checks = checks(&server, Duration::from_millis(400)).await;
    let choice = Choice { zones: chosen.iter().map(|zone| (*zone).to_owned()).collect(), all: false };
    let report = checks.blocklist(&Subject::parse(about).unwrap(), &choice).await.unwrap();
    (report, server.asked())
}

async fn one(text: &str, about: &str, zone: &str) -> ZoneReport {
    ask(Zones::text(text), about, &[zone]).await.0.zones.remove(0)
}

fn why(report: &ZoneReport) -> &str {
    report.why.as_deref().unwrap_or_default()
}

const COP: &str = "bl.spamcop.net";
const ZEN: &str = "zen.spamhaus.org";

#[tokio::test]
async fn a_listing_is_told_with_its_code_its_reason_and_what_to_do() {
    let text = lists(COP, "127.0.0.2") + "5.2.0.192.bl.spamcop.net TXT \"Blocked - see https://spamcop.net/x\"\n";
    let (report, _) = ask(Zones::text(&text), "192.0.2.5", &[COP]).await;
    let zone = &report.zones[0];
    assert_eq!((zone.state, zone.self_test), (Listing::Listed, Some(SelfTest::Passed)));
    assert_eq!(zone.codes[0].code.to_string(), "127.0.0.2");
    assert!(zone.codes[0].bad && zone.reason.as_deref().unwrap().contains("spamcop.net/x"));
    assert_eq!((report.kind, report.state, report.listed), ("ip", State::Bad, 1));
    let finding = &report.findings[0];
    assert_eq!((finding.id, finding.state), ("blocklist.ip", State::Bad));
    let fix = &finding.fix.as_ref().unwrap().what;
    assert!(fix.starts_with("Stop") && fix.contains("https://www.spamcop.net"), "{fix}");
}

#[tokio::test]
async fn not_listed_is_clear_only_when_the_test_points_hold() {
    let (report, asked) = ask(Zones::text(&works(COP)), "192.0.2.5", &[COP]).await;
    assert_eq!((report.zones[0].state, report.state, report.listed), (Listing::Clear, State::Ok, 0));
    for question in ["5.2.0.192", "2.0.0.127", "1.0.0.127"].map(|name| format!("{name}.{COP} A")) {
        assert!(asked.contains(&question), "{question} in {asked:?}");
    }
    let empty = one("", "192.0.2.5", COP).await;
    assert_eq!((empty.state, empty.self_test), (Listing::Unknown, Some(SelfTest::Empty)));
    assert!(why(&empty).contains("test point"));
}

#[tokio::test]
async fn a_zone_that_lists_127_0_0_1_is_dead() {
    let wildcard = one(&format!("*.{COP} A 127.0.0.2\n"), "192.0.2.5", COP).await;
    assert_eq!((wildcard.state, wildcard.self_test), (Listing::Dead, Some(SelfTest::Wildcard)));
    let names = one("*.dbl.spamhaus.org A 127.0.1.2\n", "example.com", "dbl.spamhaus.org").await;
    assert_eq!(names.state, Listing::Dead);
}

#[tokio::test]
async fn refusals_are_told_as_such_with_what_to_do() {
    for code in ["127.255.255.252", "127.255.255.254", "127.255.255.255", "127.0.0.1"] {
        let text = format!("*.{ZEN} A {code}\n");
        let (report, _) = ask(Zones::text(&text), "192.0.2.5", &[ZEN]).await;
        assert_eq!((report.zones[0].state, report.listed), (Listing::Refused, 0), "{code}");
        assert_eq!(report.state, State::Unknown, "{code}");
        let refused = report.findings.iter().find(|finding| finding.id == "blocklist.zone-refused").unwrap();
        assert!(refused.fix.as_ref().unwrap().what.contains("blocklist.servers"), "{refused:?}");
    }
    let domain = one("example.com.dbl.spamhaus.org A 127.0.1.255\n", "example.com", "dbl.spamhaus.org").await;
    assert_eq!(domain.state, Listing::Refused);
}

#[tokio::test]
async fn a_resolver_that_rewrites_is_no_listing() {
    let sold = one(&format!("*.{COP} A 203.0.113.80\n"), "192.0.2.5", COP).await;
    assert_eq!((sold.state, sold.self_test), (Listing::Unknown, Some(SelfTest::Rewritten)));
    assert!(why(&sold).contains("203.0.113.80"), "the raw answer is told: {}", why(&sold));
}

#[tokio::test]
async fn what_cannot_be_asked_is_unknown_and_says_why() {
    let name = format!("5.2.0.192.{COP}");
    for (habit, said) in [
        (Habit::ServFail, "SERVFAIL"),
        (Habit::Refused, "REFUSED"),
        (Habit::Silent, "no answer within"),
        (Habit::OtherId, "another id"),
        (Habit::OtherSocket, "another socket"),
        (Habit::Lame, "cannot be read"),
    ] {
        let zones = Zones::text(&lists(COP, "127.0.0.2")).habit(&name, habit);
        let (report, _) = ask(zones, "192.0.2.5", &[COP]).await;
        let zone = &report.zones[0];
        assert_eq!(zone.state, Listing::Unknown, "{habit:?}");
        assert!(why(zone).contains(said), "{habit:?}: {}", why(zone));
        assert_eq!(report.state, State::Unknown);
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_again_over_tcp() {
    let name = format!("5.2.0.192.{COP}");
    let zones = Zones::text(&lists(COP, "127.0.0.2")).habit(&name, Habit::Truncated);
    let (report, _) = ask(zones, "192.0.2.5", &[COP]).await;
    assert_eq!(report.zones[0].state, Listing::Listed);
}

#[tokio::test]
async fn a_second_server_is_asked_when_the_first_is_silent() {
    let silent = Zones::text("").habit(&format!("5.2.0.192.{COP}"), Habit::Silent).serve().await;
    let good = Zones::text(&lists(COP, "127.0.0.2")).serve().await;
    let asker = Asker::new(&[silent.address, good.address], Duration::from_millis(400));
    let checks = Checks::new(good.resolver()).unwrap().with_blocklists(Blocklists::new(asker));
    let choice = Choice { zones: vec![COP.into()], all: false };
    let report = checks.blocklist(&Subject::parse("192.0.2.5").unwrap(), &choice).await.unwrap();
    assert_eq!(report.zones[0].state, Listing::Listed);
}

#[tokio::test]
async fn a_reason_that_never_comes_hides_no_listing() {
    // It answers A, which is there, and never TXT, which is not.
    let zones = Zones::text(&lists(COP, "127.0.0.2")).habit(&format!("5.2.0.192.{COP}"), Habit::SilentElse);
    let (report, asked) = ask(zones, "192.0.2.5", &[COP]).await;
    assert!(asked.contains(&format!("5.2.0.192.{COP} TXT")));
    assert_eq!((report.zones[0].state, report.zones[0].reason.clone()), (Listing::Listed, None));
}

#[tokio::test]
async fn silence_is_bounded_by_the_limit_however_many_zones_there_are() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let asker = Asker::new(&[silent.local_addr().unwrap()], Duration::from_millis(150));
    let server = Zones::text("").serve().await;
    let checks = Checks::new(server.resolver()).unwrap().with_blocklists(Blocklists::new(asker));
    let begun = std::time::Instant::now();
    let report = checks.blocklist(&Subject::parse("192.0.2.5").unwrap(), &Choice::default()).await.unwrap();
    // A dozen limits one after another would be far above.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(report.zones.iter().all(|zone| zone.state == Listing::Unknown) && report.zones.len() > 20);
    assert_eq!(report.state, State::Unknown);
}

// The server reads on a thread of its own: nothing is dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_question_about_every_zone_is_under_way_at_once() {
    let choice = Choice { zones: Vec::new(), all: true };
    let text: String = reference::blocklists().iter().map(|list| works(list.zone())).collect();
    let keys = ["spamhaus-dqs", "abusix"].map(|name| (name.to_owned(), String::from("k")));
    let settings = |server: &Nameserver| {
        let asker = Asker::new(&[server.address], Duration::from_secs(20));
        Blocklists::new(asker).keys(Keys(keys.clone().into()))
    };
    let subject = Subject::parse("192.0.2.5").unwrap();
    let lists = settings(&Zones::text("").serve().await).chosen(subject.listed(), &choice).unwrap();
    let points = |list: &&Blocklist| {
        let (listed, clear) = list.test_points();
        2 + usize::from(listed.is_some()) + usize::from(clear.is_some())
    };
    let questions: usize = lists.iter().map(points).sum();
    assert!(lists.len() >= 60 && questions > 200, "{} zones, {questions} questions", lists.len());
    // It answers nothing before all of them are there: whoever asks in a second round waits until the limit.
    let server = Zones::text(&text).gather(questions).serve().await;
    let checks = Checks::new(server.resolver()).unwrap().with_blocklists(settings(&server));
    let report = checks.blocklist(&subject, &choice).await.unwrap();
    let mut asked = server.asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), questions);
    assert!(report.zones.iter().all(|zone| zone.why.as_deref().is_none_or(|why| !why.contains("no answer within"))));
}

#[tokio::test]
async fn test_points_are_asked_once_for_many_subjects() {
    let server = Zones::text(&works(COP)).serve().await;
    let checks = checks(&server, Duration::from_millis(400)).await;
    let choice = Choice { zones: vec![COP.into()], all: false };
    for last in 1..=5 {
        let subject = Subject::parse(&format!("192.0.2.{last}")).unwrap();
        assert_eq!(checks.blocklist(&subject, &choice).await.unwrap().zones[0].state, Listing::Clear);
    }
    let points = server.asked().iter().filter(|asked| asked.starts_with("2.0.0.127.")).count();
    assert_eq!(points, 1);
}

#[tokio::test]
async fn parts_of_a_list_are_not_counted_twice() {
    let text: String = [ZEN, "sbl.spamhaus.org", "cbl.abuseat.org"].map(|zone| lists(zone, "127.0.0.2")).concat();
    let (report, _) = ask(Zones::text(&text), "192.0.2.5", &[ZEN, "sbl.spamhaus.org", "cbl.abuseat.org"]).await;
    assert!(report.zones.iter().all(|zone| zone.state == Listing::Listed));
    assert_eq!(report.listed, 1);
    assert_eq!(report.findings.iter().filter(|finding| finding.state == State::Bad).count(), 1);
    assert_eq!(report.zones[1].counted_as, Some(ZEN));
    let usual = Blocklists::new(Asker::new(&[], Duration::ZERO));
    let zones = |choice: &Choice| {
        usual.chosen(Listed::Ipv4, choice).unwrap().into_iter().map(Blocklist::zone).collect::<Vec<_>>()
    };
    assert!(!zones(&Choice::default()).contains(&"sbl.spamhaus.org"));
    assert!(!zones(&Choice::default()).contains(&"dnsbl.sorbs.net"));
    assert!(zones(&Choice { all: true, zones: Vec::new() }).contains(&"dnsbl.sorbs.net"));
}

#[tokio::test]
async fn white_lists_and_neighbours_raise_no_alarm() {
    let text: String = [
        lists("list.dnswl.org", "127.0.14.2"),
        lists("dnsbl-3.uceprotect.net", "127.0.0.2"),
        lists("hostkarma.junkemailfilter.com", "127.0.0.3"),
        lists("rep.mailspike.net", "127.0.0.14"),
    ]
    .concat();
    let chosen = ["list.dnswl.org", "dnsbl-3.uceprotect.net", "hostkarma.junkemailfilter.com", "rep.mailspike.net"];
    let (report, _) = ask(Zones::text(&text), "192.0.2.5", &chosen).await;
    assert_eq!(report.state, State::Ok, "{:?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.seen.contains("white list")));
    let pbl = ask(Zones::text(&lists(ZEN, "127.0.0.10")), "192.0.2.5", &[ZEN]).await.0;
    assert_eq!((pbl.state, pbl.listed), (State::Warn, 1), "PBL is no record of abuse");
}

#[tokio::test]
async fn an_ip_is_never_sent_to_a_list_of_domains_nor_a_domain_to_one_of_ips() {
    let (report, asked) = ask(Zones::text(""), "192.0.2.5", &["dbl.spamhaus.org", "multi.surbl.org"]).await;
    assert!(report.zones.iter().all(|zone| zone.state == Listing::Unknown && why(zone).contains("IPv4")));
    assert!(asked.is_empty(), "{asked:?}");
    let (report, asked) = ask(Zones::text(""), "example.com", &[ZEN]).await;
    assert!(why(&report.zones[0]).contains("domains") && asked.is_empty());
}

#[tokio::test]
async fn a_domain_is_asked_about_as_each_list_wants_it_and_it_is_said_how() {
    let text =
        "surbl-org-permanent-test-point.com.multi.surbl.org A 127.0.0.126\nexample.co.uk.multi.surbl.org A 127.0.0.8\n";
    let zone = one(text, "mail.example.co.uk.", "multi.surbl.org").await;
    assert_eq!(zone.state, Listing::Listed);
    assert_eq!(zone.asked, ["co.uk.multi.surbl.org", "example.co.uk.multi.surbl.org"]);
    let idn = one("dbltest.com.dbl.spamhaus.org A 127.0.1.2\n", "bücher.example", "dbl.spamhaus.org").await;
    assert_eq!((idn.state, idn.asked), (Listing::Clear, vec!["xn--bcher-kva.example.dbl.spamhaus.org".into()]));
    let (address, asked) = ask(Zones::text(""), "ann.secret@example.com", &["dbl.spamhaus.org"]).await;
    assert_eq!((address.kind, address.about.as_str()), ("address", "ann.secret@example.com"));
    assert!(address.findings.iter().all(|finding| !finding.seen.contains("secret")), "{:?}", address.findings);
    assert!(asked.iter().all(|question| !question.contains("secret")), "{asked:?}");
}

#[tokio::test]
async fn ipv6_is_asked_by_its_nibbles() {
    let name = dns::reverse_name("2001:db8::5".parse().unwrap()).replace("ip6.arpa", ZEN);
    let zone = one(&format!("{}{name} A 127.0.0.3\n", works(ZEN)), "2001:db8::5", ZEN).await;
    assert_eq!(zone.state, Listing::Listed);
}

#[tokio::test]
async fn a_key_is_asked_with_replaces_the_public_zone_and_is_never_told() {
    let text = lists("secretkey.zen.dq.spamhaus.net", "127.0.0.3");
    let server =
        Zones::text(&text).habit("5.2.0.192.secretkey.combined.mail.abusix.zone", Habit::ServFail).serve().await;
    let asker = Asker::new(&[server.address], Duration::from_millis(400));
    let keys = Keys(["spamhaus-dqs", "abusix"].map(|name| (name.to_owned(), String::from("secretkey"))).into());
    let blocklists = Blocklists::new(asker).keys(keys);
    assert!(!format!("{blocklists:?}").contains("secretkey"));
    let checks = Checks::new(server.resolver()).unwrap().with_blocklists(blocklists);
    let report = checks.blocklist(&Subject::parse("192.0.2.5").unwrap(), &Choice::default()).await.unwrap();
    let shown = format!("{report:?}");
    assert!(!shown.contains("secretkey"), "{shown}");
    let zone = |name: &str| report.zones.iter().find(|zone| zone.zone == name);
    assert_eq!(zone("zen.dq.spamhaus.net").unwrap().state, Listing::Listed);
    assert!(zone(ZEN).is_none(), "the public zone is not asked too");
    assert_eq!(zone("combined.mail.abusix.zone").unwrap().state, Listing::Unknown);
    let without = one("", "192.0.2.5", "combined.mail.abusix.zone").await;
    assert!(why(&without).contains("blocklist.keys.abusix"));
}

#[tokio::test]
async fn a_dead_zone_is_dead_whatever_it_says() {
    let zone = one(&lists("dnsbl.sorbs.net", "127.0.0.2"), "192.0.2.5", "dnsbl.sorbs.net").await;
    assert_eq!(zone.state, Listing::Dead);
    assert!(why(&zone).contains("2024-06-05"), "{}", why(&zone));
}

#[tokio::test]
async fn what_is_no_matter_is_told_and_not_counted() {
    let zone = "dnsbl-2.uceprotect.net";
    let (report, _) = ask(Zones::text(&lists(zone, "127.0.0.2")), "192.0.2.5", &[zone]).await;
    assert_eq!((report.listed, report.state), (0, State::Ok));
    let seen: Vec<&str> = report.findings.iter().map(|finding| finding.seen.as_str()).collect();
    assert!(seen.iter().any(|seen| seen.contains("told for completeness")), "{seen:?}");
    assert!(seen.iter().any(|seen| seen.contains("no blocklist that matters")), "{seen:?}");
}

#[tokio::test]
async fn where_no_list_answers_it_is_said_once() {
    let (report, _) = ask(Zones::text(""), "192.0.2.5", &["b.barracudacentral.org"]).await;
    assert!(why(&report.zones[0]).contains("registered"), "{}", why(&report.zones[0]));
    assert_eq!((report.findings.len(), report.state), (1, State::Unknown), "{:?}", report.findings);
}

#[tokio::test]
async fn a_zone_that_does_not_exist_is_told() {
    let server = Zones::text("").serve().await;
    let checks = checks(&server, Duration::from_millis(400)).await;
    let choice = Choice { zones: vec!["zen.spamhouse.org".into()], all: false };
    let fault = checks.blocklist(&Subject::parse("192.0.2.5").unwrap(), &choice).await.unwrap_err();
    assert_eq!(fault.code, "blocklist.zone-unknown");
}

#[tokio::test]
async fn the_checks_that_a_refusal_names_run_by_their_id() {
    let text = "dbltest.com.dbl.spamhaus.org A 127.0.1.2\nbad.test.dbl.spamhaus.org A 127.0.1.2\n".to_owned()
        + &works(COP)
        + "8.8.8.8.bl.spamcop.net A 127.0.0.2\n";
    let server = Zones::text(&text).serve().await;
    let blocklists = Blocklists::new(Asker::new(&[server.address], Duration::from_millis(400)))
        .zones(vec![COP.into(), "DBL.spamhaus.org.".into()], Vec::new());
    let checks = Checks::new(server.resolver()).unwrap().with_blocklists(blocklists);
    let facts = crate::Facts {
        ip: Some([8, 8, 8, 8].into()),
        domain: Domain::parse("bad.test").ok(),
        links: vec![Domain::parse("bad.test").unwrap(), Domain::parse("good.test").unwrap()],
        ..crate::Facts::default()
    };
    for (check, id) in [
        ("ip-blocklists", "blocklist.ip"),
        ("domain-blocklists", "blocklist.domain"),
        ("url-blocklists", "blocklist.url"),
    ] {
        let findings = checks.run(check, &facts).await;
        assert!(findings.iter().all(|finding| finding.check == check), "{findings:?}");
        assert!(findings.iter().any(|finding| finding.id == id && finding.state == State::Bad), "{findings:?}");
    }
    assert!(checks.run("url-blocklists", &crate::Facts::default()).await.is_empty());
    let private = crate::Facts { ip: Some([10, 0, 0, 1].into()), ..crate::Facts::default() };
    let findings = checks.run("ip-blocklists", &private).await;
    assert_eq!(findings[0].state, State::Unknown, "a private address is asked about nowhere");
}
