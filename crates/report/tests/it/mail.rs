//! Which messages carry a report.

use report::{FeedbackKind, Kind, Problem, Report, Unreadable, read};
use syntax::Message;

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn with_attachment(subject: &str, content_type: &str, name: &str, octets: &[u8]) -> String {
    format!(
        "From: x@receiver.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--b\r\nContent-Type: {content_type}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        syntax::encode_base64(octets)
    )
}

fn found(text: &str, expected: bool) -> Option<Result<Report, Unreadable>> {
    read(&Message::parse(text.as_bytes()).unwrap(), expected)
}

const SUBJECT: &str = "Report Domain: example.com Submitter: google.com Report-ID: <1>";

#[test]
fn a_report_is_known_by_subject_or_by_file_name() {
    let xml = vector("google.xml");
    let name = "google.com!example.com!1794873600!1794959999.xml";
    for (subject, file) in [(SUBJECT, "x.xml"), ("hello", name)] {
        let message = with_attachment(subject, "application/octet-stream", file, &xml);
        assert_eq!(found(&message, false).unwrap().unwrap().kind(), Kind::DmarcAggregate, "{subject} {file}");
    }
    let unnamed = with_attachment("hello", "text/xml", "x.xml", &xml);
    assert_eq!(found(&unnamed, false), None);
    assert_eq!(found(&unnamed, true).unwrap().unwrap().kind(), Kind::DmarcAggregate);
}

#[test]
fn a_report_may_be_the_whole_message() {
    let json = String::from_utf8(vector("tls-google.json")).unwrap();
    let message = format!(
        "From: a@b.example\r\nTLS-Report-Domain: example.com\r\nContent-Type: application/tlsrpt+json\r\n\r\n{json}"
    );
    assert_eq!(found(&message, false).unwrap().unwrap().kind(), Kind::Tls);
}

#[test]
fn peoples_attachments_are_left_alone() {
    let note = with_attachment("photos", "application/zip", "photos.zip", b"PK\x03\x04 damaged");
    assert_eq!(found(&note, false), None);
    assert_eq!(found(&note, true), None);
    let invoice = with_attachment("invoice", "text/xml", "invoice.xml", b"<invoice><total>5</total></invoice>");
    assert_eq!(found(&invoice, true), None);
}

#[test]
fn what_says_that_it_is_a_report_and_cannot_be_read_is_told() {
    let broken = with_attachment(SUBJECT, "application/gzip", "x.xml.gz", b"\x1f\x8bnonsense");
    let unreadable = found(&broken, false).unwrap().unwrap_err();
    assert_eq!((unreadable.kind, unreadable.problem.id()), (Kind::DmarcAggregate, "report.packing"));
    let empty = format!("From: a@b.example\r\nSubject: {SUBJECT}\r\n\r\nsee attachment");
    assert_eq!(found(&empty, false).unwrap().unwrap_err().problem, Problem::NoReport("no attachment is a report"));
}

#[test]
fn a_complaint_is_read_with_what_came_back() {
    let text = vector("complaint.eml");
    let Some(Ok(Report::Feedback(complaint))) = read(&Message::parse(&text).unwrap(), false) else { panic!() };
    assert_eq!((complaint.kind, complaint.reporter.as_str()), (FeedbackKind::Abuse, "atlas.mail.yahoo.example"));
    assert_eq!(complaint.message_id().as_deref(), Some("one@example.com"));
    assert_eq!(complaint.recipients[0].to_string(), "bob@yahoo.example");
    assert_eq!(complaint.return_paths().len(), 2);
    assert_eq!(complaint.arrived_at, Some(1_794_909_600));
    assert_eq!(complaint.from_domain().as_deref(), Some("example.com"));
    assert!(complaint.returned.starts_with(b"Return-Path:") && complaint.returned.ends_with(b"a minute?"));
}

#[test]
fn a_failure_report_is_read_with_a_broken_header() {
    let text = vector("failure.eml");
    let report = read(&Message::parse(&text).unwrap(), false).unwrap().unwrap();
    assert_eq!(report.kind(), Kind::DmarcFailure);
    let Report::Feedback(failure) = report else { panic!() };
    let told = failure.auth_failure.clone().unwrap();
    assert_eq!((told.failure.as_str(), told.delivery.as_str(), failure.incidents), ("dmarc", "reject", 2));
    assert_eq!(failure.message_id().as_deref(), Some("forged@elsewhere.example"));
    assert_eq!(failure.domains, ["example.com"]);
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let text = with_attachment(SUBJECT, "application/octet-stream", "x.gz", &octets);
        let _ = found(&text, true);
    }
}
