//! What a tool answers, in blocks: each is shown as HTML, and as text for a ticket.

use askama::Template;
use check::{Finding, Grade, Predicted, State};

/// One part of an answer, shown as soon as it is there.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    /// What follows.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// One sentence with a state.
    Notice(State, String),
    /// Result rows, in order.
    Findings(Vec<Finding>),
    /// A table with its caption.
    Table(String, Vec<&'static str>, Vec<Vec<String>>),
    /// Something to copy, with its name.
    Code(String, String),
    /// Lines whose columns matter: never wrapped.
    Picture(String),
    /// A sum with its arithmetic, and what it is of.
    Grade(String, Grade),
    /// What the large receivers would answer.
    Predicted(Vec<Predicted>),
    /// Names and values.
    Pairs(Vec<(&'static str, String)>),
    /// Points, the first first.
    List(Vec<String>),
    /// An entry of the reference: id and title.
    Entry(String, String),
}

/// A block in a page. `number` makes its ids unique there.
#[derive(Template)]
#[template(path = "public/block.html")]
pub(crate) struct Shown<'b> {
    pub block: &'b Block,
    pub number: usize,
}

/// `ok`, `warn`, `bad`, `unknown`: word and class of a state.
pub(crate) fn word(state: &State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Bad => "bad",
        State::Unknown => "unknown",
    }
}

/// The provider's name.
pub(crate) fn named(provider: &str) -> String {
    reference::provider(provider).map_or(provider, |provider| provider.name.as_str()).to_owned()
}

/// `spf 20 of 20 + dkim 15 of 20 (dkim.weak-key)`.
pub(crate) fn arithmetic(grade: &Grade) -> String {
    let lines = grade.lines.iter().map(|line| match line.because {
        _ if line.of == 0 => format!("{} not seen", line.check),
        Some(because) => format!("{} {} of {} ({because})", line.check, line.points, line.of),
        None => format!("{} {} of {}", line.check, line.points, line.of),
    });
    lines.collect::<Vec<_>>().join(" + ")
}

impl Block {
    /// As text for a ticket, with a line end.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Heading(text) => format!("\n{text}\n{}\n", "-".repeat(text.chars().count())),
            Self::Text(text) => format!("{text}\n"),
            Self::Notice(state, text) => format!("[{}] {text}\n", word(state)),
            Self::Findings(findings) => findings.iter().map(finding).collect(),
            Self::Table(caption, head, rows) => table(caption, head, rows),
            Self::Code(name, text) => format!("{name}:\n{}\n", text.trim_end()),
            Self::Picture(text) => format!("{}\n", text.trim_end()),
            Self::Grade(about, grade) => {
                format!(
                    "{about}: {} ({} of {} points)\n    {}\n",
                    grade.letter,
                    grade.points,
                    grade.of,
                    arithmetic(grade)
                )
            }
            Self::Predicted(all) => all.iter().map(predicted).collect(),
            Self::Pairs(pairs) => pairs.iter().map(|(name, value)| format!("{name}: {value}\n")).collect(),
            Self::List(points) => points.iter().map(|point| format!("- {point}\n")).collect(),
            Self::Entry(id, title) => format!("{title}: /smtp-errors/{id}\n"),
        }
    }
}

fn finding(finding: &Finding) -> String {
    let mut text = format!("[{}] {}\n", word(&finding.state), finding.seen);
    for line in &finding.evidence {
        text.push_str(&format!("    {}: {}\n", line.what, line.value));
    }
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("    fix: {}\n", fix.what));
        fix.record.iter().for_each(|record| text.push_str(&format!("    {record}\n")));
    }
    if matches!(finding.state, State::Warn | State::Bad) {
        let entry = finding.entry.map(|entry| format!(", /smtp-errors/{entry}")).unwrap_or_default();
        text.push_str(&format!("    {} ({}{entry})\n", finding.rule, finding.id));
    }
    text
}

fn predicted(one: &Predicted) -> String {
    let unknown = match one.unknown.as_slice() {
        [] => String::new(),
        unknown => format!("    not known: {}\n", unknown.join(", ")),
    };
    format!("{}: {}\n    by: {}\n{unknown}", named(one.provider), one.reply.as_deref().unwrap_or("takes it"), one.rule)
}

fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let lines: String = rows.iter().map(|row| format!("{}\n", row.join(" | "))).collect();
    format!("{caption}\n{}\n{lines}", head.join(" | "))
}
