//! An inspection as a compiler shows it: the line, a caret under the span, the reasons, the repaired form.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use super::{Inspection, Severity, TextFault, script};

/// Columns of a line that are shown; of a longer one the surroundings of the fault.
const COLUMNS: usize = 100;
/// Columns shown before a fault in a line that is cut.
const BEFORE: usize = 40;
/// Columns of the reasons.
const TEXT: usize = 92;

pub(super) fn inspection(inspection: &Inspection) -> String {
    let mut blocks: Vec<String> = inspection.faults.iter().map(|fault| shown(&inspection.input, fault)).collect();
    blocks.push(verdict(inspection));
    if let Some(repaired) = &inspection.repaired {
        let lines: Vec<&str> = repaired.split("\r\n").collect();
        blocks.push(format!("repaired: {}", lines.join("\n          ")));
    }
    blocks.join("\n\n")
}

fn verdict(inspection: &Inspection) -> String {
    let count = |severity: Severity| inspection.faults.iter().filter(|fault| fault.severity == severity).count();
    let counted = [(Severity::Error, count(Severity::Error)), (Severity::Warning, count(Severity::Warning))];
    let words: Vec<String> = counted
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}{}", severity.as_str(), if *count == 1 { "" } else { "s" }))
        .collect();
    let words = if words.is_empty() { String::new() } else { format!(", {}", words.join(", ")) };
    let parts: Vec<String> = inspection
        .mailboxes
        .iter()
        .map(|mailbox| {
            let name = mailbox.display_name.as_deref().unwrap_or("none");
            let local = visible(&mailbox.local_part);
            format!("\n  name {}, local part {local}, domain {}", visible(name), visible(&mailbox.domain))
        })
        .collect();
    format!("{}{words}{}", if inspection.valid { "valid" } else { "not valid" }, parts.concat())
}

/// One fault.
fn shown(input: &str, fault: &TextFault) -> String {
    let (line, span) = line(input, fault.start..fault.end);
    let (text, before, width) = drawn(line, span);
    let octets = if fault.end > fault.start + 1 {
        format!("octets {} to {}", fault.start, fault.end - 1)
    } else {
        format!("octet {}", fault.start)
    };
    let mut lines = vec![
        format!("{}[{}]: {}", fault.severity.as_str(), fault.id, visible(&fault.message)),
        format!("  --> {octets}"),
        String::from("  |"),
        format!("  | {text}"),
        format!("  | {}{}", " ".repeat(before), "^".repeat(width.max(1))),
        String::from("  |"),
    ];
    lines.extend(wrapped("why", fault.explanation));
    lines.extend(wrapped("rule", fault.rule));
    for verdict in fault.verdicts {
        let label = format!("{} {}", verdict.provider, verdict.reply);
        lines.extend(wrapped(label.trim_end(), &format!("{} ({})", verdict.says, verdict.entry)));
    }
    lines.join("\n")
}

/// `  = label: text`, broken at blanks.
fn wrapped(label: &str, text: &str) -> Vec<String> {
    let mut lines = vec![format!("  = {label}:")];
    for word in text.split_ascii_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < TEXT => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("    {word}")),
        }
    }
    lines
}

/// The line in which the span starts, and the part of the span in it.
fn line(input: &str, span: Range<usize>) -> (&str, Range<usize>) {
    let before = input.get(..span.start).unwrap_or_default();
    // A span at a line end is shown in the line that it ends.
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = input.get(start..).unwrap_or_default();
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let line = rest.get(..end).unwrap_or_default();
    (line, span.start - start..span.end.saturating_sub(start).min(end))
}

/// A letter of the line: its offset, what is shown for it, its columns.
type Cell = (usize, String, usize);

/// The line as it is shown, the columns before the span, and its width.
fn drawn(line: &str, span: Range<usize>) -> (String, usize, usize) {
    let is_end = |offset: usize, letter: char| {
        matches!(letter, '\r' | '\n') && !span.contains(&offset) && offset + 2 >= line.len()
    };
    let cells: Vec<Cell> = line
        .char_indices()
        .filter(|(offset, letter)| !is_end(*offset, *letter))
        .map(|(offset, letter)| {
            let text = cell(letter);
            let width = text.chars().map(|letter| letter.width().unwrap_or(0)).sum();
            (offset, text, width)
        })
        .collect();
    let columns = |range: Range<usize>| -> usize {
        cells.iter().filter(|(offset, ..)| range.contains(offset)).map(|(_, _, width)| width).sum()
    };
    let (before, width) = (columns(0..span.start), columns(span.clone()));
    if columns(0..line.len()) <= COLUMNS {
        return (cells.into_iter().map(|(_, text, _)| text).collect(), before, width);
    }
    cut(&cells, before, width)
}

/// The surroundings of the span in a line that is too long.
fn cut(cells: &[Cell], span_before: usize, span_width: usize) -> (String, usize, usize) {
    let skipped = span_before.saturating_sub(BEFORE);
    let (mut text, mut column, mut shown, mut before) = (String::new(), 0, 0, span_before);
    for (_, cell, width) in cells {
        if column < skipped {
            before -= width;
        } else if shown + width <= COLUMNS {
            text.push_str(cell);
            shown += width;
        }
        column += width;
    }
    let mark = if skipped > 0 { "…" } else { "" };
    let tail = if column > skipped + shown { "…" } else { "" };
    let width = span_width.min(COLUMNS.saturating_sub(before));
    (format!("{mark}{text}{tail}"), before + mark.chars().count(), width)
}

/// A letter as it is shown: what cannot be seen is named.
fn cell(letter: char) -> String {
    match letter {
        '\r' => String::from("\\r"),
        '\n' => String::from("\\n"),
        '\t' => String::from("\\t"),
        letter if letter.is_ascii_control() => format!("\\x{:02X}", u32::from(letter)),
        letter if !letter.is_ascii() && is_hidden(letter) => format!("<U+{:04X}>", u32::from(letter)),
        letter => letter.to_string(),
    }
}

fn is_hidden(letter: char) -> bool {
    let text = letter.to_string();
    letter.is_control()
        || script::odd_letters(&text).next().is_some()
        || (letter.width() == Some(0) && !script::begins_with_mark(&text))
}

fn visible(text: &str) -> String {
    text.chars().map(cell).collect()
}
