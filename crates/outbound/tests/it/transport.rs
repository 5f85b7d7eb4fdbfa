//! MTA-STS and DANE, held to outbound, over real DNS, HTTPS and STARTTLS on loopback.

use std::{path::PathBuf, time::Duration};

use net::ServerTls;
use rules::transport::Dane;
use store::{Attempt, State};
use testkit::nameserver::{Habit, Nameserver, Zones};

use crate::{
    policy_host::PolicyHost,
    receiver::{Act, Receiver, polite, say},
    world::{Setup, World},
    yes,
};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

/// What a host shows: `mx` is right, `other` is for another name, `expired` was right once; all are of one authority.
fn shown(name: &str) -> ServerTls {
    ServerTls::from_pem(&file(&format!("{name}.pem")), &file(&format!("{name}.key"))).unwrap()
}

/// The data of a TLSA record about a certificate.
fn tlsa(of: &str, selector: u8, matching: u8) -> String {
    let start = format!("{of} {selector} {matching} ");
    let lines = include_str!("../certificates/tlsa.txt").lines();
    lines.filter_map(|line| line.strip_prefix(&start)).next().unwrap().to_owned()
}

fn policy(mode: &str, mx: &str) -> String {
    format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n")
}

async fn setup() -> Setup {
    let mut setup = Setup::new().await;
    setup.settings.roots = net::certificates(&file("authority.pem")).unwrap();
    setup
}

const RECORD: &str = "_mta-sts TXT \"v=STSv1; id=1\"\nmta-sts A 127.0.0.1\n";

/// `b.test` with a policy and a policy host.
async fn with_policy(policy: &str) -> (World, PolicyHost) {
    let host = PolicyHost::start(&shown("policy")).await;
    host.serve(Some(policy));
    let mut setup = setup().await;
    setup.settings.https_port = host.port;
    let world = World::of(setup).await;
    world.zone("b.test", &format!("@ MX 10 mx\nmx A 127.0.4.1\n{RECORD}")).await;
    (world, host)
}

/// Sends one message; how its first attempt ended.
async fn sent(world: &World, subject: &str) -> (State, Attempt) {
    world.send("dana@b.test", subject).await;
    world
        .wait_until("an attempt has ended", async || {
            !matches!(world.recipient(subject).await.state, State::Queued | State::Sending)
        })
        .await;
    (world.recipient(subject).await.state, world.attempts(subject).await.remove(0))
}

/// What came of an attempt, with what is told of it on failure.
fn came_to(name: &str, (state, attempt): &(State, Attempt), entry: Option<&str>, told: &str) {
    let expect = if entry.is_some() { State::Deferred } else { State::Delivered };
    assert_eq!((*state, attempt.entry.as_deref()), (expect, entry), "{name}: {attempt:#?}");
    assert!(attempt.transcript.contains(told), "{name}: no {told:?} in {}", attempt.transcript);
}

#[tokio::test]
async fn mail_goes_out_as_the_policy_of_its_domain_asks_or_waits() {
    let (listed, wild, elsewhere) = ("mx.b.test", "*.b.test", "mx.c.test");
    let (not_met, clear) = (Some("mta-sts-not-met"), Some("tls-not-offered"));
    // Mode, what it names, what the host shows, entry, what the transcript tells.
    let rows = [
        ("good", "enforce", listed, Some("mx"), None, "must show a certificate for its name"),
        ("wildcard", "enforce", wild, Some("mx"), None, "(MTA-STS)"),
        ("broken name", "enforce", listed, Some("other"), not_met, "TLS: invalid peer certificate"),
        ("expired", "enforce", listed, Some("expired"), not_met, "TLS: invalid peer certificate"),
        ("downgrade: not offered", "enforce", listed, None, clear, "MTA-STS (enforce)"),
        ("another host", "enforce", elsewhere, Some("mx"), not_met, "mx.b.test is passed over"),
        ("testing, good", "testing", listed, Some("mx"), None, "all is as the policy asks"),
        ("testing, broken name", "testing", listed, Some("other"), None, "under `enforce` nothing would be delivered"),
        ("testing, expired", "testing", listed, Some("expired"), None, "under `enforce` nothing would be delivered"),
        ("testing, another host", "testing", elsewhere, Some("mx"), None, "is not in the policy"),
        ("testing, in clear", "testing", listed, None, None, "is not encrypted"),
        ("none", "none", listed, None, None, "S: 250"),
    ];
    for (name, mode, mx, certificate, entry, told) in rows {
        let (world, _policies) = with_policy(&policy(mode, mx)).await;
        let host = world.listen(1, certificate.map(shown), |question, _| yes(question)).await;
        let ended = sent(&world, "one").await;
        came_to(name, &ended, entry, told);
        assert_eq!(host.seen().len(), usize::from(entry.is_none()), "{name}: what was held back was not even begun");
        let is_held = mode == "enforce" && entry.is_none();
        assert_eq!(ended.1.tls.is_some_and(|tls| tls.ends_with("(MTA-STS)")), is_held, "{name}");
    }
}

