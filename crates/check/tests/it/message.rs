//! A message in order, and the same with one thing wrong at a time; what mail-auth says of it is held against ours.

use auth::{Algorithm, Signer, SigningKey};
use check::{Checks, MessageFacts, MessageReport, State};
use rules::reach::Reach;
use syntax::{Address, Domain};
use testkit::nameserver::Zones;

/// The lines of a letter; `%` stands for nothing.
const LETTER: &str = "From: Ann <ann@a.test>\r\nTo: dana@b.test\r\nSubject: our call\r\n\
                      Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@a.test>\r\nMIME-Version: 1.0\r\n\
                      Content-Type: text/plain; charset=utf-8\r\n\r\nShall we talk on Thursday?\r\n";

const ZONE: &str = r#"
a.test MX 10 mail.a.test.
a.test TXT "v=spf1 ip4:192.0.2.5 -all"
mail.a.test A 192.0.2.5
5.2.0.192.in-addr.arpa PTR mail.a.test.
_dmarc.a.test TXT "v=DMARC1; p=reject; rua=mailto:dmarc@a.test"
bounce.service.test MX 10 mail.a.test.
bounce.service.test TXT "v=spf1 ip4:192.0.2.5 -all"
"#;

struct Case {
    zone: String,
    letter: String,
    mail_from: &'static str,
    signs: bool,
    /// Done to the message once it is signed.
    on_the_way: fn(String) -> String,
    bulk: bool,
}

fn case() -> Case {
    Case {
        zone: ZONE.into(),
        letter: LETTER.into(),
        mail_from: "ann@a.test",
        signs: true,
        on_the_way: |text| text,
        bulk: false,
    }
}

async fn report(case: Case) -> MessageReport {
    let (key, record) = auth::generate(Algorithm::Rsa).unwrap();
    let domain = Domain::parse("a.test").unwrap();
    let keys = vec![SigningKey { domain, selector: "s1".into(), algorithm: Algorithm::Rsa, key }];
    let mut octets = case.letter.clone().into_bytes();
    if case.signs {
        let signer = Signer::new(&keys).unwrap();
        octets = signer.sign(&octets).unwrap();
    }
    let octets = (case.on_the_way)(String::from_utf8(octets).unwrap()).into_bytes();
    let (first, second) = record.split_at(200);
    let zone = format!("{}s1._domainkey.a.test TXT \"{first}\" \"{second}\"\n", case.zone);
    let server = Zones::text(&zone).apex("a.test").apex("service.test").serve().await;
    let checks = Checks { reach: Reach::Anywhere, ..Checks::new(server.resolver()).unwrap() };
    let facts = MessageFacts {
        ip: Some([192, 0, 2, 5].into()),
        helo: Some("mail.a.test".into()),
        mail_from: Some(Address::parse(case.mail_from).ok()),
        at: Some(syntax::Timestamp::parse_rfc5322("Tue, 24 Nov 2026 10:00:05 +0000").unwrap()),
        blocklists: false,
        bulk: case.bulk,
    };
    checks.message(&octets, &facts).await.unwrap()
}

async fn check(case: Case, expect: &[(&str, State)]) -> MessageReport {
    let told = report(case).await;
    let not_ok = told.report.findings.iter().filter(|finding| finding.state != State::Ok);
    let mut ids: Vec<(&str, State)> = not_ok.map(|finding| (finding.id, finding.state)).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, expect, "{:#?}", told.report.findings);
    for finding in told.report.findings.iter().filter(|finding| matches!(finding.state, State::Bad | State::Warn)) {
        assert!(finding.fix.is_some() && finding.entry.is_some(), "{finding:?}");
    }
    told
}

/// The codes predicted of Gmail, Outlook.com and Yahoo; empty when the message is taken.
fn predicted(told: &MessageReport) -> Vec<String> {
    let code = |reply: &Option<String>| reply.as_deref().map(|reply| reply[..9].trim().to_owned()).unwrap_or_default();
    told.report.predicted.iter().map(|one| code(&one.reply)).collect()
}

#[tokio::test]
async fn a_message_in_order_has_no_fault() {
    let told = check(case(), &[]).await;
    assert_eq!(told.report.grade.clone().map(|grade| grade.letter), Some('A'));
    assert_eq!(predicted(&told), ["", "", ""]);
    assert_eq!(told.signatures.len(), 1);
}

#[tokio::test]
async fn a_body_changed_on_the_way_breaks_the_signature_and_spf_still_carries_dmarc() {
    let changed = Case { on_the_way: |text| text.replace("Thursday", "Friday"), bulk: true, ..case() };
    // Whoever sends to many owes a postal address and a way out.
    let expect = [
        ("dkim.signature", State::Bad),
        ("one-click.fields", State::Warn),
        ("opt-out.postal-address", State::Bad),
        ("opt-out.visible", State::Bad),
    ];
    let told = check(changed, &expect).await;
    assert_eq!(predicted(&told), ["550 5.7.30", "550 5.7.515", ""].map(|code| code[..9.min(code.len())].to_owned()));
}

#[tokio::test]
async fn without_signature_and_with_a_foreign_envelope_nothing_is_aligned() {
    let case = Case { signs: false, mail_from: "x@bounce.service.test", ..case() };
    let told = check(case, &[("dkim.signature", State::Bad), ("dmarc.alignment", State::Bad)]).await;
    assert_eq!(predicted(&told), ["550 5.7.2", "550 5.7.5", "554 5.7.9"]);
}

