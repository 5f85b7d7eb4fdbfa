//! What the generators make, held against others: BIND reads the zone, dkimpy verifies with the key, pyspf evaluates the record.

use std::{fs, io::Write as _, path::Path, process::Stdio};

use serde_json::Value;
use testkit::nameserver::Zones;

use crate::{
    checks::Dns,
    support::{binary, python, tool},
};

/// Output and exit code of `coldrelay …`.
fn run(arguments: &[&str], stdin: &str) -> (String, String, i32) {
    let mut command = std::process::Command::new(binary());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn made(arguments: &[&str]) -> String {
    let (out, error, code) = run(&[&["generate"], arguments].concat(), "");
    assert_eq!(code, 0, "{arguments:?}: {error}");
    out
}

fn new_key(folder: &Path, algorithm: &str) -> (String, String) {
    let file = folder.join(format!("{algorithm}.pem"));
    let path = file.to_str().unwrap();
    let zone =
        made(&["dkim", "example.com", "--selector", algorithm, "--algorithm", algorithm, "--out", path, "--zone"]);
    (zone, fs::read_to_string(&file).unwrap())
}

#[test]
fn bind_reads_every_generated_line_of_a_zone() {
    let folder = tempfile::tempdir().unwrap();
    let (rsa, _) = new_key(folder.path(), "rsa");
    let mut zone =
        String::from("$TTL 60\n@ SOA ns.example.com. a.example.com. 1 2 3 4 5\n@ NS ns.example.com.\nns A 192.0.2.1\n");
    zone.push_str(&rsa);
    for line in [
        ["spf", "example.com", "google", "192.0.2.0/24", "2001:db8::1", "--offline"].as_slice(),
        &["dmarc", "example.com", "--p", "reject", "--rua", "\"a;b\"@example.com", "--fo", "1:d"],
        &["mta-sts", "example.com", "--mx", "*.example.com"],
        &["tls-rpt", "example.com", "--rua", "https://example.com/tls?a=b"],
        &["bimi", "example.com", "--logo", "https://example.com/logo.svg"],
    ] {
        zone.push_str(&made(&[line, &["--zone"]].concat()));
    }
    let file = folder.path().join("example.com.zone");
    fs::write(&file, &zone).unwrap();
    let output = tool("named-checkzone", "bind9-utils")
        .arg("-D")
        .args(["example.com", file.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{zone}");
    for name in ["_dmarc", "_mta-sts", "_smtp._tls", "default._bimi", "rsa._domainkey"] {
        assert!(said.contains(&format!("{name}.example.com.")), "{name}: {said}");
    }
}

const DKIMPY: &str = r#"
import sys, base64, dkim
algorithm, pem, record = sys.argv[1:4]
if algorithm == "ed25519":
    # dkimpy takes the bare seed, the last 32 octets of the PKCS#8.
    der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    seed = der[der.index(b"\x04\x22\x04\x20") + 4:][:32]
    key, signature = base64.b64encode(seed), b"ed25519-sha256"
else:
    key, signature = pem.encode(), b"rsa-sha256"
message = b"From: ann@example.com\r\nTo: dana@b.test\r\nSubject: x\r\n\r\nHello\r\n"
header = dkim.sign(message, algorithm.encode(), b"example.com", key, signature_algorithm=signature)
print(dkim.verify(header + message, minkey=1024, dnsfunc=lambda name, timeout=5: record.encode()))
print(dkim.verify(header + message + b"more\r\n", minkey=1024, dnsfunc=lambda name, timeout=5: record.encode()))
"#;

#[test]
fn dkimpy_signs_with_the_private_key_and_verifies_with_the_record() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in ["rsa", "ed25519"] {
        let (zone, pem) = new_key(folder.path(), algorithm);
        let strings = zone.split_once(" TXT ").unwrap().1.trim();
        let record: String = strings.split('"').filter(|piece| !piece.trim().is_empty()).collect();
        let output = python(DKIMPY, &[algorithm, &pem, &record]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "True\nFalse\n", "{algorithm}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

const ZONES: &str = "\
example.com MX 10 box.example.com.
box.example.com A 192.0.2.10
mail.vendor.test TXT \"v=spf1 include:a.vendor.test include:b.vendor.test ~all\"
a.vendor.test TXT \"v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/25 ~all\"
b.vendor.test TXT \"v=spf1 ip4:203.0.113.16/28 ~all\"
";

#[test]
fn pyspf_comes_to_the_same_with_the_record_and_with_the_flat_one() {
    let dns = Dns::serve(Zones::text(ZONES));
    let address = dns.address().to_string();
    let asked = |more: &[&str]| {
        let line = [&["spf", "example.com", "mx", "include:mail.vendor.test", "--dns", &address], more].concat();
        let plain: Value = serde_json::from_str(&made(&[line.as_slice(), &["--json"]].concat())).unwrap();
        (plain, made(&[line.as_slice(), &["--zone"]].concat()))
    };
    let (plain, plain_zone) = asked(&[]);
    let (flat, flat_zone) = asked(&["--flatten"]);
    assert_eq!((plain["lookups"].as_u64(), plain["exact"].as_bool()), (Some(4), Some(true)), "{plain:#}");
    assert_eq!((flat["lookups"].as_u64(), flat["networks"].as_u64()), (Some(0), Some(3)), "{flat:#}");
    let questions: Vec<Value> = ["192.0.2.10", "192.0.2.11", "198.51.100.77", "203.0.113.31", "203.0.113.32"]
        .iter()
        .map(|ip| serde_json::json!([ip, "ann@example.com", "box.example.com"]))
        .collect();
    let verdicts = |zone: &str| -> Vec<String> {
        let dns = Dns::serve(Zones::text(&format!("{ZONES}{zone}")));
        let address = dns.address();
        let asked = serde_json::to_string(&questions).unwrap();
        let output = python(crate::checks::PYSPF, &[&address.ip().to_string(), &address.port().to_string(), &asked]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let expect = ["pass", "fail", "pass", "pass", "fail"];
    assert_eq!(verdicts(&plain_zone), expect);
    assert_eq!(verdicts(&flat_zone), expect);
}

#[test]
fn a_message_is_held_to_what_it_owes_from_a_file_and_from_stdin() {
    let good = "From: Ann Lee <ann@example.com>\r\nSubject: Pallets\r\n\r\nWe help bakeries. Reply with stop and I stop.\r\n\
                Acme Inc., 548 Market St, San Francisco, CA 94104\r\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.eml");
    fs::write(&file, good).unwrap();
    let (out, _, code) = run(&["check", "opt-out", "--file", file.to_str().unwrap()], "");
    assert!(code == 0 && out.contains("holds a postal address"), "{code}: {out}");
    let (out, _, code) = run(&["check", "opt-out", "--file", "-", "--json"], &good.replace("Pallets", "Re: Pallets"));
    let told: Value = serde_json::from_str(&out).unwrap();
    let subject = told["findings"].as_array().unwrap().iter().find(|one| one["id"] == "opt-out.subject").unwrap();
    assert_eq!(
        (code, subject["state"].as_str(), subject["entry"].as_str()),
        (1, Some("bad"), Some("sender-misleading"))
    );
    for (arguments, stdin, id) in [
        (["check", "opt-out", "--file", "/nowhere.eml"], "", "file.unreadable"),
        (["check", "opt-out", "--file", "-"], "no message\r\n\r\n", "message.malformed"),
        (["check", "opt-out", "--file", "-"], "", "message.malformed"),
    ] {
        let (_, error, code) = run(&arguments, stdin);
        assert!(code != 0 && error.contains(id), "{arguments:?}: {code} {error}");
    }
}

#[test]
fn the_calculators_answer_programs_and_take_tiers_from_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("coldrelay.toml");
    fs::write(&config, "[cost]\ntiers = [\"1:2.00\", \"50:0.10\"]\nminimum = \"1.00\"\n").unwrap();
    let line = ["--config", config.to_str().unwrap(), "calculate", "cost", "--mailboxes", "50", "--json"];
    let (out, error, code) = run(&line, "");
    assert_eq!(code, 0, "{error}");
    let told: Value = serde_json::from_str(&out).unwrap();
    // 50 × $0.10 × 12 + 10 domains × $12.00
    assert_eq!(told["ways"][0]["year"].as_u64(), Some(18_000), "{told:#}");
    let (out, ..) = run(&["calculate", "sizing", "--mails-per-day", "200", "--json"], "");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((told["mailboxes"].as_u64(), told["assumed"]["mails_per_mailbox"].as_u64()), (Some(10), Some(20)));
    let (_, error, code) = run(&["calculate", "sizing", "--mails-per-day", "0"], "");
    assert!(code == 2 && error.contains("[sizing.number]"), "{code} {error}");
}
