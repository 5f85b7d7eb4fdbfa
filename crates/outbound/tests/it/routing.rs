//! What becomes of mail when the DNS is in trouble.

use std::{fmt::Write as _, time::Duration};

use rules::reach::Reach;
use store::State;
use testkit::nameserver::{Habit, Zones};

use crate::{
    world::{Setup, World},
    yes,
};

const SHORT: Duration = Duration::from_millis(300);

/// A DNS, and what comes of mail to `dana@b.test`.
struct Row {
    name: &'static str,
    zones: Zones,
    state: State,
    entry: Option<&'static str>,
    reach: Reach,
}

fn row(name: &'static str, zones: Zones, state: State, entry: Option<&'static str>) -> Row {
    Row { name, zones, state, entry, reach: Reach::Anywhere }
}

async fn hold(row: Row) {
    let dns = row.zones.serve().await;
    let mut setup = Setup::new().await;
    (setup.dns, setup.dns_limit, setup.settings.reach) = (Some(dns.address), SHORT, row.reach);
    let world = World::of(setup).await;
    let host = world.listen(1, None, |question, _| yes(question)).await;
    world.send("dana@b.test", "one").await;
    world
        .wait_until(row.name, async || !matches!(world.recipient("one").await.state, State::Queued | State::Sending))
        .await;
    let (recipient, attempt) = (world.recipient("one").await, world.attempts("one").await.remove(0));
    let ended = (recipient.state, attempt.entry.as_deref());
    assert_eq!(ended, (row.state, row.entry), "{}: {attempt:#?}", row.name);
    assert_eq!(host.seen().len(), usize::from(row.state == State::Delivered), "{}", row.name);
}

const GOOD: &str = "b.test MX 10 mx.b.test.\nmx.b.test A 127.0.4.1\n";

#[tokio::test]
async fn a_dns_in_trouble_puts_mail_off_and_only_a_clear_no_bounces_it() {
    let failure = Some("dns-failure");
    let good = || Zones::text(GOOD);
    let many: String = (0..600).fold(String::from("mx0.b.test A 127.0.4.1\n"), |mut text, index| {
        let _ = writeln!(text, "b.test MX {} mx{index}.b.test.", 10 + index);
        text
    });
    let addresses: String = (2..200).fold(String::from("b.test MX 10 mx.b.test.\n"), |mut text, octet| {
        let _ = writeln!(text, "mx.b.test A 127.0.9.{octet}");
        text
    });
    let rows = vec![
        row("all is well", good(), State::Delivered, None),
        row("SERVFAIL", good().habit("b.test", Habit::ServFail), State::Deferred, failure),
        row("REFUSED", good().habit("b.test", Habit::Refused), State::Deferred, failure),
        row("silence", good().habit("b.test", Habit::Silent), State::Deferred, failure),
        row("an answer from another socket", good().habit("b.test", Habit::OtherSocket), State::Deferred, failure),
        row("an answer with another id", good().habit("b.test", Habit::OtherId), State::Deferred, failure),
        row("an answer cut short", good().habit("b.test", Habit::Lame), State::Deferred, failure),
        row("a long answer, over TCP", good().habit("b.test", Habit::Truncated), State::Delivered, None),
        row("six hundred hosts", Zones::text(&many), State::Delivered, None),
        row(
            "two hundred addresses that are dead",
            Zones::text(&addresses),
            State::Deferred,
            Some("connection-refused"),
        ),
        row("SERVFAIL for the host", good().habit("mx.b.test", Habit::ServFail), State::Deferred, failure),
        row("silence for the host", good().habit("mx.b.test", Habit::Silent), State::Deferred, failure),
        row("a host that is not there", Zones::text("b.test MX 10 mx.b.test."), State::Deferred, failure),
        row("an alias to itself", Zones::text("b.test CNAME b.test."), State::Deferred, failure),
        row("aliases in a ring", Zones::text("b.test CNAME c.test.\nc.test CNAME b.test."), State::Deferred, failure),
        row(
            "a host that is an alias to itself",
            Zones::text("b.test MX 10 mx.b.test.\nmx.b.test CNAME mx.b.test."),
            State::Deferred,
            failure,
        ),
        row(
            "an alias to somewhere",
            Zones::text("b.test CNAME c.test.\nc.test MX 10 mx.c.test.\nmx.c.test A 127.0.4.1"),
            State::Delivered,
            None,
        ),
        row("no MX, an address", Zones::text("b.test A 127.0.4.1"), State::Delivered, None),
        row("no such domain", Zones::text("c.test A 127.0.4.1"), State::Bounced, Some("no-such-domain")),
        row("null MX", Zones::text("b.test MX 0 .\nb.test A 127.0.4.1"), State::Bounced, Some("null-mx")),
        row("MX that are no names", Zones::text("b.test MX 10 -bad-.test."), State::Bounced, Some("no-such-domain")),
        row(
            "the second host works",
            Zones::text(&format!("{GOOD}b.test MX 5 lost.b.test.")).habit("lost.b.test", Habit::ServFail),
            State::Delivered,
            None,
        ),
        row(
            "only addresses of the other family",
            Zones::text("b.test MX 10 mx.b.test.\nmx.b.test AAAA 2001:db8::1"),
            State::Deferred,
            Some("no-route"),
        ),
    ];
    for row in rows {
        hold(row).await;
    }
}

#[tokio::test]
async fn nobodys_dns_sends_mail_into_our_own_network() {
    for (name, address) in [
        ("loopback", "127.0.4.1"),
        ("private", "10.1.2.3"),
        ("link-local", "169.254.169.254"),
        ("unspecified", "0.0.0.0"),
    ] {
        let zones = Zones::text(&format!("b.test MX 10 mx.b.test.\nmx.b.test A {address}"));
        let row = row(name, zones, State::Bounced, Some("mx-not-public"));
        hold(Row { reach: Reach::Public, ..row }).await;
    }
    // One host of several that is private is passed over; what became of the others counts.
    let zones = Zones::text("b.test MX 5 lost.b.test.\nb.test MX 10 mx.b.test.\nmx.b.test A 127.0.4.1");
    let row = row(
        "beside one that cannot be looked up",
        zones.habit("lost.b.test", Habit::ServFail),
        State::Deferred,
        Some("dns-failure"),
    );
    hold(Row { reach: Reach::Public, ..row }).await;
}
