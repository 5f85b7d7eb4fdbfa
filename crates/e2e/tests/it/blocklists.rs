//! `coldrelay check blocklist` and the watch over our own IPs and domains, by our binary over a real name server.

use std::process::Command;

use serde_json::Value;
use testkit::nameserver::Zones;

use crate::{
    checks::{Dns, check},
    support::{House, binary, wait_for},
};

const ZONES: &str = "
2.0.0.127.zen.spamhaus.org A 127.0.0.2
5.2.0.192.zen.spamhaus.org A 127.0.0.3
5.2.0.192.zen.spamhaus.org TXT \"https://www.spamhaus.org/query/ip/192.0.2.5\"
*.bl.spamcop.net A 127.255.255.254
dbltest.com.dbl.spamhaus.org A 127.0.1.2
acme.test.dbl.spamhaus.org A 127.0.1.2
";

#[test]
fn a_listing_has_the_promised_shape() {
    let dns = Dns::serve(Zones::text(ZONES));
    let told = check(&dns, &["blocklist", "192.0.2.5", "--zone", "zen.spamhaus.org", "--zone", "SpamCop"]);
    for field in ["about", "kind", "state", "listed", "zones", "findings"] {
        assert!(told.get(field).is_some(), "{field} is missing: {told:#}");
    }
    let fields =
        ["zone", "name", "state", "codes", "reason", "weight", "delist", "self_test", "why", "took_ms", "asked"];
    for zone in told["zones"].as_array().unwrap() {
        assert!(fields.iter().all(|field| zone.get(field).is_some()), "{zone:#}");
    }
    assert_eq!((told["state"].as_str(), told["listed"].as_u64()), (Some("bad"), Some(1)));
    assert_eq!(told["zones"][0]["codes"][0]["bad"], Value::Bool(true));
    assert_eq!(told["zones"][0]["self_test"], "passed");
    assert_eq!(told["zones"][1]["state"], "refused");
}

#[test]
fn what_cannot_be_asked_about_is_refused_with_a_sentence() {
    for (arguments, said) in [
        (&["10.0.0.1", "--reach", "public"][..], "private, local or reserved"),
        (&["300.1.2.3"], "looks like an IP"),
        (&["192.0.2.5", "--zone", "zen.spamhouse.org"], "no blocklist zone"),
        (&[], "name an IP"),
    ] {
        let output = Command::new(binary()).args(["check", "blocklist"]).args(arguments).output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {talk}");
        assert!(talk.contains(said), "{arguments:?}: {talk}");
    }
}

#[test]
fn serve_watches_our_own_domain_and_tells_of_a_listing_once() {
    let dns = Dns::serve(Zones::text(ZONES));
    let settings = format!(
        "\n[blocklist]\ninterval_s = 1\nservers = [\"{}\"]\nonly = [\"dbl.spamhaus.org\", \"zen.spamhaus.org\"]\n",
        dns.address()
    );
    let house = House::start_on("sqlite", &settings);
    let history = wait_for("the first look", || {
        let history = house.json(&["check", "blocklist", "acme.test", "--history"]);
        history[0]["periods"].get(0).is_some().then_some(history)
    });
    let period = &history[0]["periods"][0];
    assert_eq!((period["zone"].as_str(), period["state"].as_str()), (Some("dbl.spamhaus.org"), Some("listed")));
    // It is looked at again and again, and told once. The egress IP is on loopback: no list is asked about it.
    let seen_first = period["seen_at"].clone();
    wait_for("another look", || {
        let history = house.json(&["check", "blocklist", "acme.test", "--history"]);
        (history[0]["periods"][0]["seen_at"] != seen_first).then_some(())
    });
    let told = || house.log().lines().filter(|line| line.contains("listing-changed")).count();
    wait_for("its event in the log", || (told() > 0).then_some(()));
    assert_eq!(told(), 1, "{}", house.log());
    let of_zen = dns.server.asked().into_iter().find(|question| question.contains("zen.spamhaus.org"));
    assert_eq!(of_zen, None);
}

#[test]
fn a_refusal_that_names_a_list_is_confirmed_at_the_list() {
    let text = format!("{ZONES}5.5.8.8.zen.spamhaus.org A 127.0.0.2\n");
    let dns = Dns::serve(Zones::text(&text));
    let reply = "554 5.7.1 Service unavailable; Client host [8.8.5.5] blocked using zen.spamhaus.org";
    let output = Command::new(binary())
        .args(["explain", reply, "--verify", "--ip", "8.8.5.5", "--timeout", "1"])
        .args(["--dns", &dns.address().to_string()])
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(talk.contains("8.8.5.5 is on Spamhaus ZEN"), "{talk}");
}