#[tokio::test]
async fn a_message_saved_with_bare_line_feeds_or_out_of_an_mbox_is_read_as_it_was_on_the_wire() {
    let saved: fn(String) -> String =
        |text| format!("From ann@a.test Tue Nov 24 10:00:00 2026\n{}", text.replace("\r\n", "\n"));
    check(Case { on_the_way: saved, ..case() }, &[]).await;
}

#[tokio::test]
async fn faults_of_form_are_found() {
    use State::{Bad, Warn};
    let with = |from: &str, to: &str| Case { letter: LETTER.replace(from, to), ..case() };
    check(with("Message-ID: <1@a.test>\r\n", ""), &[("message.required-field", Warn)]).await;
    check(with("Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n", ""), &[("message.required-field", Bad)]).await;
    check(with("<1@a.test>", "1"), &[("message.message-id", Bad)]).await;
    check(with("Tue, 24 Nov 2026", "2026-11-24"), &[("message.date", Bad)]).await;
    check(with("Tue, 24 Nov 2026", "Mon, 02 Nov 2026"), &[("message.date", Warn)]).await;
    check(with("Thursday?", &"x".repeat(1200)), &[("message.line", Bad)]).await;
    check(with("our call", "our cáll"), &[("message.eight-bit", Warn)]).await;
    check(with("MIME-Version: 1.0\r\n", ""), &[("message.mime", Warn)]).await;
    check(with("text/plain; charset=utf-8", "multipart/mixed"), &[("message.mime", Bad)]).await;
    let unsigned_copy = Case { on_the_way: |text| format!("Subject: you won\r\n{text}"), ..case() };
    check(unsigned_copy, &[("dkim.signature", Bad), ("message.repeated-field", Bad)]).await;
}

#[tokio::test]
async fn one_click_fields_count_only_when_they_are_signed() {
    let fields = "List-Unsubscribe: <https://a.test/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
    let foot = "\r\nAcme Ltd, 12 Main Street, Springfield, IL 62701, USA. To opt out of these emails, reply \"unsubscribe\".\r\n";
    check(Case { letter: format!("{fields}{LETTER}{foot}"), bulk: true, ..case() }, &[]).await;
    let added: fn(String) -> String = |text| {
        format!("List-Unsubscribe: <https://a.test/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n{text}")
    };
    let found = report(Case { on_the_way: added, ..case() }).await;
    let states: Vec<&str> =
        found.report.findings.iter().filter(|finding| finding.state == State::Bad).map(|finding| finding.id).collect();
    assert!(states.contains(&"one-click.signed"), "{states:?}");
}

#[tokio::test]
async fn the_way_and_the_results_are_read_from_the_header() {
    let trace = "Return-Path: <ann@a.test>\r\nAuthentication-Results: mx.b.test; spf=pass smtp.mailfrom=a.test; dkim=fail header.d=a.test\r\n\
                 Received: from gate.b.test (gate.b.test [10.0.0.9]) by mx.b.test with ESMTP; Tue, 24 Nov 2026 11:10:00 +0000\r\n\
                 Received: from mail.a.test (mail.a.test [192.0.2.5]) by gate.b.test with ESMTPS; Tue, 24 Nov 2026 10:00:10 +0000\r\n\
                 Received: from [10.1.1.1] by mail.a.test with ESMTPSA; Tue, 24 Nov 2026 10:00:00 +0000\r\n";
    let server = Zones::text(ZONE).apex("a.test").serve().await;
    let checks = Checks { reach: Reach::Anywhere, ..Checks::new(server.resolver()).unwrap() };
    let told = checks.message(format!("{trace}{LETTER}").as_bytes(), &MessageFacts::default()).await.unwrap();
    let hosts: Vec<&str> = told.path.iter().filter_map(|hop| hop.by.as_deref()).collect();
    assert_eq!(hosts, ["mail.a.test", "gate.b.test", "mx.b.test"]);
    assert_eq!(told.mail_from.as_deref(), Some("ann@a.test"));
    let of = |id: &str| told.report.findings.iter().find(|finding| finding.id == id).unwrap();
    assert_eq!((of("trace.delay").state, of("trace.results").state), (State::Warn, State::Warn));
    assert!(of("trace.delay").seen.contains("1 h 9 min at gate.b.test"), "{}", of("trace.delay").seen);
}

#[tokio::test]
async fn a_message_of_50_mib_and_what_is_none_are_answered() {
    let server = Zones::text(ZONE).apex("a.test").serve().await;
    let checks = Checks::new(server.resolver()).unwrap();
    let huge = format!("{LETTER}{}", "0123456789012345678901234567890123456789012345678\r\n".repeat(1_028_000));
    let told = checks.message(huge.as_bytes(), &MessageFacts::default()).await.unwrap();
    assert!(told.report.findings.iter().any(|finding| finding.id == "message.size" && finding.state == State::Bad));
    for text in ["", "\r\n", "no header here\r\n\r\n"] {
        let fault = checks.message(text.as_bytes(), &MessageFacts::default()).await.unwrap_err();
        assert_eq!(fault.code, "message.malformed");
    }
}
