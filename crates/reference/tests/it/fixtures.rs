//! Every line in an entry leads to that entry. `bounce` decides; the content is what is tested.

use bounce::{Refusal, explain, explain_line};
use reference::{Entry, Fixture, all};
use smtp::{Reply, Stage};

/// What the fixture leads to: the entry, and what it is called.
fn found(fixture: &Fixture) -> (&'static str, Vec<String>) {
    let explanation = match Reply::parse(&fixture.line) {
        // What the relay sees: a reply, with the stage and the host known.
        Some(reply) if fixture.stage.is_some() || fixture.host.is_some() => explain(&Refusal {
            stage: fixture.stage.unwrap_or(Stage::Notification),
            reply: Some(&reply),
            mx_host: fixture.host.as_deref(),
            fault: fixture.fault.as_deref(),
        }),
        None if fixture.line.is_empty() => explain(&Refusal {
            stage: fixture.stage.unwrap_or(Stage::Connect),
            reply: None,
            mx_host: fixture.host.as_deref(),
            fault: fixture.fault.as_deref(),
        }),
        // What people paste.
        _ => explain_line(&fixture.line).explanation,
    };
    (explanation.entry, explanation.evidence)
}

#[test]
fn every_fixture_leads_to_its_own_entry() {
    let mut wrong = Vec::new();
    for entry in all() {
        for fixture in &entry.fixtures {
            let (id, evidence) = found(fixture);
            if id != entry.id {
                wrong.push(format!("{:?}\n  wanted {}\n  found  {id} by {evidence:?}", fixture.line, entry.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} fixtures:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_fixture_names_its_source() {
    for entry in all() {
        for fixture in &entry.fixtures {
            assert!(!fixture.source.is_empty(), "{}: {:?}", entry.id, fixture.line);
            assert!(!fixture.line.is_empty() || fixture.fault.is_some() || fixture.stage.is_some(), "{}", entry.id);
        }
    }
}

#[test]
fn every_entry_with_words_of_its_own_has_a_fixture() {
    let has_words = |entry: &&Entry| entry.rules.iter().any(|rule| !rule.text.is_empty() || !rule.text_all.is_empty());
    let missing: Vec<&str> = all()
        .iter()
        .filter(has_words)
        .filter(|entry| entry.fixtures.is_empty())
        .map(|entry| entry.id.as_str())
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
}

#[test]
fn a_temporary_reply_suppresses_nobody() {
    for entry in all() {
        for fixture in entry.fixtures.iter().filter(|fixture| fixture.line.starts_with('4')) {
            assert!(!explain_line(&fixture.line).explanation.suppress, "{}: {:?}", entry.id, fixture.line);
        }
    }
}
