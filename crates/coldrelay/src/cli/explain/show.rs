//! An explanation and an entry, for people.

use bounce::{Outcome, Recognised};
use reference::{Entry, Step, checks, citation};

/// Widest line of text, in columns.
const WIDTH: usize = 96;

/// What happened, the proof, the causes in order, the steps, the commands.
pub fn explained(found: &Recognised, octets: &[u8]) -> String {
    let mut parts = Vec::new();
    if found.recipients.is_empty() {
        parts.push(String::from(
            "This message tells of no delivery: it is neither a bounce, nor a delay, nor a report.",
        ));
    }
    for outcome in &found.recipients {
        parts.push(one(outcome, octets));
    }
    parts.join("\n\n")
}

fn one(outcome: &Outcome, octets: &[u8]) -> String {
    let explanation = &outcome.explanation;
    let class = explanation.class;
    let mut lines = vec![heading(&format!("{} [{}]", explanation.title, explanation.entry)), String::new()];
    let mut fact = |name: &str, value: Option<String>| {
        lines.extend(value.filter(|value| !value.is_empty()).map(|value| format!("{name:<10} {value}")));
    };
    fact("recipient", outcome.recipient.clone());
    fact("reply", Some(codes(outcome)));
    fact("stage", outcome.stage.map(|stage| stage.as_str().to_owned()));
    fact("host", outcome.host.clone());
    fact("provider", explanation.provider.and_then(reference::provider).map(|provider| provider.name.clone()));
    fact("who", Some(format!("{} (at fault: {})", class.who, explanation.identity)));
    fact("how long", Some(class.how_long.to_string()));
    fact("action", Some(action(outcome)));
    fact("sure", Some(format!("{} %, by {}", explanation.confidence, explanation.evidence.join(", "))));
    if let Some(proof) = proof(outcome, octets) {
        lines.push(String::new());
        lines.push(proof);
    }
    if let Some(entry) = reference::entry(explanation.entry) {
        lines.push(String::new());
        lines.push(wrapped(&entry.summary, ""));
        lines.push(section("Why, the likeliest first"));
        for (number, cause) in explanation.causes.iter().enumerate() {
            let evidence = cause.evidence.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
            lines.push(wrapped(&format!("{}. {}{evidence}", number + 1, cause.why), "   "));
        }
        lines.push(section("What to do"));
        lines.extend(steps(&entry.steps));
        lines.push(section("Commands that look"));
        lines.extend(commands(explanation.causes.iter().map(|cause| cause.check)));
        lines.push(String::new());
        lines.push(wrapped(&format!("More: coldrelay explain {}", entry.id), ""));
    }
    lines.join("\n")
}

fn codes(outcome: &Outcome) -> String {
    let reply = outcome.reply.map(|code| code.to_string());
    let meant = outcome.enhanced_corrected.as_ref().map(|code| format!("(meant {code})"));
    reply.into_iter().chain(outcome.enhanced.clone()).chain(meant).collect::<Vec<_>>().join(" ")
}

fn action(outcome: &Outcome) -> String {
    let explanation = &outcome.explanation;
    let suppress = if explanation.suppress { ", never write to this address again" } else { "" };
    format!("{} ({}), retry {}{suppress}", explanation.class.action, explanation.class.scope, explanation.retry)
}

/// The line that gave it away, with the words marked.
fn proof(outcome: &Outcome, octets: &[u8]) -> Option<String> {
    let words = outcome.explanation.evidence.iter().find_map(|text| text.strip_prefix("text `")?.strip_suffix('`'));
    let code = outcome.reply.map(|code| code.to_string());
    let wanted = words.map(str::to_owned).or_else(|| outcome.enhanced.clone()).or(code)?;
    let text = String::from_utf8_lossy(octets);
    let lines = [outcome.text.as_str()].into_iter().chain(text.lines());
    let found = lines.into_iter().find_map(|line| {
        let at = line.to_ascii_lowercase().find(&wanted)?;
        Some((line, at))
    });
    let (line, at) = found?;
    let (front, rest) = line.split_at_checked(at)?;
    let (marked, tail) = rest.split_at_checked(wanted.len())?;
    // The marked words with what stands around them, on one line.
    let front = front
        .char_indices()
        .rev()
        .nth(50)
        .and_then(|(index, _)| front.get(index..))
        .map_or(front.to_owned(), |end| format!("…{end}"));
    let tail = tail
        .char_indices()
        .nth(40)
        .and_then(|(index, _)| tail.get(..index))
        .map_or(tail.to_owned(), |start| format!("{start}…"));
    let caret = format!("{}{}", " ".repeat(front.chars().count()), "^".repeat(marked.chars().count()));
    Some(format!("  {front}\u{1b}[1;31m{marked}\u{1b}[0m{tail}\n  {caret}"))
}

