//! dig reads every planned record; dkimpy accepts both signatures against the embedded DNS.

use std::collections::BTreeSet;

use crate::support::{House, python, tool, wait_for};

fn dig(house: &House, owner: &str, kind: &str) -> Vec<String> {
    let dns = house.at("dns");
    let output = tool("dig", "bind9-dnsutils")
        .args([&format!("@{}", dns.ip()), "-p", &dns.port().to_string(), "+short", "+time=2", owner, kind])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Long texts come as several quoted strings.
    text.lines().map(|line| line.replace("\" \"", "").trim_matches('"').to_owned()).collect()
}

/// A planned record in the words of `dig +short`.
fn planned(record: &serde_json::Value) -> String {
    let data = &record["data"];
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), String::from);
    let words: Vec<String> = data.as_array().map_or_else(|| vec![text(data)], |list| list.iter().map(text).collect());
    match record["type"].as_str().unwrap() {
        "TXT" | "A" | "AAAA" => words.join(" "),
        _ => format!("{}.", words.join(" ")),
    }
}

#[test]
fn dig_reads_every_planned_record() {
    let house = House::start();
    let report = house.json(&["domain", "show", "acme.test"]);
    let records = report["planned"].as_array().unwrap();
    let kinds: BTreeSet<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["A", "CNAME", "MX", "PTR", "SRV", "TXT"]));
    for record in records {
        let (owner, kind) = (record["owner"].as_str().unwrap(), record["type"].as_str().unwrap());
        let found = dig(&house, owner, kind);
        assert!(found.contains(&planned(record)), "{owner} {kind}: {found:?} has no {}", planned(record));
    }
}

#[test]
fn a_second_apply_changes_nothing_and_drift_is_shown() {
    let house = House::start();
    let again = house.json(&["domain", "apply", "acme.test"]);
    assert_eq!(again["changes"].as_array().unwrap().len(), 0, "{again:#}");
    assert_eq!(house.run(&["domain", "diff", "acme.test"]).0, 0);
    let (code, checks) = house.run(&["domain", "check", "acme.test", "--json"]);
    assert_eq!(code, 0, "{checks}");
    let (code, text) = house.run(&["domain", "diff", "nobody.test"]);
    assert_eq!(code, 4, "{text}");
}

const DKIMPY: &str = r#"
import sys, dkim, dns.resolver
host, port, path = sys.argv[1:]
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = [host]
resolver.port = int(port)
def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return b"".join(resolver.resolve(name, "TXT")[0].strings)
message = open(path, "rb").read()
verifier = dkim.DKIM(message)
count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
print(count, [bool(dkim.DKIM(message).verify(idx=index, dnsfunc=txt)) for index in range(count)])
"#;

#[test]
fn an_independent_verifier_accepts_both_signatures() {
    let house = House::start();
    let sink = house.sink(&[]);
    house.json(&[
        "send",
        "--from",
        "ann@acme.test",
        "--to",
        "dana@receiver.test",
        "--subject",
        "Grüße",
        "--text",
        "Zwei Zeilen\n.mit Punkt\n  \n\t\n",
    ]);
    let file = house.folder.path().join("message.eml");
    std::fs::write(&file, sink.message()).unwrap();
    let dns = house.at("dns");
    let output = python(DKIMPY, &[&dns.ip().to_string(), &dns.port().to_string(), file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim(), "2 [True, True]", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn after_a_change_of_keys_old_and_new_signatures_are_both_accepted() {
    let house = House::start();
    let dns = house.at("dns");
    let verified = |subject: &str| {
        let sink = house.sink(&[]);
        let addresses = ["send", "--from", "ann@acme.test", "--to", "dana@receiver.test"];
        house.json(&[&addresses[..], &["--subject", subject, "--text", "Hello"]].concat());
        sink.message()
    };
    let passes = |message: &[u8]| {
        let file = house.folder.path().join("message.eml");
        std::fs::write(&file, message).unwrap();
        let output = python(DKIMPY, &[&dns.ip().to_string(), &dns.port().to_string(), file.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(text, "2 [True, True]", "{}", String::from_utf8_lossy(&output.stderr));
    };
    let old = verified("before");
    assert_eq!(house.run(&["domain", "rotate-dkim", "acme.test", "start"]).0, 0);
    wait_for("the new keys in the DNS", || {
        (house.run(&["domain", "rotate-dkim", "acme.test", "finish"]).0 == 0).then_some(())
    });
    let new = verified("after");
    let selectors = |message: &[u8]| {
        let text = String::from_utf8_lossy(message).into_owned();
        text.split("s=r").nth(1).map(|rest| rest.split(';').next().unwrap().to_owned()).unwrap()
    };
    assert_ne!(selectors(&old), selectors(&new));
    passes(&old);
    passes(&new);
}