#[tokio::test]
async fn a_message_that_waits_for_its_policy_goes_out_once_the_host_is_mended() {
    let (world, _policies) = with_policy(&policy("enforce", "mx.b.test")).await;
    let broken = world.listen(1, Some(shown("expired")), |question, _| yes(question)).await;
    assert_eq!(sent(&world, "one").await.0, State::Deferred);
    drop(broken);
    world.wait_until("the broken host is gone", async || world.is_free(1).await).await;
    let _mended = world.listen(1, Some(shown("mx")), |question, _| yes(question)).await;
    world.clock.set(world.recipient("one").await.next_at.unwrap());
    world.wait_for("one", State::Delivered).await;
}

#[tokio::test]
async fn a_kept_policy_holds_while_the_dns_and_the_policy_host_are_silenced_until_it_runs_out() {
    let (world, policies) = with_policy(&policy("enforce", "mx.b.test")).await;
    let host = world.listen(1, Some(shown("mx")), |question, _| yes(question)).await;
    came_to("before", &sent(&world, "before").await, None, "MTA-STS (enforce)");
    drop(host);
    // Somebody strips STARTTLS, takes the record away, and then puts another in its place whose policy cannot be had.
    world.wait_until("the host is gone", async || world.is_free(1).await).await;
    let _stripped = world.listen(1, None, |question, _| yes(question)).await;
    policies.serve(None);
    world.zone("b.test", "@ MX 10 mx\nmx A 127.0.4.1\n").await;
    came_to("no record", &sent(&world, "no record").await, Some("tls-not-offered"), "MTA-STS (enforce)");
    assert_eq!(policies.asked(), 1);
    world.zone("b.test", "@ MX 10 mx\nmx A 127.0.4.1\n_mta-sts TXT \"v=STSv1; id=2\"\nmta-sts A 127.0.0.1\n").await;
    came_to("no policy", &sent(&world, "no policy").await, Some("tls-not-offered"), "MTA-STS (enforce)");
    assert_eq!(policies.asked(), 2, "a new id is fetched");
    came_to("at once", &sent(&world, "at once").await, Some("tls-not-offered"), "MTA-STS (enforce)");
    assert_eq!(policies.asked(), 2, "what could not be fetched is left alone for a while");
    world.clock.advance(Duration::from_secs(86_401));
    came_to("run out", &sent(&world, "run out").await, None, "S: 250");
    assert_eq!(policies.asked(), 3);
}

#[tokio::test]
async fn a_new_id_brings_the_new_policy() {
    let (world, policies) = with_policy(&policy("enforce", "mx.b.test")).await;
    let _plain = world.listen(1, None, |question, _| yes(question)).await;
    came_to("enforce", &sent(&world, "enforce").await, Some("tls-not-offered"), "MTA-STS (enforce)");
    policies.serve(Some(&policy("none", "mx.b.test")));
    came_to("same id", &sent(&world, "same id").await, Some("tls-not-offered"), "MTA-STS (enforce)");
    world.zone("b.test", "@ MX 10 mx\nmx A 127.0.4.1\n_mta-sts TXT \"v=STSv1; id=2\"\nmta-sts A 127.0.0.1\n").await;
    came_to("new id", &sent(&world, "new id").await, None, "S: 250");
}

#[tokio::test]
async fn a_policy_host_that_is_not_who_it_says_gives_no_policy() {
    let host = PolicyHost::start(&shown("other")).await;
    host.serve(Some(&policy("enforce", "elsewhere.test")));
    let mut setup = setup().await;
    setup.settings.https_port = host.port;
    let world = World::of(setup).await;
    world.zone("b.test", &format!("@ MX 10 mx\nmx A 127.0.4.1\n{RECORD}")).await;
    let _plain = world.listen(1, None, |question, _| yes(question)).await;
    came_to("no policy", &sent(&world, "one").await, None, "S: 250");
    assert_eq!(host.asked(), 0, "the handshake failed");
}

