//! What people paste.

use bounce::{Source, explain_text};
use smtp::Stage;

struct Expect {
    source: Source,
    entry: &'static str,
    stage: Option<Stage>,
    host: Option<&'static str>,
    recipient: Option<&'static str>,
}

fn check(text: &str, expect: &Expect) {
    let recognised = explain_text(text).unwrap_or_else(|| panic!("nothing recognised in {text}"));
    let found = &recognised.recipients[0];
    assert_eq!(found.explanation.entry, expect.entry, "{text}: {:?}", found.explanation.evidence);
    assert_eq!(recognised.source, expect.source, "{text}");
    assert_eq!(found.stage, expect.stage, "{text}");
    assert_eq!(found.host.as_deref(), expect.host, "{text}");
    assert_eq!(found.recipient.as_deref(), expect.recipient, "{text}");
}

#[test]
fn a_bare_reply_is_explained() {
    check(
        "550 5.1.1 <bob@example.test>: Recipient address rejected: User unknown in virtual mailbox table",
        &Expect { source: Source::Reply, entry: "550-5-1-1", stage: None, host: None, recipient: None },
    );
    check(
        "  550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n  550-5.7.26 Gmail requires all senders to authenticate\n  550 5.7.26 with either SPF or DKIM. - gsmtp\n",
        &Expect { source: Source::Reply, entry: "550-5-7-26-at-gmail", stage: None, host: None, recipient: None },
    );
    check("553", &Expect { source: Source::Reply, entry: "bare-553", stage: None, host: None, recipient: None });
}

#[test]
fn our_own_reply_is_known_by_the_entry_that_it_names() {
    check(
        "553 5.7.1 You may not send as ann@other.test (see from-not-owned)",
        &Expect {
            source: Source::Reply,
            entry: "from-not-owned",
            stage: Some(Stage::Submission),
            host: None,
            recipient: None,
        },
    );
}

#[test]
fn a_name_quoted_from_another_server_is_not_ours() {
    check(
        "550 5.1.8 <a@b.test>: Sender address rejected: undeliverable address: its host said: 550 5.1.1 No mailbox here by that name (see 550-5-1-1)",
        &Expect { source: Source::Reply, entry: "550-5-1-8", stage: None, host: None, recipient: None },
    );
}

#[test]
fn a_log_line_of_postfix_is_explained() {
    check(
        "Nov 23 09:12:44 mail postfix/smtp[4711]: 4F3B21A0: to=<bob@example.test>, relay=mx.example.test[192.0.2.20]:25, delay=421, delays=0.1/0/1/420, dsn=4.7.1, status=deferred (host mx.example.test[192.0.2.20] said: 451 4.7.1 <bob@example.test>: Recipient address rejected: Greylisted (in reply to RCPT TO command))",
        &Expect {
            source: Source::LogLine,
            entry: "451-4-7-1-greylisted",
            stage: Some(Stage::Rcpt),
            host: Some("mx.example.test"),
            recipient: Some("bob@example.test"),
        },
    );
    check(
        "to=<bob@example.test>, relay=none, delay=30, status=deferred (connect to mx.example.test[192.0.2.20]:25: Connection timed out)",
        &Expect {
            source: Source::LogLine,
            entry: "connection-timeout",
            stage: None,
            host: Some("mx.example.test"),
            recipient: Some("bob@example.test"),
        },
    );
    check(
        "status=bounced (Host or domain name not found. Name service error for name=gone.test type=AAAA: Host not found)",
        &Expect { source: Source::LogLine, entry: "no-such-domain", stage: None, host: None, recipient: None },
    );
}

#[test]
fn a_log_line_of_exim_is_explained() {
    check(
        "2026-11-23 09:12:44 1vNabc-0000Ab-Cd ** bob@example.test R=dnslookup T=remote_smtp H=mx.example.test [192.0.2.20]: SMTP error from remote mail server after RCPT TO:<bob@example.test>: 550 Unrouteable address",
        &Expect {
            source: Source::LogLine,
            entry: "550-5-1-1",
            stage: Some(Stage::Rcpt),
            host: Some("mx.example.test"),
            recipient: Some("bob@example.test"),
        },
    );
}

#[test]
fn a_whole_notification_is_explained() {
    check(
        include_str!("../vectors/dsn/gmail.eml"),
        &Expect {
            source: Source::Bounce,
            entry: "550-5-1-1-at-gmail",
            stage: None,
            host: Some("gmail-smtp-in.l.google.com"),
            recipient: Some("gone@gmail.com"),
        },
    );
}

#[test]
fn the_status_part_alone_is_explained() {
    check(
        "\nReporting-MTA: dns; relay.test\n\nFinal-Recipient: rfc822; bob@example.test\nAction: failed\nStatus: 5.7.1\nRemote-MTA: dns; mx.example.test\nDiagnostic-Code: smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\n",
        &Expect {
            source: Source::Bounce,
            entry: "550-5-7-1-blocked-by-dnsbl",
            stage: None,
            host: Some("mx.example.test"),
            recipient: Some("bob@example.test"),
        },
    );
}

#[test]
fn text_without_a_refusal_is_not_explained() {
    for text in [
        "",
        "Hello Bob,\nshall we meet at 4?",
        "250 2.0.0 OK queued",
        "status=sent (250 2.0.0 Ok)",
        "From: a@b.test\n\nHi",
    ] {
        assert_eq!(explain_text(text), None, "{text}");
    }
}
