//! Findings for people: a word and a sign each, never colour alone.

use check::{Finding, State};

/// One finding after another, each with its evidence and what to do.
pub fn findings(findings: &[Finding]) -> String {
    findings.iter().map(finding).collect::<Vec<_>>().join("\n")
}

/// One finding.
pub fn finding(finding: &Finding) -> String {
    let mut lines = vec![format!("{}  {}", word(finding.state), finding.seen)];
    lines.extend(finding.evidence.iter().map(|line| format!("           {}: {}", line.what, line.value)));
    if let Some(fix) = &finding.fix {
        lines.push(format!("           fix: {}", fix.what));
        lines.extend(fix.deed.iter().map(|deed| format!("                $ {deed}")));
        lines.extend(fix.record.iter().map(|record| format!("                {record}")));
    }
    if matches!(finding.state, State::Warn | State::Bad) {
        let entry = finding.entry.map(|entry| format!(", coldrelay explain {entry}")).unwrap_or_default();
        lines.push(format!("           {} [{}{entry}]", finding.rule, finding.id));
    }
    lines.join("\n")
}

/// The state as sign and word, all of one width.
pub fn word(state: State) -> &'static str {
    match state {
        State::Ok => "✓ ok     ",
        State::Warn => "! warn   ",
        State::Bad => "✗ bad    ",
        State::Unknown => "? unknown",
    }
}
