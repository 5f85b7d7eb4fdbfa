//! The causes of a refusal, confirmed or ruled out by live checks.

use bounce::Explanation;
use check::{Checks, Facts, Finding, State};

/// Runs the checks that the causes name, each once, and puts the causes into a new order: those that
/// are confirmed first, those that are ruled out last. Gives the findings.
pub async fn verify(checks: &Checks, explanation: &mut Explanation, facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for cause in &explanation.causes {
        if findings.iter().any(|finding| finding.check == cause.check) {
            continue;
        }
        findings.extend(checks.run(cause.check, facts).await);
    }
    for cause in &mut explanation.causes {
        let of_this = findings.iter().filter(|finding| finding.check == cause.check);
        if let Some(finding) = of_this.max_by_key(|finding| finding.state) {
            cause.evidence = Some(finding.seen.clone());
        }
    }
    let worst =
        |check: &str| findings.iter().filter(|finding| finding.check == check).map(|finding| finding.state).max();
    let place = |check: &str| match worst(check) {
        Some(State::Bad) => 0,
        Some(State::Ok) => 2,
        Some(State::Warn | State::Unknown) | None => 1,
    };
    explanation.causes.sort_by_key(|cause| place(cause.check));
    findings
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use dns::Resolver;
    use syntax::Domain;

    use super::*;

    #[tokio::test]
    async fn a_check_that_cannot_look_confirms_and_rules_out_nothing() {
        // Nobody answers there: every look-up fails.
        let nobody: SocketAddr = ([127, 0, 0, 1], 9).into();
        let checks = Checks::new(Resolver::new(&[nobody], Duration::from_millis(50), false).unwrap()).unwrap();
        let told = bounce::explain_line("550 5.7.25 192.0.2.5 has no reverse DNS");
        let mut explanation = told.explanation;
        let before: Vec<&str> = explanation.causes.iter().map(|cause| cause.id).collect();
        let facts = Facts { ip: Some([192, 0, 2, 5].into()), domain: Domain::parse("a.test").ok(), ..Facts::default() };
        let findings = verify(&checks, &mut explanation, &facts).await;
        assert!(!findings.is_empty() && findings.iter().all(|finding| finding.state == State::Unknown), "{findings:?}");
        assert_eq!(explanation.causes.iter().map(|cause| cause.id).collect::<Vec<_>>(), before);
    }
}
