//! Notifications as Postfix, Exim, Gmail and Exchange write them (imitated, with example names),
//! and the round trip of our own.

use bounce::dsn::{Cover, Dsn, DsnAction, DsnRecipient, read, write};
use proptest::prelude::*;
use smtp::{Enhanced, Reply};
use syntax::{Address, Message, Timestamp};

fn parsed(eml: &str) -> Dsn {
    let crlf = eml.replace("\r\n", "\n").replace('\n', "\r\n");
    let dsn = read(crlf.as_bytes()).unwrap().expect("a notification");
    // A mailbox that stores LF alone must not change the reading.
    assert_eq!(read(eml.as_bytes()).unwrap().as_ref(), Some(&dsn));
    dsn
}

fn reply(code: u16, enhanced: Enhanced, lines: &[&str]) -> Reply {
    Reply { code, enhanced: Some(enhanced), lines: lines.iter().map(|line| (*line).to_owned()).collect() }
}

#[test]
fn a_notification_of_postfix_is_read() {
    let dsn = parsed(include_str!("../vectors/dsn/postfix.eml"));
    assert_eq!(dsn.reporting_mta, "mx.receiver.test");
    assert_eq!(dsn.message_id.as_deref(), Some("q1.1795425160@sender.test"));
    let recipient = &dsn.recipients[0];
    assert_eq!(recipient.address.to_string(), "bob@receiver.test");
    assert_eq!(recipient.original.as_deref(), Some("rfc822;bob@receiver.test"));
    assert_eq!((recipient.action, recipient.status), (DsnAction::Failed, Enhanced::new(5, 1, 1)));
    assert_eq!(recipient.remote_mta.as_deref(), Some("inner.receiver.test"));
    let text = "<bob@receiver.test>: Recipient address rejected: User unknown in virtual mailbox table";
    assert_eq!(recipient.diagnostic, Some(reply(550, Enhanced::new(5, 1, 1), &[text])));
    assert_eq!(bounce::explain_recipient(recipient).entry, "550-5-1-1");
}

#[test]
fn a_notification_of_exim_tells_each_recipient_apart() {
    let dsn = parsed(include_str!("../vectors/dsn/exim.eml"));
    assert_eq!(dsn.recipients.len(), 2);
    assert_eq!(dsn.message_id.as_deref(), Some("q2.1795425160@sender.test"));
    // Exim writes 5.0.0 whatever the reply was; the reply tells.
    assert_eq!(dsn.recipients[0].status, Enhanced::new(5, 0, 0));
    let full = bounce::explain_recipient(&dsn.recipients[0]);
    assert_eq!((full.entry, full.suppress), ("552-5-2-2-mailbox-full", false));
    let unknown = bounce::explain_recipient(&dsn.recipients[1]);
    assert_eq!((unknown.entry, unknown.suppress), ("550-5-0-0", false));
}

#[test]
fn a_notification_of_gmail_is_read_through_its_folds() {
    let dsn = parsed(include_str!("../vectors/dsn/gmail.eml"));
    let recipient = &dsn.recipients[0];
    assert_eq!(recipient.remote_mta.as_deref(), Some("gmail-smtp-in.l.google.com"));
    let diagnostic = recipient.diagnostic.as_ref().unwrap();
    assert_eq!((diagnostic.code, diagnostic.lines.len()), (550, 4));
    assert!(diagnostic.text().ends_with(
        "unnecessary spaces. For more information, go to https://support.google.com/mail/?p=NoSuchUser a1b2c3 - gsmtp"
    ));
    let explanation = bounce::explain_recipient(recipient);
    assert_eq!((explanation.entry, explanation.suppress), ("550-5-1-1-at-gmail", true));
}

#[test]
fn a_notification_of_exchange_is_read() {
    let dsn = parsed(include_str!("../vectors/dsn/exchange.eml"));
    assert_eq!(dsn.reporting_mta, "AM0PR05MB.eurprd05.prod.outlook.com");
    assert_eq!(dsn.message_id.as_deref(), Some("q4.1795425160@sender.test"));
    let explanation = bounce::explain_recipient(&dsn.recipients[0]);
    assert_eq!((explanation.entry, explanation.suppress), ("550-5-1-10", true));
}

#[test]
fn a_warning_of_a_delay_is_no_failure() {
    let dsn = parsed(include_str!("../vectors/dsn/postfix-delayed.eml"));
    assert_eq!(dsn.envid.as_deref(), Some("QQ314159"));
    let recipient = &dsn.recipients[0];
    assert_eq!(recipient.action, DsnAction::Delayed);
    assert_eq!(recipient.address.to_string(), "jürgen@example.test");
    assert_eq!(recipient.diagnostic, None);
    let explanation = bounce::explain_recipient(recipient);
    assert_eq!((explanation.entry, explanation.suppress), ("451-4-4-1", false));
}

#[test]
fn what_is_cut_off_anywhere_never_panics() {
    let whole = include_str!("../vectors/dsn/gmail.eml").as_bytes();
    for end in 0..whole.len() {
        let _ = read(&whole[..end]);
    }
}

fn cover(text: &str) -> Cover {
    Cover {
        from: Address::parse("postmaster@mail.sender.test").unwrap(),
        to: Address::parse("ann@sender.test").unwrap(),
        date: Timestamp::from_micros(1_795_425_164_000_000),
        message_id: "dsn.1@mail.sender.test".to_owned(),
        text: text.to_owned(),
    }
}

const ORIGINAL: &[u8] = b"From: Ann <ann@sender.test>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nMessage-ID: <q9@sender.test>\r\n\r\nSecret body\r\n";