/// An entry of the reference.
pub fn page(entry: &Entry) -> String {
    let mut lines = vec![heading(&format!("{} [{}]", entry.title, entry.id))];
    let codes = entry.codes();
    if !codes.is_empty() {
        let provider =
            entry.provider.as_deref().and_then(reference::provider).map(|provider| format!(" at {}", provider.name));
        lines.push(format!("{codes}{}", provider.unwrap_or_default()));
    }
    let class = entry.class;
    lines.push(format!(
        "{}: {}, {}, {} ({}); at fault: {}; retry {}",
        entry.category, class.who, class.how_long, class.action, class.scope, entry.identity, entry.retry
    ));
    lines.push(String::new());
    lines.push(wrapped(&entry.summary, ""));
    if let Some(registry) = &entry.registry {
        lines.push(section("What the registry says"));
        lines.push(wrapped(registry, ""));
    }
    if let Some(page) = &entry.page {
        let headings = if entry.provider.is_some() {
            ["How it appears", "Where you see it", "Why this provider sends it"]
        } else {
            ["What it means", "Who sends it", "Why it happens"]
        };
        for (title, text) in headings.iter().zip([&page.means, &page.who, &page.why]) {
            lines.push(section(title));
            lines.push(wrapped(text, ""));
        }
    }
    lines.push(section("Causes, the likeliest first"));
    lines.extend(
        entry
            .causes
            .iter()
            .enumerate()
            .map(|(number, cause)| wrapped(&format!("{}. {}", number + 1, cause.why), "   ")),
    );
    lines.push(section("What to do"));
    lines.extend(steps(&entry.steps));
    lines.push(section("In cold mail"));
    lines.push(wrapped(&entry.cold_mail, ""));
    for faq in &entry.faq {
        lines.push(section(&faq.q));
        lines.push(wrapped(&faq.a, ""));
    }
    lines.push(section("Commands that look"));
    lines.extend(commands(entry.causes.iter().map(|cause| cause.check.as_str())));
    lines.push(section("Sources"));
    lines.extend(entry.sources.iter().filter_map(|text| citation(text)).map(|found| {
        format!("- {} {} <{}>, read {}", found.source.title, found.section, found.source.url, found.source.verified)
    }));
    lines.push(format!("\nRelated: {}", entry.related.join(", ")));
    lines.join("\n")
}

fn steps(steps: &[Step]) -> Vec<String> {
    let step = |(number, step): (usize, &Step)| {
        let tool = step.deed.as_ref().map(|deed| format!(" `{deed}`"));
        let text = if step.text.is_empty() { String::new() } else { format!(": {}", step.text) };
        wrapped(&format!("{}. {}{text}{}", number + 1, step.title, tool.unwrap_or_default()), "   ")
    };
    steps.iter().enumerate().map(step).collect()
}

fn commands<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = Vec::new();
    for command in ids.filter_map(|id| checks().get(id)).flat_map(|check| &check.command) {
        if !seen.contains(command) {
            seen.push(command.clone());
        }
    }
    seen.into_iter().map(|command| format!("  {}", command.replace('{', "<").replace('}', ">"))).collect()
}

fn heading(text: &str) -> String {
    format!("\u{1b}[1m{text}\u{1b}[0m")
}

fn section(text: &str) -> String {
    format!("\n\u{1b}[1m{text}\u{1b}[0m")
}

/// The text in lines of at most [`WIDTH`] columns; those after the first begin with `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let first = lines.len() == 1;
        let Some(line) = lines.last_mut() else { break };
        let used = line.chars().count();
        if used > 0 && used + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{indent}{word}"));
        } else {
            if used > if first { 0 } else { indent.len() } {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}
