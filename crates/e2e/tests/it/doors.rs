//! The checks that dial: STARTTLS and certificate of an MX, the MTA-STS policy over HTTPS, against our own house and against
//! Postfix's smtp-sink.

use std::path::Path;

use serde_json::Value;
use testkit::nameserver::Zones;

use crate::{
    checks::{Dns, check},
    support::{House, tool},
};

const ZONE: &str = r#"
acme.test MX 10 box.acme.test.
box.acme.test A 127.0.0.1
mta-sts.acme.test A 127.0.0.1
_mta-sts.acme.test TXT "v=STSv1; id=1"
moved.test MX 10 old.moved.test.
old.moved.test A 127.0.0.1
private.test MX 10 mx.private.test.
mx.private.test A 127.0.0.1
"#;

/// A certificate for the names of the zone that nobody but `--roots` trusts; certificate and key.
fn certificate(folder: &Path) -> (String, String) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let made = tool("openssl", "openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=box.acme.test"])
        .args(["-addext", "subjectAltName=DNS:box.acme.test,DNS:mta-sts.acme.test"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-out", &certificate, "-keyout", &key])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}

/// The states of the findings of that id.
fn states<'v>(report: &'v Value, id: &str) -> Vec<&'v str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|finding| finding["id"] == id).map(|finding| finding["state"].as_str().unwrap()).collect()
}

#[test]
fn starttls_certificate_and_policy_are_looked_at_as_senders_do() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let house = House::start_on("sqlite", &format!("[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n"));
    let dns = Dns::serve(Zones::text(ZONE).apex("acme.test").apex("moved.test").apex("private.test"));
    let (smtp, https) = (house.at("mx").port().to_string(), house.at("https").port().to_string());
    let ports = ["--no-blocklists", "--smtp-port", &smtp, "--https-port", &https];
    let domain = |name: &str, more: &[&str]| check(&dns, &[&["domain", name], ports.as_slice(), more].concat());

    let trusted = domain("acme.test", &["--roots", &certificate]);
    for id in ["mx.starttls", "mx.certificate", "mta-sts.policy", "mta-sts.mx"] {
        assert_eq!(states(&trusted, id), ["ok"], "{id}: {trusted:#}");
    }

    let stranger = domain("acme.test", &[]);
    assert_eq!(states(&stranger, "mx.starttls"), ["ok"], "{stranger:#}");
    assert_eq!(states(&stranger, "mx.certificate"), ["warn"], "{stranger:#}");
    assert_eq!(states(&stranger, "mta-sts.policy"), ["bad"], "{stranger:#}");

    let moved = domain("moved.test", &["--roots", &certificate]);
    assert_eq!(states(&moved, "mx.certificate"), ["warn"], "another name: {moved:#}");

    let outside = domain("private.test", &["--reach", "public"]);
    assert_eq!(states(&outside, "mx.private-address"), ["bad"], "{outside:#}");
    assert_eq!(states(&outside, "mx.reached"), ["unknown"], "nobody was dialled: {outside:#}");
    assert_eq!(states(&outside, "mx.starttls"), [] as [&str; 0], "{outside:#}");
}

#[test]
fn a_host_without_starttls_is_told() {
    let house = House::start();
    let _sink = house.sink(&[]);
    let zone = format!("plain.test MX 10 mx.plain.test.\nmx.plain.test A {}", house.sink.ip());
    let dns = Dns::serve(Zones::text(&zone).apex("plain.test"));
    let port = house.sink.port().to_string();
    let report = check(&dns, &["domain", "plain.test", "--no-blocklists", "--smtp-port", &port]);
    assert_eq!(states(&report, "mx.starttls"), ["bad"], "{report:#}");
    let receiver = check(&dns, &["tls", "plain.test", "--smtp-port", &port]);
    assert_eq!(states(&receiver, "tls.receiver"), ["warn"], "{receiver:#}");
}