fn failed(address: &str, lines: &[&str]) -> Dsn {
    Dsn {
        reporting_mta: "mail.sender.test".to_owned(),
        envid: None,
        recipients: vec![DsnRecipient {
            original: None,
            address: Address::parse(address).unwrap(),
            action: DsnAction::Failed,
            status: Enhanced::new(5, 1, 1),
            remote_mta: Some("mx.receiver.test".to_owned()),
            diagnostic: Some(reply(550, Enhanced::new(5, 1, 1), lines)),
        }],
        message_id: Some("q9@sender.test".to_owned()),
    }
}

#[test]
fn ours_is_a_bounce_even_when_its_words_or_the_returned_message_hold_the_fields_of_a_feedback_report() {
    let report = "Feedback-Type: abuse\r\nVersion: 1\r\nOriginal-Rcpt-To: <carl@c.test>\r\n\r\n";
    let dsn = failed("bob@receiver.test", &["gone"]);
    for (words, original) in [(report, ORIGINAL), ("Bob is gone.", report.as_bytes()), (report, report.as_bytes())] {
        let octets = write(&cover(words), &dsn, original);
        let told = bounce::explain_message(&octets);
        assert_eq!((told.source, told.format), (bounce::Source::Bounce, "rfc3464"));
        assert_eq!(told.recipients.len(), 1);
        assert_eq!(told.recipients[0].recipient.as_deref(), Some("bob@receiver.test"));
        assert_eq!(told.recipients[0].explanation.entry, "550-5-1-1");
    }
}

#[test]
fn ours_is_a_message_that_others_can_read() {
    let octets = write(
        &cover("Bob's mailbox does not exist. Prüfen Sie die Adresse."),
        &failed("bob@receiver.test", &["gone"]),
        ORIGINAL,
    );
    let text = String::from_utf8(octets.clone()).unwrap();
    let message = Message::parse(&octets).unwrap();
    assert_eq!(message.value("To").as_deref(), Some("ann@sender.test"));
    assert!(message.value("From").unwrap().contains("postmaster@mail.sender.test"));
    assert_eq!(message.value("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(message.all("Content-Type").count(), 1);
    let parts = message.parts();
    let types: Vec<&str> = parts.iter().map(|part| part.content_type.as_str()).collect();
    assert_eq!(types, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
    assert!(parts[0].text().contains("Prüfen Sie die Adresse."), "{text}");
    assert!(!text.contains("Secret body"), "the body is not returned");
    assert!(text.replace("\r\n", "").bytes().all(|octet| octet != b'\n' && octet != b'\r'));
}

#[test]
fn an_international_recipient_is_read_back() {
    let dsn = failed("jürgen@receiver.test", &["gone"]);
    assert_eq!(read(&write(&cover("x"), &dsn, ORIGINAL)).unwrap(), Some(dsn));
}

#[test]
fn blanks_of_a_quoted_recipient_are_read_back() {
    let dsn = failed("\"dana  q\"@b.test", &["No"]);
    assert_eq!(read(&write(&cover("x"), &dsn, ORIGINAL)).unwrap(), Some(dsn));
}

#[test]
fn an_original_without_a_readable_header_is_left_out() {
    let octets = write(&cover("x"), &failed("bob@receiver.test", &["gone"]), b"\xff\xfe no header");
    let dsn = read(&octets).unwrap().unwrap();
    assert_eq!(dsn.message_id, None);
    assert_eq!(dsn.recipients.len(), 1);
}

fn recipients() -> impl Strategy<Value = Vec<DsnRecipient>> {
    let action = prop_oneof![
        Just(DsnAction::Failed),
        Just(DsnAction::Delayed),
        Just(DsnAction::Delivered),
        Just(DsnAction::Relayed),
        Just(DsnAction::Expanded),
    ];
    let lines = prop::collection::vec("[A-Za-z][A-Za-z.,:/()<>-]{0,30}( [A-Za-z.,:/()<>-]{1,30}){0,12}", 1..4);
    let diagnostic = prop::option::of((400_u16..600, 0_u16..100, 0_u16..1000, lines));
    let one =
        ("[a-z][a-z0-9.+=-]{0,20}[a-z0-9]", action, prop::option::of("[a-z]{1,10}\\.test"), diagnostic, any::<bool>());
    let one = one.prop_filter_map("dots stand apart", |(local, action, remote_mta, diagnostic, original)| {
        let address = Address::parse(&format!("{local}@receiver.test")).ok()?;
        let diagnostic = diagnostic.map(|(code, subject, detail, lines)| Reply {
            code,
            enhanced: Some(Enhanced::new(u8::try_from(code / 100).unwrap(), subject, detail)),
            lines,
        });
        let original = original.then(|| format!("rfc822;{local}@receiver.test"));
        Some(DsnRecipient { original, address, action, status: Enhanced::new(5, 0, 0), remote_mta, diagnostic })
    });
    prop::collection::vec(one, 1..4)
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(recipients in recipients(), envid in prop::option::of("[A-Za-z0-9]{1,30}"), text in "\\PC{0,200}") {
        let dsn = Dsn {
            reporting_mta: "mail.sender.test".to_owned(),
            envid,
            recipients,
            message_id: Some("q9@sender.test".to_owned()),
        };
        let octets = write(&cover(&text), &dsn, ORIGINAL);
        prop_assert_eq!(read(&octets), Ok(Some(dsn)));
    }

    #[test]
    fn whatever_is_read_never_panics(text in "(Reporting-MTA|Final-Recipient|Diagnostic-Code|Status): \\PC{0,60}(\r\n\\PC{0,30}){0,6}") {
        let _ = bounce::dsn::read_fields(text.as_bytes());
        let _ = bounce::explain_text(&text);
    }
}
