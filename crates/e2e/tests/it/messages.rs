//! `coldrelay check message` held against dkimpy, pyspf and authheaders (DMARC by the public-suffix list): the same messages,
//! the same name server. The names end in `.com`, since the peer's public-suffix list knows no `.test`; nobody outside is asked.

use serde_json::{Value, json};
use testkit::nameserver::Zones;

use crate::{
    checks::{Dns, check},
    support::{House, python, tool},
};

/// `RSA` and `ED` stand for keys.
const ZONES: &str = r#"
a.com TXT "v=spf1 ip4:192.0.2.5 -all"
a.com MX 10 mail.a.com.
mail.a.com A 192.0.2.5
_dmarc.a.com TXT "v=DMARC1; p=reject; rua=mailto:d@a.com"
news.a.com TXT "v=spf1 ip4:192.0.2.6 ~all"
service.com TXT "v=spf1 ip4:192.0.2.7 -all"
_dmarc.strict.com TXT "v=DMARC1; p=reject; aspf=s; adkim=s"
mail.strict.com TXT "v=spf1 ip4:192.0.2.5 -all"
soft.com TXT "v=spf1 ~all"
_dmarc.soft.com TXT "v=DMARC1; p=none"
only-sub.com TXT "v=spf1 -all"
_dmarc.mail.only-sub.com TXT "v=DMARC1; p=reject"
rsa._domainkey.a.com TXT RSA
rsa._domainkey.news.a.com TXT RSA
rsa._domainkey.service.com TXT RSA
rsa._domainkey.mail.strict.com TXT RSA
rsa._domainkey.only-sub.com TXT RSA
ed._domainkey.a.com TXT ED
gone._domainkey.a.com TXT "v=DKIM1; p="
"#;

const PEERS: &str = r#"
import json, sys, dns.resolver
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = [sys.argv[1]], int(sys.argv[2])
dns.resolver.override_system_resolver(resolver)
dns.resolver.query = lambda name, kind='A', lifetime=5, **more: resolver.resolve(name, kind, lifetime=2)
import dkim, authheaders
keys = json.loads(sys.argv[3])
out = []
for case in json.loads(sys.argv[4]):
    message = case['letter'].encode()
    for domain, selector, key in case['signs']:
        pem = keys[key].encode()
        algorithm = b'ed25519-sha256' if key == 'ED' else b'rsa-sha256'
        message = dkim.sign(message, selector.encode(), domain.encode(), pem, signature_algorithm=algorithm,
                            canonicalize=(b'relaxed', b'relaxed')) + message
    for before, after in case['changes']:
        message = message.replace(before.encode(), after.encode())
    header = authheaders.authenticate_message(message, 'peer.com', spf=True, ip=case['ip'], mail_from=case['sender'], helo='mail.a.com')
    from authres import AuthenticationResultsHeader
    results = {one.method: one.result for one in AuthenticationResultsHeader.parse(header).results}
    def verifies(index):
        try:
            return dkim.DKIM(message).verify(idx=index)
        except dkim.DKIMException:
            return False
    passes = any([verifies(index) for index in range(len(case['signs']))])
    out.append({'message': message.decode(), 'dkim': passes, **{'spf': results['spf'], 'dmarc': results['dmarc']}})
print(json.dumps(out))
"#;

struct Case {
    what: &'static str,
    from: &'static str,
    sender: &'static str,
    ip: &'static str,
    /// Domain, selector, key.
    signs: &'static [(&'static str, &'static str, &'static str)],
    changes: &'static [(&'static str, &'static str)],
    /// Our DMARC verdict where it is not the peer's, which looks into the public-suffix list.
    ours: Option<&'static str>,
}

