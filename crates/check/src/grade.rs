//! What the findings come to, with the arithmetic in the open: points for what is sent, and apart from them points for what
//! is received, which never explain a refusal.

use crate::{Finding, Side, State};

/// Points of a check: what sending mail rests on. Checks that are not named have none.
const OUTBOUND: &[(&str, u32)] = &[
    ("spf", 20),
    ("dkim", 20),
    ("dmarc", 20),
    ("ptr", 12),
    ("sender-mx", 8),
    ("helo", 5),
    ("soa", 5),
    ("ip-blocklists", 10),
    ("domain-blocklists", 10),
    ("url-blocklists", 5),
    ("from", 15),
    ("message-format", 10),
    ("one-click", 5),
    ("content", 5),
    ("opt-out", 5),
];
/// The same for what receiving rests on.
const INBOUND: &[(&str, u32)] = &[("mx-tls", 40), ("mta-sts", 20), ("tls-rpt", 10), ("dane", 15), ("dnssec", 15)];

/// A sum with its lines.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Grade {
    /// A to F.
    pub letter: char,
    /// Points reached.
    pub points: u32,
    /// Points that could be reached, of what was looked at.
    pub of: u32,
    /// Each check's share.
    pub lines: Vec<GradeLine>,
}

/// One check's share.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GradeLine {
    /// The check.
    pub check: &'static str,
    /// Points reached.
    pub points: u32,
    /// Points to be had; none when it could not be looked at.
    pub of: u32,
    /// The worst finding's id, when it is not ok.
    pub because: Option<&'static str>,
}

/// The grade of what the domain sends; `None` when nothing of it was looked at.
pub fn grade(findings: &[Finding]) -> Option<Grade> {
    sum(findings, Side::Outbound, OUTBOUND)
}

/// The grade of how what the domain receives is protected.
pub fn inbound_grade(findings: &[Finding]) -> Option<Grade> {
    sum(findings, Side::Inbound, INBOUND)
}

fn sum(findings: &[Finding], side: Side, points: &[(&'static str, u32)]) -> Option<Grade> {
    let lines: Vec<GradeLine> = points.iter().filter_map(|(check, of)| line(findings, side, check, *of)).collect();
    let (reached, of) =
        (lines.iter().map(|line| line.points).sum::<u32>(), lines.iter().map(|line| line.of).sum::<u32>());
    (of > 0).then(|| Grade { letter: letter(reached, of), points: reached, of, lines })
}

/// A check counts once, by its worst finding; what could not be looked at counts neither way.
fn line(findings: &[Finding], side: Side, check: &'static str, of: u32) -> Option<GradeLine> {
    let known = || findings.iter().filter(|finding| finding.check == check && finding.side == side);
    known().next()?;
    let worst = known().filter(|finding| finding.state != State::Unknown).max_by_key(|finding| finding.state);
    let Some(worst) = worst else { return Some(GradeLine { check, points: 0, of: 0, because: None }) };
    let points = match worst.state {
        State::Ok | State::Unknown => of,
        State::Warn => of * 3 / 4,
        State::Bad => 0,
    };
    Some(GradeLine { check, points, of, because: (worst.state != State::Ok).then_some(worst.id) })
}

fn letter(reached: u32, of: u32) -> char {
    match reached * 100 / of.max(1) {
        95.. => 'A',
        85.. => 'B',
        70.. => 'C',
        50.. => 'D',
        _ => 'F',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    const SPF: Kind = Kind::outbound("spf.result", "spf", "");
    const DKIM: Kind = Kind::outbound("dkim.key", "dkim", "");
    const STS: Kind = Kind::inbound("mta-sts.policy", "mta-sts", "");

    #[test]
    fn each_check_counts_once_by_its_worst_finding() {
        let findings = [SPF.ok("a"), SPF.warn("b"), DKIM.bad("c"), STS.bad("d")];
        let grade = grade(&findings).unwrap();
        assert_eq!((grade.points, grade.of, grade.letter), (15, 40, 'F'));
        assert_eq!(inbound_grade(&findings).map(|grade| (grade.points, grade.of)), Some((0, 20)));
    }

    #[test]
    fn what_was_not_seen_counts_neither_way() {
        let findings = [SPF.ok("a"), DKIM.found(State::Unknown, "no answer")];
        let grade = grade(&findings).unwrap();
        assert_eq!((grade.points, grade.of, grade.letter), (20, 20, 'A'));
        assert_eq!(grade.lines.len(), 2);
        assert_eq!(inbound_grade(&findings), None);
    }
}
