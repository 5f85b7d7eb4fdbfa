//! Every entry is complete, and what it says holds together.

use reference::{Action, HowLong, Scope, Who, all, checks, citation, entry, plain, provider, sources};

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
    "spf-too-many-lookups",
    "dkim-record-wrong",
    "dmarc-record-wrong",
    "mx-record-wrong",
    "ptr-wrong",
    "address-record-wrong",
    "mta-sts-record-wrong",
    "tls-rpt-record-wrong",
    "service-record-wrong",
    "pairing-proof-missing",
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
    ("mta-sts.mx", "mta-sts-not-met"),
    ("mta-sts.certificate", "mta-sts-not-met"),
    ("dane.mismatch", "dane-not-met"),
    ("dane.lookup", "dane-not-met"),
    ("route.private", "mx-not-public"),
    ("smtp.nonsense", "reply-not-smtp"),
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
        // What is no refusal is looked up, never found in a log.
        let looked_up = entry.category == reference::Category::Ok || entry.id == "unknown";
        let named = !entry.findings.is_empty() || NAMED_BY_CODE.contains(&entry.id.as_str());
        let reached = !entry.rules.is_empty() || named;
        assert!(reached || looked_up, "{} is out of reach", entry.id);
    }
}

#[test]
fn every_field_is_filled() {
    for entry in all() {
        let id = &entry.id;
        for text in [&entry.title, &entry.summary, &entry.cold_mail] {
            assert!(text.len() > 3 && *text == *text.trim() && !text.contains('\n'), "{id}: {text:?}");
        }
        assert!(!entry.title.ends_with('.'), "{id}: a title is no sentence");
        assert!(entry.summary.ends_with('.') || entry.summary.ends_with(".)"), "{id}: {}", entry.summary);
        assert!(!entry.causes.is_empty() && !entry.steps.is_empty(), "{id}");
        assert!(entry.causes.iter().all(|cause| cause.why.ends_with('.')), "{id}");
        assert!(!entry.related.is_empty(), "{id}: no neighbours");
        assert!(is_day(&entry.verified), "{id}: {}", entry.verified);
        if let Some(provider_id) = &entry.provider {
            assert!(provider(provider_id).is_some(), "{id}: no provider {provider_id}");
        }
    }
}

#[test]
fn a_page_in_full_depth_has_every_section() {
    for entry in all().iter().filter(|entry| entry.is_deep()) {
        let id = &entry.id;
        assert!((4..=5).contains(&entry.steps.len()), "{id}: {} steps", entry.steps.len());
        assert_eq!(entry.faq.len(), 4, "{id}");
        assert!((3..=6).contains(&entry.related.len()), "{id}");
        for step in &entry.steps {
            assert!(!step.text.is_empty(), "{id}: {}", step.title);
            assert!(step.check.is_some() || step.deed.is_some(), "{id}: `{}` is tied to nothing", step.title);
        }
        assert!(entry.faq.iter().all(|faq| faq.q.ends_with('?') && faq.a.ends_with('.')), "{id}");
    }
}

#[test]
fn causes_and_steps_name_checks_and_commands_that_exist() {
    let commands = include_str!("../../../../docs/cli.md");
    for entry in all() {
        let mut ids: Vec<&str> = entry.causes.iter().map(|cause| cause.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), entry.causes.len(), "{}: two causes of one id", entry.id);
        let of_causes = entry.causes.iter().map(|cause| &cause.check);
        for check in of_causes.chain(entry.steps.iter().filter_map(|step| step.check.as_ref())) {
            assert!(checks().contains_key(check), "{}: no check {check}", entry.id);
        }
        for deed in entry.steps.iter().filter_map(|step| step.deed.as_ref()) {
            let words: Vec<&str> =
                deed.split_whitespace().take_while(|word| !word.starts_with(['<', '-', '{'])).collect();
            let command = words.get(..words.len().min(3)).unwrap_or_default().join(" ");
            assert!(commands.contains(&command), "{}: no command `{command}`", entry.id);
        }
    }
    for command in checks().values().flat_map(|check| &check.command).filter(|command| command.starts_with("coldrelay"))
    {
        let words: Vec<&str> =
            command.split_whitespace().take(3).filter(|word| !word.starts_with(['{', '-'])).collect();
        assert!(commands.contains(&words.join(" ")), "no command `{command}`");
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
    for (id, source) in sources() {
        assert!(!source.title.is_empty() && source.url.starts_with("https://"), "{id}: {source:?}");
        assert!(is_day(&source.verified), "{id}: {source:?}");
    }
    for entry in all() {
        assert!(!entry.sources.is_empty(), "{} has no source", entry.id);
        for text in &entry.sources {
            let found = citation(text).unwrap_or_else(|| panic!("{}: no source {text}", entry.id));
            assert!(found.section.is_empty() || found.section.starts_with(['§', '"']), "{}: {text}", entry.id);
        }
    }
}

