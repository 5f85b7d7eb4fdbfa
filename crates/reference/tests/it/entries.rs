//! Every entry is complete, and what it says holds together.

use reference::{Action, HowLong, Scope, Who, all, entry, providers};

/// Entries that our own code names: our rules, and the findings of `domain check`. They need no match rule.
const NAMED_BY_CODE: &[&str] = &[
    "from-not-owned",
    "from-malformed",
    "from-missing",
    "from-two-fields",
    "from-two-addresses",
    "null-sender-on-submission",
    "recipient-suppressed",
    "daily-cap",
    "authentication-required",
    "authentication-failed",
    "tls-required",
    "bare-line-end",
    "line-too-long",
    "message-too-large",
    "too-many-recipients",
    "header-malformed",
    "header-too-long",
    "relay-denied",
    "routing-loop",
    "dmarc-rejected",
    "bad-syntax",
    "bad-sequence",
    "command-unknown",
    "too-many-errors",
    "too-many-connections",
    "local-error",
    "record-missing",
    "record-different",
    "spf-record-wrong",
    "dkim-record-wrong",
    "dmarc-record-wrong",
    "mx-record-wrong",
    "ptr-wrong",
    "address-record-wrong",
    "mta-sts-record-wrong",
    "tls-rpt-record-wrong",
    "service-record-wrong",
];

/// Fault codes of the pipes and works, each with the entry that explains it.
const FAULTS: &[(&str, &str)] = &[
    ("dns.null-mx", "null-mx"),
    ("dns.no-such-domain", "no-such-domain"),
    ("dns.failure", "dns-failure"),
    ("connect.refused", "connection-refused"),
    ("connect.timeout", "connection-timeout"),
    ("connection.timeout", "connection-timeout"),
    ("connect.unreachable", "no-route"),
    ("connect.source", "source-ip-missing"),
    ("connection.lost", "connection-lost"),
    ("connection.closed", "connection-lost"),
    ("connection.reset", "connection-lost"),
    ("delivery.in-doubt", "in-doubt"),
    ("tls.not-offered", "tls-not-offered"),
    ("tls.handshake", "tls-handshake-failed"),
    ("tls.certificate", "tls-handshake-failed"),
    ("queue.expired", "queue-expired"),
];

#[test]
fn every_entry_that_the_code_names_exists() {
    for id in NAMED_BY_CODE {
        assert!(entry(id).is_some(), "no entry {id}");
    }
    for (fault, id) in FAULTS {
        let entry = entry(id).unwrap_or_else(|| panic!("no entry {id}"));
        assert!(entry.rules.iter().any(|rule| rule.fault.iter().any(|one| one == fault)), "{id} lacks {fault}");
    }
}

#[test]
fn every_entry_that_a_reply_of_ours_names_exists() {
    let replies = include_str!("../../../smtp/src/replies.rs");
    let names = replies.split("(see ").skip(1).filter_map(|rest| rest.split(')').next());
    // The module's own documentation shows the form: `(see <entry id>)`.
    for id in names.filter(|id| !id.starts_with('<')) {
        assert!(entry(id).is_some(), "a reply names {id}, which does not exist");
    }
}

#[test]
fn ids_are_unique_slugs() {
    let mut ids: Vec<&str> = all().iter().map(|entry| entry.id.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), all().len());
    for id in ids {
        let slug = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        assert!(id.bytes().all(slug), "{id}");
    }
}

#[test]
fn every_entry_is_reached_by_a_rule_or_named_by_our_code() {
    for entry in all() {
        assert!(!entry.rules.is_empty() || NAMED_BY_CODE.contains(&entry.id.as_str()), "{} is out of reach", entry.id);
    }
}

#[test]
fn every_field_is_filled() {
    for entry in all() {
        let id = &entry.id;
        for text in [&entry.title, &entry.meaning, &entry.cold_mail] {
            assert!(text.len() > 10 && *text == *text.trim() && !text.contains('\n'), "{id}: {text:?}");
        }
        assert!(!entry.title.ends_with('.'), "{id}: a title is no sentence");
        assert!(entry.meaning.ends_with('.') || entry.meaning.ends_with(".)"), "{id}: {}", entry.meaning);
        assert!(!entry.causes.is_empty() && !entry.fix.is_empty(), "{id}");
        for text in entry.causes.iter().chain(&entry.fix) {
            assert!(text.ends_with('.'), "{id}: {text:?}");
        }
        assert!(!entry.related.is_empty(), "{id}: no neighbours");
    }
}

#[test]
fn steps_are_in_the_imperative() {
    const VERBS: &str = "Add Apply Ask Check Choose Compare Configure Correct Create Deliver Enable Encode Enter Exempt \
        Fetch Fold Free Join Keep Log Look Lower Make Name Open Paste Pause Point Provision Publish Put Quote Raise Reach \
        Read Remove Replace Report Retry Run Send Separate Set Shorten Show Sign Simplify Spread Start Stop Strip Tell \
        Test Try Update Use Verify Wait Write Address";
    let verbs: Vec<&str> = VERBS.split_whitespace().collect();
    for entry in all() {
        for step in &entry.fix {
            let first = step.split([' ', ';']).next().unwrap_or_default();
            assert!(verbs.contains(&first), "{}: a step starts with its verb: {step:?}", entry.id);
        }
    }
}

#[test]
fn related_entries_exist() {
    for one in all() {
        for id in &one.related {
            assert!(entry(id).is_some(), "{} is related to {id}, which does not exist", one.id);
            assert_ne!(*id, one.id);
        }
    }
}

#[test]
fn sources_are_complete() {
    for entry in all() {
        assert!(!entry.sources.is_empty(), "{} has no source", entry.id);
        for source in &entry.sources {
            assert!(!source.title.is_empty() && source.url.starts_with("https://"), "{}: {source:?}", entry.id);
            let digits =
                |range: std::ops::Range<usize>| source.verified[range].bytes().all(|octet| octet.is_ascii_digit());
            assert!(source.verified.len() == 10 && digits(0..4) && digits(5..7) && digits(8..10), "{}", entry.id);
        }
    }
}

#[test]
fn fragments_are_written_as_they_are_compared() {
    for entry in all() {
        for text in entry.rules.iter().flat_map(|rule| rule.text.iter().chain(&rule.text_all)) {
            let plain = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            assert_eq!(*text, plain, "{}", entry.id);
            assert!(text.len() >= 3 && !text.contains('@'), "{}: {text:?}", entry.id);
        }
    }
}

#[test]
fn providers_named_in_rules_exist() {
    for entry in all() {
        for id in entry.rules.iter().filter_map(|rule| rule.provider.as_ref()) {
            assert!(providers().iter().any(|provider| provider.id == *id), "{}: {id}", entry.id);
        }
    }
}

#[test]
fn a_class_does_not_contradict_itself() {
    for entry in all() {
        let (id, class) = (&entry.id, entry.class);
        if entry.suppress {
            assert_eq!((class.action, class.scope), (Action::Suppress, Scope::Recipient), "{id}");
            assert_eq!((class.who, class.how_long), (Who::Recipient, HowLong::ForGood), "{id}");
        }
        if matches!(class.action, Action::Retry | Action::SlowDown) {
            assert_ne!(class.how_long, HowLong::ForGood, "{id}: what is for good is not retried");
        }
        if class.how_long == HowLong::Now {
            assert!(matches!(class.action, Action::Retry | Action::SlowDown), "{id}");
        }
    }
}