#[tokio::test]
async fn a_policy_is_not_fetched_from_an_address_within_our_own_network() {
    let host = PolicyHost::start(&shown("policy")).await;
    host.serve(Some(&policy("enforce", "elsewhere.test")));
    let mut setup = setup().await;
    setup.settings.https_port = host.port;
    setup.settings.reach = rules::reach::Reach::Public;
    let world = World::of(setup).await;
    world.zone("b.test", &format!("@ MX 10 mx\nmx A 127.0.4.1\n{RECORD}")).await;
    world.send("dana@b.test", "one").await;
    // The mail host is on loopback too, and that is what the mail fails of.
    world.wait_for("one", State::Bounced).await;
    assert_eq!(world.attempts("one").await[0].entry.as_deref(), Some("mx-not-public"));
    assert_eq!(host.asked(), 0);
}

#[tokio::test]
async fn mail_under_a_policy_does_not_ride_on_a_connection_that_was_made_without() {
    let (world, _policies) = with_policy(&policy("enforce", "mx.b.test")).await;
    // Two domains, one host, which shows what the policy of one of them does not take.
    world.zone("free.test", "@ MX 10 mx.b.test.\n").await;
    let host = world.listen(1, Some(shown("expired")), |question, _| yes(question)).await;
    world.clock.hold(true);
    for (to, subject) in [("x@free.test", "first"), ("dana@b.test", "held"), ("y@free.test", "last")] {
        world.send(to, subject).await;
    }
    world.clock.hold(false);
    world.wait_for("first", State::Delivered).await;
    world.wait_for("held", State::Deferred).await;
    world.wait_for("last", State::Delivered).await;
    assert_eq!(host.seen().len(), 2);
    assert_eq!(world.attempts("held").await[0].entry.as_deref(), Some("mta-sts-not-met"));
}

