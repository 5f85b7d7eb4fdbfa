//! Whatever hosts wrote into Received and Authentication-Results: it is read within bounds, and what was read is read
//! again from a field that is written with it.
#![no_main]

use syntax::{AuthResults, Hop, parse_auth_results, parse_received};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let hop = parse_received(text);
    let words = [&hop.from, &hop.seen, &hop.by, &hop.with, &hop.id, &hop.to];
    assert!(words.iter().filter_map(|word| word.as_ref()).map(String::len).sum::<usize>() <= text.len());
    received(&hop);
    let results = parse_auth_results(text);
    assert!(results.results.len() <= 64);
    assert!(results.results.iter().all(|one| !one.method.contains('/') && one.method.trim() == one.method));
    authentication_results(&results);
});

/// Words that are keywords, or hold what ends a word, mean something else where they stand.
fn received(hop: &Hop) {
    let clauses = [("from", &hop.from), ("by", &hop.by), ("with", &hop.with), ("id", &hop.id), ("for", &hop.to)];
    let is_plain = |word: &str| {
        let keywords = ["from", "by", "via", "with", "id", "for"];
        !word.is_empty()
            && !word.contains(['(', ')', ';', '<', '>'])
            && !keywords.contains(&word.to_lowercase().as_str())
    };
    if clauses.iter().filter_map(|(_, word)| word.as_deref()).any(|word| !is_plain(word)) {
        return;
    }
    let mut text = String::new();
    for (keyword, word) in clauses {
        let Some(word) = word else { continue };
        text.push_str(&format!("{keyword} {word} "));
    }
    let again = parse_received(&text);
    assert_eq!((&again.from, &again.by, &again.with), (&hop.from, &hop.by, &hop.with), "{text}");
    assert_eq!((&again.id, &again.to), (&hop.id, &hop.to), "{text}");
}

fn authentication_results(results: &AuthResults) {
    let is_plain =
        |word: &str| !word.is_empty() && !word.contains([' ', '"', ';', '(', ')', '=']) && word == word.trim();
    let all = results.results.iter().all(|one| {
        is_plain(&one.method) && is_plain(&one.result) && one.properties.iter().all(|(name, _)| is_plain(name))
    });
    let quotable = |value: &str| !value.contains('"') && value == value.trim();
    let values =
        results.results.iter().flat_map(|one| one.properties.iter().map(|(_, value)| value).chain(&one.reason));
    if !all || !is_plain(&results.authserv_id) || !values.clone().all(|value| quotable(value)) {
        return;
    }
    let mut text = results.authserv_id.clone();
    for one in &results.results {
        text.push_str(&format!("; {}={}", one.method, one.result));
        if let Some(reason) = &one.reason {
            text.push_str(&format!(" reason=\"{reason}\""));
        }
        for (name, value) in &one.properties {
            text.push_str(&format!(" {name}=\"{value}\""));
        }
    }
    assert_eq!(parse_auth_results(&text), *results, "{text}");
}
