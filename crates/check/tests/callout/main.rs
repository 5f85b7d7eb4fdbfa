//! Callouts against scripted SMTP hosts on loopback, each with a habit that a real one has; folders read by IMAP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

mod folders;

use std::time::Duration;

use check::{CalledOut, Callout, Checks, Destination, State};
use rules::{
    mailbox_check::{Answer, By},
    reach::Reach,
};
use syntax::{Address, Domain};
use testkit::{
    nameserver::{Nameserver, Zones},
    smtp_host::{Habit, Host},
};

/// The zone of every test; each scripted host listens on 127.0.0.1.
const ZONES: &str = "
target.test MX 10 mx.target.test
target.test MX 20 mx2.target.test
mx.target.test A 127.0.0.1
mx2.target.test A 127.0.0.1
null.test MX 0 .
alone.test A 127.0.0.1
empty.test TXT \"nothing else\"
hotmail.test MX 10 hotmail-com.olc.protection.outlook.com
hotmail-com.olc.protection.outlook.com A 127.0.0.1
tenant.test MX 10 tenant-test.mail.protection.outlook.com
tenant-test.mail.protection.outlook.com A 127.0.0.1
9.1.0.127.in-addr.arpa PTR probe.example.test
probe.example.test A 127.0.1.9
8.1.0.127.in-addr.arpa PTR elsewhere.example.test
elsewhere.example.test A 127.0.1.7
";

struct World {
    names: Nameserver,
    host: Host,
    checks: Checks,
}

impl World {
    async fn with(habit: Habit) -> Self {
        let names = Zones::text(ZONES).serve().await;
        let checks = Checks::new(names.resolver()).unwrap();
        Self { names, host: Host::start(habit).await, checks }
    }

    /// A callout about dana@ that domain.
    async fn callout(&self, domain: &str) -> CalledOut {
        let Destination::Hosts(hosts) = self.checks.mail_hosts_of(&Domain::parse(domain).unwrap()).await else {
            panic!("no MX for {domain}")
        };
        self.ask(hosts, Reach::Anywhere).await
    }

    async fn ask(&self, hosts: Vec<String>, reach: Reach) -> CalledOut {
        let callout = Callout {
            address: Address::parse("dana@target.test").unwrap(),
            hosts,
            source: [127, 0, 0, 1].into(),
            helo: "probe.example.test".into(),
            mail_from: None,
            port: self.host.port,
            reach,
            limit: Duration::from_millis(500),
            seed: 7,
        };
        self.checks.callout(&callout).await
    }

    /// Runs it against a host of that habit; exists, catch-all, and whether it was taken for a policy.
    async fn verdict(habit: Habit) -> (Answer, Answer, bool, Self) {
        let world = Self::with(habit).await;
        let found = world.callout("target.test").await;
        assert_eq!(found.verdict.by, By::Callout);
        assert!(!found.verdict.reason.is_empty() && !world.host.saw("DATA"), "{}", found.transcript);
        (found.verdict.exists, found.verdict.catch_all, found.policy, world)
    }
}

#[tokio::test]
async fn a_host_that_knows_its_users_says_yes_and_no() {
    let (exists, catch_all, policy, world) = World::verdict(Habit::knows(&["dana"])).await;
    assert_eq!((exists, catch_all, policy), (Answer::Yes, Answer::No, false));
    assert!(world.host.saw("EHLO probe.example.test") && world.host.saw("MAIL FROM:<>") && world.host.saw("QUIT"));
    assert_eq!(world.host.connections(), 1, "everybody is asked about on one connection");
    let (exists, catch_all, ..) = World::verdict(Habit::knows(&["eve"])).await;
    assert_eq!((exists, catch_all), (Answer::No, Answer::No));
}

#[tokio::test]
async fn a_host_that_takes_everybody_proves_nothing() {
    let (exists, catch_all, _, world) = World::verdict(Habit::says(["250 2.1.5 ok"])).await;
    assert_eq!((exists, catch_all), (Answer::Unknown, Answer::Yes));
    assert!(world.host.count("RCPT TO") >= 2, "two strangers are needed");
}

#[tokio::test]
async fn a_policy_stops_it_after_one_question() {
    for reply in [
        "550 5.7.1 Access denied",
        "550 5.7.1 Requested action not taken: message refused SC-002",
        "451 4.7.500 Server busy",
    ] {
        let (exists, catch_all, policy, world) = World::verdict(Habit::says([reply])).await;
        assert_eq!((exists, catch_all, policy), (Answer::Unknown, Answer::Unknown, true), "{reply}");
        assert_eq!(world.host.count("RCPT TO"), 1, "{reply}");
    }
}

#[tokio::test]
async fn greylisting_is_no_answer_and_no_policy() {
    let (exists, _, policy, world) = World::verdict(Habit::says(["450 4.2.0 Greylisted, come back later"])).await;
    assert_eq!((exists, policy), (Answer::Unknown, false));
    assert_eq!(world.host.count("RCPT TO"), 1);
}

#[tokio::test]
async fn a_refusal_of_mail_from_says_nothing_about_the_mailbox() {
    let (exists, _, policy, world) = World::verdict(Habit::says(["250 ok"]).mail("550 5.1.1 user unknown")).await;
    assert_eq!((exists, policy), (Answer::Unknown, false));
    assert_eq!(world.host.count("RCPT TO"), 0);
}