/// One row of DANE.
struct Row {
    name: &'static str,
    /// Usage, what the record is about, selector, matching type.
    record: (u8, &'static str, u8, u8),
    shows: Option<&'static str>,
    entry: Option<&'static str>,
    told: &'static str,
}

/// A DNS whose every answer is said to be validated.
async fn validating(text: &str, habits: &[(&str, Habit)], is_validated: bool) -> Nameserver {
    let zones = habits.iter().fold(Zones::text(text), |zones, (name, habit)| zones.habit(name, *habit));
    if is_validated { zones.authenticated() } else { zones }.serve().await
}

fn zone(port: u16, (usage, of, selector, matching): (u8, &str, u8, u8)) -> String {
    let data = tlsa(of, selector, matching);
    format!(
        "b.test MX 10 mx.b.test.\nmx.b.test A 127.0.4.1\n_{port}._tcp.mx.b.test TLSA {usage} {selector} {matching} {data}"
    )
}

#[tokio::test]
async fn a_host_must_show_what_its_tlsa_records_are_about() {
    let (wrong, clear) = (Some("dane-not-met"), Some("tls-not-offered"));
    let row = |name, record, shows, entry, told| Row { name, record, shows, entry, told };
    let rows = [
        row("key, SHA-256", (3, "mx", 1, 1), Some("mx"), None, "(DANE)"),
        row("key, SHA-512", (3, "mx", 1, 2), Some("mx"), None, "(DANE)"),
        row("key, whole", (3, "mx", 1, 0), Some("mx"), None, "(DANE)"),
        row("certificate, SHA-256", (3, "mx", 0, 1), Some("mx"), None, "(DANE)"),
        row("certificate, SHA-512", (3, "mx", 0, 2), Some("mx"), None, "(DANE)"),
        row("certificate, whole", (3, "mx", 0, 0), Some("mx"), None, "(DANE)"),
        // RFC 7672 §3.1.1: for usage 3 the name does not count.
        row("another name", (3, "other", 1, 1), Some("other"), None, "(DANE)"),
        row("mismatch", (3, "other", 1, 1), Some("mx"), wrong, "no TLSA record is about the certificate"),
        row("issuer, SHA-256", (2, "authority", 0, 1), Some("mx"), None, "(DANE)"),
        row("issuer's key, SHA-512", (2, "authority", 1, 2), Some("mx"), None, "(DANE)"),
        row("issuer, whole", (2, "authority", 0, 0), Some("mx"), None, "(DANE)"),
        row("issuer, another name", (2, "authority", 0, 1), Some("other"), wrong, "TLS: invalid peer certificate"),
        row("issuer, expired", (2, "authority", 0, 1), Some("expired"), wrong, "TLS: invalid peer certificate"),
        row("no issuer", (2, "mx", 0, 1), Some("mx"), wrong, "no TLSA record is about the certificate"),
        row("downgrade: not offered", (3, "mx", 1, 1), None, clear, "DANE"),
        row("unusable, encrypted", (1, "other", 0, 1), Some("mx"), None, "must at least encrypt"),
        row("unusable, in clear", (1, "other", 0, 1), None, clear, "must at least encrypt"),
    ];
    for Row { name, record, shows, entry, told } in rows {
        let mut setup = setup().await;
        let dns = validating(&zone(setup.settings.mx_port, record), &[], true).await;
        setup.dns = Some(dns.address);
        let world = World::of(setup).await;
        let host = world.listen(1, shows.map(shown), |question, _| yes(question)).await;
        came_to(name, &sent(&world, "one").await, entry, told);
        assert_eq!(host.seen().len(), usize::from(entry.is_none()), "{name}");
    }
}

#[tokio::test]
async fn records_that_cannot_be_looked_up_hold_mail_back_and_those_that_are_not_validated_do_not() {
    for habit in [Habit::ServFail, Habit::Refused, Habit::Silent] {
        let mut setup = setup().await;
        let name = format!("_{}._tcp.mx.b.test", setup.settings.mx_port);
        let text = zone(setup.settings.mx_port, (3, "mx", 1, 1));
        let dns = validating(&text, &[(&name, habit)], true).await;
        (setup.dns, setup.dns_limit) = (Some(dns.address), Duration::from_millis(300));
        let world = World::of(setup).await;
        let host = world.listen(1, Some(shown("mx")), |question, _| yes(question)).await;
        came_to(&format!("{habit:?}"), &sent(&world, "one").await, Some("dane-not-met"), "dane.lookup");
        assert!(host.seen().is_empty());
    }
    let trusts = [(Dane::Local, false), (Dane::Never, true)];
    for (dane, is_validated) in trusts {
        let mut setup = setup().await;
        setup.settings.dane = dane;
        let dns = validating(&zone(setup.settings.mx_port, (3, "other", 1, 1)), &[], is_validated).await;
        setup.dns = Some(dns.address);
        let world = World::of(setup).await;
        let _host = world.listen(1, Some(shown("mx")), |question, _| yes(question)).await;
        came_to(&format!("{dane:?}"), &sent(&world, "one").await, None, "S: 250");
    }
}

#[tokio::test]
async fn dane_is_held_to_where_a_policy_would_say_otherwise() {
    // Whom the records are about, what the policy names, entry: the policy is silent either way.
    for (about, named, entry) in [("mx", "mx.c.test", None), ("other", "mx.b.test", Some("dane-not-met"))] {
        let policies = PolicyHost::start(&shown("policy")).await;
        policies.serve(Some(&policy("enforce", named)));
        let mut setup = setup().await;
        let text = zone(setup.settings.mx_port, (3, about, 1, 1));
        let text = format!("{text}\n_mta-sts.b.test TXT \"v=STSv1; id=1\"\nmta-sts.b.test A 127.0.0.1");
        let dns = validating(&text, &[], true).await;
        (setup.dns, setup.settings.https_port) = (Some(dns.address), policies.port);
        let world = World::of(setup).await;
        let _host = world.listen(1, Some(shown("mx")), |question, _| yes(question)).await;
        came_to(named, &sent(&world, "one").await, entry, "DANE");
        assert_eq!(policies.asked(), 1);
    }
}

#[tokio::test]
async fn a_host_that_takes_its_starttls_back_is_not_written_to_in_clear_and_nothing_bounces() {
    for answer in ["502 5.5.1 What?", "454 4.7.0 TLS not available due to temporary reason", "250 no"] {
        let (world, _policies) = with_policy(&policy("enforce", "mx.b.test")).await;
        let mut acts = polite(1);
        acts.extend([say("250-mx\r\n250 STARTTLS"), Act::Hear, say(answer), Act::Hear]);
        let _receiver = Receiver::start(1, world.port, None, vec![acts]).await;
        came_to(answer, &sent(&world, "one").await, Some("tls-not-offered"), answer);
    }
}