const CASES: &[Case] = &[
    case("in order", "a.com", "ann@a.com", "192.0.2.5", &[("a.com", "rsa", "RSA")]),
    case("both keys", "a.com", "ann@a.com", "192.0.2.5", &[("a.com", "rsa", "RSA"), ("a.com", "ed", "ED")]),
    case("DKIM alone", "a.com", "x@service.com", "192.0.2.9", &[("a.com", "rsa", "RSA")]),
    case("SPF alone", "a.com", "ann@a.com", "192.0.2.5", &[]),
    case("neither", "a.com", "ann@a.com", "192.0.2.9", &[]),
    case("a service in its own name", "a.com", "x@service.com", "192.0.2.7", &[("service.com", "rsa", "RSA")]),
    case("a sub-domain signs, relaxed", "a.com", "x@service.com", "192.0.2.9", &[("news.a.com", "rsa", "RSA")]),
    case("a sub-domain writes", "news.a.com", "x@news.a.com", "192.0.2.6", &[]),
    case(
        "strict, and a sub-domain",
        "strict.com",
        "x@mail.strict.com",
        "192.0.2.5",
        &[("mail.strict.com", "rsa", "RSA")],
    ),
    case("a revoked key", "a.com", "x@service.com", "192.0.2.9", &[("a.com", "gone", "RSA")]),
    case("no policy to speak of", "soft.com", "x@soft.com", "192.0.2.9", &[]),
    case("no record at all", "nothing.com", "x@nothing.com", "192.0.2.9", &[]),
    Case {
        changes: &[("Thursday", "Friday")],
        ..case("changed on the way", "a.com", "x@service.com", "192.0.2.9", &[("a.com", "rsa", "RSA")])
    },
    // RFC 9989 walks the tree: only-sub.com has no record, so it and mail.only-sub.com are two organisations. The public-suffix
    // list makes them one.
    Case {
        ours: Some("fail"),
        ..case(
            "walk and list differ",
            "mail.only-sub.com",
            "x@service.com",
            "192.0.2.9",
            &[("only-sub.com", "rsa", "RSA")],
        )
    },
];

const fn case(
    what: &'static str,
    from: &'static str,
    sender: &'static str,
    ip: &'static str,
    signs: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case { what, from, sender, ip, signs, changes: &[], ours: None }
}

impl Case {
    fn json(&self) -> Value {
        let letter = format!(
            "From: Ann <ann@{}>\r\nTo: dana@b.com\r\nSubject: our call\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\
             Message-ID: <1@a.com>\r\n\r\nShall we talk on Thursday?\r\n",
            self.from
        );
        json!({ "letter": letter, "signs": self.signs, "changes": self.changes, "ip": self.ip, "sender": self.sender })
    }
}

/// Keys as dkimpy takes them, and their records.
fn keys() -> (Value, String) {
    let script = r"
import base64, json, subprocess, nacl.signing, nacl.encoding
rsa = subprocess.run(['openssl', 'genrsa', '-traditional', '2048'], capture_output=True, check=True).stdout.decode()
public = subprocess.run(['openssl', 'rsa', '-pubout', '-outform', 'DER'], input=rsa.encode(), capture_output=True, check=True).stdout
ed = nacl.signing.SigningKey.generate()
print(json.dumps({'RSA': rsa, 'ED': base64.b64encode(bytes(ed)).decode(),
                  'rsa': base64.b64encode(public).decode(), 'ed': base64.b64encode(bytes(ed.verify_key)).decode()}))
";
    let output = python(script, &[]);
    let keys: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |name: &str| keys[name].as_str().unwrap().to_owned();
    let rsa = format!("v=DKIM1; k=rsa; p={}", text("rsa"));
    let (first, second) = rsa.split_at(200);
    let zones = ZONES
        .replace("TXT RSA", &format!("TXT \"{first}\" \"{second}\""))
        .replace("TXT ED", &format!("TXT \"v=DKIM1; k=ed25519; p={}\"", text("ed")));
    (keys, zones)
}