fn is_day(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| text[range].bytes().all(|octet| octet.is_ascii_digit());
    text.len() == 10 && digits(0..4) && digits(5..7) && digits(8..10)
}

#[test]
fn fragments_are_written_as_they_are_compared() {
    for entry in all() {
        let of_rules =
            entry.rules.iter().flat_map(|rule| rule.text.iter().chain(&rule.text_all).chain(&rule.text_none));
        for text in of_rules.chain(entry.causes.iter().flat_map(|cause| &cause.when)) {
            assert_eq!(*text, plain(text), "{}", entry.id);
            assert!(text.len() >= 3 && !text.contains('@') || !text.is_ascii(), "{}: {text:?}", entry.id);
        }
    }
}

#[test]
fn providers_named_in_rules_exist() {
    for entry in all() {
        for id in entry.rules.iter().filter_map(|rule| rule.provider.as_ref()) {
            assert!(provider(id).is_some(), "{}: {id}", entry.id);
        }
    }
}

#[test]
fn no_two_entries_claim_the_same_fragment_alone() {
    use std::collections::HashMap;
    let mut owners: HashMap<(String, String), &str> = HashMap::new();
    for entry in all() {
        for rule in &entry.rules {
            let alone = rule.text_all.is_empty() && rule.text_none.is_empty();
            for text in rule.text.iter().filter(|_| alone) {
                let conditions = format!(
                    "{:?}{:?}{:?}{:?}{:?}{:?}",
                    rule.code, rule.enhanced, rule.class, rule.stage, rule.provider, rule.fault
                );
                let owner = owners.entry((text.clone(), conditions)).or_insert(&entry.id);
                assert_eq!(*owner, entry.id, "both claim `{text}` under the same conditions");
            }
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

/// Highest detail of each subject in the registry of 2024-12-06. IANA smtp-enhanced-status-codes.
const REGISTERED: [(u16, u16); 8] = [(0, 0), (1, 10), (2, 4), (3, 6), (4, 7), (5, 6), (6, 10), (7, 30)];

#[test]
fn every_registered_code_has_an_entry_that_is_no_providers() {
    for (subject, last) in REGISTERED {
        // X.1.5 says that the address was right: it has no class 4 or 5.
        for detail in (0..=last).filter(|detail| (subject, *detail) != (1, 5)) {
            let of = |class| smtp::Enhanced::new(class, subject, detail);
            let has = |class| {
                let holds = |entry: &&reference::Entry| entry.enhanced.iter().any(|pattern| pattern.holds(of(class)));
                all().iter().filter(|entry| entry.provider.is_none()).any(|entry| holds(&entry))
            };
            assert!(has(4) || has(5), "no entry for X.{subject}.{detail}");
        }
    }
    for code in [421, 432, 450, 451, 452, 454, 455, 500, 501, 502, 503, 504, 521, 523, 525, 530, 534, 535, 538] {
        assert!(all().iter().any(|entry| entry.reply.first() == Some(&code)), "no entry for {code}");
    }
    for code in [550, 551, 552, 553, 554, 555, 556] {
        assert!(all().iter().any(|entry| entry.reply.first() == Some(&code)), "no entry for {code}");
    }
}

#[test]
fn enough_pages_are_written_in_full_depth() {
    let deep = all().iter().filter(|entry| entry.is_deep()).count();
    assert!(deep >= 60, "{deep}");
}
