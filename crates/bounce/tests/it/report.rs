//! Bounces that are no RFC 3464, and messages that look like bounces and are none. Imitated, with
//! example names.

use bounce::{Outcome, Recognised, Source, explain_message};
use proptest::prelude::*;

fn told(message: &str) -> Recognised {
    let found = explain_message(message.as_bytes());
    // CRLF must not change the reading.
    assert_eq!(explain_message(message.replace('\n', "\r\n").as_bytes()).recipients.len(), found.recipients.len());
    found
}

fn one(message: &str) -> Outcome {
    let found = told(message);
    assert_eq!(found.recipients.len(), 1, "{:?}", found.recipients);
    found.recipients.into_iter().next().unwrap()
}

fn check(message: &str, recipient: &str, codes: (Option<u16>, Option<&str>), entry: &str) {
    let found = one(message);
    assert_eq!(found.recipient.as_deref(), Some(recipient));
    assert_eq!((found.reply, found.enhanced.as_deref()), codes, "{}", found.text);
    assert_eq!(found.explanation.entry, entry, "{:?}", found.explanation.evidence);
}

#[test]
fn a_bounce_of_qmail_is_read() {
    check(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.test\nTo: ann@sender.test\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.example.test.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<bob@b.test>:\n192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 unknown user\nGiving up on 192.0.2.7.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <ann@sender.test>\nTo: carl@c.test\n",
        "bob@b.test",
        (Some(550), Some("5.1.1")),
        "550-5-1-1",
    );
}

#[test]
fn a_bounce_of_exim_is_read() {
    check(
        "Return-Path: <>\nX-Failed-Recipients: bob@b.test\nFrom: Mail Delivery System <Mailer-Daemon@out.test>\nTo: ann@sender.test\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  bob@b.test\n    SMTP error from remote mail server after end of data:\n    host mx.b.test [192.0.2.7]: 552 5.2.2 mailbox is full\n\n------ This is a copy of the message, including all the headers. ------\n\nTo: bob@b.test\n",
        "bob@b.test",
        (Some(552), Some("5.2.2")),
        "552-5-2-2-mailbox-full",
    );
}

#[test]
fn several_recipients_have_reasons_of_their_own() {
    let found = told(
        "Return-Path: <>\nFrom: MAILER-DAEMON@relay.test\nTo: ann@sender.test\nSubject: Undelivered Mail Returned to Sender\n\nThis is the mail system at host relay.test.\n\n<bob@b.test>: host mx.b.test[192.0.2.7] said: 550 5.1.1 User unknown (in reply\n    to RCPT TO command)\n\n<carl@c.test>: host mx.c.test[192.0.2.8] said: 552 5.3.4 Message size exceeds\n    fixed limit (in reply to MAIL FROM command)\n",
    );
    let said: Vec<_> = found
        .recipients
        .iter()
        .map(|one| (one.recipient.as_deref().unwrap(), one.reply, one.explanation.entry))
        .collect();
    assert_eq!(said, [("bob@b.test", Some(550), "550-5-1-1"), ("carl@c.test", Some(552), "552-5-3-4")]);
    assert_eq!(found.recipients[0].host.as_deref(), Some("mx.b.test"));
}

#[test]
fn a_bounce_of_sendmail_takes_the_answer_from_the_transcript() {
    check(
        "From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>\nTo: <ann@sender.test>\nSubject: Returned mail: see transcript for details\n\nThe original message was received at Mon, 23 Nov 2026\n\n   ----- The following addresses had permanent fatal errors -----\n<bob@b.test>\n    (reason: 550 5.7.1 Relaying denied)\n\n   ----- Transcript of session follows -----\n... while talking to mx.b.test.:\n>>> RCPT To:<bob@b.test>\n<<< 550 5.7.1 Relaying denied\n550 5.1.1 <bob@b.test>... User unknown\n",
        "bob@b.test",
        (Some(550), Some("5.7.1")),
        "550-5-7-1-relay-denied",
    );
}

#[test]
fn a_bounce_of_exchange_is_read() {
    check(
        "From: Microsoft Outlook <postmaster@relay.test>\nTo: ann@sender.test\nSubject: Undeliverable: Hello\nContent-Type: text/html\n\n<html><body><p>Delivery has failed to these recipients or groups:</p><p><a href=\"mailto:bob@b.test\">bob@b.test</a></p><p>Diagnostic information for administrators:<br>Generating server: ex1.b.test<br>bob@b.test<br>#550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup##</p></body></html>\n",
        "bob@b.test",
        (Some(550), Some("5.1.10")),
        "550-5-1-10",
    );
}

