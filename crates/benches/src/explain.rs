//! How many reply lines and bounces one core classifies in a second, and what more rules cost.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use reference::{Entry, Index, Seen, all, plain, providers};

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(2);

/// The figures.
#[derive(serde::Serialize)]
struct Figures {
    rules: usize,
    fragments_and_codes_lines_per_s: f64,
    whole_explanations_per_s: f64,
    bounces_per_s: f64,
    rules_at_ten_times: usize,
    cost_at_ten_times_the_rules: f64,
    rule_by_rule_lines_per_s: f64,
    times_faster_than_rule_by_rule: f64,
}

pub fn run(json: bool) -> String {
    let lines: Vec<&'static str> = all()
        .iter()
        .flat_map(|entry| &entry.fixtures)
        .map(|fixture| fixture.line.as_str())
        .filter(|line| !line.is_empty())
        .collect();
    let bounces: [&[u8]; 5] = [
        include_bytes!("../../bounce/tests/vectors/dsn/postfix.eml"),
        include_bytes!("../../bounce/tests/vectors/dsn/exim.eml"),
        include_bytes!("../../bounce/tests/vectors/dsn/gmail.eml"),
        include_bytes!("../../bounce/tests/vectors/dsn/exchange.eml"),
        include_bytes!("../../bounce/tests/vectors/dsn/postfix-delayed.eml"),
    ];
    let more = ten_times(all());
    let (once, tenfold) = (Index::new(all(), providers()), Index::new(&more, providers()));
    let look = |index: &Index<'_>, line: &str| {
        let seen = Seen {
            code: line.get(..3).and_then(|code| code.parse().ok()),
            text: line,
            replied: true,
            ..Seen::default()
        };
        let mut hits = 0_u32;
        index.hits(&seen, |_| hits += 1);
        hits
    };
    let classified = rate(&lines, |line| u32::from(bounce::classify_line(line).is_some()));
    let explained = rate(&lines, |line| u32::from(bounce::explain_line(line).explanation.confidence));
    let bounced =
        rate(&bounces, |message| u32::try_from(bounce::explain_message(message).recipients.len()).unwrap_or(0));
    let at_once = rate(&lines, |line| look(&once, line));
    let at_ten = rate(&lines, |line| look(&tenfold, line));
    let naive = rate(&lines, rule_by_rule);
    let figures = Figures {
        rules: once.len(),
        fragments_and_codes_lines_per_s: classified,
        whole_explanations_per_s: explained,
        bounces_per_s: bounced,
        rules_at_ten_times: tenfold.len(),
        cost_at_ten_times_the_rules: at_once / at_ten,
        rule_by_rule_lines_per_s: naive,
        times_faster_than_rule_by_rule: at_once / naive,
    };
    if json {
        return serde_json::to_string(&figures).unwrap_or_default();
    }
    [
        format!(
            "{:>12.0}  reply lines classified a second on one core ({} rules)",
            figures.fragments_and_codes_lines_per_s, figures.rules
        ),
        format!(
            "{:>12.0}  reply lines explained in full a second (evidence, causes, texts)",
            figures.whole_explanations_per_s
        ),
        format!("{:>12.0}  bounce messages explained in full a second", figures.bounces_per_s),
        format!(
            "{:>12.2}  times the cost with {} rules instead of {}",
            figures.cost_at_ten_times_the_rules, figures.rules_at_ten_times, figures.rules
        ),
        format!(
            "{:>12.1}  times faster than looking at rule after rule ({:.0} lines a second)",
            figures.times_faster_than_rule_by_rule, figures.rule_by_rule_lines_per_s
        ),
    ]
    .join("\n")
}

/// How often a second `act` is done, over all inputs in turn.
fn rate<T: Copy>(inputs: &[T], act: impl Fn(T) -> u32) -> f64 {
    for input in inputs {
        black_box(act(*input));
    }
    let start = Instant::now();
    let mut done = 0_u32;
    while start.elapsed() < TIME {
        for input in inputs {
            black_box(act(black_box(*input)));
        }
        done = done.saturating_add(u32::try_from(inputs.len()).unwrap_or(0));
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

/// The entries, and nine more of each whose words are like theirs and never said.
fn ten_times(entries: &[Entry]) -> Vec<Entry> {
    let mut more = entries.to_vec();
    for round in 0..9 {
        more.extend(entries.iter().cloned().map(|mut entry| {
            for rule in &mut entry.rules {
                let texts = rule.text.iter_mut().chain(&mut rule.text_all).chain(&mut rule.text_none);
                texts.for_each(|text| text.push_str(&format!(" q{round}z")));
            }
            // Rules by code alone exist once a code, however large the reference grows.
            entry.rules.retain(|rule| !rule.text.is_empty() || !rule.text_all.is_empty());
            entry
        }));
    }
    more
}

/// The peer: each fragment of each rule is looked for in turn, as most bounce classifiers do.
fn rule_by_rule(line: &str) -> u32 {
    let text = plain(line);
    let rules = all().iter().flat_map(|entry| &entry.rules);
    let hit = |rule: &&reference::Rule| rule.text.iter().any(|fragment| text.contains(fragment.as_str()));
    u32::try_from(rules.filter(hit).count()).unwrap_or(0)
}
