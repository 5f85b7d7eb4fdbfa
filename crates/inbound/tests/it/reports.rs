//! Reports of receivers over SMTP: counted, refused, told apart from what is forged.

use auth::{Algorithm, PrivateKey, Signer, SigningKey};
use report::Kind;
use rules::event::Event;
use store::{DkimKey, MailKind, ReportFilter, ReportState, ReportsOf, StoredReport};
use syntax::{Domain, encode_base64};

use crate::{
    client::Client,
    house::{House, NOW, address, house},
    mx::{RICK, greeted},
};

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn with_attachment(subject: &str, content_type: &str, name: &str, octets: &[u8]) -> String {
    let lines: Vec<String> =
        encode_base64(octets).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!(
        "From: {RICK}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\nContent-Type: {content_type}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--",
        lines.join("\r\n")
    )
}

const SUBJECT: &str = "Report Domain: example.test Submitter: google.com Report-ID: <1>";

async fn bring(client: &mut Client, to: &str, content: &str) {
    let reply = client.send(RICK, &[to], content).await;
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
}

async fn reports(house: &House) -> Vec<StoredReport> {
    house.store.reports(&ReportFilter::default()).await.unwrap()
}

#[tokio::test]
async fn packed_reports_are_counted_once_and_their_mail_is_kept() {
    let house = house().await;
    let mut client = greeted(&house).await;
    let google = with_attachment(SUBJECT, "application/zip", "google.zip", &vector("google.zip"));
    bring(&mut client, "reports@example.test", &google).await;
    bring(&mut client, "reports@example.test", &google).await;
    let microsoft = with_attachment("DMARC", "application/gzip", "x.xml.gz", &vector("microsoft.xml.gz"));
    bring(&mut client, "reports@example.test", &microsoft).await;
    let tls = with_attachment("TLS", "application/tlsrpt+gzip", "x.json.gz", &vector("tls.json.gz"));
    bring(&mut client, "postmaster@example.test", &tls).await;

    let found = reports(&house).await;
    let shown: Vec<(Kind, ReportState, u64, u64)> =
        found.iter().rev().map(|report| (report.kind, report.state, report.messages, report.failures)).collect();
    let (aggregate, counted) = (Kind::DmarcAggregate, ReportState::Counted);
    assert_eq!(
        shown,
        [
            (aggregate, counted, 15, 3),
            (aggregate, ReportState::Duplicate, 15, 3),
            (aggregate, counted, 5, 0),
            (Kind::Tls, counted, 45, 4),
        ]
    );
    assert!(found.iter().all(|report| report.verified && report.domain == "example.test"));
    let mails = house.mails("ann@example.test").await;
    assert_eq!(mails.iter().filter(|mail| mail.kind == MailKind::Report).count(), 4);
    let since = NOW - std::time::Duration::from_secs(10 * 86_400);
    let sums = house.store.report_sources(&ReportsOf::default(), since).await.unwrap();
    assert_eq!(sums.iter().map(|row| row.seen.messages).sum::<u64>(), 20);
    let events = house.events().await;
    assert_eq!(events.iter().filter(|event| matches!(event, Event::ReportReceived { .. })).count(), 4);
}

#[tokio::test]
async fn a_bomb_and_a_report_about_others_are_kept_with_the_reason_and_count_nothing() {
    let house = house().await;
    let mut client = greeted(&house).await;
    let bomb = with_attachment(SUBJECT, "application/gzip", "x.xml.gz", &vector("bomb.xml.gz"));
    bring(&mut client, "reports@example.test", &bomb).await;
    let xml = "<feedback><policy_published><domain>bank.test</domain></policy_published><record><row><source_ip>192.0.2.1</source_ip><count>9</count></row><identifiers><header_from>bank.test</header_from></identifiers></record></feedback>";
    bring(&mut client, "reports@example.test", &with_attachment(SUBJECT, "text/xml", "x.xml", xml.as_bytes())).await;
    let found = reports(&house).await;
    assert_eq!((found[0].state, found[0].domain.as_str()), (ReportState::Refused, "bank.test"));
    assert_eq!(found[0].reason.as_deref(), Some("`bank.test` is no domain of ours"));
    assert_eq!(found[1].state, ReportState::Unreadable);
    assert!(found[1].reason.as_deref().is_some_and(|reason| reason.contains("report.bomb")), "{:?}", found[1].reason);
    assert!(
        house.store.report_sources(&ReportsOf::default(), syntax::Timestamp::from_micros(0)).await.unwrap().is_empty()
    );
    assert_eq!(house.mails("ann@example.test").await.len(), 2, "the mail is kept");
}

fn complaint(returned: &str, fields: &str) -> String {
    format!(
        "From: {RICK}\r\nSubject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=part\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\nSpam.\r\n--part\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\nUser-Agent: FBL/1\r\n{fields}\r\n--part\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n--part--"
    )
}