#[test]
fn a_base64_text_in_another_charset_is_read() {
    let text = "GyRCMDhAaBsoQiBib2JAYi50ZXN0OiAbJEIlZiE8JTYhPCQsOCskRCQrJGokXiQ7JHMbKEIKNTUwIHVzZXIgdW5rbm93bgo=";
    check(
        &format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@relay.test\nTo: ann@sender.test\nSubject: failure notice\nContent-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: base64\n\n{text}\n"
        ),
        "bob@b.test",
        (Some(550), None),
        "550-5-1-1",
    );
}

#[test]
fn a_delay_is_no_bounce_and_suppresses_nobody() {
    let found = told(
        "From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>\nTo: ann@sender.test\nSubject: Warning: could not send message for past 4 hours\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nThis is a warning message only. You do not need to resend your message.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.test\n\nFinal-Recipient: rfc822; bob@b.test\nAction: delayed\nStatus: 4.2.1\nDiagnostic-Code: smtp; 450 4.2.1 mailbox disabled\n--b--\n",
    );
    assert_eq!(found.source, Source::Delay);
    assert!(!found.recipients[0].explanation.suppress);
}

#[test]
fn an_expired_message_is_classified_by_the_last_temporary_answer() {
    let found = one(
        "From: Mail Delivery Subsystem <MAILER-DAEMON@relay.test>\nTo: ann@sender.test\nSubject: Delivery failure\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.test\n\nFinal-Recipient: rfc822; bob@b.test\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; message expired in queue, last reply: 452 4.2.2 The mailbox is over quota\n--b--\n",
    );
    assert_eq!((found.reply, found.explanation.entry), (Some(452), "452-4-2-2-mailbox-full"));
    assert!(!found.explanation.suppress);
}

#[test]
fn status_and_diagnostic_that_contradict_are_settled_by_the_diagnostic() {
    let found = one(
        "From: MAILER-DAEMON@relay.test\nSubject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.test\n\nOriginal-Recipient: rfc822; team@b.test\nFinal-Recipient: rfc822; bob@b.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.7.1 Service unavailable; Client host [192.0.2.5] blocked using zen.spamhaus.org\n--b--\n",
    );
    assert_eq!(found.enhanced.as_deref(), Some("5.7.1"));
    assert_eq!(
        (found.recipient.as_deref(), found.original_recipient.as_deref()),
        (Some("bob@b.test"), Some("team@b.test"))
    );
    assert_eq!(found.explanation.entry, "550-5-7-1-blocked-by-dnsbl");
    assert!(!found.explanation.suppress);
}

#[test]
fn a_feedback_report_names_who_complained() {
    let found = told(
        "From: fbl@provider.test\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nThis is an abuse report.\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nUser-Agent: Fbl/1\nOriginal-Rcpt-To: <bob@b.test>\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <m1@sender.test>\nTo: bob@b.test\n\nhello\n--b--\n",
    );
    assert_eq!((found.source, found.message_id.as_deref()), (Source::Feedback, Some("m1@sender.test")));
    assert_eq!(found.recipients[0].explanation.entry, "feedback-report");
    assert!(found.recipients[0].explanation.suppress);
}

#[test]
fn a_feedback_report_without_its_label_is_one_unless_the_fields_stand_in_the_message_that_came_back() {
    let with = |kind: &str| {
        told(&format!(
            "From: fbl@provider.test\nSubject: complaint\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nA report.\n\n--b\nContent-Type: {kind}\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: <bob@b.test>\n\n--b--\n"
        ))
    };
    let found = with("text/plain");
    assert_eq!((found.source, found.recipients[0].recipient.as_deref()), (Source::Feedback, Some("bob@b.test")));
    assert_eq!(with("text/rfc822-headers").source, Source::Message);
}

#[test]
fn an_automatic_reply_is_no_bounce() {
    for header in [
        "Auto-Submitted: auto-replied\nSubject: I am away",
        "Subject: Abwesenheitsnotiz: Hallo",
        "Subject: Re: x\nPrecedence: auto_reply",
    ] {
        let found = told(&format!("From: Bob <bob@b.test>\nTo: ann@sender.test\n{header}\n\nI am back on Monday.\n"));
        assert_eq!(found.source, Source::AutoReply, "{header}");
        assert!(!found.recipients[0].explanation.suppress);
    }
}