#[tokio::test]
async fn a_host_that_is_busy_at_connect_is_left() {
    let (exists, _, policy, world) =
        World::verdict(Habit::says(["250 ok"]).greeting("421 4.7.0 Too many connections")).await;
    assert_eq!((exists, policy), (Answer::Unknown, true));
    assert_eq!((world.host.count("EHLO"), world.host.connections()), (0, 1), "no other host of the domain is bothered");
}

#[tokio::test]
async fn a_tarpit_is_left_in_time() {
    let started = std::time::Instant::now();
    for habit in [Habit::says(["250 ok"]).silent_at_rcpt(), Habit::says(["250 ok"]).dripping()] {
        let (exists, ..) = World::verdict(habit).await;
        assert_eq!(exists, Answer::Unknown);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_host_that_hangs_up_is_no_answer() {
    let (exists, _, policy, _) = World::verdict(Habit::says(["250 ok"]).hangs_up_at_rcpt()).await;
    assert_eq!((exists, policy), (Answer::Unknown, false));
}

#[tokio::test]
async fn a_provider_that_forbids_callouts_is_never_dialled() {
    let world = World::with(Habit::knows(&["dana"])).await;
    let found = world.callout("hotmail.test").await;
    assert_eq!(found.verdict.exists, Answer::Unknown);
    assert!(found.verdict.reason.contains("forbid"), "{}", found.verdict.reason);
    assert_eq!(world.host.connections(), 0);
}

#[tokio::test]
async fn a_tenant_without_edge_blocking_is_not_taken_for_catch_all() {
    let world = World::with(Habit::says(["250 2.1.5 Recipient OK"])).await;
    let found = world.callout("tenant.test").await;
    assert_eq!((found.verdict.exists, found.verdict.catch_all), (Answer::Unknown, Answer::Unknown));
    let world = World::with(Habit::knows(&["dana"])).await;
    assert_eq!(world.callout("tenant.test").await.verdict.exists, Answer::Yes);
}

#[tokio::test]
async fn a_public_tool_dials_no_private_address() {
    let world = World::with(Habit::knows(&["dana"])).await;
    let found = world.ask(vec!["mx.target.test".into()], Reach::Public).await;
    assert_eq!((found.verdict.exists, world.host.connections()), (Answer::Unknown, 0));
}

#[tokio::test]
async fn the_next_host_is_tried_when_one_cannot_be_reached() {
    let world = World::with(Habit::knows(&["dana"])).await;
    let found = world.ask(vec!["nobody.target.test".into(), "mx2.target.test".into()], Reach::Anywhere).await;
    assert_eq!(found.verdict.exists, Answer::Yes, "{}", found.verdict.reason);
}

#[tokio::test]
async fn a_callout_greets_with_a_name_that_leads_back_to_its_ip() {
    let world = World::with(Habit::knows(&[])).await;
    let name = |octet| world.checks.confirmed_name([127, 0, 1, octet].into());
    assert_eq!(name(9).await.unwrap().as_deref(), Some("probe.example.test"));
    assert_eq!(name(8).await.unwrap(), None, "its name leads elsewhere");
}

#[tokio::test]
async fn what_takes_no_mail_is_told_from_what_could_not_be_looked_up() {
    let world = World::with(Habit::knows(&[])).await;
    let hosts = async |domain: &str| world.checks.mail_hosts_of(&Domain::parse(domain).unwrap()).await;
    assert_eq!(hosts("target.test").await.hosts(), ["mx.target.test", "mx2.target.test"]);
    assert_eq!(hosts("alone.test").await.hosts(), ["alone.test"]);
    for domain in ["null.test", "empty.test", "missing.test"] {
        assert!(matches!(hosts(domain).await, Destination::Nowhere(_)), "{domain}");
    }
    assert_eq!(hosts("hotmail.test").await.provider(), Some("outlook"));
    drop(world.names);
    let found = world.checks.mail_hosts_of(&Domain::parse("target.test").unwrap()).await;
    assert!(matches!(&found, Destination::Unknown(_)), "{found:?}");
    assert_eq!(found.verdict("").exists, Answer::Unknown);
}

#[tokio::test]
async fn the_recipient_check_needs_no_store() {
    let world = World::with(Habit::knows(&[])).await;
    let facts = |text: &str| check::Facts { recipient: Address::parse(text).ok(), ..check::Facts::default() };
    let found = world.checks.run("recipient", &facts("info@null.test")).await;
    let ids: Vec<(&str, State)> = found.iter().map(|finding| (finding.id, finding.state)).collect();
    assert_eq!(ids, [("mailbox.exists", State::Bad)], "that it is a role explains no refusal");
    let found = world.checks.run("recipient", &facts("ann@gmial.com")).await;
    let typo = found.iter().find(|finding| finding.id == "mailbox.typo").unwrap();
    assert_eq!(typo.evidence[0].value, "ann@gmail.com");
    let found = world.checks.run("recipient", &facts("ann@target.test")).await;
    assert_eq!(found[0].state, State::Unknown, "that its domain takes mail does not make it exist");
    assert!(world.checks.run("recipient", &check::Facts::default()).await.is_empty());
    assert_eq!(world.host.connections(), 0);
}
