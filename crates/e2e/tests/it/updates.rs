//! Publication by RFC 2136 into a real BIND, with TSIG.

use std::{fs, net::SocketAddr, process::Child, process::Command};

use tempfile::TempDir;

use crate::support::{binary, free_port, tool, wait_for};

const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldCE=";

struct Bind {
    child: Child,
    folder: TempDir,
    server: SocketAddr,
}

impl Drop for Bind {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A named with the zone `acme.test`, which one key may change.
fn bind() -> Bind {
    let folder = tempfile::tempdir().unwrap();
    let server = SocketAddr::new([127, 0, 0, 1].into(), free_port([127, 0, 0, 1].into()));
    let path = folder.path().display();
    let soa =
        "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n@ TXT \"site-verification=1\"\n";
    fs::write(folder.path().join("acme.zone"), soa).unwrap();
    fs::write(
        folder.path().join("root.zone"),
        "$TTL 60\n@ SOA ns. hostmaster. 1 3600 600 86400 60\n@ NS ns.\nns. A 127.0.0.1\n",
    )
    .unwrap();
    let config = format!(
        "options {{ directory \"{path}\"; listen-on port {} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; \
         pid-file none; session-keyfile \"{path}/session.key\"; managed-keys-directory \"{path}\"; dnssec-validation no; }};\n\
         controls {{ }};\nkey \"update-key\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
         zone \".\" {{ type primary; file \"root.zone\"; }};\n\
         zone \"acme.test\" {{ type primary; file \"acme.zone\"; allow-update {{ key update-key; }}; }};\n",
        server.port()
    );
    fs::write(folder.path().join("named.conf"), config).unwrap();
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let child =
        tool("named", "bind9").args(["-g", "-c"]).arg(folder.path().join("named.conf")).stderr(log).spawn().unwrap();
    let bind = Bind { child, folder, server };
    wait_for("BIND", || (!dig(&bind, "acme.test", "SOA").is_empty()).then_some(()));
    bind
}

fn dig(bind: &Bind, owner: &str, kind: &str) -> String {
    let port = bind.server.port().to_string();
    let arguments = ["@127.0.0.1", "-p", &port, "+short", "+time=1", "+tries=1", owner, kind];
    let output = tool("dig", "bind9-dnsutils").args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if text.starts_with(";;") { String::new() } else { text }
}

fn coldrelay(bind: &Bind, secret: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = bind.folder.path().display();
    let config = bind.folder.path().join("coldrelay.toml");
    let text = format!(
        "data_dir = \"{folder}/data\"\n[dns]\nservers = [\"{0}\"]\npublisher = \"rfc2136\"\n\
         [dns.rfc2136]\nserver = \"{0}\"\nkey = \"update-key\"\nsecret = \"{secret}\"\n",
        bind.server
    );
    fs::write(&config, text).unwrap();
    let output = Command::new(binary()).arg("--config").arg(&config).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

#[test]
fn a_domain_is_published_by_signed_updates_and_heals_from_drift() {
    let bind = bind();
    let apply = ["domain", "apply", "acme.test", "--egress-ip", "127.0.2.200"];
    let (code, text) = coldrelay(&bind, SECRET, &apply);
    assert_eq!(code, Some(0), "{text}\n{}", fs::read_to_string(bind.folder.path().join("log")).unwrap());
    assert!(text.contains("reverse DNS was not set"), "{text}");
    assert_eq!(dig(&bind, "acme.test", "MX"), "10 box.acme.test.\n");
    let texts = dig(&bind, "acme.test", "TXT");
    assert!(texts.contains("v=spf1 ip4:127.0.2.200 -all") && texts.contains("site-verification=1"), "{texts}");
    let (code, text) = coldrelay(&bind, SECRET, &["domain", "apply", "acme.test", "--json"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\"changes\": []"), "a second apply changed something: {text}");

    let (code, text) = coldrelay(&bind, SECRET, &["domain", "apply", "acme.test", "--dmarc", "none"]);
    assert_eq!(code, Some(0), "{text}");
    let dmarc = dig(&bind, "_dmarc.acme.test", "TXT");
    assert!(dmarc.contains("p=none") && !dmarc.contains("p=reject"), "{dmarc}");
}

#[test]
fn keys_are_changed_by_signed_updates_and_the_old_records_go() {
    let bind = bind();
    let done = |arguments: &[&str]| {
        let (code, text) = coldrelay(&bind, SECRET, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
        text
    };
    done(&["domain", "apply", "acme.test", "--egress-ip", "127.0.2.200"]);
    let shown = done(&["domain", "rotate-dkim", "acme.test", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let owner = format!("{}._domainkey.acme.test", shown["keys"][1]["selector"].as_str().unwrap());
    let before = dig(&bind, &owner, "TXT");
    assert!(before.contains("v=DKIM1") && before.len() > 300, "{before}");
    done(&["domain", "rotate-dkim", "acme.test", "start"]);
    let text = done(&["domain", "rotate-dkim", "acme.test", "finish"]);
    assert!(text.contains("retired") && text.contains("next: retire, not before"), "{text}");
    assert_eq!(dig(&bind, &owner, "TXT"), before, "what is on its way is verified with it");
    let (code, text) = coldrelay(&bind, SECRET, &["domain", "rotate-dkim", "acme.test", "retire"]);
    assert!(code == Some(2) && text.contains("dkim.not-yet"), "{text}");
    done(&["domain", "rotate-dkim", "acme.test", "retire", "--at-once"]);
    assert_eq!(dig(&bind, &owner, "TXT").trim(), "\"v=DKIM1; k=rsa; p=\"");
    done(&["domain", "rotate-dkim", "acme.test", "retire", "--at-once"]);
    assert_eq!(dig(&bind, &owner, "TXT"), "");
    assert_eq!(dig(&bind, "acme.test", "MX"), "10 box.acme.test.\n");
}

#[test]
fn a_wrong_key_is_refused_and_says_what_to_check() {
    let bind = bind();
    let wrong = "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3JvbmchISE=";
    let (code, text) = coldrelay(&bind, wrong, &["domain", "apply", "acme.test", "--egress-ip", "127.0.2.200"]);
    assert_ne!(code, Some(0));
    assert!(text.contains("TSIG key") && text.contains("publish.refused"), "{text}");
    assert_eq!(dig(&bind, "acme.test", "MX"), "");
}

#[test]
fn a_printed_zone_file_is_read_by_bind() {
    let bind = bind();
    let (code, text) =
        coldrelay(&bind, SECRET, &["domain", "apply", "acme.test", "--egress-ip", "127.0.2.200", "--json"]);
    assert_eq!(code, Some(0), "{text}");
    let report: serde_json::Value = serde_json::from_str(text.split("note:").next().unwrap()).unwrap();
    let zone = report["zone_text"].as_str().unwrap().split("\n$ORIGIN").next().unwrap().to_owned();
    let head = "acme.test. 60 IN SOA ns.acme.test. hostmaster.acme.test. 1 2 3 4 5\nacme.test. 60 IN NS ns.acme.test.\nns.acme.test. 60 IN A 127.0.0.1\n";
    let file = bind.folder.path().join("printed.zone");
    fs::write(&file, format!("{head}{zone}")).unwrap();
    let output = tool("named-checkzone", "bind9-utils").arg("acme.test").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
