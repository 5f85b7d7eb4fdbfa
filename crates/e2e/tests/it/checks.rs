//! Our verdicts held against those of others, over the same name server: pyspf, and the openspf suite through the
//! command line.

use std::{net::SocketAddr, process::Command};

use serde_json::{Value, json};
use testkit::nameserver::{Habit, Nameserver, Zones};
use tokio::runtime::Runtime;

use crate::support::{binary, python};

/// A name server that lives as long as the test.
pub struct Dns {
    _runtime: Runtime,
    pub server: Nameserver,
}

impl Dns {
    pub fn serve(zones: Zones) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(zones.serve());
        Self { _runtime: runtime, server }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }
}

/// Runs `coldrelay check … --dns … --json`; what it says, whatever its exit code.
pub fn check(dns: &Dns, arguments: &[&str]) -> Value {
    let address = dns.address().to_string();
    let output = Command::new(binary())
        .arg("check")
        .args(arguments)
        .args(["--dns", &address, "--timeout", "1", "--json", "--quiet"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Everyday records with their faults: what people really publish.
const ZONES: &str = r#"
plain.test TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"
soft.test TXT "v=spf1 ip4:192.0.2.1 ~all"
neutral.test TXT "v=spf1 ip4:192.0.2.1 ?all"
open.test TXT "v=spf1 +all"
silent-end.test TXT "v=spf1 ip4:192.0.2.1"
none.test TXT "just a text"
two.test TXT "v=spf1 -all"
two.test TXT "v=spf1 ip4:192.0.2.1 -all"
include.test TXT "v=spf1 include:_spf.service.test -all"
_spf.service.test TXT "v=spf1 ip4:198.51.100.0/25 include:_more.service.test ~all"
_more.service.test TXT "v=spf1 ip4:203.0.113.7 ?all"
missing-include.test TXT "v=spf1 include:nowhere.test -all"
redirect.test TXT "v=spf1 redirect=plain.test"
redirect-nowhere.test TXT "v=spf1 redirect=nowhere.test"
redirect-and-all.test TXT "v=spf1 ?all redirect=plain.test"
loop.test TXT "v=spf1 include:loop.test -all"
a.test TXT "v=spf1 a -all"
a.test A 192.0.2.10
a.test AAAA 2001:db8::10
mx.test TXT "v=spf1 mx/28 -all"
mx.test MX 10 mail.mx.test.
mail.mx.test A 192.0.2.33
ptr.test TXT "v=spf1 ptr -all"
host.ptr.test A 192.0.2.44
44.2.0.192.in-addr.arpa PTR host.ptr.test.
exists.test TXT "v=spf1 exists:%{ir}.%{l}.list.test -all"
5.2.0.192.ann.list.test A 127.0.0.2
syntax.test TXT "v=spf1 ip4:192.0.2.300 -all"
unknown-term.test TXT "v=spf1 ipv4:192.0.2.1 -all"
unknown-modifier.test TXT "v=spf1 moo=cow ip4:192.0.2.1 -all"
upper.test TXT "V=SPF1 IP4:192.0.2.1 -ALL"
blank.test TXT " v=spf1 -all"
voids.test TXT "v=spf1 a:v1.test a:v2.test a:v3.test ip4:192.0.2.1 -all"
eleven.test TXT "v=spf1 a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test ip4:192.0.2.1 -all"
alias.test CNAME plain.test.
explained.test TXT "v=spf1 exp=why.explained.test -all"
why.explained.test TXT "%{i} may not send for %{d}"
servfail.test TXT "v=spf1 -all"
"#;

/// Domain, IP, and local part of each question.
fn questions() -> Vec<Value> {
    let mut questions = Vec::new();
    let domains = ZONES.lines().filter_map(|line| line.split(' ').next()).filter(|name| name.ends_with(".test"));
    let mut domains: Vec<&str> = domains.filter(|name| name.split('.').count() == 2).collect();
    domains.extend(["nowhere.test", "voids.test"]);
    domains.sort_unstable();
    domains.dedup();
    for domain in domains {
        for ip in [
            "192.0.2.1",
            "192.0.2.10",
            "192.0.2.5",
            "192.0.2.44",
            "192.0.2.40",
            "198.51.100.9",
            "203.0.113.7",
            "2001:db8::10",
        ] {
            questions.push(json!([ip, format!("ann@{domain}"), format!("mail.{domain}")]));
        }
    }
    questions
}

pub const PYSPF: &str = r#"
import json, sys, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = [sys.argv[1]], int(sys.argv[2])
dns.resolver.override_system_resolver(resolver)
dns.resolver.query = lambda name, kind, lifetime=5: resolver.resolve(name, kind, lifetime=2)
import spf
print(json.dumps([spf.check2(i=ip, s=sender, h=helo, timeout=10)[0] for ip, sender, helo in json.loads(sys.argv[3])]))
"#;

#[test]
fn pyspf_and_we_come_to_the_same_results() {
    let dns = Dns::serve(Zones::text(ZONES).habit("servfail.test", Habit::ServFail));
    let questions = questions();
    let address = dns.address();
    let asked = serde_json::to_string(&questions).unwrap();
    let output = python(PYSPF, &[&address.ip().to_string(), &address.port().to_string(), &asked]);
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(theirs.len(), questions.len());
    for (question, theirs) in questions.iter().zip(&theirs) {
        let text = |index: usize| question[index].as_str().unwrap();
        let ours = check(&dns, &["spf", "--ip", text(0), "--mail-from", text(1), "--helo", text(2)]);
        assert_eq!(ours["result"].as_str(), Some(theirs.as_str()), "{question}: {ours:#}");
    }
}

/// A scenario of the suite as a name server: `TIMEOUT` stands for a name that does not answer for what is not there.
fn scenario(zones: &Value) -> Dns {
    let mut records = Vec::new();
    let mut silent = Vec::new();
    for (name, entries) in zones.as_object().unwrap() {
        let name = name.trim_end_matches('.');
        for entry in entries.as_array().unwrap() {
            let (kind, value) = (entry[0].as_str().unwrap(), entry[1].as_str().unwrap());
            match kind {
                "TIMEOUT" => silent.push(name),
                "TXT" => records.push(dns::Record::new(name, 60, dns::Data::Txt(value.to_owned()))),
                kind => records.push(dns::Record::new(name, 60, dns::Data::parse(kind, value).unwrap())),
            }
        }
    }
    let zones = Zones::records(records);
    Dns::serve(silent.iter().fold(zones, |zones, name| zones.habit(name, Habit::SilentElse)))
}

#[test]
fn the_command_line_gives_a_permitted_result_for_every_case_of_the_openspf_suite() {
    let suite: Value = serde_json::from_str(include_str!("../../../auth/tests/vectors/rfc7208.json")).unwrap();
    let mut cases = 0;
    for one in suite["scenarios"].as_array().unwrap() {
        let dns = scenario(&one["zones"]);
        for case in one["tests"].as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap_or_default();
            let arguments = ["spf", "--ip", text("ip"), "--helo", text("helo"), "--mail-from", text("mail_from")];
            let found = check(&dns, &arguments);
            let permitted = case["result"].as_array().unwrap();
            assert!(permitted.contains(&found["result"]), "{}: {permitted:?}, {found:#}", text("name"));
            for field in ["explanation", "lookups", "voids", "matched", "trace"] {
                assert!(found.get(field).is_some(), "{field} is missing: {found:#}");
            }
            cases += 1;
        }
    }
    assert_eq!(cases, 203);
}
