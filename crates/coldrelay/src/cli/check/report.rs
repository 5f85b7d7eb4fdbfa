//! A report for people: what was found, the grade with its arithmetic, and the replies that are to be expected.

use check::{Grade, Predicted, Report, State};

use super::show;

/// The whole report.
pub fn shown(report: &Report) -> String {
    let mut lines = vec![show::findings(&report.findings), String::new()];
    if let Some(grade) = &report.grade {
        lines.push(sum(&format!("{} for what it sends", report.about), grade));
    }
    if let Some(grade) = &report.inbound {
        lines.push(sum("Protection of what it receives (never why its own mail is refused)", grade));
    }
    lines.push(String::from("What large receivers would answer:"));
    lines.extend(report.predicted.iter().map(predicted));
    let unlooked = report.findings.iter().filter(|finding| finding.state == State::Unknown).count();
    if unlooked > 0 {
        lines.push(format!("{unlooked} of {} findings could not be looked at", report.findings.len()));
    }
    lines.join("\n")
}

/// `B  80 of 90: spf 20/20, dkim 15/20 (dkim.weak-key) …`
fn sum(about: &str, grade: &Grade) -> String {
    let lines: Vec<String> = grade
        .lines
        .iter()
        .map(|line| match line.because {
            _ if line.of == 0 => format!("{} not seen", line.check),
            Some(because) => format!("{} {}/{} ({because})", line.check, line.points, line.of),
            None => format!("{} {}/{}", line.check, line.points, line.of),
        })
        .collect();
    format!("{about}: {}  {} of {} points\n    {}\n", grade.letter, grade.points, grade.of, lines.join(" + "))
}

fn predicted(one: &Predicted) -> String {
    let name = reference::provider(one.provider).map_or(one.provider, |provider| provider.name.as_str());
    let mut lines = vec![match &one.reply {
        Some(reply) => format!("    {name}: {reply}"),
        None => format!("    {name}: takes it"),
    }];
    lines.push(format!("        by: {}", one.rule));
    lines.extend(one.entry.iter().map(|entry| format!("        $ coldrelay explain {entry}")));
    if !one.unknown.is_empty() {
        lines.push(format!("        not known: {}", one.unknown.join(", ")));
    }
    lines.join("\n")
}