/// Whether the only complaint was believed, and who is left alone for it.
async fn outcome(house: &House) -> (bool, Vec<String>) {
    let proven = house.events().await.into_iter().find_map(|event| match event {
        Event::ComplaintReceived { proven, .. } => Some(proven),
        _ => None,
    });
    let suppressed = house.store.suppressions().await.unwrap();
    let suppressed = suppressed.into_iter().map(|row| format!("{} {}", row.address, row.reason)).collect();
    (proven.expect("a complaint"), suppressed)
}

#[tokio::test]
async fn a_complaint_with_our_token_is_believed() {
    let house = house().await;
    let (recipient, return_path) = house.sent("bob@elsewhere.test", "one@example.test").await;
    let content = complaint("From: ann@example.test\r\n\r\nHello", &format!("Original-Mail-From: <{return_path}>\r\n"));
    bring(&mut greeted(&house).await, "abuse@example.test", &content).await;
    assert_eq!(outcome(&house).await, (true, vec!["bob@elsewhere.test complaint".to_owned()]));
    let report = &reports(&house).await[0];
    assert_eq!(
        (report.kind, report.state, report.recipient.as_ref()),
        (Kind::Complaint, ReportState::Counted, Some(&recipient))
    );
}

#[tokio::test]
async fn a_complaint_that_comes_to_the_return_path_is_believed() {
    let house = house().await;
    let (_, return_path) = house.sent("bob@elsewhere.test", "one@example.test").await;
    let content = complaint("From: ann@example.test\r\n\r\nHello", "");
    bring(&mut greeted(&house).await, &return_path.to_string(), &content).await;
    assert_eq!(outcome(&house).await, (true, vec!["bob@elsewhere.test complaint".to_owned()]));
}

#[tokio::test]
async fn a_forged_complaint_changes_nothing_and_is_shown_as_unproven() {
    let house = house().await;
    house.sent("bob@elsewhere.test", "one@example.test").await;
    let forged = format!("bounce+{}@example.test", "a".repeat(42));
    // The Message-ID is right; neither who it went to nor a signature is shown.
    let returned = format!(
        "Return-Path: <{forged}>\r\nFrom: ann@example.test\r\nTo: victim@elsewhere.test\r\nMessage-ID: <one@example.test>\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.test; s=r1; h=From; bh=AAAA; b=AAAA\r\n\r\nHello"
    );
    let fields = format!("Original-Mail-From: <{forged}>\r\nOriginal-Rcpt-To: victim@elsewhere.test\r\n");
    bring(&mut greeted(&house).await, "abuse@example.test", &complaint(&returned, &fields)).await;
    assert_eq!(outcome(&house).await, (false, Vec::new()));
    let report = &reports(&house).await[0];
    assert_eq!(report.state, ReportState::Unproven);
    assert!(report.reason.as_deref().is_some_and(|reason| reason.contains("neither signature nor recipient")));
}

#[tokio::test]
async fn a_complaint_is_believed_by_our_signature_when_the_recipient_was_taken_out() {
    let house = house().await;
    let domain = Domain::parse("example.test").unwrap();
    let (key, txt) = auth::generate(Algorithm::Rsa).unwrap();
    let zone = dns::read_zone("example.test", &format!("r1._domainkey TXT \"{txt}\"\n")).unwrap();
    house.authority.set_zone(&zone).await.unwrap();
    house.sent("bob@elsewhere.test", "one@example.test").await;
    let key = SigningKey { domain, selector: "r1".to_owned(), algorithm: Algorithm::Rsa, key };
    let message = b"From: ann@example.test\r\nMessage-ID: <one@example.test>\r\nSubject: Hello\r\n\r\nHello\r\n";
    let signed = String::from_utf8(Signer::new(&[key]).unwrap().sign(message).unwrap()).unwrap();
    bring(&mut greeted(&house).await, "abuse@example.test", &complaint(&signed, "Original-Rcpt-To: redacted\r\n"))
        .await;
    assert_eq!(outcome(&house).await, (true, vec!["bob@elsewhere.test complaint".to_owned()]));
}

#[tokio::test]
async fn what_says_that_it_is_no_spam_suppresses_nobody() {
    let house = house().await;
    let (_, return_path) = house.sent("bob@elsewhere.test", "one@example.test").await;
    let content = complaint("From: ann@example.test\r\n\r\nHello", &format!("Original-Mail-From: <{return_path}>\r\n"))
        .replace("Feedback-Type: abuse", "Feedback-Type: not-spam");
    bring(&mut greeted(&house).await, "abuse@example.test", &content).await;
    assert_eq!(outcome(&house).await, (true, Vec::new()));
}

/// The key of example.test, published.
pub async fn publish_key(house: &House) {
    let (PrivateKey(private_key), txt) = auth::generate(Algorithm::Rsa).unwrap();
    let zone = dns::read_zone("example.test", &format!("r1._domainkey TXT \"{txt}\"\n")).unwrap();
    house.authority.set_zone(&zone).await.unwrap();
    let ann = house.mailbox("ann@example.test").await;
    assert_eq!(ann.address, address("ann@example.test"));
    let key = DkimKey { selector: "r1".to_owned(), algorithm: "rsa".to_owned(), private_key, txt, active: true };
    house.store.put_dkim_key(&ann.domain, key).await.unwrap();
}