#[test]
fn dkimpy_pyspf_and_authheaders_agree_with_us_on_the_same_messages() {
    let (keys, zones) = keys();
    let dns = Dns::serve(Zones::text(&zones));
    let address = dns.address();
    let cases: Vec<Value> = CASES.iter().map(Case::json).collect();
    let arguments = [
        address.ip().to_string(),
        address.port().to_string(),
        keys.to_string(),
        serde_json::to_string(&cases).unwrap(),
    ];
    let output = python(PEERS, &arguments.each_ref().map(String::as_str));
    let theirs: Vec<Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(theirs.len(), CASES.len());
    let folder = tempfile::tempdir().unwrap();
    for (case, theirs) in CASES.iter().zip(&theirs) {
        let file = folder.path().join("message.eml");
        std::fs::write(&file, theirs["message"].as_str().unwrap()).unwrap();
        let file = file.to_str().unwrap();
        let ours = check(
            &dns,
            &[
                "message",
                "--file",
                file,
                "--ip",
                case.ip,
                "--helo",
                "mail.a.com",
                "--mail-from",
                case.sender,
                "--no-blocklists",
            ],
        );
        let what = format!("{}: ours {:#}, theirs {theirs:#}", case.what, ours["signatures"]);
        assert_eq!(ours["spf"], theirs["spf"], "SPF, {what}");
        let signatures = ours["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), case.signs.len(), "{what}");
        assert_eq!(signatures.iter().any(|one| one["verdict"] == "pass"), theirs["dkim"] == true, "DKIM, {what}");
        let expect = case.ours.map_or_else(|| theirs["dmarc"].clone(), Value::from);
        assert_eq!(ours["dmarc"], expect, "DMARC, {what}");
        if case.ours.is_some() {
            assert_ne!(ours["dmarc"], theirs["dmarc"], "the difference is gone: {what}");
            let ids: Vec<&str> =
                ours["findings"].as_array().unwrap().iter().filter_map(|finding| finding["id"].as_str()).collect();
            assert!(ids.contains(&"dmarc.walk-differs"), "the difference is not explained: {ids:?}");
        }
    }
}

#[test]
fn a_message_mailed_to_a_one_time_address_is_tested_as_it_came() {
    let house = House::start();
    let test = house.json(&["check", "mail", "--wait", "0"]);
    let (address, id) = (test["address"].as_str().unwrap(), test["id"].as_str().unwrap());
    let zone = "sender.com TXT \"v=spf1 ip4:127.0.0.1 -all\"\nsender.com MX 10 mx.sender.com.\nmx.sender.com A 127.0.0.1\n\
                _dmarc.sender.com TXT \"v=DMARC1; p=none; rua=mailto:d@sender.com\"";
    let dns = Dns::serve(Zones::text(zone).apex("sender.com"));
    let sent = tool("swaks", "swaks")
        .args(["--server", &house.at("mx").to_string(), "--from", "bob@sender.com", "--to", address])
        .args(["--helo", "mx.sender.com", "--header", "Subject: a test", "--body", "hello"])
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stdout));
    let asking = ["--dns", &dns.address().to_string(), "--no-blocklists", "--json"].map(str::to_owned);
    let look = || {
        house.run(
            &[&["check", "mail", "--id", id, "--wait", "20"], asking.each_ref().map(String::as_str).as_slice()]
                .concat(),
        )
    };
    let (code, text) = look();
    // It bears no signature, which is bad; SPF passes and is aligned.
    assert_eq!(code, 1, "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&report["spf"], &report["dmarc"], &report["ip"]),
        (&json!("pass"), &json!("pass"), &json!("127.0.0.1"))
    );
    assert_eq!(report["subject"], "a test");
    let listed = house.json(&["mail", "list"]);
    assert_eq!(listed, json!([]), "a test lies in no mailbox");
    let again = tool("swaks", "swaks")
        .args([
            "--server",
            &house.at("mx").to_string(),
            "--from",
            "bob@sender.com",
            "--to",
            address,
            "--quit-after",
            "RCPT",
        ])
        .output()
        .unwrap();
    assert!(!again.status.success(), "the address took a second message");
}
