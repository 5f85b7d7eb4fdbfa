//! What was generated, for people: what to paste, what it means, what to beware.

use rules::generate::{Generated, Part, TxtRecord};

/// Widest text of a part that its meaning stands beside.
const BESIDE: usize = 36;

pub fn generated(made: &Generated) -> String {
    let mut blocks: Vec<String> = made.records.iter().map(record).collect();
    blocks.extend(made.files.iter().map(|file| format!("Serve at {}\n\n{}", file.url, indented(&file.text))));
    if !made.parts.is_empty() {
        blocks.push(format!("What it means\n{}", made.parts.iter().map(part).collect::<String>()));
    }
    blocks.extend(lines("Beware", '!', &made.warnings));
    blocks.extend(lines("To know", '-', &made.notes));
    blocks.iter().map(|block| block.trim_end()).collect::<Vec<_>>().join("\n\n")
}

/// Name, type and value as the forms of DNS hosts ask for them.
fn record(record: &TxtRecord) -> String {
    format!(
        "Publish: {}\n  name   {}\n  type   {}\n  TTL    {}\n  value  {}\n",
        record.purpose, record.name, record.kind, record.ttl, record.value
    )
}

fn part(part: &Part) -> String {
    let text: String = if part.text.len() > 60 {
        part.text.chars().take(57).chain("...".chars()).collect()
    } else {
        part.text.clone()
    };
    if text.chars().count() <= BESIDE {
        format!("  {text:<BESIDE$}  {}\n", part.means)
    } else {
        format!("  {text}\n  {:BESIDE$}  {}\n", "", part.means)
    }
}

fn lines(title: &str, sign: char, lines: &[String]) -> Option<String> {
    let text: String = lines.iter().map(|line| format!("  {sign} {line}\n")).collect();
    (!lines.is_empty()).then(|| format!("{title}\n{text}"))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