#[test]
fn an_ordinary_message_and_a_bounce_of_a_bounce_name_nobody_wrongly() {
    let found = told(
        "From: Bob <bob@b.test>\nTo: ann@sender.test\nSubject: Re: offer\n\nPlease call me, my other address failed: x@y.test\n",
    );
    assert_eq!((found.source, found.recipients.len()), (Source::Message, 0));
    let inner = "Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@x.test\nContent-Type: multipart/report; boundary=c\n\n--c\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; deep@x.test\nAction: failed\nStatus: 5.1.1\n--c--\n";
    let outer = format!(
        "From: MAILER-DAEMON@relay.test\nSubject: Undelivered\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.test\n\nFinal-Recipient: rfc822; bob@b.test\nAction: failed\nStatus: 5.2.2\n\n--b\n{inner}--b--\n"
    );
    assert_eq!(one(&outer).recipient.as_deref(), Some("bob@b.test"));
}

#[test]
fn an_unknown_refusal_is_called_unknown_and_keeps_its_words() {
    let found = one(
        "From: MAILER-DAEMON@relay.test\nTo: ann@sender.test\nSubject: Undelivered mail\n\n<bob@b.test>:\n    zorp flimble quux\n",
    );
    assert_eq!((found.explanation.entry, found.explanation.confidence), ("unknown", 0));
    assert!(found.text.contains("zorp flimble quux"));
}

#[test]
fn hostile_messages_are_read_in_bounded_time() {
    let many_fields = "X-A: b\n".repeat(400_000);
    let nested: String =
        (0..200).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let addresses = "<a@b.test>: 550 5.1.1 gone\n".repeat(60_000);
    for message in [
        many_fields,
        nested,
        format!("From: MAILER-DAEMON@x.test\nSubject: failure notice\n\n{addresses}"),
        format!("Subject: {}\n\n", "=?utf-8?q?".repeat(20_000)),
        format!("From: MAILER-DAEMON@x.test\nSubject: failure\nContent-Type: text/html\n\n{}", "<".repeat(300_000)),
        "From: a\0b\nSubject: Undelivered\n\n\0<bob@b.test>\0: 550 5.1.1 gone\n".to_owned(),
    ] {
        assert!(explain_message(message.as_bytes()).recipients.len() <= 1000);
    }
}

proptest! {
    #[test]
    fn reading_never_panics(octets in proptest::collection::vec(any::<u8>(), 0..800)) {
        let _ = explain_message(&octets);
        let _ = bounce::explain_text(&String::from_utf8_lossy(&octets));
    }

    #[test]
    fn reading_what_looks_like_a_bounce_never_panics(words in proptest::collection::vec(prop_oneof![
        Just("From: MAILER-DAEMON@x.test\n"), Just("Content-Type: multipart/report; boundary=b\n"), Just("\n"), Just("--b\n"), Just("--b--\n"),
        Just("Content-Type: message/delivery-status\n"), Just("Final-Recipient: rfc822; é@b.test\n"), Just("Status: 5.1.1 (x)\n"), Just("Action: failed\n"),
        Just("Diagnostic-Code: smtp; 550-5.1.1 a 550 5.1.1 ü\n"), Just("<bob@b.test>: 550 ünknown\n"), Just("Subject: =?utf-8?q?=C3?=\n"), Just("\"@\"@@\n"), Just("Content-Transfer-Encoding: base64\n"),
        Just("to=<é@ü.test>, dsn=5.1.1, status=bounced (host mx said: 550\n"),
    ], 0..40)) {
        let message = words.concat();
        let _ = explain_message(message.as_bytes());
        for line in message.lines() {
            let _ = bounce::explain_line(line);
        }
    }
}

/// The corpus that mutations start from.
const CORPUS: [&[u8]; 5] = [
    include_bytes!("../vectors/dsn/postfix.eml"),
    include_bytes!("../vectors/dsn/exim.eml"),
    include_bytes!("../vectors/dsn/gmail.eml"),
    include_bytes!("../vectors/dsn/exchange.eml"),
    include_bytes!("../vectors/dsn/postfix-delayed.eml"),
];

proptest! {
    #[test]
    fn bounces_that_were_cut_spliced_and_overwritten_never_panic(
        first in 0_usize..5, second in 0_usize..5, cut in 0.0_f64..1.0, from in 0.0_f64..1.0,
        overwritten in proptest::collection::vec((0.0_f64..1.0, any::<u8>()), 0..20),
    ) {
        let at = |message: &[u8], share: f64| (message.len() as f64 * share) as usize;
        let mut message = CORPUS[first][..at(CORPUS[first], cut)].to_vec();
        message.extend_from_slice(&CORPUS[second][at(CORPUS[second], from)..]);
        for (share, octet) in overwritten {
            let place = at(&message, share);
            if let Some(there) = message.get_mut(place) {
                *there = octet;
            }
        }
        let told = explain_message(&message);
        prop_assert!(told.recipients.iter().all(|one| !one.explanation.entry.is_empty()));
        let _ = bounce::explain_text(&String::from_utf8_lossy(&message));
    }
}
